// The objective of a new session: a loss of the server, so that a step needs no gradient. With the
// fields of its JSON Schema, and a data set where it takes one.
import { datasets } from "./datasets.js";
import { make } from "./dom.js";
import { hyperparameters } from "./form.js";
import { describe, list } from "./landscape.js";
import { lines } from "./tex.js";

const apart = ["name", "dataset", "x", "y"]; // what has no field of its own

// chosen: at first, as { name, values }. Returns { element, select, value(), options() }, where value()
// is the object for the body, or null.
export async function objective({ changed, chosen }) {
  const items = await list();
  let values = chosen ? chosen.values : {}, turn = 0;
  const select = make("select", { id: "h-objective" }, make("option", { value: "", textContent: "none: each step brings its gradient" }),
    items.map((o) => make("option", { value: o.name, textContent: `${o.name}: ${o.title}`, selected: chosen && chosen.name === o.name })));
  const box = make("div"), data = datasets((name) => { if (name) values.dataset = name; else delete values.dataset; changed(); });
  const element = make("div", {}, make("div", { class: "field" }, make("label", { htmlFor: select.id, textContent: "Loss that the server computes" }),
    make("div", { class: "row" }, select, data.element), make("p", { class: "bad hint", id: "h-objective-wrong" })), box);
  async function show() {
    const mine = ++turn;
    if (!select.value) { box.replaceChildren(); data.element.hidden = true; return; }
    const about = await describe(select.value);
    if (mine !== turn) return;
    await data.show(about, values.dataset);
    const properties = Object.fromEntries(Object.entries(about.schema.properties).filter(([k]) => !apart.includes(k)));
    const defaults = { ...about.defaults };
    if (properties.batch_size) {
      properties.batch_size = { type: "integer", minimum: 1, description: properties.batch_size.description };
      defaults.batch_size = "the optimizer's";
    }
    const entry = { schema: { properties }, profiles: { own: { defaults, required: [] } } };
    box.replaceChildren(lines(about.formula), make("p", { class: "dim", textContent: about.description }),
      hyperparameters(entry, "own", values, (next) => { values = { ...(values.dataset ? { dataset: values.dataset } : {}), ...next }; changed(); }, "objective/"));
  }
  select.addEventListener("change", () => { values = {}; show(); });
  await show();
  return { element, select, value: () => (select.value ? { name: select.value, ...values } : null), options: () => values };
}
