// A sweep as a map: the first axis across, the second down, each cell the loss at the end, the deeper
// its colour the better its rank. Further axes are folded: a cell shows the best run over them.
import { make } from "./dom.js";
import { plain, short } from "./format.js";
import { number } from "./series.js";

const told = (run) => Object.entries(run.hyperparameters).map(([k, v]) => `${k} ${plain(v)}`).join(", ");

export function outcome(run) {
  if (run.diverged) return `diverged at step ${run.diverged.step}: ${run.diverged.reason}`;
  return run.stopped_by === "seconds" ? `out of time after ${run.steps_done} steps` : `${run.steps_done} steps`;
}

// href(run) leads to the race of a run.
export function heat(sweep, href) {
  const names = Object.keys(sweep.grid), [across, down] = names, place = new Map();
  const key = (a, b) => JSON.stringify([a, b]);
  sweep.ranking.forEach((i, rank) => {
    const run = sweep.runs[i], k = key(run.hyperparameters[across], down && run.hyperparameters[down]);
    if (!place.has(k)) place.set(k, { run, rank });
  });
  const ranks = [...place.values()].filter((p) => !p.run.diverged).map((p) => p.rank).sort((a, b) => a - b);
  function cell(a, b) {
    const { run, rank } = place.get(key(a, b)), among = ranks.indexOf(rank);
    const text = `${told(run)}: ${run.diverged ? outcome(run) : `loss ${number(run.final.loss)}, rank ${rank + 1}${run.steps_to_target === null ? "" : `, at the target in ${run.steps_to_target} steps`}`}`;
    const link = make("a", { href: href(run), title: text, "aria-label": text }, run.diverged ? `✕ ${run.diverged.step}` : short(+number(run.final.loss).toPrecision(3)),
      run.steps_to_target !== null && make("small", { textContent: `in ${run.steps_to_target}` }));
    const element = make("td", { class: run.diverged ? "lost" : rank === 0 ? "best" : "" }, link);
    if (!run.diverged) element.style.setProperty("--heat", `${Math.round(100 * (1 - among / Math.max(1, ranks.length - 1)))}%`);
    return element;
  }
  const rows = (down ? sweep.grid[down] : [undefined]).map((b) => make("tr", {}, down && make("th", { scope: "row", class: "mono", textContent: plain(b) }), sweep.grid[across].map((a) => cell(a, b))));
  return make("div", {}, make("div", { class: "scroll" }, make("table", { class: "heat" }, make("thead", {},
    make("tr", {}, down && make("th", { class: "corner", textContent: `${down} ↓` }), make("th", { colSpan: sweep.grid[across].length, class: "corner", textContent: `${across} →` })),
    make("tr", {}, down && make("td"), sweep.grid[across].map((a) => make("th", { scope: "col", class: "mono", textContent: plain(a) })))), make("tbody", {}, rows))),
  make("p", { class: "dim hint", textContent: [`The loss after the last step${names.length > 2 ? `, the best over ${names.slice(2).join(" and ")}` : ""}; the deeper, the better.`,
    sweep.runs.some((r) => r.steps_to_target !== null) ? "“in 40”: at the target after 40 steps." : "", sweep.runs.some((r) => r.diverged) ? "✕: diverged at that step." : "", "A cell leads to its race."].filter(Boolean).join(" ") }));
}
