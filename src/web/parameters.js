// The parameters of a session as a table: each number with its place, the first hundred of them.
import { make } from "./dom.js";
import { count, short } from "./format.js";
import { number } from "./series.js";

const most = 100;

// Every number of `value` with its name: [["w[0,1]", 3], …]; a tensor may come as { shape, data }.
export function* entries(value, name = "", index = []) {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) yield* entries(value[i], name, [...index, i]);
  } else if (value !== null && typeof value === "object") {
    if (Array.isArray(value.shape) && Array.isArray(value.data)) {
      for (let i = 0; i < value.data.length; i++) yield [`${name || "w"}[${unravel(i, value.shape).join(",")}]`, value.data[i]];
    } else for (const [key, part] of Object.entries(value)) yield* entries(part, key, []);
  } else yield [`${name || "w"}${index.length ? `[${index.join(",")}]` : ""}`, value];
}

function unravel(i, shape) {
  const at = [];
  for (let k = shape.length - 1; k >= 0; k--) { at.unshift(i % shape[k]); i = Math.floor(i / shape[k]); }
  return at;
}

// `value` with each number replaced by `by`.
export function like(value, by) {
  if (Array.isArray(value)) return value.map((v) => like(v, by));
  if (value !== null && typeof value === "object")
    return Array.isArray(value.shape) && Array.isArray(value.data) ? { shape: value.shape, data: value.data.map(() => by) }
      : Object.fromEntries(Object.entries(value).map(([k, v]) => [k, like(v, by)]));
  return by;
}

export function parameterTable() {
  const body = make("tbody"), rest = make("p", { class: "dim" });
  const table = { element: make("div", { class: "scroll" }, make("table", { class: "plain" }, body), rest), count: 0, revision: 0, show };
  function show(session) {
    const rows = [];
    table.count = 0;
    table.revision = session.revision;
    for (const [name, value] of entries(session.parameters)) {
      if (table.count++ < most) rows.push(make("tr", {}, make("th", { scope: "row", textContent: name }), make("td", { class: "num mono", textContent: short(number(value)), title: String(value) })));
    }
    body.replaceChildren(...rows);
    rest.hidden = table.count <= most;
    rest.textContent = table.count > most ? `and ${count(table.count - most)} more` : "";
  }
  return table;
}
