// Several sessions over one another: `/#/compare?s=a,b,c&f=field&y=axis&by=step|time&x=from-to&smooth=weight`.
import { call, session as at } from "./api.js";
import { Chart } from "./chart.js";
import { curves, dash, ink, swatch } from "./colours.js";
import { choice, copy, download, make, settled } from "./dom.js";
import { count, label, nameOf, plain, short } from "./format.js";
import { repeat } from "./live.js";
import { png } from "./png.js";
import { divergence, fields, load, number } from "./series.js";
import { trouble } from "./trouble.js";

const points = 800;

// What two sessions can differ in, as rows of one value a session.
function differences(sessions) {
  const rows = [["step", (s) => count(s.step)], ...["loss", "gradient_norm"].map((f) => [nameOf(f), (s) => short(s.metrics ? number(s.metrics[f] ?? null) : null)]),
    ["optimizer", (s) => s.optimizer.name], ["profile", (s) => s.optimizer.profile], ["objective", (s) => (s.objective ? s.objective.name : "–")], ["numbers", (s) => s.dtype], ["when not finite", (s) => s.on_nonfinite], ["skipped", (s) => String(s.skipped || 0)]];
  const hyper = [...new Set(sessions.flatMap((s) => Object.keys(s.optimizer)))].filter((k) => k !== "name" && k !== "profile");
  const tags = [...new Set(sessions.flatMap((s) => Object.keys(s.tags || {})))];
  return [...rows, ...hyper.map((k) => [k, (s) => (k in s.optimizer ? plain(s.optimizer[k]) : "–")]), ...tags.map((k) => [`tag ${k}`, (s) => (s.tags && k in s.tags ? plain(s.tags[k]) : "–")]),
    ["created", (s) => s.created_at.replace("T", " ").slice(0, 19)]];
}

export default async function (place, { query, setQuery, signal }) {
  const view = { field: fields.includes(query.get("f")) ? query.get("f") : "loss", kind: query.get("y"), by: query.get("by") === "time" ? "time" : "step",
    weight: Math.min(0.99, Math.max(0, Number(query.get("smooth")) || 0)), window: null, every: false };
  const range = (query.get("x") || "").split("-").map(Number);
  if (range.length === 2 && range[1] > range[0]) view.window = range;
  let members = []; // { key, session, series, detail, wrong }

  // ---- what stands where ----
  const add = make("input", { type: "search", list: "others", placeholder: "Add a session", "aria-label": "Add a session", autocomplete: "off" }), others = make("datalist", { id: "others" });
  const legend = make("ul", { class: "legend" }), wrong = make("div"), body = make("div", { class: "scroll" });
  const slider = make("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: view.weight, id: "smooth" }), weight = make("output", { class: "mono" });
  const link = make("button", { class: "quiet", textContent: "Copy link", onclick: () => copy(location.href, link) });
  const every = make("button", { class: "quiet", textContent: "show what is equal too", "aria-pressed": "false", onclick: () => { view.every = !view.every; every.setAttribute("aria-pressed", String(view.every)); tabulate(); } });
  const chart = new Chart({ name: nameOf(view.field), kind: view.kind, xFormat: (v) => (view.by === "time" ? `${short(v)} s` : short(v)), onzoom: zoomed, onscale: (kind) => { view.kind = kind; setQuery({ y: kind }); } });
  signal.addEventListener("abort", () => chart.close());
  chart.element.classList.add("large");
  const picture = make("button", { class: "quiet", textContent: "PNG", onclick: async () => download("compare.png", await png(chart, members.map((m) => m.key).join(", "))) });
  const empty = make("div", { class: "card welcome" }, make("h2", { textContent: "Nothing to compare yet" }), make("p", { textContent: "Add sessions by name above, or tick them on the page of sessions." }),
    make("p", {}, "To compare optimizers on a known landscape, ", make("a", { href: "/#/playground", textContent: "let them race" }), "; to find hyperparameters, ", make("a", { href: "/#/sweep", textContent: "sweep a grid of them" }), "."));
  const shown = make("div", {}, make("div", { class: "row tools" },
    choice("Metric", fields.map((f) => [f, nameOf(f)]), view.field, (f) => { view.field = f; view.kind = chart.kind = null; setQuery({ f: f === "loss" ? null : f, y: null }); draw(); }),
    choice("Over", [["step", "by step"], ["time", "by time"]], view.by, (by) => { view.by = by; view.window = null; setQuery({ by: by === "step" ? null : by, x: null }); draw(); }),
    make("span", { class: "row smooth" }, make("label", { htmlFor: "smooth", textContent: "smoothing" }), slider, weight), make("span", { class: "grow" }), picture), legend, make("div", { class: "charts" }, chart.element),
  make("section", { class: "card" }, make("div", { class: "row" }, make("h2", { textContent: "Where they differ" }), make("span", { class: "grow" }), every), body));
  place.append(make("div", { class: "bar" }, make("h1", { textContent: "Compare" }), add, others, make("a", { class: "button quiet", href: "/#/sweep", textContent: "Sweep", title: "try a grid of hyperparameters" }), link), wrong, empty, shown);

  // ---- drawing ----
  const xs = (m, s) => {
    if (view.by === "step") return s.step;
    const start = m.series.time.find((t) => t !== null) || 0;
    return s.time.map((t) => (t - start) / 1000);
  };
  function draw() {
    weight.textContent = view.weight ? view.weight.toFixed(2) : "off";
    chart.element.querySelector("h2").textContent = nameOf(view.field);
    chart.name = nameOf(view.field);
    chart.xName = view.by === "step" ? "step" : "after";
    const there = members.filter((m) => m.series && m.series.length);
    const marks = [];
    const lines = there.map((m) => {
      const s = m.series.with(view.window && view.by === "step" ? m.detail : null), bad = divergence(m.series, m.session.optimizer);
      if (bad && view.field !== "lr") marks.push({ x: xs(m, m.series)[m.series.step.indexOf(bad.step)], text: bad.reason, label: m.key });
      return { label: m.key, ink: ink(members.indexOf(m)), dash: dash(members.indexOf(m)), x: xs(m, s), ...s.at[view.field], weight: view.field === "lr" ? 0 : view.weight };
    }).filter((l) => l.value.some((v) => v !== null));
    chart.draw({ lines, marks, window: view.window });
  }
  function tabulate() {
    const sessions = members.filter((m) => m.session).map((m) => m.session);
    const rows = differences(sessions).map(([name, of]) => [name, sessions.map(of)]).filter(([, values]) => view.every || values.some((v) => v !== values[0]));
    body.replaceChildren(make("table", { class: "plain differences" }, make("thead", {}, make("tr", {}, make("td"), sessions.map((s) => make("th", { scope: "col", textContent: label(s) })))),
      make("tbody", {}, rows.map(([name, values]) => make("tr", {}, make("th", { scope: "row", textContent: name }), values.map((v) => make("td", { class: "mono", textContent: v })))))));
    if (!rows.length) body.replaceChildren(make("p", { class: "dim", textContent: sessions.length > 1 ? "They differ in nothing." : "Add another session." }));
  }
  function list() {
    empty.hidden = members.length > 0;
    shown.hidden = !members.length;
    legend.replaceChildren(...members.map((m, i) => {
      return make("li", { class: "pill" }, swatch(i), make("a", { href: "/#/s/" + encodeURIComponent(m.key), textContent: m.key }), m.session ? make("span", { class: "dim", textContent: m.session.optimizer.name }) : null,
        m.wrong ? make("span", { class: "bad", textContent: m.wrong }) : null, make("button", { class: "close", textContent: "×", "aria-label": `Take out ${m.key}`, onclick: () => keep(members.filter((o) => o !== m)) }));
    }));
  }
  function keep(next) {
    members = next.slice(0, curves);
    setQuery({ s: members.map((m) => m.key).join(",") });
    list();
    tabulate();
    draw();
  }
  async function zoomed(a, b) {
    const asked = view.window = a === null ? null : view.by === "step" ? [Math.max(0, Math.floor(a)), Math.ceil(b)] : [Math.max(0, a), b];
    setQuery({ x: asked ? asked.map((v) => +v.toPrecision(6)).join("-") : null });
    if (asked && view.by === "step")
      await Promise.all(members.filter((m) => m.series).map(async (m) => { m.detail = await load(m.session.id, { from: asked[0], to: asked[1], points }).catch(() => null); }));
    if (view.window === asked && !signal.aborted) draw();
  }

  // ---- life ----
  async function fetchOne(m) {
    try {
      const next = m.session ? (await call(`/v1/sessions?limit=1&q=${m.session.id}`)).items[0] : await call(at(m.key));
      if (!next) throw Object.assign(new Error("removed"), { status: 404 });
      const before = m.session ? m.session.revision : 0;
      m.session = { ...m.session, ...next };
      m.wrong = null;
      if (before === next.revision) return false;
      if (m.series && next.step >= m.series.last) {
        m.series.extend(await load(next.id, { from: m.series.last + 1, points }));
        m.series = m.series.thinned(points * 2);
      } else m.series = await load(next.id, { points });
      return true;
    } catch (error) {
      if (!error.status) throw error;
      const changed = !m.wrong;
      m.wrong = error.status === 404 ? "not there" : error.message;
      return changed;
    }
  }
  const poll = repeat(signal, async () => {
    const changed = await Promise.all(members.map(fetchOne));
    if (signal.aborted || !changed.some(Boolean)) return;
    list();
    tabulate();
    draw();
  }, { events: () => {
    const ids = members.filter((m) => m.session && !m.wrong).map((m) => m.session.id);
    return ids.length ? "/v1/events?session=" + ids.join(",") : null;
  } });
  const include = (key) => {
    add.value = "";
    if (members.some((m) => m.key === key)) return;
    wrong.replaceChildren(...(members.length >= curves ? [trouble(new Error(`${curves} sessions are the most that can be told apart`))] : []));
    keep([...members, { key }]);
    poll.now();
  };
  add.addEventListener("input", settled(120, async () => {
    const q = add.value.trim(), { items } = await call("/v1/sessions?limit=20" + (q ? "&q=" + encodeURIComponent(q) : ""));
    const exact = items.find((s) => label(s) === q || s.id === q);
    others.replaceChildren(...items.map((s) => make("option", { value: label(s) })));
    if (exact && items.length === 1) include(label(exact));
  }));
  add.addEventListener("change", () => { if (add.value.trim()) include(add.value.trim()); });
  add.addEventListener("focus", () => add.dispatchEvent(new Event("input")));
  slider.addEventListener("input", () => { view.weight = Number(slider.value); setQuery({ smooth: view.weight || null }); draw(); });
  keep((query.get("s") || "").split(",").filter(Boolean).map((key) => ({ key: decodeURIComponent(key) })));
  poll.now();
  if (view.window) setTimeout(() => !signal.aborted && zoomed(...view.window), 400);
  return { title: "Compare" };
}
