// The optimizers of a race, up to eight, as they stand beside the map: each with its colour, its
// formula, a slider for every hyperparameter, its schedules and transforms, and how it did. In an address they are written as in
// spec.js.
import { once } from "./api.js";
import { around } from "./around.js";
import { curves, swatch } from "./colours.js";
import { make } from "./dom.js";
import * as form from "./form.js";
import { short } from "./format.js";
import { slider } from "./slider.js";
import * as spec from "./spec.js";
import { lines } from "./tex.js";

export const most = curves;

export const read = (text) => spec.read(text).slice(0, most);
export const { write } = spec;

// Shows `racers` in `place`; changed() after each change of them; sweep(racer) is where its grid is.
export function roster(place, racers, catalogue, changed, sweep) {
  let open = 0, wrong = [];

  async function card(racer, i) {
    const entry = await once("/v1/optimizers/" + racer.name), profile = "torch" in entry.profiles ? "torch" : Object.keys(entry.profiles)[0], usual = entry.profiles[profile].defaults;
    const select = make("select", { "aria-label": `Optimizer ${i + 1}`, onchange: () => { racer.name = select.value; const { lr, schedule, transforms } = racer.values; racer.values = Object.fromEntries(Object.entries({ lr: "lr" in usual ? lr : undefined, schedule, transforms }).filter(([, v]) => v !== undefined)); show(); changed(); } },
      catalogue.map((o) => make("option", { value: o.name, textContent: o.name, selected: o.name === racer.name })));
    const result = make("span", { class: "result mono" });
    const properties = Object.entries(entry.schema.properties).filter(([k, s]) => k !== "name" && k !== "profile" && (s.type || s.enum));
    const slides = properties.map(([k, s]) => slider(k, s, usual[k], racer.values[k], (v) => {
      if (v === null) delete racer.values[k]; else racer.values[k] = v;
      changed();
    }));
    const first = properties.findIndex(([k]) => k === "lr"), rest = slides.filter((_, k) => k !== first);
    const box = make("details", { open: i === open, ontoggle: () => { if (box.open) open = i; } }, make("summary", { textContent: `rule and ${rest.length} more` }), lines(entry.formula), rest,
      make("a", { class: "sweep", href: "/#/sweep", textContent: "try a grid of its hyperparameters", onclick: (event) => { event.currentTarget.href = sweep(racer); } }));
    const extras = await around(racer.values, entry, profile, `optimizers/${i}`, changed);
    const element = make("li", { class: "racer" }, make("div", { class: "row" }, swatch(i), select, make("span", { class: "grow" }), result,
      make("button", { class: "close", type: "button", textContent: "×", "aria-label": `Take out ${racer.name}`, disabled: racers.length < 2, onclick: () => { racers.splice(i, 1); show(); changed(); } })),
    slides[first] || "", box, extras, make("p", { class: "bad hint", role: "alert" }));
    element.dataset.name = racer.name;
    return Object.assign(element, { result });
  }

  let cards = [], turn = 0;
  async function show() {
    const mine = ++turn, made = await Promise.all(racers.map(card));
    if (mine !== turn) return;
    cards = made;
    place.replaceChildren(...cards);
    if (last) tell(last);
    blame(wrong);
  }
  // What became of each, beside its name.
  let last = null;
  function tell(race) {
    last = race;
    race.runs.forEach((run, i) => {
      if (!cards[i]) return;
      const rank = race.ranking.indexOf(i) + 1;
      cards[i].result.className = run.diverged ? "result bad" : "result mono";
      cards[i].result.textContent = run.diverged ? `✕ step ${run.diverged.step}` : `${rank}. ${short(run.final.loss)}`;
      cards[i].result.title = run.diverged ? run.diverged.reason : `rank ${rank}, loss ${run.final.loss}`;
    });
  }
  function blame(errors) {
    wrong = errors;
    const rest = form.blame(place, errors, /^#\//);
    cards.forEach((c, i) => { c.querySelector("p[role=alert]").textContent = rest.filter((e) => (e.pointer || "").startsWith(`#/optimizers/${i}/`)).map((e) => `${e.pointer.split("/").slice(3).join("/")} ${e.detail}`).join("; "); });
    return errors.filter((e) => !(e.pointer || "").startsWith("#/optimizers/"));
  }
  function add(name) {
    racers.push({ name, values: {} });
    open = racers.length - 1;
    show();
    changed();
  }
  return { show, tell, blame, add };
}
