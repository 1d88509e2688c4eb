// The axes of a sweep: hyperparameters, each with the values to try. In an address they are written
// `lr:0.3,0.1;beta1:0.8,0.9`.
import { make } from "./dom.js";

export const most = 256; // runs of one sweep
const axesMost = 8;

const parse = (text) => { try { return JSON.parse(text); } catch { return text; } };
const split = (text) => text.split(/[\s,]+/).filter(Boolean).map(parse);

export const read = (text) => Object.fromEntries(text.split(";").map((p) => p.split(":")).filter((p) => p.length === 2).map(([k, v]) => [k, split(v)]));
export const write = (grid) => Object.entries(grid).map(([k, v]) => `${k}:${v.join(",")}`).join(";");
export const size = (grid) => Object.values(grid).reduce((n, v) => n * v.length, 1);

// What is worth trying of a hyperparameter, by what it may be: powers of ten around a rate, what is
// missing to 1 of a decay, every one of a few names.
export function ladder(name, schema, usual) {
  if (schema.enum) return schema.enum;
  if (schema.type === "boolean") return [false, true];
  if (name === "lr") return [1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001];
  if (schema.type === "integer") return [...new Set([1, 2, 5, 10, usual ?? 1])].filter((v) => v >= (schema.minimum ?? 1)).sort((a, b) => a - b);
  const high = schema.maximum ?? schema.exclusiveMaximum;
  if (high === 1) return [0, 0.5, 0.8, 0.9, 0.99];
  return usual > 0 ? [usual / 10, usual, usual * 10].map((v) => +v.toPrecision(3)) : [0, 0.001, 0.01, 0.1];
}

// What can be an axis: { name: { schema, usual }, … }.
export function candidates(entry) {
  const profile = "torch" in entry.profiles ? "torch" : Object.keys(entry.profiles)[0], { defaults } = entry.profiles[profile];
  return Object.fromEntries(Object.entries(entry.schema.properties).filter(([k, s]) => k !== "name" && k !== "profile" && (s.type || s.enum)).map(([k, schema]) => [k, { schema, usual: defaults[k] }]));
}

// Shows `grid` in `place`, and writes into it; `known` can be axes; changed() after each change.
export function axes(place, grid, known, changed) {
  const values = (k) => ladder(k, known[k].schema, known[k].usual);
  function set(pairs) {
    const focus = document.activeElement && document.activeElement.id;
    for (const k of Object.keys(grid)) delete grid[k];
    Object.assign(grid, Object.fromEntries(pairs));
    show();
    const again = focus && document.getElementById(focus);
    if (again) again.focus();
    changed();
  }
  const counted = ({ length }) => `${length} value${length === 1 ? "" : "s"}`;
  function row([name, tried], i, all) {
    const others = Object.keys(known).filter((k) => k === name || !(k in grid));
    const select = make("select", { id: `axis-${i + 1}`, "aria-label": `Axis ${i + 1}`, onchange: () => set(Object.entries(grid).map((p, j) => (j === i ? [select.value, values(select.value)] : p))) },
      others.map((k) => make("option", { value: k, textContent: k, selected: k === name })));
    const told = make("span", { class: "dim", textContent: counted(tried) });
    const input = make("input", { type: "text", class: "mono", id: `axis-${name}`, "aria-label": `Values of ${name}`, autocomplete: "off", spellcheck: false, value: tried.join(", "),
      onchange: () => { grid[name] = split(input.value); told.textContent = counted(grid[name]); changed(); } });
    return make("li", { class: "row" }, select, input, told,
      make("button", { class: "close", type: "button", textContent: "×", "aria-label": `Take out ${name}`, disabled: all.length < 2, onclick: () => set(Object.entries(grid).filter(([k]) => k !== name)) }));
  }
  function show() {
    const pairs = Object.entries(grid), free = Object.keys(known).filter((k) => !(k in grid));
    const add = make("select", { id: "add-axis", "aria-label": "Add a hyperparameter", onchange: () => add.value && set([...Object.entries(grid), [add.value, values(add.value)]]) },
      make("option", { value: "", textContent: "add a hyperparameter" }), free.map((k) => make("option", { value: k, textContent: k })));
    place.replaceChildren(...pairs.map(row), ...(free.length && pairs.length < axesMost ? [make("li", { class: "row" }, add)] : []));
  }
  show();
}

// Where nothing was chosen: the learning rate, and the first decay beside it.
export function first(entry) {
  const known = candidates(entry), names = ["lr", "beta1", "momentum", "rho", "alpha", "beta"].filter((k) => k in known).slice(0, 2);
  const chosen = names.length ? names : Object.keys(known).filter((k) => known[k].schema.type === "number").slice(0, 1);
  return Object.fromEntries(chosen.map((k) => [k, ladder(k, known[k].schema, known[k].usual)]));
}
