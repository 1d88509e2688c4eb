// One session, live: `/#/s/{name or id}?f=field&y=field:axis,…&x=from-to&smooth=weight&k=step&c=coordinate`.
import { call, Problem, session as at } from "./api.js";
import { Chart } from "./chart.js";
import { announce, copy, download, make } from "./dom.js";
import { explanation } from "./explain.js";
import { ago, count, label, nameOf, short } from "./format.js";
import { repeat } from "./live.js";
import { parameterTable } from "./parameters.js";
import { png } from "./png.js";
import { runs } from "./runs.js";
import { divergence, fields, load, metric, number } from "./series.js";
import { settings } from "./settings.js";
import { like } from "./spec.js";
import { snippet } from "./snippet.js";
import { trouble } from "./trouble.js";
import { way } from "./way.js";

const points = 1000, busyMs = 3000, wholeMs = 2000, wholeMost = 10000;

function readQuery(query) {
  const range = (query.get("x") || "").split("-").map(Number);
  return {
    main: fields.includes(query.get("f")) ? query.get("f") : "loss",
    kinds: Object.fromEntries((query.get("y") || "").split(",").map((p) => p.split(":")).filter((p) => p.length === 2)),
    window: range.length === 2 && range[1] > range[0] ? range : null,
    weight: Math.min(0.99, Math.max(0, Number(query.get("smooth")) || 0)),
  };
}

export default async function (place, { argument, query, setQuery, signal }) {
  const first = await call(at(argument));
  if (signal.aborted) return {};
  const view = readQuery(query), id = first.id;
  let shown = first, series = await load(id, { points }), detail = null, movedAt = 0, wholeAt = Date.now(), paused = false, frame = 0;
  if (signal.aborted) return {};
  if (view.window) detail = await load(id, { from: Math.floor(view.window[0]), to: Math.ceil(view.window[1]), points });
  if (!query.get("f") && !series.at.loss.value.some((v) => v !== null) && series.length) view.main = "gradient_norm";

  // ---- what stands where ----
  const live = make("span", { class: "pill", role: "status" }), wrong = make("div");
  const pause = make("button", { class: "quiet", textContent: "Pause", title: "stop following (p)" });
  pause.dataset.key = "pause";
  const link = make("button", { class: "quiet", textContent: "Copy link", onclick: () => copy(location.href, link) });
  const alike = make("button", { class: "quiet", id: "like", textContent: "New like this", title: "the form, filled in as this session is", onclick: async () => { location.hash = await like(shown); } });
  const figures = make("dl", { class: "figures" });
  const range = make("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: view.weight, id: "smooth" }), weight = make("output", { class: "mono" });
  const all = make("button", { class: "quiet", textContent: "Show all", hidden: true, onclick: () => zoomed(null, null) });
  const csv = make("a", { class: "button quiet", href: at(id, "/history?format=csv&limit=1000000"), download: `${label(first)}.csv`, textContent: "CSV" });
  const picture = make("button", { class: "quiet", textContent: "PNG", onclick: async () => download(`${label(shown)}-${view.main}.png`, await png(charts[view.main], `${label(shown)}: ${nameOf(view.main)} (${shown.optimizer.name})`)) });
  const grid = make("div", { class: "charts" }), side = make("div", { class: "panels" });
  const held = make("p", { class: "dim", hidden: true, textContent: "A run goes on: until it has ended, the answer to a step is 409." });
  const run = runs(first, { signal, onmove() { if (paused) pause.click(); else poll.now(); }, onheld(yes) { held.hidden = !yes; } });
  place.append(make("div", { class: "bar" }, make("h1", { textContent: label(first) }),
    make("a", { class: "pill", href: "/#/optimizers/" + first.optimizer.name, textContent: first.optimizer.name }), live, make("span", { class: "grow" }), pause, link,
    alike, make("a", { class: "button quiet", href: "/#/compare?s=" + encodeURIComponent(label(first)), textContent: "Compare" })),
  make("p", { class: "dim mono id" }, id), wrong, figures, run.element,
  make("div", { class: "row tools" }, make("span", { class: "row smooth" }, make("label", { htmlFor: "smooth", textContent: "smoothing" }), range, weight), make("span", { class: "grow" }), all, csv, picture), grid, side);

  // ---- charts ----
  const charts = {};
  for (const field of fields) {
    charts[field] = new Chart({ name: nameOf(field), kind: view.kinds[field] || null, onzoom: zoomed,
      onhover(x) { for (const f of fields) if (f !== field) charts[f].point(x); walked.mark(x ?? explained); },
      onpick: picked,
      onscale: (kind) => { view.kinds[field] = kind; setQuery({ y: Object.entries(view.kinds).map((p) => p.join(":")).join(",") }); } });
    charts[field].element.dataset.field = field;
    const head = charts[field].element.querySelector("h2"), button = make("button", { class: "head", textContent: nameOf(field), title: "make it the large one" });
    button.onclick = () => { view.main = field; setQuery({ f: field === "loss" ? null : field }); arrange(); draw(); };
    head.replaceChildren(button);
  }
  signal.addEventListener("abort", () => Object.values(charts).forEach((c) => c.close()));
  function arrange() {
    const order = [view.main, ...fields.filter((f) => f !== view.main)];
    order.forEach((f, i) => charts[f].element.classList.toggle("large", i === 0));
    grid.replaceChildren(...order.map((f) => charts[f].element));
  }
  function draw() {
    const drawn = series.with(view.window ? detail : null), bad = divergence(series, shown.optimizer);
    weight.textContent = view.weight ? view.weight.toFixed(2) : "off";
    all.hidden = !view.window;
    for (const field of fields) {
      const c = drawn.at[field];
      charts[field].draw({ window: view.window, marks: bad && field !== "lr" ? [{ x: bad.step, text: bad.reason, quiet: field !== view.main }] : [],
        lines: drawn.length && c.value.some((v) => v !== null) ? [{ label: "", ink: "accent", x: drawn.step, ...c, weight: field === "lr" ? 0 : view.weight }] : [] });
    }
  }
  async function zoomed(a, b) {
    view.window = a === null ? null : [Math.max(0, Math.floor(a)), Math.ceil(b)];
    setQuery({ x: view.window ? view.window.join("-") : null });
    if (view.window) {
      const asked = view.window;
      const got = await load(id, { from: asked[0], to: asked[1], points }).catch(() => null);
      if (signal.aborted || view.window !== asked) return;
      detail = got;
    }
    draw();
  }
  range.addEventListener("input", () => { view.weight = Number(range.value); setQuery({ smooth: view.weight || null }); draw(); });

  // ---- figures and panels ----
  function rate() {
    const t = series.time, n = t.length;
    if (n < 2 || !t[n - 1]) return null;
    let i = n - 2;
    while (i > 0 && t[n - 1] - t[i - 1] < 5000) i--;
    const seconds = (t[n - 1] - t[i]) / 1000;
    return seconds > 0 ? (series.step[n - 1] - series.step[i]) / seconds : null;
  }
  function describe() {
    const m = shown.metrics || {}, moving = Date.now() - movedAt < busyMs, perSecond = rate();
    const rows = [["step", count(shown.step)], ...fields.map((f) => [nameOf(f), shown.metrics ? metric(f, m[f] ?? null) : null]), ["steps per second", perSecond >= 1000 ? count(Number(perSecond.toPrecision(3))) : perSecond && +perSecond.toPrecision(3)], ...(shown.skipped ? [["skipped steps", shown.skipped]] : [])];
    figures.replaceChildren(...rows.map(([name, value]) => make("div", {}, make("dt", { textContent: name }),
      make("dd", { textContent: short(value), title: value === null ? "" : String(value), class: typeof value === "number" && !Number.isFinite(value) ? "bad" : "" }))));
    begin.hidden = shown.step > 0;
    live.textContent = paused ? "paused" : moving ? "training" : !shown.step ? "no step yet" : `moved ${ago(shown.updated_at)}`;
    live.className = paused ? "pill" : moving ? "pill ok" : "pill";
  }
  const hypers = make("div"), dress = () => hypers.replaceChildren(...settings(shown));
  const values = parameterTable(), walked = way(first, { signal, onpick: picked });
  let explained = null;
  const explain = explanation(first, query, { setQuery, signal, onstep(k) { explained = k; for (const f of fields) charts[f].cursor(k); walked.mark(k); } });
  const step = { method: "POST", path: at(label(first), "/steps"), body: first.objective ? {} : { gradient: explain.likeGradient() } };
  const begin = first.objective || first.step ? make("div") : make("section", { class: "card", id: "begin" }, make("h2", { textContent: "No step has been made" }),
    make("p", { textContent: "Your program computes the gradient of its loss at the parameters and sends it; the answer has the parameters after the step, and the curves draw themselves here." }),
    snippet(() => step, { open: true, title: "A step as curl or Python" }));
  run.element.after(begin);
  // A point of a curve, or of the way: what did that step do?
  function picked(step, keys = false) {
    explain.pick(step, keys);
    explain.element.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }
  side.append(explain.element,
    make("div", {}, walked.element, make("section", { class: "card" }, make("h2", { textContent: "Parameters" }), values.element)),
    make("section", { class: "card" }, make("h2", { textContent: "Optimizer" }), hypers),
    make("section", { class: "card wide" }, make("h2", { textContent: "From elsewhere" }),
      snippet(() => step, { title: "Make a step" }), held, snippet(() => ({ path: at(label(first), "/history") }), { title: "Read the history" }),
      snippet(() => ({ path: at(label(first)) }), { title: "Read the session" })));

  // ---- life ----
  // The steps that follow on those which are known are drawn as the stream brings them.
  function heard(kind, data) {
    if (kind === "run") return run.heard(data);
    if (kind !== "step" || data.step[0] !== (series.length ? series.last : 0) + 1) return false;
    series.append(data);
    series = series.thinned(points * 2);
    shown = { ...shown, step: series.last, metrics: Object.fromEntries(fields.map((f) => [f, data[f].at(-1)])) };
    movedAt = Date.now();
    frame = frame || requestAnimationFrame(() => { frame = 0; if (!signal.aborted) { draw(); describe(); } });
    announce(`step ${series.last}, loss ${short(number(data.loss.at(-1)))}`);
    return true;
  }
  async function ask() {
    const askedAt = Date.now(), item = (await call(`/v1/sessions?limit=1&q=${id}`)).items[0];
    if (item) await run.ask(item.revision);
    if (signal.aborted || (item && item.step < series.last && movedAt >= askedAt)) return;
    if (!item) throw new Problem(404, { title: "this session was removed" });
    if (item.revision !== shown.revision) {
      if (item.step < series.last) series = await load(id, { points });
      else if (item.step > series.last) {
        series.extend(await load(id, { from: series.last + 1, points }));
        series = series.thinned(points * 2);
        movedAt = Date.now();
        announce(`step ${item.step}, loss ${short(item.metrics ? number(item.metrics.loss) : null)}`);
      }
      shown = { ...shown, ...item };
      draw();
      if (Date.now() - wholeAt > wholeMs && values.count <= wholeMost) await whole();
    } else if (shown.revision !== values.revision && values.count <= wholeMost) await whole();
    describe();
  }
  async function whole() {
    shown = await call(at(id));
    wholeAt = Date.now();
    values.show(shown);
    explain.update(shown);
    await walked.update(shown);
    dress();
  }
  values.show(first);
  dress();
  arrange();
  draw();
  describe();
  await Promise.all([walked.update(first), run.ask(first.revision)]);
  const poll = repeat(signal, async () => {
    try { await ask(); wrong.replaceChildren(); } catch (error) {
      if (!error.status) throw error;
      wrong.replaceChildren(trouble(error));
      if (error.status === 404) poll.pause(true); // its id does not come again
    }
  }, { events: () => at(id, "/events"), heard });
  pause.onclick = () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause";
    pause.setAttribute("aria-pressed", String(paused));
    poll.pause(paused);
    describe();
  };
  return { title: label(first) };
}
