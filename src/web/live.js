// What happens to sessions, as it happens: a stream of server-sent events says when to look, and now
// and then a look is taken unasked; often where there is no stream. A page that nobody sees has no
// stream, since a browser opens few connections to one server.
import { call } from "./api.js";

const everyMs = 700, calmMs = 3000, hiddenMs = 5000, soonMs = 200;
const kinds = ["step", "update", "nonfinite", "run", "created", "deleted", "gap"];

// Runs `ask` until `signal` aborts, never twice at a time. events() is the path of the
// stream, or null; heard(kind, data) may take an event over and say so by true, which leaves more time for `ask`.
// Returns { now, pause(on) }. How the connection stands is told by `connection`.
export function repeat(signal, ask, { events = () => null, heard = () => false } = {}) {
  let timer = null, due = Infinity, paused = false, busy = false, stream = null, open = null;
  // The next look, in `ms` at the latest.
  function within(ms) {
    if (signal.aborted || paused || Date.now() + ms >= due) return;
    clearTimeout(timer);
    due = Date.now() + ms;
    timer = setTimeout(run, ms);
  }
  function listen() {
    const path = paused || document.hidden || signal.aborted ? null : events();
    if (stream && (path !== open || stream.readyState === EventSource.CLOSED)) { stream.close(); stream = null; }
    open = path;
    if (stream || !path) return;
    stream = new EventSource(path);
    stream.addEventListener("open", () => within(0));
    stream.addEventListener("error", () => within(0));
    for (const kind of kinds)
      stream.addEventListener(kind, (event) => within(heard(kind, JSON.parse(event.data)) ? everyMs : soonMs));
  }
  async function run() {
    clearTimeout(timer);
    due = Infinity;
    if (busy) { within(soonMs); return; }
    if (signal.aborted || paused) return;
    busy = true;
    try {
      await ask();
      connection(true);
    } catch (error) {
      if (!error.status) connection(false);
      else throw error;
    } finally {
      busy = false;
      listen();
      within(document.hidden ? hiddenMs : stream && stream.readyState === EventSource.OPEN ? calmMs : everyMs);
    }
  }
  document.addEventListener("visibilitychange", () => { listen(); if (!document.hidden) run(); }, { signal });
  signal.addEventListener("abort", () => { clearTimeout(timer); listen(); });
  run();
  return { now: run, pause: (on) => { paused = on; listen(); if (!on) run(); } };
}

// ---- the pill in the header ----------------------------------------------------------------------
export function connection(good) {
  const pill = document.getElementById("health"), text = good ? "connected" : "not reachable";
  if (pill.textContent === text) return;
  pill.textContent = text;
  pill.className = good ? "pill ok" : "pill down";
}

export async function greet() {
  try {
    const version = await call("/v1/version");
    document.getElementById("version").textContent = `stepd ${version.version}, kernels for ${version.instruction_set}`;
    connection(true);
  } catch { connection(false); }
}
