// What a session is made with besides its optimizer: schedules, transforms. The reader picks them
// from their catalogue; each has the fields of its JSON Schema.
import { once } from "./api.js";
import { make } from "./dom.js";
import { hyperparameters } from "./form.js";
import { tex } from "./tex.js";

// path: of the catalogue; pointer: where the objects stand in the body, as `transforms`; chosen: what
// stands there at first, as { name, values }. of() lists the hyperparameters that a part can be of,
// one each, named by its `target`; beside(part) makes what stands beside the fields:
// { element, show(entry, spec, target), close() }.
// Returns { element, value(), follow(profile), tell() }, where value() is the list of
// { target, name, values }, follow tells whose defaults hold, and tell that a hyperparameter is another.
export async function parts({ path, pointer, most = 16, text, changed, chosen = [], of = null, beside = null }) {
  const { items } = await once(path);
  let profile = "torch", turn = 0;
  chosen = chosen.filter((c) => items.some((i) => i.name === c.name));
  const list = make("div", { class: "parts" }), add = make("select", { id: `add-${pointer}` });
  const element = make("div", {}, list, make("div", { class: "field" }, make("label", { htmlFor: add.id, textContent: text }), add));
  const free = (mine) => (of ? of().filter((name) => !chosen.some((c) => c !== mine && c.target === name)) : []);
  add.append(make("option", { value: "", textContent: "none" }), ...items.map((i) => make("option", { value: i.name, textContent: `${i.name}: ${i.title}` })));
  add.addEventListener("change", () => {
    if (!add.value) return;
    chosen.push({ name: add.value, values: {}, target: free()[0] });
    add.value = "";
    show();
  });

  function part(entry, i) {
    const mine = chosen[i], whose = [mine.values.profile, profile, ...Object.keys(entry.profiles)].find((p) => p in entry.profiles);
    const at = of ? `${pointer}/${mine.target}` : `${pointer}/${i}`, move = () => { chosen.splice(i - 1, 2, mine, chosen[i - 1]); show(); };
    mine.profile = whose === profile ? null : whose;
    const tell = mine.tell = () => { if (mine.beside) mine.beside.show(entry, { ...mine.values, profile: whose }, mine.target); };
    if (beside && !mine.beside) mine.beside = beside();
    tell();
    const target = of && make("select", { "aria-label": `What ${entry.name} moves`, onchange: () => { mine.target = target.value; show(); } },
      free(mine).map((name) => make("option", { value: name, textContent: name, selected: name === mine.target })));
    return make("fieldset", {}, make("legend", {}, make("code", { textContent: entry.name }), " ", target && "of ", target,
      !of && i > 0 && make("button", { class: "close", type: "button", textContent: "↑", "aria-label": `Put ${entry.name} before the one above`, onclick: move }),
      make("button", { class: "close", type: "button", textContent: "×", "aria-label": `Take out ${entry.name}`, onclick: () => { chosen.splice(i, 1); if (mine.beside) mine.beside.close(); show(); } })),
    make("p", { class: "bad hint", id: `h-${at}-wrong` }),
    make("div", { class: "part" }, make("div", {}, tex(entry.formula, { display: true }), make("p", { class: "dim", textContent: entry.description }),
      hyperparameters(entry, whose, mine.values, (values) => { mine.values = mine.profile ? { profile: whose, ...values } : values; tell(); changed(); }, `${at}/`)),
    mine.beside && mine.beside.element));
  }
  async function show() {
    const now = ++turn, entries = await Promise.all(chosen.map((c) => once(`${path}/${c.name}`)));
    if (now !== turn) return;
    list.replaceChildren(...entries.map(part));
    add.parentElement.hidden = chosen.length >= most || (of !== null && !free().length);
    changed();
  }
  return { element, tell: () => chosen.forEach((c) => c.tell && c.tell()),
    value: () => chosen.map(({ name, profile: p, values: { profile: old, ...values }, target }) => ({ target, name, values: { ...(p ? { profile: p } : {}), ...values } })),
    follow(next) {
      profile = next;
      if (of) for (const c of chosen.filter((part) => !of().includes(part.target))) { chosen.splice(chosen.indexOf(c), 1); if (c.beside) c.beside.close(); }
      return show();
    } };
}
