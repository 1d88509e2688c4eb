// Groups of tensors with hyperparameters of their own, or frozen, as the form of a new session has them.
import { make } from "./dom.js";
import { hyperparameters } from "./form.js";

const most = 16;

// chosen: at first, as { values }. Returns { element, value(), follow(entry, profile, values) }, where
// follow tells the optimizer and what is set of it, which is what an empty field of a group means.
export function groups({ changed, chosen = [] }) {
  let about = null;
  const list = make("div", { class: "parts" });
  const add = make("button", { type: "button", class: "quiet", id: "add-group", textContent: "Add a group", onclick: () => { chosen.push({ values: {} }); show(); list.lastChild.querySelector("input").focus(); } });
  const special = ["match", "exclude", "frozen"];

  function text(mine, i, name, label, hint) {
    const input = make("input", { type: "text", id: `h-groups/${i}/${name}`, autocomplete: "off", spellcheck: false, value: mine.values[name] || "", placeholder: name === "match" ? "*bias, *norm*" : "none",
      oninput: () => { if (input.value.trim()) mine.values[name] = input.value.trim(); else delete mine.values[name]; changed(); } });
    return make("div", { class: "field" }, make("label", { htmlFor: input.id, textContent: label }), input, make("p", { class: "dim hint", textContent: hint }), make("p", { class: "bad hint", id: `${input.id}-wrong` }));
  }
  function group(mine, i) {
    const { entry, profile, values } = about, all = Object.keys(entry.schema.properties).filter((k) => k in entry.profiles[profile].defaults);
    mine.shown = (mine.shown || Object.keys(mine.values)).filter((k) => all.includes(k));
    const frozen = make("input", { type: "checkbox", id: `h-groups/${i}/frozen`, checked: mine.values.frozen === true, onchange: () => { if (frozen.checked) mine.values.frozen = true; else delete mine.values.frozen; show(); } });
    const set = make("select", { "aria-label": `Set a hyperparameter of group ${i + 1}`, onchange: () => { mine.shown.push(set.value); show(); } },
      make("option", { value: "", textContent: "set a hyperparameter" }), all.filter((k) => !mine.shown.includes(k)).map((k) => make("option", { value: k, textContent: k })));
    const mineAlone = { schema: { properties: Object.fromEntries(mine.shown.map((k) => [k, entry.schema.properties[k]])) }, profiles: { [profile]: { defaults: { ...entry.profiles[profile].defaults, ...values }, required: [] } } };
    const kept = () => Object.fromEntries(special.filter((k) => k in mine.values).map((k) => [k, mine.values[k]]));
    return make("fieldset", {}, make("legend", {}, `Group ${i + 1} `, make("button", { class: "close", type: "button", textContent: "×", "aria-label": `Take out group ${i + 1}`, onclick: () => { chosen.splice(i, 1); show(); } })),
      make("div", { class: "fields" }, text(mine, i, "match", "Tensors", "whose names fit; * for any text, ? for one character"), text(mine, i, "exclude", "But not", "in the same form"),
        make("div", { class: "field" }, make("label", { htmlFor: frozen.id, textContent: "Frozen" }), make("div", { class: "row" }, frozen, make("span", { class: "dim hint", textContent: "they stay as they are" })), make("p", { class: "bad hint", id: `${frozen.id}-wrong` }))),
      frozen.checked ? null : [hyperparameters(mineAlone, profile, mine.values, (own) => { mine.values = { ...kept(), ...own }; changed(); }, `groups/${i}/`), set]);
  }
  function show() {
    list.replaceChildren(...(about ? chosen.map(group) : []));
    add.hidden = chosen.length >= most;
    changed();
  }
  return { element: make("div", {}, list, add), value: () => chosen.map((c) => ({ ...c.values })),
    follow(entry, profile, values) { about = { entry, profile, values }; show(); } };
}
