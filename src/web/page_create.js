// A new session, by a form that the catalogue makes. Its address holds all that is chosen:
// `/#/new?optimizer=adam&profile=keras&h=lr:0.1&schedule=lr.cosine;decay_steps:100&transforms=maximize
// &groups=;match:b;lr:0.2&objective=rosenbrock;dimension:3&dtype=float32&nonfinite=skip&w=[4,-3]`.
import { call, once } from "./api.js";
import { moving } from "./around.js";
import { copy, make, settled } from "./dom.js";
import { blame, hyperparameters } from "./form.js";
import { objective as objectives } from "./objective.js";
import { groups } from "./groups.js";
import { parts } from "./parts.js";
import { preview } from "./preview.js";
import { snippet } from "./snippet.js";
import { read, write } from "./spec.js";
import { lines } from "./tex.js";
import { trouble } from "./trouble.js";

const field = (name, text, input, hint, style = "") => {
  input.id = "h-" + name;
  return make("div", { class: "field" + style }, make("label", { htmlFor: input.id, textContent: text }), input,
    hint && make("p", { class: "dim hint", textContent: hint }), make("p", { class: "bad hint", id: `h-${name}-wrong` }));
};

const usual = "[4, -3]";
const option = (value) => make("option", { value, textContent: value });

export default async function (place, { query, setQuery, signal }) {
  const list = (await once("/v1/optimizers")).items;
  const state = { optimizer: query.get("optimizer") || "adam", profile: query.get("profile") || "torch", values: (read("h;" + (query.get("h") || ""))[0]).values };
  let entry = null;
  if (!list.some((o) => o.name === state.optimizer)) state.optimizer = list[0].name;
  const name = make("input", { type: "text", autocomplete: "off", spellcheck: false, placeholder: "may be left out", maxLength: 128 });
  const parameters = make("textarea", { rows: 4, spellcheck: false, value: query.get("w") || usual });
  const optimizer = make("select", {}, list.map((o) => option(o.name)));
  const profile = make("select");
  const dtype = make("select", {}, ["float64", "float32"].map(option));
  const nonfinite = make("select", {}, ["reject", "skip", "allow"].map(option));
  const advice = make("p", { class: "dim" }), formula = make("div"), box = make("div"), wrong = make("div");

  dtype.value = query.get("dtype") === "float32" ? "float32" : "float64";
  nonfinite.value = ["skip", "allow"].includes(query.get("nonfinite")) ? query.get("nonfinite") : "reject";
  const base = (name) => state.values[name] ?? entry.profiles[state.profile].defaults[name];
  const previews = new Set();
  signal.addEventListener("abort", () => previews.forEach((p) => p.close()));
  const shown = () => { const p = preview(base); previews.add(p); return p; };
  const targeted = read(query.get("schedule")).map(({ name, values }) => ({ target: name.split(".")[0], name: name.split(".")[1], values }));
  const [schedule, transforms] = await Promise.all([
    parts({ path: "/v1/schedules", pointer: "schedule", text: "Add a schedule", changed, chosen: targeted, of: () => moving(entry, state.profile), beside: shown }),
    parts({ path: "/v1/transforms", pointer: "transforms", text: "Add a transform", changed, chosen: read(query.get("transforms")) })]);
  const aim = await objectives({ changed, chosen: read(query.get("objective"))[0] });
  aim.select.addEventListener("change", () => {
    if (aim.value() && parameters.value === usual) parameters.value = "";
    if (!aim.value() && !parameters.value.trim()) parameters.value = usual;
    changed();
  });
  if (aim.value() && !query.has("w")) parameters.value = "";
  const grouped = groups({ changed, chosen: read(query.get("groups")) });
  if (signal.aborted) return {};

  const body = () => {
    const made = {};
    if (name.value.trim()) made.name = name.value.trim();
    made.optimizer = { name: state.optimizer, ...(state.profile === "torch" ? {} : { profile: state.profile }), ...state.values };
    if (aim.value()) made.objective = aim.value();
    if (parameters.value.trim() || !made.objective)
      try { made.parameters = JSON.parse(parameters.value); } catch { made.parameters = parameters.value; }
    const moved = schedule.value().map(({ target, name: kind, values }) => [target, { name: kind, ...values }]), among = grouped.value();
    const around = transforms.value().map(({ name: kind, values }) => ({ name: kind, ...values }));
    if (moved.length) made.schedule = Object.fromEntries(moved);
    if (around.length) made.transforms = around;
    if (among.length) made.groups = among;
    if (dtype.value !== "float64") made.dtype = dtype.value;
    if (nonfinite.value !== "reject") made.on_nonfinite = nonfinite.value;
    return made;
  };
  const link = make("button", { class: "quiet", type: "button", textContent: "Copy link", onclick: () => copy(location.href, link) });
  const code = snippet(() => ({ method: "POST", path: "/v1/sessions", body: body() }), { open: true, title: "The request" });

  // What is chosen, into the address and the request.
  function changed() {
    if (!entry) return;
    code.show();
    address();
  }
  const address = settled(150, () => {
    if (!entry || signal.aborted) return;
    const text = (list) => write(list) || null;
    setQuery({ optimizer: state.optimizer, profile: state.profile === "torch" ? null : state.profile, h: text([{ name: "", values: state.values }])?.slice(1) || null,
      schedule: text(schedule.value().map((s) => ({ ...s, name: `${s.target}.${s.name}` }))), transforms: text(transforms.value()),
      groups: text(grouped.value().map((values) => ({ name: "", values }))), dtype: dtype.value === "float64" ? null : dtype.value,
      nonfinite: nonfinite.value === "reject" ? null : nonfinite.value, objective: aim.value() ? text([{ name: aim.value().name, values: aim.options() }]) : null, w: parameters.value === usual ? null : parameters.value });
  });

  async function choose() {
    entry = await once("/v1/optimizers/" + state.optimizer);
    if (signal.aborted) return;
    optimizer.value = state.optimizer;
    const profiles = Object.keys(entry.profiles);
    if (!profiles.includes(state.profile)) [state.profile] = profiles;
    profile.replaceChildren(...profiles.map(option));
    profile.value = state.profile;
    advice.replaceChildren(entry.use_when, " ", make("a", { href: "/#/optimizers/" + entry.name, textContent: "All about it" }));
    formula.replaceChildren(lines(entry.formula));
    box.replaceChildren(hyperparameters(entry, state.profile, state.values, (values) => { state.values = values; schedule.tell(); grouped.follow(entry, state.profile, values); }));
    grouped.follow(entry, state.profile, state.values);
    await Promise.all([schedule.follow(state.profile), transforms.follow(state.profile)]);
    form.dataset.name = entry.name;
    changed();
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
  const form = make("form", { class: "card create", onsubmit: submit, oninput: changed, noValidate: true },
    make("div", { class: "fields" },
      field("name", "Name", name, "letters, digits, . _ -"),
      field("parameters", "Parameters", parameters, "where they start: a number, a list, nested lists, or an object of named tensors; empty with an objective, which has a start of its own", " wide")),
    make("h2", { textContent: "Objective" }), aim.element,
    make("h2", { textContent: "Optimizer" }), make("div", { class: "fields" },
      field("optimizer", "Name", optimizer), field("profile", "Profile", profile, "whose defaults and argument names hold"),
      field("dtype", "Numbers", dtype), field("on_nonfinite", "When a step is not finite", nonfinite, "reject it, skip and count it, or allow it")),
    advice, formula, make("h2", { textContent: "Hyperparameters" }), box,
    make("h2", { textContent: "Schedules" }), schedule.element, make("h2", { textContent: "Transforms, in this order" }), transforms.element,
    make("h2", { textContent: "Groups of tensors, with values of their own" }), grouped.element, wrong,
    make("div", { class: "row" }, make("button", { type: "submit", textContent: "Create" }), make("a", { class: "button quiet", href: "/#/", textContent: "Back" })));
  place.append(make("div", { class: "bar" }, make("h1", { textContent: "New session" }), make("span", { class: "grow" }), link), form, make("div", { class: "card" }, code));
  await choose();
  return { title: "New session" };
}
