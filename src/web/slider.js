// A slider for a hyperparameter, with a field for the exact value beside it. What a hyperparameter
// may be decides how the slider runs:
//   from 0 up (lr, eps)       in powers of ten, with 0 at the left end
//   below 1 (beta1, rho)      in powers of ten of what is missing to 1: 0, 0.9, 0.99, 0.999
//   between two others        evenly
import { make } from "./dom.js";

const steps = 400;

function track(schema, usual) {
  const low = schema.minimum ?? schema.exclusiveMinimum, high = schema.maximum ?? schema.exclusiveMaximum;
  if (schema.type === "integer") {
    const top = high ?? Math.max(10, 4 * Math.abs(usual || 0)), bottom = low ?? -top;
    return { to: (v) => (v - bottom) / (top - bottom), from: (t) => Math.round(bottom + t * (top - bottom)) };
  }
  if (high === 1 && (low === 0 || low === undefined))
    return { to: (v) => (v >= 1 ? 1 : -Math.log10(1 - v) / 4), from: (t) => (t >= 1 && schema.exclusiveMaximum === undefined ? 1 : +(1 - 10 ** (-4 * Math.min(t, 0.9999))).toPrecision(4)) };
  if (low !== undefined && high !== undefined) return { to: (v) => (v - low) / (high - low), from: (t) => +(low + Math.min(t, 0.9999) * (high - low)).toPrecision(4) };
  if (low === 0) {
    const middle = usual > 0 ? Math.log10(usual) : -2, a = middle - 4, b = Math.max(middle + 3, 1);
    return { to: (v) => (v <= 0 ? 0 : (Math.log10(v) - a) / (b - a)), from: (t) => (t <= 0 ? 0 : +(10 ** (a + t * (b - a))).toPrecision(3)) };
  }
  const size = 10 * (Math.abs(usual) || 1);
  return { to: (v) => (v + size) / (2 * size), from: (t) => +((2 * t - 1) * size).toPrecision(3) };
}

// onchange(value) with a number, a text or a truth value; null: the default again.
export function slider(name, schema, usual, value, onchange) {
  const shown = value ?? usual, title = schema.description || "";
  if (schema.enum || schema.type === "boolean") {
    const choices = schema.enum || [true, false];
    const select = make("select", { "aria-label": name, onchange: () => { const v = choices[select.selectedIndex]; onchange(v === usual ? null : v); } },
      choices.map((c) => make("option", { textContent: String(c), selected: c === shown })));
    return make("label", { class: "slide", title }, make("span", { textContent: name }), select);
  }
  const run = track(schema, usual), place = (v) => Math.round(Math.min(1, Math.max(0, run.to(v))) * steps);
  const bar = make("input", { type: "range", min: 0, max: steps, value: typeof shown === "number" ? place(shown) : 0, "aria-label": `${name}, slider` });
  const field = make("input", { type: "text", inputMode: "decimal", class: "mono", value: shown ?? "", placeholder: usual === null || usual === undefined ? "needed" : String(usual), "aria-label": name, autocomplete: "off" });
  bar.addEventListener("input", () => { const v = run.from(bar.value / steps); field.value = v; bar.setAttribute("aria-valuetext", String(v)); onchange(v); });
  field.addEventListener("change", () => {
    const text = field.value.trim(), v = Number(text);
    if (text === "") { field.value = usual ?? ""; if (typeof usual === "number") bar.value = place(usual); onchange(null); return; }
    if (Number.isFinite(v)) bar.value = place(v);
    onchange(Number.isFinite(v) ? v : text);
  });
  return make("div", { class: "slide", title }, make("span", { textContent: name }), bar, field);
}
