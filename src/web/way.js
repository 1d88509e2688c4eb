// The way of a small session through its parameters: two of them as a path in their plane, others, or
// by choice, against the step. A click on the path, or the keys, picks a step.
import { call, session as at } from "./api.js";
import { Chart } from "./chart.js";
import { dash, ink, swatch } from "./colours.js";
import { choice, make } from "./dom.js";
import { label } from "./format.js";
import { Map2 } from "./map.js";
import { entries } from "./parameters.js";
import { Series, number } from "./series.js";

const recorded = 8, points = 1000; // of a session with more parameters no way is recorded

// [low, high] around all finite values, with some room; one that holds them already stays.
function around(values, old) {
  let low = Infinity, high = -Infinity;
  for (const v of values) if (Number.isFinite(v)) { low = Math.min(low, v); high = Math.max(high, v); }
  if (low > high) return [-1, 1];
  if (old && old[0] <= low && high <= old[1]) return old;
  const room = (high - low) * 0.08 || Math.abs(low) * 0.1 || 1;
  return [low - room, high + room];
}

// onpick(step, keys). Returns { element, update(session), mark(step) }; the element is hidden where
// there is nothing to show.
export function way(first, { signal, onpick }) {
  const names = [];
  for (const [name] of entries(first.parameters)) { names.push(name); if (names.length > recorded) break; }
  const element = make("section", { class: "card", id: "way", hidden: true });
  if (names.length > recorded) return { element, update() {}, mark() {} };

  const plane = names.length === 2, keys = names.map((_, i) => String(i));
  let series = new Series(keys), busy = false, marked = null, lost = false, view = plane ? "plane" : "step";
  const map = new Map2({ onpick }), chart = new Chart({ name: "parameters", onpick });
  const csv = make("a", { class: "button quiet", href: at(first.id, "/trajectory?format=csv"), download: `${label(first)}-way.csv`, textContent: "CSV" });
  const legend = make("ul", { class: "legend" }, names.map((name, i) => make("li", {}, swatch(i), name)));
  const lines = make("div", {}, chart.element, legend);
  element.append(make("div", { class: "row" }, make("h2", { textContent: "The way of the parameters" }), make("span", { class: "grow" }),
    plane ? choice("View", [["plane", "in the plane"], ["step", "by step"]], view, (v) => { view = v; draw(); }) : null, csv), map.element, lines);
  signal.addEventListener("abort", () => { map.close(); chart.close(); });

  function draw() {
    map.element.hidden = view !== "plane";
    lines.hidden = view !== "step";
    if (view === "step") {
      const thin = series.thinned(points);
      chart.draw({ lines: names.map((name, i) => ({ label: name, ink: ink(i), dash: dash(i), x: thin.step, ...thin.at[i] })) });
      chart.cursor(marked);
      return;
    }
    const [x, y] = keys.map((k) => series.at[k].value), old = map.surface || {};
    const surface = { x: around(x, old.x), y: around(y, old.y), values: null, names };
    if (surface.x !== old.x || surface.y !== old.y) map.set(surface, []);
    map.race([{ optimizer: first.optimizer, step: series.step, trajectory: x.map((v, i) => [v, y[i]]) }], [x[0], y[0]], series.last);
    map.mark(marked);
  }
  async function update(session) {
    if (busy || lost || signal.aborted) return;
    if (session.step < series.last) series = new Series(keys);
    if (session.step === series.last) return;
    busy = true;
    try {
      const { columns } = await call(at(first.id, `/trajectory?from=${series.last + 1}`));
      if (signal.aborted) return;
      series.append(Object.fromEntries([["step", columns[0]], ...keys.map((k, i) => [k, columns[i + 1].map(number)])]));
      element.hidden = series.length < 2;
      if (!element.hidden) draw();
    } catch (error) {
      if (error.status !== 404) throw error;
      lost = true; // the state is too large for it
    } finally { busy = false; }
  }
  function mark(step) {
    marked = step;
    map.mark(step);
    if (view === "step") chart.cursor(step);
  }
  return { element, update, mark };
}
