// Named things with values as they stand in an address, short: `adam;lr:0.1;beta1:0.8,gd;lr:0.002`.
import { once } from "./api.js";
import { entries } from "./parameters.js";

const parse = (text) => {
  try { text = decodeURIComponent(text); } catch { /* a stray % */ }
  try { return JSON.parse(text); } catch { return text; }
};
const plain = (value) => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /[,;:%]/.test(text) ? encodeURIComponent(text) : text;
};

export function read(text) {
  return (text || "").split(",").filter(Boolean).map((part) => {
    const [name, ...values] = part.split(";");
    return { name, values: Object.fromEntries(values.map((v) => v.split(":")).filter((p) => p.length === 2).map(([k, v]) => [k, parse(v)])) };
  });
}

export const write = (list) => list.map(({ name, values }) => [name, ...Object.entries(values).map(([k, v]) => `${k}:${plain(v)}`)].join(";")).join(",");

// What of an object in the catalogue at `path` is not as its profile has it.
async function own(path, { name, profile, ...values }) {
  const { profiles } = await once(`${path}/${name}`), { defaults } = profiles[profile];
  return { name, values: differing(values, defaults) };
}

function differing({ name, state, tensors, ...values }, defaults) {
  return Object.fromEntries(Object.entries(values).filter(([k, v]) => v !== null && JSON.stringify(v) !== JSON.stringify(defaults[k])));
}

// The address of the form for a session made like this one, from where it is now.
export async function like({ optimizer, objective, schedule, transforms = [], groups = [], dtype, on_nonfinite, parameters }) {
  const among = optimizer.profile, of = (s) => (s.profile === among ? {} : { profile: s.profile });
  const named = async (path, s, name = s.name) => { const o = await own(path, s); return { name, values: { ...of(s), ...o.values } }; };
  const query = new URLSearchParams({ optimizer: optimizer.name, profile: among });
  const set = (key, list) => { if (list.length) query.set(key, write(list)); };
  const { values } = await own("/v1/optimizers", optimizer);
  if (Object.keys(values).length) query.set("h", write([{ name: "", values }]).slice(1));
  set("schedule", await Promise.all(Object.entries(schedule || {}).map(([target, s]) => named("/v1/schedules", s, `${target}.${s.name}`))));
  set("transforms", await Promise.all(transforms.map((t) => named("/v1/transforms", t))));
  set("groups", groups.map(({ tensors, frozen, ...rest }) => ({ name: "", values: { ...rest, ...(frozen ? { frozen } : {}) } })));
  if (objective && (objective.dataset || !("rows" in objective))) { // data that were sent with it are not known here
    const { defaults } = await once(`/v1/objectives/${objective.name}`);
    set("objective", [{ name: objective.name, values: differing(objective, defaults) }]);
  }
  if (dtype !== "float64") query.set("dtype", dtype);
  if (on_nonfinite !== "reject") query.set("nonfinite", on_nonfinite);
  if ([...entries(parameters)].length <= 64) query.set("w", JSON.stringify(parameters));
  return "#/new?" + query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%3B", ";");
}
