// What a session is made with besides its optimizer: a schedule, transforms. The reader picks them
// from their catalogue; each has the fields of its JSON Schema.
import { once } from "./api.js";
import { make } from "./dom.js";
import { hyperparameters } from "./form.js";
import { tex } from "./tex.js";

// path: of the catalogue; pointer: where the objects stand in the body, as `transforms`; at most
// `most`. Returns { element, value(), follow(profile) }, where value() is the list of objects, and
// follow tells whose defaults hold.
export async function parts({ path, pointer, most, text, changed }) {
  const { items } = await once(path);
  let chosen = [], profile = "torch", turn = 0;
  const list = make("div", { class: "parts" }), add = make("select", { id: `add-${pointer}` });
  const element = make("div", {}, list, make("div", { class: "field" }, make("label", { htmlFor: add.id, textContent: text }), add));
  add.append(make("option", { value: "", textContent: "none" }), ...items.map((i) => make("option", { value: i.name, textContent: `${i.name}: ${i.title}` })));
  add.addEventListener("change", () => {
    if (!add.value) return;
    chosen.push({ name: add.value, values: {} });
    add.value = "";
    show();
  });
  const own = (entry) => (profile in entry.profiles ? profile : Object.keys(entry.profiles)[0]);

  function part(entry, i) {
    const mine = chosen[i], whose = own(entry), move = () => { chosen.splice(i - 1, 2, mine, chosen[i - 1]); show(); };
    mine.profile = whose === profile ? null : whose;
    return make("fieldset", {}, make("legend", {}, make("code", { textContent: entry.name }), " ",
      i > 0 && make("button", { class: "close", type: "button", textContent: "↑", "aria-label": `Put ${entry.name} before the one above`, onclick: move }),
      make("button", { class: "close", type: "button", textContent: "×", "aria-label": `Take out ${entry.name}`, onclick: () => { chosen.splice(i, 1); show(); } })),
    tex(entry.formula, { display: true }), make("p", { class: "dim", textContent: entry.description }),
    hyperparameters(entry, whose, mine.values, (values) => { mine.values = values; changed(); }, most === 1 ? `${pointer}/` : `${pointer}/${i}/`));
  }
  async function show() {
    const now = ++turn, entries = await Promise.all(chosen.map((c) => once(`${path}/${c.name}`)));
    if (now !== turn) return;
    list.replaceChildren(...entries.map(part));
    add.parentElement.hidden = chosen.length >= most;
    changed();
  }
  return { element, value: () => chosen.map((c) => ({ name: c.name, ...(c.profile ? { profile: c.profile } : {}), ...c.values })),
    follow(next) { profile = next; return show(); } };
}
