// A step with the numbers put in, line by line: one that was made, as far as it is recorded, or one
// that is only tried (dry run), from a gradient that the reader writes. In an address: `k=120`, or
// `k=next`, and `c=1` for the coordinate.
import { call, session as at } from "./api.js";
import { announce, choice, make } from "./dom.js";
import { count } from "./format.js";
import { entries, like } from "./parameters.js";
import { snippet } from "./snippet.js";
import { tex } from "./tex.js";
import { trouble } from "./trouble.js";

const most = 64; // numbers that are worth writing out
const recorded = 8; // parameters of a session whose steps are recorded, where it says nothing else

export function linesOf(explanation) {
  const rows = explanation.lines.map((l, i) => make("tr", { class: i === explanation.lines.length - 1 ? "last" : "" },
    make("td", {}, tex(l.tex)), make("td", { class: "mono", textContent: l.text }), make("td", { class: "num mono", textContent: String(l.value), title: "exactly" })));
  return make("div", {}, explanation.sentence && make("p", { class: "sentence", textContent: explanation.sentence }),
    make("div", { class: "scroll" }, make("table", { class: "explain" }, make("thead", {}, make("tr", {}, ["rule", `step ${explanation.step}`, "value"].map((t) => make("th", { scope: "col", textContent: t })))), make("tbody", {}, rows))));
}

// onstep(k) is told which step of the past is shown, null: none.
export function explanation(first, query, { setQuery, signal, onstep }) {
  let session = first, turn = 0;
  const names = [];
  for (const [name] of entries(first.parameters)) { names.push(name); if (names.length > 1000) break; }
  const likeGradient = () => (names.length <= most ? like(session.parameters, 1) : []);
  const asked = query.get("k");
  let past = asked ? asked !== "next" : first.step > 0 && names.length <= recorded;

  const k = make("input", { type: "number", min: 1, step: 1, id: "explain-k", value: Number(asked) || first.step || 1 });
  const back = make("button", { type: "button", class: "quiet", textContent: "‹", "aria-label": "One step back", onclick: () => walk(-1) });
  const on = make("button", { type: "button", class: "quiet", textContent: "›", "aria-label": "One step on", onclick: () => walk(1) });
  const newest = make("button", { type: "button", class: "quiet", onclick: () => pick(session.step) });
  const tried = make("textarea", { rows: 3, spellcheck: false, id: "explain-step", value: JSON.stringify(first.objective ? {} : { gradient: likeGradient() }) });
  const which = make("select", { id: "explain-coordinate" }, names.slice(0, 1000).map((n, i) => make("option", { value: i, textContent: n, selected: String(i) === query.get("c") })));
  const out = make("div", { class: "out" });
  const field = (input, text, ...more) => make("div", { class: "field" }, make("label", { htmlFor: input.id, textContent: text }), make("div", { class: "row" }, input, ...more));
  const stepped = make("div", { class: "field" }, make("label", { htmlFor: k.id, textContent: "Step" }), make("div", { class: "row" }, back, k, on, newest));
  const written = field(tried, "Step");
  const button = make("button", { type: "submit", textContent: "Explain" });
  const about = make("p", { class: "dim" });
  const modes = choice("Which step", [["past", "a past step"], ["next", "the next step"]], past ? "past" : "next", turned);
  const form = make("form", { class: "explain-form", noValidate: true, onsubmit: (event) => { event.preventDefault(); ask(true); } }, written, stepped, field(which, "Coordinate", button));
  const code = snippet(() => request());

  function request() {
    const c = which.value === "0" ? "" : `coordinate=${which.value}`, path = (rest) => at(session.name || session.id, rest);
    if (past) return { path: path(`/steps/${k.value || 0}/explain${c && "?" + c}`) };
    return { method: "POST", path: path(`/steps?dry_run=true&explain=true${c && "&" + c}`), body: tried.value };
  }
  function arrange() {
    form.classList.toggle("past", past);
    written.hidden = button.hidden = past;
    stepped.hidden = !past;
    about.textContent = past ? "What a step did, with its own numbers. A click on a point of a curve chooses the step." : "What would the next step do? It is computed and not kept.";
    newest.textContent = `newest: ${count(session.step)}`;
    newest.hidden = !session.step;
    k.max = session.step;
    back.disabled = !(Number(k.value) > 1);
    on.disabled = !(Number(k.value) < session.step);
    code.show();
  }
  function turned(mode) {
    past = mode === "past";
    setQuery({ k: past ? k.value : "next" });
    turn++;
    out.replaceChildren();
    arrange();
    if (past) ask(); else onstep(null);
  }
  async function ask(said) {
    const mine = ++turn, { method, path, body } = request(), made = past;
    let shown = null;
    try {
      if (!made) JSON.parse(body);
      const answer = await call(path, { method: method || "GET", ...(made ? {} : { body, headers: { "Content-Type": "application/json" } }) });
      shown = linesOf(answer.explanation);
      if (said && mine === turn) announce(`step ${answer.explanation.step}, ${which.selectedOptions[0].textContent}: ${answer.explanation.sentence || answer.explanation.lines.at(-1).text}`);
    } catch (error) {
      const text = error instanceof SyntaxError ? new Error("the step is not JSON: " + error.message) : error;
      // That a step is not recorded is no error of the reader's: the server's word on it is the answer.
      shown = made && error.status === 404 ? make("p", { class: "why", role: "status", textContent: `Step ${k.value}: ${error.message}.` }) : trouble(text);
    }
    if (mine !== turn || signal.aborted) return;
    out.replaceChildren(shown);
    code.show();
    onstep(made ? Number(k.value) : null);
  }
  function pick(step, focus = false) {
    past = true;
    modes.set("past");
    k.value = Math.max(1, step);
    setQuery({ k: k.value });
    arrange();
    if (focus) k.focus();
    return ask(true);
  }
  const walk = (by) => pick(Math.min(session.step, Number(k.value) + by));
  k.addEventListener("change", () => pick(Math.round(Number(k.value)) || 1));
  which.addEventListener("change", () => { setQuery({ c: which.value === "0" ? null : which.value }); code.show(); if (past || out.firstChild) ask(true); });
  tried.addEventListener("input", () => code.show());
  const element = make("section", { class: "card wide", id: "explain" }, make("div", { class: "row" }, make("h2", { textContent: "Explain a step" }), make("span", { class: "grow" }), modes), about, form, out, code);
  arrange();
  if (past) ask();
  return { element, likeGradient, pick, update(next) { session = next; arrange(); } };
}
