// A race of optimizers down a landscape:
// `/#/playground?o=objective&d=dataset&s=start&n=steps&t=seconds&r=adam;lr:0.1,gd;lr:0.002`. The server does every step.
import { call } from "./api.js";
import { told } from "./around.js";
import { Chart } from "./chart.js";
import { dash, ink, swatch } from "./colours.js";
import { datasets } from "./datasets.js";
import { announce, copy, make, settled } from "./dom.js";
import { aim, short } from "./format.js";
import { describe, list, surface } from "./landscape.js";
import { Map2 } from "./map.js";
import { most, read, roster, write } from "./racers.js";
import { number } from "./series.js";
import { snippet } from "./snippet.js";
import { lines } from "./tex.js";
import { trouble } from "./trouble.js";
import { late, work } from "./work.js";

const usual = { o: "rosenbrock", n: 500, r: "gd;lr:0.001,momentum;lr:0.0005,rmsprop;lr:0.01,adam;lr:0.1" };
const lengths = [50, 100, 200, 500, 1000, 2000, 5000, 10000], ladder = [1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 1e-4, 1e-5], runMs = 4000, patient = 30;

export default async function (place, { query, setQuery, signal }) {
  const catalogue = (await call("/v1/optimizers")).items, objectives = await list();
  const state = { name: query.get("o") || usual.o, dataset: query.get("d"), steps: Number(query.get("n")) || usual.n, seconds: Math.min(patient, Number(query.get("t"))) || 5, start: (query.get("s") || "").split(",").filter(Boolean).map(Number), racers: read(query.get("r") || usual.r), touched: query.has("r") };
  if (!objectives.some((o) => o.name === state.name)) state.name = objectives[0].name;
  state.racers = state.racers.filter((r) => catalogue.some((o) => o.name === r.name));
  let about = null, race = null, until = 0, playing = 0;

  // ---- what stands where ----
  const objective = make("select", { "aria-label": "Objective", id: "objective" }, objectives.map((o) => make("option", { value: o.name, textContent: o.title, selected: o.name === state.name })));
  const steps = make("select", { "aria-label": "Steps" }, [...new Set([...lengths, state.steps])].sort((a, b) => a - b).map((n) => make("option", { value: n, textContent: `${n} steps`, selected: n === state.steps })));
  const start = make("input", { type: "text", class: "mono", "aria-label": "Start", autocomplete: "off", id: "start" });
  const data = datasets((name) => { state.dataset = name; state.start = []; setQuery({ d: name, s: null }); choose().then(run); });
  const link = make("button", { class: "quiet", textContent: "Copy link", onclick: () => copy(location.href, link) });
  const map = new Map2({ onstart(at) { state.start = at; start.value = at.join(", "); setQuery({ s: at.join(",") }); run(); } });
  const play = make("button", { textContent: "▶", "aria-label": "Play", id: "play" }), scrub = make("input", { type: "range", min: 0, max: 1, value: 1, "aria-label": "Step", id: "scrub" }), at = make("output", { class: "mono" });
  play.dataset.key = "pause";
  const formula = make("div"), doc = make("p", { class: "dim" }), wrong = make("div"), field = make("ol", { class: "racers" }), results = make("tbody"), target = make("p", { class: "dim hint" });
  const add = make("select", { "aria-label": "Add an optimizer", id: "add" }, make("option", { value: "", textContent: "add an optimizer" }), catalogue.map((o) => make("option", { value: o.name, textContent: o.name })));
  const tune = make("button", { class: "quiet", textContent: "Find each lr", title: "races nine learning rates for each optimizer and takes the best", id: "tune" });
  const chart = new Chart({ name: "loss", onhover: (x) => { if (x !== null) seek(x); } });
  chart.element.classList.add("large");
  const request = () => ({ objective: state.dataset ? { name: state.name, dataset: state.dataset } : state.name, ...(state.start.length ? { start: state.start } : {}), steps: state.steps, ...(state.seconds === 5 ? {} : { max_seconds: state.seconds }), optimizers: state.racers.map((r) => ({ name: r.name, ...r.values })) });
  const code = snippet(() => ({ method: "POST", path: "/v1/compare", body: request() }), { title: "The race as curl or Python" });
  const bench = roster(field, state.racers, catalogue, () => { state.touched = true; setQuery({ r: write(state.racers) }); add.hidden = state.racers.length >= most; run(); },
    (racer) => `/#/sweep?o=${state.name}${state.dataset ? `&d=${encodeURIComponent(state.dataset)}` : ""}&n=${state.steps}&r=${write([racer]).replaceAll("%", "%25")}`);
  const charts = make("div", { class: "charts" }, chart.element), racing = work("The server races them", { signal }), timed = make("div");
  const land = make("section", { class: "card" }, map.element, make("div", { class: "row" }, play, scrub, at));
  place.append(make("div", { class: "bar" }, make("h1", { textContent: "Playground" }), objective, data.element, steps, make("label", { class: "row" }, "from", start), make("span", { class: "grow" }), link), racing.element, wrong,
    make("div", { class: "ground" }, make("div", {}, land, make("section", { class: "card" }, formula, doc)), make("section", { class: "card" }, make("div", { class: "row" }, make("h2", { textContent: "Optimizers" }), make("span", { class: "grow" }), tune), field, add)),
    charts, timed,
    make("section", { class: "card scroll" }, make("h2", { textContent: "Ranking" }), make("table", { class: "plain ranking" }, make("thead", {}, make("tr", {}, ["", "optimizer", "last loss", "best loss", "steps to the target", "end"].map((t) => make("th", { scope: "col", textContent: t })))), results), target),
    make("div", { class: "card" }, code));
  signal.addEventListener("abort", () => { chart.close(); map.close(); cancelAnimationFrame(playing); });

  // ---- the race ----
  const run = settled(60, async () => {
    if (signal.aborted) return;
    code.show();
    try {
      const next = await racing.ask((stop) => call("/v1/compare", { method: "POST", json: request(), signal: stop }), state.seconds);
      if (!next || signal.aborted) return;
      race = { ...next, runs: next.runs.map((r) => ({ ...r, step: r.columns.step, loss: r.columns.loss.map(number), trajectory: r.trajectory && r.trajectory.map((w) => w.map(number)) })) };
      wrong.replaceChildren();
      bench.blame([]);
      show();
    } catch (error) {
      const rest = bench.blame(error.errors || []);
      wrong.replaceChildren(...(rest.length || !(error.errors || []).length ? [trouble(Object.assign(error, { errors: rest }))] : []));
    }
  });

  // What tells a run from the others: its optimizer, and what is set of it where others have the same.
  function nameOf(r, i) {
    const { name, values } = state.racers[i] || { name: r.optimizer.name, values: {} };
    return race.runs.filter((o) => o.optimizer.name === name).length < 2 ? name : [name, ...told(values)].join(" ");
  }
  function show() {
    const last = race.runs.reduce((a, r) => Math.max(a, r.step.at(-1)), 1), low = about.minimum ?? 0;
    scrub.max = last;
    bench.tell(race);
    chart.name = low === 0 ? "loss" : `loss above the minimum, ${short(low)}`;
    chart.element.querySelector("h2").textContent = chart.name;
    chart.draw({
      lines: race.runs.map((r, i) => ({ label: nameOf(r, i), ink: ink(i), dash: dash(i), x: r.step, value: r.loss.map((v) => v - low), low: r.loss.map((v) => v - low), high: r.loss.map((v) => v - low) })),
      marks: race.runs.filter((r) => r.diverged).map((r) => ({ x: r.step.findLast((s, k) => Number.isFinite(r.loss[k])) ?? r.diverged.step, text: r.diverged.reason, label: r.optimizer.name })),
    });
    results.replaceChildren(...race.ranking.map((i, rank) => {
      const r = race.runs[i];
      return make("tr", {}, make("td", { textContent: `${rank + 1}.` }), make("td", {}, swatch(i), r.optimizer.name, make("span", { class: "dim", textContent: set(r, i) })),
        make("td", { class: "mono", textContent: short(number(r.final.loss)) }), make("td", { class: "mono", textContent: `${short(number(r.best.loss))} at ${r.best.step}` }), make("td", { class: "mono", textContent: r.steps_to_target ?? "–" }),
        make("td", { class: r.diverged ? "bad" : "dim", textContent: r.diverged ? `diverged at step ${r.diverged.step}: ${r.diverged.reason}` : r.stopped_by === "seconds" ? `out of time after ${r.steps_done} steps` : `${r.steps_done} steps` }));
    }));
    target.textContent = aim(race);
    timed.replaceChildren(...[late(race.runs, state.seconds, patient, (t) => { state.seconds = t; setQuery({ t }); run(); })].filter(Boolean));
    seek(playing ? until : last);
    const winner = race.runs[race.ranking[0]];
    announce(`${winner.optimizer.name} leads with ${short(number(winner.final.loss))}`);
  }

  const set = (r, i) => told({ ...("lr" in r.optimizer ? { lr: r.optimizer.lr } : {}), ...(state.racers[i] || {}).values }).map((text) => " " + text).join(",");

  function seek(step) {
    until = step;
    scrub.value = step;
    at.textContent = `step ${Math.round(step)}`;
    map.race(race.runs, state.start.length ? state.start : about.start || [], step);
    chart.cursor(step);
  }

  function toggle() {
    if (playing) { cancelAnimationFrame(playing); playing = 0; } else {
      const last = Number(scrub.max), from = until >= last ? 0 : until, begin = performance.now();
      const tick = (now) => {
        const step = from + (now - begin) / runMs * last;
        seek(Math.min(last, step));
        playing = step < last ? requestAnimationFrame(tick) : 0;
        if (!playing) label();
      };
      playing = requestAnimationFrame(tick);
    }
    label();
  }
  const label = () => { play.textContent = playing ? "❚❚" : "▶"; play.setAttribute("aria-label", playing ? "Pause" : "Play"); };

  // The best of nine learning rates for each optimizer that has one.
  async function best() {
    tune.disabled = true;
    try {
      const tried = await racing.ask((stop) => Promise.all(state.racers.map((r) => call("/v1/compare", { method: "POST", json: { ...request(), optimizers: ladder.map((lr) => ({ name: r.name, ...r.values, lr })) }, signal: stop })
        .then((answer) => [r, answer], (error) => { if (!error.status) throw error; return [r, null]; }))));
      for (const [r, answer] of tried || []) if (answer) r.values.lr = answer.runs[answer.ranking[0]].optimizer.lr;
      if (!tried) return;
      if (signal.aborted) return;
      setQuery({ r: write(state.racers) });
      await bench.show();
      run();
    } catch (error) { wrong.replaceChildren(trouble(error)); } finally { tune.disabled = false; }
  }

  async function choose() {
    wrong.replaceChildren();
    try { about = await describe(state.name, state.dataset && { dataset: state.dataset }); } catch (error) {
      if (!error.status) throw error;
      about = await describe(state.name); // what is wrong with the data the race will say
    }
    if (signal.aborted) return;
    await data.show(about, state.dataset);
    formula.replaceChildren(lines(about.formula));
    doc.textContent = [about.description, about.stability].filter(Boolean).join(" ");
    start.value = (state.start.length ? state.start : about.start || []).join(", ");
    start.closest("label").hidden = about.parameters > 16 || !about.start;
    const flat = about.parameters <= 2 && about.start !== null;
    map.element.hidden = !flat;
    if (flat) charts.append(chart.element); else land.prepend(chart.element); // without a map the curves take its place
    land.classList.toggle("curves", !flat);
    if (flat) {
      const drawn = await surface(state.name, about);
      if (!signal.aborted) map.set(drawn, about.minima);
    }
  }

  objective.onchange = async () => {
    state.name = objective.value;
    state.start = [];
    state.dataset = race = null;
    setQuery({ o: state.name, d: null, s: null });
    await choose();
    if (state.touched) run(); else await best();
  };
  steps.onchange = () => { state.steps = Number(steps.value); setQuery({ n: state.steps }); run(); };
  start.onchange = () => { state.start = start.value.split(/[\s,]+/).filter(Boolean).map(Number); setQuery({ s: state.start.join(",") }); run(); };
  add.onchange = () => { const name = add.value; add.value = ""; if (name && state.racers.length < most) bench.add(name); };
  scrub.addEventListener("input", () => { if (playing) toggle(); if (race) seek(Number(scrub.value)); });
  play.onclick = () => race && toggle();
  tune.onclick = best;
  await choose();
  await bench.show();
  run();
  return { title: "Playground" };
}
