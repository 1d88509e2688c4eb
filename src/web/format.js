// Numbers and times as a reader wants them.

// At most six digits; the exact value belongs into a title.
export function short(v) {
  if (v === null || v === undefined) return "–";
  if (typeof v !== "number") return String(v);
  if (!Number.isFinite(v)) return Number.isNaN(v) ? "NaN" : v < 0 ? "−∞" : "∞";
  if (Number.isInteger(v) && Math.abs(v) < 1e7) return String(v);
  const size = Math.abs(v);
  return size !== 0 && (size < 1e-3 || size >= 1e7) ? v.toExponential(3).replace(/\.?0+e/, "e") : String(+v.toPrecision(6));
}

export const count = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, " ");

// "3 minutes ago"
export function ago(time) {
  const seconds = Math.max(0, (Date.now() - new Date(time)) / 1000);
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    const n = Math.floor(seconds / length);
    if (n) return `${n} ${unit}${n === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

// How long: "less than 1 ms", "40 ms", "2.5 s", "12 min", "3.5 h"
export function lasting(seconds) {
  if (seconds < 0.001) return "less than 1 ms";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${+seconds.toPrecision(2)} s`;
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${+(seconds / 3600).toPrecision(2)} h`;
}

// What "the target" of a race or a sweep is, as a sentence; empty where there is none.
export const aim = ({ target }) => (target === null ? "" : `The target: a loss of at most ${short(Number(target))}.`);

export const names = { loss: "loss", gradient_norm: "gradient norm", update_norm: "update norm", lr: "learning rate" };
export const nameOf = (field) => names[field] || field.replaceAll("_", " ");
export const label = (session) => session.name || session.id;

// A value of JSON on one line, with numbers kept exact.
export const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value));
