// The data sets of the server to choose from, for an objective that takes data, and a dialog that
// brings one of the reader's own.
import { call } from "./api.js";
import { make } from "./dom.js";
import { count } from "./format.js";
import { trouble } from "./trouble.js";

const list = async () => (await call("/v1/datasets")).items;

// The first line of a CSV, where it holds names.
async function header(file) {
  const [line] = (await file.slice(0, 65536).text()).split(/\r?\n/).filter((l) => l.trim() && !l.startsWith("#"));
  const cells = (line || "").split(",").map((c) => c.trim());
  return cells.some((c) => c === "" || Number.isNaN(Number(c))) ? cells : [];
}

function upload(done) {
  const file = make("input", { type: "file", id: "data-file", accept: ".csv,.npy,text/csv", required: true });
  const name = make("input", { type: "text", id: "data-name", required: true, pattern: "[A-Za-z0-9._\\-]{1,128}", title: "letters, digits, . _ -", autocomplete: "off", spellcheck: false });
  const columns = make("datalist", { id: "data-columns" }), wrong = make("div");
  const target = make("input", { type: "text", id: "data-target", list: "data-columns", placeholder: "the last column", autocomplete: "off", spellcheck: false });
  const send = make("button", { type: "submit", textContent: "Upload" });
  const field = (input, text, hint) => make("div", { class: "field" }, make("label", { htmlFor: input.id, textContent: text }), input, hint && make("p", { class: "dim hint", textContent: hint }));
  const dialog = make("dialog", { class: "upload", "aria-label": "Upload a data set" }, make("form", { onsubmit: submit }, make("h2", { textContent: "Upload a data set" }),
    make("p", { class: "dim", textContent: "Rows are samples, columns numbers. The first line may hold their names." }),
    field(file, "CSV or npy file"), field(name, "Name"), field(target, "Target", "name or number, from 0, of the column to predict; all others are features"), columns, wrong,
    make("div", { class: "row" }, send, make("button", { type: "button", class: "quiet", textContent: "Cancel", onclick: () => dialog.close() }))));
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    name.value = chosen.name.replace(/\.\w+$/, "").replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, 128);
    columns.replaceChildren(...(chosen.name.endsWith(".npy") ? [] : await header(chosen)).map((value) => make("option", { value })));
  });
  async function submit(event) {
    event.preventDefault();
    event.stopPropagation(); // where the picker stands in a form, that one is not sent
    const [chosen] = file.files, path = `/v1/datasets/${encodeURIComponent(name.value)}` + (target.value.trim() ? `?target=${encodeURIComponent(target.value.trim())}` : "");
    send.disabled = true;
    wrong.replaceChildren();
    try {
      const made = await call(path, { method: "PUT", body: chosen, headers: { "Content-Type": chosen.name.endsWith(".npy") ? "application/x-npy" : "text/csv" } });
      dialog.close();
      done(made.name);
    } catch (error) { wrong.replaceChildren(trouble(error)); } finally { send.disabled = false; }
  }
  return dialog;
}

// onchange(name), null: the objective's own. Returns { element, show(about, name) }; the element is
// hidden while the objective `about` takes no data.
export function datasets(onchange) {
  let about = null;
  const own = () => about.defaults.dataset;
  const select = make("select", { id: "dataset", "aria-label": "Data set", onchange: () => onchange(select.value === own() ? null : select.value) });
  const dialog = upload(async (name) => { await show(about, name); onchange(name === own() ? null : name); select.focus(); });
  const element = make("span", { class: "row", hidden: true }, select, make("button", { class: "quiet", type: "button", textContent: "Upload …", onclick: () => dialog.showModal() }), dialog);
  async function show(next, name) {
    about = next;
    element.hidden = about.kind !== "model";
    if (element.hidden) return;
    const items = await list();
    if (about !== next) return;
    select.replaceChildren(...items.map((d) => make("option", { value: d.name, textContent: `${d.name}: ${count(d.rows)} × ${d.columns}`, title: d.title || "" })));
    select.value = name || own();
  }
  return { element, show };
}
