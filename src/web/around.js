// What stands around the optimizer of a race or of a sweep: its schedules and transforms, as the form
// of a new session has them. They are two of its values: `schedule`, by what it moves, and `transforms`.
import { make } from "./dom.js";
import { plain } from "./format.js";
import { parts } from "./parts.js";

// The real numbers of an optimizer, the learning rate first: those that a schedule can move.
export const moving = (entry, profile) => Object.entries(entry.schema.properties).filter(([k, s]) => s.type === "number" && k in entry.profiles[profile].defaults).map(([k]) => k).sort((a, b) => (b === "lr") - (a === "lr"));

const named = (x) => (typeof x === "string" ? { name: x } : x);
const listed = (schedule) => (!schedule ? [] : typeof schedule === "string" || schedule.name ? [["lr", schedule]] : Object.entries(schedule)).map(([target, s]) => [target, named(s)]);

// The values as texts: "lr 0.1", "lr by cosine", "clip_norm".
export const told = (values) => Object.entries(values).flatMap(([k, v]) => (k === "schedule" ? listed(v).map(([target, s]) => `${target} by ${s.name}`) : k === "transforms" ? v.map((t) => named(t).name) : [`${k} ${plain(v)}`]));

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
