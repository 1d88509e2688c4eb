// A grid of hyperparameters of one optimizer, ranked:
// `/#/sweep?o=objective&d=dataset&n=steps&t=seconds&r=adam;weight_decay:0.01&g=lr:0.1,0.01;beta1:0.8,0.9`.
import { call, once } from "./api.js";
import { around, inner, put, told } from "./around.js";
import { datasets } from "./datasets.js";
import { announce, copy, make, settled } from "./dom.js";
import { blame } from "./form.js";
import { aim, plain, short } from "./format.js";
import { axes, candidates, first, most, read, size, write } from "./grid.js";
import { heat, outcome } from "./heat.js";
import { describe, list } from "./landscape.js";
import * as racers from "./racers.js";
import { number } from "./series.js";
import { snippet } from "./snippet.js";
import { trouble } from "./trouble.js";
import { late, work } from "./work.js";

const lengths = [20, 50, 100, 200, 500, 1000, 2000, 5000], shown = 12, patient = 30;

export default async function (place, { query, setQuery, signal }) {
  const catalogue = (await once("/v1/optimizers")).items, objectives = await list();
  const [asked] = racers.read(query.get("r") || "adam");
  const state = { name: query.get("o") || "rosenbrock", dataset: query.get("d"), steps: Number(query.get("n")) || 200, seconds: Math.min(patient, Number(query.get("t"))) || 5, racer: asked, grid: read(query.get("g") || "") };
  if (!objectives.some((o) => o.name === state.name)) state.name = objectives[0].name;
  if (!catalogue.some((o) => o.name === state.racer.name)) state.racer = { name: catalogue[0].name, values: {} };
  let entry = null, sweep = null, whole = false;

  // ---- what stands where ----
  const objective = make("select", { "aria-label": "Objective", id: "objective" }, objectives.map((o) => make("option", { value: o.name, textContent: o.title, selected: o.name === state.name })));
  const steps = make("select", { "aria-label": "Steps" }, [...new Set([...lengths, state.steps])].sort((a, b) => a - b).map((n) => make("option", { value: n, textContent: `${n} steps`, selected: n === state.steps })));
  const optimizer = make("select", { "aria-label": "Optimizer", id: "optimizer" }, catalogue.map((o) => make("option", { value: o.name, textContent: o.name, selected: o.name === state.racer.name })));
  const data = datasets((name) => { state.dataset = name; setQuery({ d: name }); run(); });
  const link = make("button", { class: "quiet", textContent: "Copy link", onclick: () => copy(location.href, link) });
  const rows = make("ul", { class: "axes" }), extras = make("div"), runs = make("p", { class: "dim", role: "status" }), fixed = make("p", { class: "dim" }), wrong = make("div"), timed = make("div"), sweeping = work("The server sweeps the grid", { signal }), map = make("div"), ranking = make("div");
  const best = make("a", { class: "button quiet", textContent: "Race the best" }), more = make("button", { class: "quiet", onclick: () => { whole = !whole; rank(); } });
  const results = make("div", { hidden: true }, make("section", { class: "card" }, make("div", { class: "row" }, make("h2", { textContent: "The grid" }), make("span", { class: "grow" }), best), map),
    make("section", { class: "card" }, make("h2", { textContent: "Ranking" }), ranking, more));
  const given = () => (state.dataset ? { name: state.name, dataset: state.dataset } : state.name);
  const others = () => put(state.racer.values, Object.fromEntries(Object.keys(state.grid).map((k) => [k, undefined])));
  const request = () => ({ objective: given(), steps: state.steps, ...(state.seconds === 5 ? {} : { max_seconds: state.seconds }), optimizer: { name: state.racer.name, ...others() }, grid: state.grid });
  const code = snippet(() => ({ method: "POST", path: "/v1/sweeps", body: request() }), { title: "The sweep as curl or Python" });
  place.append(make("div", { class: "bar" }, make("h1", { textContent: "Sweep" }), optimizer, make("span", { class: "row" }, "on", objective, data.element), steps, make("span", { class: "grow" }), link),
    make("section", { class: "card" }, make("h2", { textContent: "Hyperparameters and the values to try" }), rows, extras, fixed, runs), sweeping.element, wrong, timed, results, make("div", { class: "card" }, code));

  // ---- the sweep ----
  const run = settled(80, async () => {
    if (signal.aborted) return;
    const n = size(state.grid);
    code.show();
    runs.textContent = `${n} run${n === 1 ? "" : "s"} of at most ${most}`;
    try {
      const next = await sweeping.ask((stop) => call("/v1/sweeps", { method: "POST", json: request(), signal: stop }), state.seconds);
      if (!next || signal.aborted) return;
      sweep = next;
      complain({});
      show();
    } catch (error) {
      complain(error);
    }
  });
  // What is wrong stands beside its field, where it has one.
  function complain(error) {
    const errors = error.errors || [], rest = blame(extras, errors, /^#\//);
    wrong.replaceChildren(...(error.message && (rest.length || !errors.length) ? [trouble(Object.assign(error, { errors: rest }))] : []));
  }
  const racer = (r) => ({ name: state.racer.name, values: put(state.racer.values, r.hyperparameters) });
  const href = (list) => `/#/playground?o=${state.name}${state.dataset ? `&d=${encodeURIComponent(state.dataset)}` : ""}&n=${state.steps}&r=${racers.write(list.map(racer)).replaceAll("%", "%25")}`;

  function show() {
    results.hidden = false;
    timed.replaceChildren(...[late(sweep.runs, state.seconds, patient, (t) => { state.seconds = t; setQuery({ t }); run(); })].filter(Boolean));
    map.replaceChildren(heat(sweep, (r) => href([r])));
    const lead = sweep.ranking.slice(0, racers.most).map((i) => sweep.runs[i]).filter((r) => !r.diverged);
    best.hidden = lead.length < 2;
    best.textContent = `Race the best ${lead.length}`;
    best.href = href(lead);
    rank();
    const winner = sweep.runs[sweep.ranking[0]];
    announce(`best of ${sweep.runs.length}: ${Object.entries(winner.hyperparameters).map((p) => p.map(plain).join(" ")).join(", ")} with loss ${short(number(winner.final.loss))}`);
  }
  function rank() {
    const names = Object.keys(sweep.grid), order = whole ? sweep.ranking : sweep.ranking.slice(0, shown);
    ranking.replaceChildren(make("div", { class: "scroll" }, make("table", { class: "plain ranking" }, make("thead", {}, make("tr", {}, ["", ...names, "last loss", "best loss", "steps to the target", "end"].map((t) => make("th", { scope: "col", textContent: t })))),
      make("tbody", {}, order.map((i, k) => {
        const r = sweep.runs[i], mono = (textContent) => make("td", { class: "mono", textContent });
        return make("tr", {}, make("td", { textContent: `${k + 1}.` }), names.map((n) => mono(plain(r.hyperparameters[n]))), mono(short(number(r.final.loss))), mono(`${short(number(r.best.loss))} at ${r.best.step}`), mono(r.steps_to_target ?? "–"),
          make("td", { class: r.diverged ? "bad" : "dim", textContent: outcome(r) }));
      })))), make("p", { class: "dim hint", textContent: aim(sweep) }));
    more.hidden = sweep.ranking.length <= shown;
    more.textContent = whole ? `only the first ${shown}` : `all ${sweep.ranking.length}`;
  }

  function tellFixed() {
    const set = told(others());
    fixed.hidden = !set.length;
    fixed.textContent = `In every run: ${set.join(", ")}.`;
  }
  async function choose() {
    entry = await once("/v1/optimizers/" + state.racer.name);
    const about = await describe(state.name);
    if (signal.aborted) return;
    await data.show(about, state.dataset);
    const profile = "torch" in entry.profiles ? "torch" : Object.keys(entry.profiles)[0];
    extras.replaceChildren(await around(state.racer.values, entry, profile, "optimizer", () => { setQuery({ r: racers.write([state.racer]) }); cross(); }));
    await cross();
  }
  // The axes, of what can be one now.
  async function cross() {
    const known = { ...candidates(entry), ...(await inner(state.racer.values)) }, kept = Object.keys(state.grid).filter((k) => k in known);
    state.grid = kept.length ? Object.fromEntries(kept.map((k) => [k, state.grid[k]])) : first(entry);
    tellFixed();
    axes(rows, state.grid, known, () => { setQuery({ g: write(state.grid) }); tellFixed(); run(); });
    run();
  }
  objective.onchange = () => { state.name = objective.value; state.dataset = null; setQuery({ o: state.name, d: null }); choose(); };
  optimizer.onchange = () => { state.racer = { name: optimizer.value, values: {} }; state.grid = {}; setQuery({ r: optimizer.value, g: null }); choose(); };
  steps.onchange = () => { state.steps = Number(steps.value); setQuery({ n: state.steps }); run(); };
  await choose();
  return { title: "Sweep" };
}
