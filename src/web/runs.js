// Runs: many steps that the server makes by itself, down the own loss of a session. A panel that
// begins one, tells how far it is and why it ended, whoever began it, and lists those before.
import { call, session as at } from "./api.js";
import { make } from "./dom.js";
import { blame } from "./form.js";
import { ago, count, lasting, short } from "./format.js";
import { number } from "./series.js";
import { snippet } from "./snippet.js";
import { trouble } from "./trouble.js";

const lately = 5000, quietMs = 2000; // the rate is that of so long; events are waited for so long

// What may end a run early: its place in `stop`, its name, and what it means.
const rules = [
  ["loss_below", "Loss below", "the loss is smaller than this number"],
  ["gradient_norm_below", "Gradient norm below", "the slope is nearly flat, as at a minimum"],
  ["target", "Part of the way left", "0.001: of the way down to the known minimum, a thousandth is left"],
  ["plateau/window", "Steps without a gain", "for so many steps the loss has not become smaller"],
  ["plateau/relative", "… where a gain is at least", "as a part of the loss: 0.001 is a tenth of a percent; empty, any gain counts"],
  ["max_seconds", "Seconds over", "it has gone on for so long"],
];

const because = {
  steps: () => "all its steps are made",
  loss_below: ({ stop }) => `the loss is below ${short(stop.loss_below)}`,
  gradient_norm_below: ({ stop }) => `the gradient norm is below ${short(stop.gradient_norm_below)}`,
  target: ({ stop }) => `of the way to the minimum only the part ${short(stop.target)} is left`,
  plateau: ({ stop: { plateau } }) => `the loss has not become smaller${plateau.relative ? ` by the part ${short(plateau.relative)}` : ""} for ${count(plateau.window)} steps`,
  max_seconds: ({ stop }) => `${short(stop.max_seconds)} s are over`,
  cancelled: () => "it was cancelled",
  diverged: ({ reason }) => reason || "a step could not be made",
};
const verb = { failed: "diverged", cancelled: "cancelled", finished: "ended" };

// Why a run ended, as a sentence.
function told(run) {
  const made = run.steps_done === run.steps ? `${count(run.steps)} steps` : `${count(run.steps_done)} of ${count(run.steps)} steps`;
  const why = run.stopped_by === "cancelled" ? "; they are kept" : `: ${because[run.stopped_by](run)}`;
  return `${verb[run.status]} after ${made} (${lasting(run.seconds)})${why}.`;
}

const numeric = (text) => (Number.isFinite(Number(text)) ? Number(text) : text);

function field(path, name, hint) {
  const input = make("input", { id: `h-${path}`, type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false, placeholder: "not set" });
  return { path, input, element: make("div", { class: "field" }, make("label", { htmlFor: input.id, textContent: name }), input,
    make("p", { class: "dim hint", textContent: hint }), make("p", { class: "bad hint", id: `${input.id}-wrong` })) };
}

function earlier(runs) {
  return make("div", { class: "scroll" }, make("table", { class: "plain runs" }, make("thead", {}, make("tr", {}, ["when", "steps", "took", "loss", "why it ended"].map((t) => make("th", { scope: "col", textContent: t })))),
    make("tbody", {}, runs.map((r) => make("tr", {}, make("td", { textContent: ago(r.ended_at), title: r.ended_at }),
      make("td", { class: "mono", textContent: r.steps_done === r.steps ? count(r.steps) : `${count(r.steps_done)} of ${count(r.steps)}` }), make("td", { class: "mono", textContent: lasting(r.seconds) }), make("td", { class: "mono", textContent: short(number(r.loss)) }),
      make("td", { class: r.status === "failed" ? "bad" : "", textContent: because[r.stopped_by](r) }))))));
}

// onmove() is called when there is something to look at; onheld(yes) tells that nobody else may step.
// Returns { element, ask(revision), heard(event) }, where ask looks if there may be something
// new, and heard says whether that much was all; the element is hidden without an objective.
export function runs({ id, objective }, { signal, onmove, onheld }) {
  const element = make("section", { class: "card", id: "run", hidden: true });
  if (!objective) return { element, async ask() {}, heard: () => true };

  let going = null, stale = true, turn = 0, seen = 0, toldAt = 0, samples = [], busy = false;
  const mine = new Set(), fields = rules.map((r) => field(`stop/${r[0]}`, r[1], r[2]));

  // ---- what stands where ----
  const steps = make("input", { id: "h-steps", type: "number", min: 1, max: 10000000, step: 1, value: 1000 });
  steps.dataset.key = "run";
  const button = make("button", { type: "submit", textContent: "Run" }), cancel = make("button", { type: "button", class: "quiet", textContent: "Cancel", hidden: true, onclick: end });
  const bar = make("progress", { "aria-label": "Steps of the run" }), far = make("p", { class: "far" });
  const progress = make("div", { class: "going", hidden: true }, bar, far, make("p", { class: "dim", textContent: "Until it ends, other steps and new parameters are refused (409); hyperparameters may be changed." }));
  const result = make("p", { role: "status" }), wrong = make("div");
  const stops = make("details", {}, make("summary", { textContent: "Stop when …" }), make("p", { class: "dim", textContent: "It ends early as soon as one of these holds." }), make("div", { class: "fields" }, fields.map((f) => f.element)));
  const list = make("details", { hidden: true }, make("summary"), make("div"));
  const request = () => ({ method: "POST", path: at(id, "/runs"), body: body() }), code = snippet(request, { title: "The run as curl or Python" });
  const form = make("form", { noValidate: true, onsubmit: begin, oninput() { tally(); code.show(); } }, make("div", { class: "row" }, make("label", { htmlFor: steps.id, textContent: "Steps, at most" }), steps, button, cancel),
    make("p", { class: "bad hint", id: "h-steps-wrong" }), progress, result, wrong, make("div", { class: "folds" }, stops, list, code));
  element.append(make("h2", { textContent: "Run" }), make("p", { class: "dim", textContent: `The server makes the steps by itself, down ${objective.name}, and goes on if this page is closed.` }), form);
  element.hidden = false;

  function body() {
    const out = { steps: numeric(steps.value) }, stop = {};
    for (const { path, input } of fields) {
      if (!input.value.trim()) continue;
      const [name, part] = path.split("/").slice(1);
      if (part) (stop[name] = stop[name] || {})[part] = numeric(input.value);
      else stop[name] = numeric(input.value);
    }
    return Object.keys(stop).length ? { ...out, stop } : out;
  }

  // Rules that are set are not forgotten where they are not seen.
  function tally() {
    const n = fields.filter(({ input }) => input.value.trim()).length;
    stops.firstChild.textContent = n ? `Stop when … (${n} set)` : "Stop when …";
  }

  // ---- how far it is ----
  function advance(done) {
    const now = Date.now(), { stop } = going;
    toldAt = now;
    going.steps_done = done;
    samples = [...samples.filter(([t]) => now - t < lately), [now, done]];
    const [[since, from]] = samples, age = going.seconds + (now - going.readAt) / 1000;
    const rate = now - since > 500 ? (done - from) / (now - since) * 1000 : age > 0 ? done / age : 0;
    const left = [rate > 0 ? (going.steps - done) / rate : Infinity, stop.max_seconds === undefined ? Infinity : Math.max(0, stop.max_seconds - age)].reduce((a, v) => Math.min(a, v));
    bar.max = going.steps;
    bar.value = done;
    far.textContent = [`${count(done)} of ${count(going.steps)} steps`, rate > 0 && `${count(Number(rate.toPrecision(2)))} steps per second`,
      Number.isFinite(left) && `${Object.keys(stop).length ? "at most " : ""}${lasting(left)} left`, !mine.has(going.id) && "begun elsewhere"].filter(Boolean).join(" · ");
  }
  function show(items) {
    const next = items.find((r) => r.status === "running") || null, focus = document.activeElement, ended = items.filter((r) => r !== next);
    if (!next || !going || next.id !== going.id) samples = [];
    going = next && { ...next, readAt: Date.now(), steps_done: going && going.id === next.id ? Math.max(going.steps_done, next.steps_done) : next.steps_done };
    progress.hidden = cancel.hidden = going === null;
    button.disabled = steps.disabled = going !== null;
    for (const { input } of fields) input.disabled = going !== null;
    if (going && (focus === button || focus === steps)) cancel.focus();
    if (!going && focus === cancel) button.focus();
    if (going) advance(going.steps_done);
    const last = going ? null : ended.shift(), text = last ? `The last run ${told(last)}` : "";
    if (result.textContent !== text) result.textContent = text;
    result.className = last && last.status === "failed" ? "bad" : "";
    list.hidden = !ended.length;
    list.firstChild.textContent = `Earlier runs: ${ended.length}${ended.length > 98 ? ", the newest" : ""}`;
    list.lastChild.replaceChildren(earlier(ended));
    onheld(going !== null);
  }
  async function look() {
    const now = ++turn;
    stale = false;
    try {
      const { items } = await call(at(id, "/runs"));
      if (now === turn && !signal.aborted) show(items);
    } catch (error) { stale = true; throw error; }
  }

  // ---- what the reader does ----
  async function attempt(f) {
    if (busy) return;
    busy = true;
    wrong.replaceChildren();
    blame(form, [], "");
    try { await f(); } catch (error) {
      const rest = blame(form, error.errors || [], "#/"), first = form.querySelector("[aria-invalid]");
      if (stops.querySelector("[aria-invalid]")) stops.open = true;
      if (first) first.focus();
      if (rest.length || !first) wrong.replaceChildren(trouble(Object.assign(error, { errors: rest })));
    } finally { busy = false; }
    stale = true;
    onmove();
  }
  function begin(event) {
    event.preventDefault();
    if (!going) attempt(async () => mine.add((await call(at(id, "/runs"), { method: "POST", json: body() })).id));
  }
  function end() {
    if (going) attempt(() => call(`/v1/runs/${going.id}`, { method: "DELETE" }));
  }

  return { element,
    async ask(revision) {
      const quiet = Date.now() - toldAt > quietMs && (going || revision !== seen);
      seen = revision;
      if (stale || quiet) await look();
    },
    heard({ run, steps_done: done, stopped_by: by }) {
      if (going && going.id === run && by === null) { advance(done); return true; }
      stale = true;
      return false;
    } };
}
