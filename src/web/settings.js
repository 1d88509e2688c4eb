// How a session is set: its optimizer, and what moves or surrounds it, a table each.
import { make } from "./dom.js";
import { plain } from "./format.js";

const table = (object) => make("table", { class: "plain" }, make("tbody", {}, Object.entries(object).map(([k, v]) =>
  make("tr", {}, make("th", { scope: "row", textContent: k }), make("td", { class: "mono", textContent: plain(v) })))));
const titled = (title, object) => [make("h2", { textContent: title }), table(object)];

export function settings({ optimizer, objective, schedule, transforms = [], groups = [] }) {
  return [table(optimizer), ...(objective ? titled("Objective", objective) : []), ...Object.entries(schedule || {}).flatMap(([name, s]) => titled(`Schedule of ${name}`, s)),
    ...transforms.flatMap((t, i) => titled(transforms.length > 1 ? `Transform ${i + 1}` : "Transform", t)),
    ...groups.flatMap((g, i) => titled(`Group ${i + 1}`, g))];
}
