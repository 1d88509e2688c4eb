// The way of a small session through its parameters: two of them as a path in their plane, over the
// landscape where the session has an objective; one on the curve of its objective; others, or by
// choice, against the step. A click on the path, or the keys, picks a step.
import { call, session as at } from "./api.js";
import { Chart } from "./chart.js";
import { dash, ink, swatch } from "./colours.js";
import { choice, make } from "./dom.js";
import { label } from "./format.js";
import { describe, surface } from "./landscape.js";
import { Map2 } from "./map.js";
import { entries } from "./parameters.js";
import { Series, number } from "./series.js";

const recorded = 8, points = 1000, most = 10000; // of a session with more parameters no way is recorded

// [low, high] around all finite values, with some room; one that holds them already stays.
function around(values, old) {
  let low = Infinity, high = -Infinity;
  for (const v of values) if (Number.isFinite(v)) { low = Math.min(low, v); high = Math.max(high, v); }
  if (low > high) return [-1, 1];
  if (old && old[0] <= low && high <= old[1]) return old;
  const room = (high - low) * 0.08 || Math.abs(low) * 0.1 || 1;
  return [low - room, high + room];
}

// The objective's window, and what of the way lies beyond it, unless it is very far.
function beyond(values, usual, old) {
  const width = usual[1] - usual[0], [low, high] = around(values, usual);
  if (old && old[0] <= low && high <= old[1]) return old;
  return [Math.max(Math.min(low, usual[0]), usual[0] - 5 * width), Math.min(Math.max(high, usual[1]), usual[1] + 5 * width)];
}

// onpick(step, keys). Returns { element, update(session), mark(step) }; the element is hidden where
// there is nothing to show.
export function way(first, { signal, onpick }) {
  const names = [];
  for (const [name] of entries(first.parameters)) { names.push(name); if (names.length > recorded) break; }
  const element = make("section", { class: "card", id: "way", hidden: true });
  if (names.length > recorded) return { element, update() {}, mark() {} };

  const { objective } = first;
  // Data that came with the session are not known here, and without them its landscape is not.
  const known = objective && names.length <= 2 && (objective.dataset || !("batch_size" in objective));
  const plane = names.length === 2 || known, keys = names.map((_, i) => String(i));
  let series = new Series(keys), busy = false, marked = null, lost = false, view = plane ? "plane" : "step", about = null, drawing = null;
  const map = new Map2({ onpick }), chart = new Chart({ name: "parameters", onpick });
  const csv = make("a", { class: "button quiet", href: at(first.id, "/trajectory?format=csv"), download: `${label(first)}-way.csv`, textContent: "CSV" });
  const legend = make("ul", { class: "legend" }, names.map((name, i) => make("li", {}, swatch(i), name)));
  const lines = make("div", {}, chart.element, legend);
  element.append(make("div", { class: "row" }, make("h2", { textContent: "The way of the parameters" }), make("span", { class: "grow" }),
    plane ? choice("View", [["plane", known ? "on the landscape" : "in the plane"], ["step", "by step"]], view, (v) => { view = v; draw(); }) : null, csv), map.element, lines);
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
    const columns = keys.map((k) => series.at[k].value), old = drawing || [], trajectory = columns[0].map((v, i) => columns.map((c) => c[i]));
    const ranges = columns.map((c, i) => (known ? beyond(c, about.window[i], old[i]) : around(c, old[i])));
    if (ranges.some((r, i) => r !== old[i])) ground(ranges);
    map.race([{ optimizer: first.optimizer, step: series.step, trajectory }], trajectory[0], series.last);
    map.mark(marked);
  }
  // What the way is drawn on.
  async function ground(ranges) {
    drawing = ranges;
    if (!known) { map.set({ x: ranges[0], y: ranges[1], values: null, names }, []); return; }
    const { name, ...options } = objective;
    const made = await surface(name, { parameters: names.length, window: ranges }, options);
    if (!signal.aborted && drawing === ranges) map.set({ ...made, names }, made.minima);
  }
  async function update(session) {
    if (busy || lost || signal.aborted) return;
    if (session.step < series.last) series = new Series(keys);
    if (session.step === series.last) return;
    busy = true;
    try {
      if (known && !about) about = await describe(objective.name);
      const { columns } = await call(at(first.id, `/trajectory?from=${series.last + 1}`));
      if (signal.aborted) return;
      series.append(Object.fromEntries([["step", columns[0]], ...keys.map((k, i) => [k, columns[i + 1].map(number)])]));
      series = series.thinned(most); // a run makes that many in a blink
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
