// Work of seconds that the server does while the page waits: a race, a sweep. Told after a moment, with
// a way out. The server does one after the other, and ends one whose connection is closed; so a new
// question takes back the old one.
import { announce, make } from "./dom.js";
import { lasting } from "./format.js";

const soonMs = 400, everyMs = 200;

// Returns { element, ask(go, seconds) }: ask resolves to what go(signal) does, or to null where it was
// cancelled or another question came after it; `seconds` is what the server gives it.
export function work(what, { signal }) {
  const text = make("span", { class: "far" }), cancel = make("button", { type: "button", class: "quiet", textContent: "Cancel", onclick: end });
  const element = make("div", { class: "card working", hidden: true }, make("progress", { "aria-label": what }), make("div", { class: "row" }, text, make("span", { class: "grow" }), cancel));
  let newest = null, since = 0, timer = null;

  function show(seconds) {
    const gone = (Date.now() - since) / 1000;
    text.textContent = `${what}: ${lasting(gone)} so far${seconds ? `, ${seconds} s at most when its turn comes` : ""}`;
    if (element.hidden && gone * 1000 > soonMs) { element.hidden = false; announce(what); }
  }
  function rest() {
    clearInterval(timer);
    timer = null;
    element.hidden = true;
  }
  function end() {
    if (newest) newest.abort();
    newest = null;
    rest();
    announce("cancelled");
  }
  signal.addEventListener("abort", end);

  async function ask(go, seconds) {
    const mine = new AbortController();
    if (newest) newest.abort();
    newest = mine;
    if (!timer) { since = Date.now(); timer = setInterval(() => show(seconds), everyMs); }
    try {
      const answer = await go(mine.signal);
      return newest === mine ? answer : null;
    } catch (error) {
      if (newest === mine && error.name !== "AbortError") throw error;
      return null;
    } finally {
      if (newest === mine) rest();
    }
  }
  return { element, ask };
}

// What to say of runs that had no time left, null: nothing. more(seconds) gives them as many.
export function late(runs, seconds, most, more) {
  const n = runs.filter((r) => r.stopped_by === "seconds").length;
  if (!n) return null;
  return make("div", { class: "row late" }, make("span", {}, `${n} of ${runs.length} runs ended before their last step: there are ${seconds} s for all together.`),
    seconds < most && make("button", { type: "button", class: "quiet", textContent: `Give them ${most} s`, onclick: () => more(most) }));
}
