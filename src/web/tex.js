// Formulas by KaTeX, as MathML, which the browser draws with its own fonts.
import katex from "./katex.js";
import { make } from "./dom.js";

export function tex(source, { display = false } = {}) {
  const place = make(display ? "div" : "span", { class: display ? "formula" : "math" });
  try {
    katex.render(source, place, { output: "mathml", displayMode: display, throwOnError: true, strict: "ignore" });
  } catch {
    place.replaceChildren(make("code", { textContent: source }));
  }
  return place;
}

// A formula comes in parts, joined by \quad or \qquad, or by a comma and \;.
const parts = (source) => source.split(/,?\s*\\q?quad\s*|,\s*\\;\s*/).filter(Boolean);

export const lines = (source) => make("div", { class: "formulas" }, parts(source).map((part) => tex(part, { display: true })));

// The part that says what becomes of the parameters.
export function rule(source) {
  const all = parts(source);
  return tex(all.findLast((p) => /^w(_|\s|=)/.test(p)) || all[0]);
}
