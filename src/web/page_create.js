// A new session, by a form that the catalogue makes: `/#/new?optimizer=adam&profile=keras`.
import { call, once } from "./api.js";
import { make } from "./dom.js";
import { blame, hyperparameters } from "./form.js";
import { parts } from "./parts.js";
import { snippet } from "./snippet.js";
import { lines } from "./tex.js";
import { trouble } from "./trouble.js";

const field = (name, text, input, hint, style = "") => {
  input.id = "h-" + name;
  return make("div", { class: "field" + style }, make("label", { htmlFor: input.id, textContent: text }), input,
    hint && make("p", { class: "dim hint", textContent: hint }), make("p", { class: "bad hint", id: `h-${name}-wrong` }));
};

const option = (value) => make("option", { value, textContent: value });

export default async function (place, { query, setQuery, signal }) {
  const list = (await once("/v1/optimizers")).items;
  const state = { optimizer: query.get("optimizer") || "adam", profile: query.get("profile") || "torch", values: {} };
  if (!list.some((o) => o.name === state.optimizer)) state.optimizer = list[0].name;
  const name = make("input", { type: "text", autocomplete: "off", spellcheck: false, placeholder: "none", maxLength: 128 });
  const parameters = make("textarea", { rows: 4, spellcheck: false, value: "[4, -3]" });
  const optimizer = make("select", {}, list.map((o) => option(o.name)));
  const profile = make("select");
  const dtype = make("select", {}, ["float64", "float32"].map(option));
  const nonfinite = make("select", {}, ["reject", "skip", "allow"].map(option));
  const advice = make("p", { class: "dim" }), formula = make("div"), box = make("div"), wrong = make("div");

  const changed = () => code.show();
  const [schedule, transforms] = await Promise.all([
    parts({ path: "/v1/schedules", pointer: "schedule", most: 1, text: "Schedule of the learning rate", changed }),
    parts({ path: "/v1/transforms", pointer: "transforms", most: 16, text: "Add a transform", changed })]);
  if (signal.aborted) return {};

  const body = () => {
    const made = {};
    if (name.value.trim()) made.name = name.value.trim();
    made.optimizer = { name: state.optimizer, ...(state.profile === "torch" ? {} : { profile: state.profile }), ...state.values };
    try { made.parameters = JSON.parse(parameters.value); } catch { made.parameters = parameters.value; }
    const [rate] = schedule.value(), around = transforms.value();
    if (rate) made.schedule = rate;
    if (around.length) made.transforms = around;
    if (dtype.value !== "float64") made.dtype = dtype.value;
    if (nonfinite.value !== "reject") made.on_nonfinite = nonfinite.value;
    return made;
  };
  const code = snippet(() => ({ method: "POST", path: "/v1/sessions", body: body() }), { open: true, title: "The request" });

  async function choose() {
    const entry = await once("/v1/optimizers/" + state.optimizer);
    if (signal.aborted) return;
    optimizer.value = state.optimizer;
    const profiles = Object.keys(entry.profiles);
    if (!profiles.includes(state.profile)) [state.profile] = profiles;
    profile.replaceChildren(...profiles.map(option));
    profile.value = state.profile;
    advice.replaceChildren(entry.use_when, " ", make("a", { href: "/#/optimizers/" + entry.name, textContent: "All about it" }));
    formula.replaceChildren(lines(entry.formula));
    box.replaceChildren(hyperparameters(entry, state.profile, state.values, (values) => { state.values = values; code.show(); }));
    await Promise.all([schedule.follow(state.profile), transforms.follow(state.profile)]);
    form.dataset.name = entry.name;
    setQuery({ optimizer: state.optimizer, profile: state.profile === "torch" ? null : state.profile });
    code.show();
  }

  async function submit(event) {
    event.preventDefault();
    wrong.replaceChildren();
    const old = blame(form, [], "");
    try {
      const made = await call("/v1/sessions", { method: "POST", json: body() });
      location.hash = "#/s/" + encodeURIComponent(made.name || made.id);
    } catch (error) {
      const rest = blame(form, error.errors || old, /^#\/(optimizer\/)?/);
      if (rest.length || !(error.errors || []).length) wrong.replaceChildren(trouble(Object.assign(error, { errors: rest })));
      const first = form.querySelector("[aria-invalid]");
      if (first) first.focus();
    }
  }

  optimizer.addEventListener("change", () => { state.optimizer = optimizer.value; state.values = {}; choose(); });
  profile.addEventListener("change", () => { state.profile = profile.value; choose(); });
  const form = make("form", { class: "card create", onsubmit: submit, oninput: () => code.show(), noValidate: true },
    make("div", { class: "fields" },
      field("name", "Name", name, "letters, digits, . _ -"),
      field("parameters", "Parameters", parameters, "a number, a list, nested lists, or an object of named tensors; where they start", " wide")),
    make("div", { class: "fields" },
      field("optimizer", "Optimizer", optimizer), field("profile", "Profile", profile, "whose defaults and argument names hold"),
      field("dtype", "Numbers", dtype), field("on_nonfinite", "When a step is not finite", nonfinite, "reject it, skip and count it, or allow it")),
    advice, formula, make("h2", { textContent: "Hyperparameters" }), box,
    make("h2", { textContent: "Schedule" }), schedule.element, make("h2", { textContent: "Transforms, in this order" }), transforms.element, wrong,
    make("div", { class: "row" }, make("button", { type: "submit", textContent: "Create" }), make("a", { class: "button quiet", href: "/#/", textContent: "Back" })));
  place.append(make("div", { class: "bar" }, make("h1", { textContent: "New session" })), form, make("div", { class: "card" }, code));
  await choose();
  return { title: "New session" };
}
