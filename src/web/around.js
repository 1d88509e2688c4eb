// What stands around the optimizer of a race or of a sweep: its schedules and transforms, as the form
// of a new session has them. They are two of its values: `schedule`, by what it moves, and `transforms`.
import { once } from "./api.js";
import { make } from "./dom.js";
import { plain } from "./format.js";
import { parts } from "./parts.js";

// The real numbers of an optimizer, the learning rate first: those that a schedule can move.
export const moving = (entry, profile) => Object.entries(entry.schema.properties).filter(([k, s]) => s.type === "number" && k in entry.profiles[profile].defaults).map(([k]) => k).sort((a, b) => (b === "lr") - (a === "lr"));

const named = (x) => (typeof x === "string" ? { name: x } : x);
const listed = (schedule) => (!schedule ? [] : typeof schedule === "string" || schedule.name ? [["lr", schedule]] : Object.entries(schedule)).map(([target, s]) => [target, named(s)]);

// The values as texts: "lr 0.1", "lr by cosine", "clip_norm".
export const told = (values) => Object.entries(values).flatMap(([k, v]) => (k === "schedule" ? listed(v).map(([target, s]) => `${target} by ${s.name}`) : k === "transforms" ? v.map((t) => named(t).name) : [`${k} ${plain(v)}`]));

// What a sweep can vary inside of them, by its path there: { "schedule.lr.gamma": { schema, usual }, … }.
export async function inner({ schedule, transforms = [] }) {
  const all = [...listed(schedule).map(([target, s]) => [`schedule.${target}`, "/v1/schedules/", s]), ...transforms.map((t, i) => [`transforms.${i}`, "/v1/transforms/", named(t)])];
  const found = await Promise.all(all.map(async ([path, catalogue, { name, profile = "torch" }]) => {
    const { schema, profiles } = await once(catalogue + name);
    return Object.entries(schema.properties).filter(([k, s]) => k !== "name" && k !== "profile" && (s.enum || ["number", "integer", "boolean"].includes(s.type)))
      .map(([k, s]) => [`${path}.${k}`, { schema: s, usual: (profiles[profile] || Object.values(profiles)[0]).defaults[k] }]);
  }));
  return Object.fromEntries(found.flat());
}

// The values with those of a point of the grid; undefined takes one out. Where a path leads nowhere
// any more, nothing is done.
export function put(values, point) {
  const made = structuredClone(values);
  for (const [path, v] of Object.entries(point)) {
    const names = path.split("."), last = names.pop(), place = names.reduce((at, k) => at && at[k], made);
    if (place && v === undefined) delete place[last]; else if (place) place[last] = v;
  }
  return made;
}

// Puts what is chosen into `values`; changed() after each change. `at` is where they stand in the body.
export async function around(values, entry, profile, at, changed) {
  let before = JSON.stringify([values.schedule, values.transforms]), ready = false;
  const parted = ([target, { name, ...own }]) => ({ target, name, values: own });
  function tell() {
    if (!ready) return;
    const moved = schedule.value().map(({ target, name, values: own }) => [target, { name, ...own }]), list = transforms.value().map(({ name, values: own }) => ({ name, ...own }));
    delete values.schedule;
    delete values.transforms;
    if (moved.length) values.schedule = Object.fromEntries(moved);
    if (list.length) values.transforms = list;
    const now = JSON.stringify([values.schedule, values.transforms]);
    if (now !== before) { before = now; changed(); }
  }
  const [schedule, transforms] = await Promise.all([
    parts({ path: "/v1/schedules", pointer: `${at}/schedule`, text: "Add a schedule", changed: tell, chosen: listed(values.schedule).map(parted), of: () => moving(entry, profile) }),
    parts({ path: "/v1/transforms", pointer: `${at}/transforms`, text: "Add a transform", changed: tell, chosen: (values.transforms || []).map((t) => parted(["", named(t)])) })]);
  await Promise.all([schedule.follow(profile), transforms.follow(profile)]);
  ready = true;
  return make("details", { class: "around", open: "schedule" in values || "transforms" in values }, make("summary", { textContent: "schedules and transforms" }), schedule.element, transforms.element);
}
