// A form made from a JSON Schema of hyperparameters, as the catalogue has them: a field for each
// property that has a type; the defaults of the profile are what an empty field means.
import { make } from "./dom.js";
import { plain } from "./format.js";

function control(id, name, schema, value, fallback, needed) {
  if (schema.enum)
    return make("select", { id, name }, make("option", { value: "", textContent: fallback === undefined ? "–" : `${plain(fallback)} (default)` }),
      schema.enum.filter((v) => v !== fallback).map((v) => make("option", { value: v, textContent: plain(v), selected: v === value })));
  if (schema.type === "boolean")
    return make("select", { id, name }, make("option", { value: "", textContent: `${fallback} (default)` }),
      make("option", { value: String(!fallback), textContent: String(!fallback), selected: value === !fallback }));
  return make("input", { id, name, type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false,
    placeholder: needed ? "needed" : fallback === null || fallback === undefined ? "none" : plain(fallback), value: value === undefined ? "" : plain(value) });
}

function range(schema) {
  const low = schema.minimum !== undefined ? `≥ ${schema.minimum}` : schema.exclusiveMinimum !== undefined ? `> ${schema.exclusiveMinimum}` : null;
  const high = schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER ? `≤ ${schema.maximum}` : schema.exclusiveMaximum !== undefined ? `< ${schema.exclusiveMaximum}` : null;
  return [schema.type === "integer" ? "whole" : schema.type === "array" ? "a list: [1, 2]" : null, low, high].filter(Boolean).join(", ");
}

// What the reader wrote, as JSON where it is JSON.
function parse(text, schema) {
  if (schema.type === "boolean") return text === "true";
  try { return JSON.parse(text); } catch { return text; }
}

// `values` are shown; onchange(values) gets those that differ from the defaults. `pointer` is where
// the object stands in the body, with a slash at its end, as blame() will look for it.
export function hyperparameters(entry, profile, values, onchange, pointer = "") {
  const { defaults, required } = entry.profiles[profile];
  const known = Object.entries(entry.schema.properties).filter(([name, s]) => name !== "name" && name !== "profile" && (s.type || s.enum));
  const fields = known.map(([name, schema]) => {
    const input = control("h-" + pointer + name, name, schema, values[name], defaults[name], required.includes(name));
    input.addEventListener("input", changed);
    const limits = range(schema);
    return { name, schema, input, element: make("div", { class: "field" }, make("label", { htmlFor: input.id }, name, limits && make("small", { class: "dim", textContent: " " + limits })),
      input, make("p", { class: "dim hint", textContent: schema.description || "" }), make("p", { class: "bad hint", id: input.id + "-wrong" })) };
  });
  function changed() {
    onchange(Object.fromEntries(fields.filter((f) => f.input.value.trim() !== "").map((f) => [f.name, parse(f.input.value.trim(), f.schema)])));
  }
  return make("div", { class: "fields" }, fields.map((f) => f.element));
}

// Writes the violations of a problem beside their fields; those that have none come back.
export function blame(form, errors, prefix) {
  for (const place of form.querySelectorAll("p.bad.hint")) place.textContent = "";
  for (const input of form.querySelectorAll("[aria-invalid]")) { input.removeAttribute("aria-invalid"); input.removeAttribute("aria-describedby"); }
  return errors.filter((e) => {
    const name = (e.pointer || "").replace(prefix, ""), place = form.querySelector(`[id="h-${CSS.escape(name)}-wrong"]`);
    if (!place) return true;
    place.textContent = e.detail + (e.suggestion ? ` – did you mean ${e.suggestion}?` : "");
    const input = form.querySelector(`[id="h-${CSS.escape(name)}"]`);
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", place.id);
    return false;
  });
}
