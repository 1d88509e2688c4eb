// All sessions: search, what each of them is doing, and where to begin when there is none.
import { call, once } from "./api.js";
import { fill, make, settled } from "./dom.js";
import { demo } from "./demo.js";
import { ago, count, label, short } from "./format.js";
import { repeat } from "./live.js";
import { divergence, load, number } from "./series.js";
import { spark } from "./spark.js";
import { trouble } from "./trouble.js";

const most = 8;           // histories asked for at once
const busyMs = 3000;      // a session that moved within this is at work

// What is known of a session's curve: few points, extended as it moves.
async function extend(row) {
  const { session } = row, known = row.series ? row.series.last : 0;
  if (row.asking || session.step === 0 || session.step === known) return;
  row.asking = true;
  try {
    if (row.series && session.step < known) row.series = null;
    const more = await load(session.id, { from: row.series ? known + 1 : 0, points: 60, wanted: ["loss", "gradient_norm"] });
    if (row.series) {
      row.series.extend(more);
      if (row.series.length > 120) row.series = row.series.thinned(60);
    } else row.series = more;
    const loss = row.series.at.loss.value, any = loss.some((v) => v !== null);
    row.curve.replaceChildren(spark(any ? loss : row.series.at.gradient_norm.value, any ? "loss" : "gradient norm", divergence(row.series, session.optimizer) !== null));
  } finally { row.asking = false; }
}

function create(session, picked) {
  const row = { session };
  row.check = make("input", { type: "checkbox", "aria-label": `Compare ${label(session)}`, onchange: picked });
  row.link = make("a", { href: `/#/s/${encodeURIComponent(label(session))}`, textContent: label(session), title: session.id });
  row.state = make("span", { class: "dot" });
  row.step = make("td", { class: "num step" });
  row.loss = make("td", { class: "num loss" });
  row.curve = make("td", { class: "curve" });
  row.when = make("td", { class: "when dim" });
  row.element = make("tr", {}, make("td", { class: "check" }, row.check), make("td", { class: "name" }, row.state, row.link),
    make("td", { class: "kind" }, make("a", { class: "pill", href: `/#/optimizers/${session.optimizer.name}`, textContent: session.optimizer.name })),
    row.step, row.loss, row.curve, row.when);
  return row;
}

function update(row, session) {
  const now = Date.now();
  if (row.session.step !== session.step) row.movedAt = now;
  row.session = session;
  const loss = session.metrics ? number(session.metrics.loss) : null;
  fill(row.loss, { textContent: short(loss), title: loss === null || loss === undefined ? "" : String(loss) });
  row.loss.classList.toggle("bad", loss !== null && loss !== undefined && !Number.isFinite(loss));
  row.step.textContent = count(session.step);
  row.when.textContent = ago(session.updated_at);
  const live = row.movedAt && now - row.movedAt < busyMs;
  row.state.className = live ? "dot on" : "dot";
  row.state.title = live ? "training" : "at rest";
}

function welcome() {
  const url = location.origin, button = make("button", { textContent: "Train one here", id: "demo" });
  button.onclick = async () => {
    button.disabled = true;
    try { await demo(); } catch (error) { button.after(trouble(error)); } finally { button.disabled = false; }
  };
  return make("div", { class: "card welcome", id: "empty", hidden: true },
    make("h2", { textContent: "No sessions yet" }),
    make("p", { textContent: "A session holds parameters and the state of an optimizer. You send gradients, it makes the steps. From a terminal:" }),
    make("pre", { textContent: `curl ${url}/v1/sessions \\\n  -d '{"name":"toy","optimizer":{"name":"adam","lr":0.1},"parameters":[4]}'\n\ncurl ${url}/v1/sessions/toy/steps \\\n  -d '{"gradient":[8],"loss":16}'` }),
    make("div", { class: "row" }, button, make("a", { class: "button quiet", href: "/#/new", textContent: "Make one by a form" }), make("a", { class: "button quiet", href: "/#/new?optimizer=adam&h=lr:0.05&objective=rosenbrock", textContent: "Make one that needs no gradients" })),
    make("p", { class: "dim", textContent: "“Train one here”: this page computes the gradients of a narrow valley, the server makes the steps. “That needs no gradients”: its loss is one of the server's, which then makes all the steps by itself." }));
}

export default async function (place, { query, setQuery, signal }) {
  const rows = new Map();
  let limit = 50, optimizer = query.get("optimizer") || "";
  const search = make("input", { type: "search", id: "filter", value: query.get("q") || "", placeholder: "Search names and ids", "aria-label": "Search sessions", autocomplete: "off" });
  const which = make("select", { "aria-label": "Optimizer" }, make("option", { value: "", textContent: "every optimizer" }));
  const body = make("tbody"), status = make("p", { class: "dim", role: "status" }), wrong = make("div");
  const compare = make("a", { class: "button quiet", hidden: true, id: "compare" });
  const more = make("button", { class: "quiet", textContent: "Show more", hidden: true, onclick: () => { limit = Math.min(1000, limit * 4); poll.now(); } });
  const table = make("table", { class: "sessions" }, make("thead", {}, make("tr", {}, [["", "check"], ["Session"], ["Optimizer"], ["Step", "num"], ["Loss", "num"], ["Curve"], ["Moved", "when"]]
    .map(([text, style]) => make("th", { scope: "col", textContent: text, class: style || "" })))), body);
  const empty = welcome();
  place.append(make("div", { class: "bar" }, make("h1", { textContent: "Sessions" }), search, which, compare,
    make("a", { class: "button", href: "/#/new", textContent: "New session" })), wrong, make("div", { class: "card flush" }, table), status, more, empty);

  const picked = () => {
    const chosen = [...rows.values()].filter((r) => r.check.checked);
    compare.hidden = chosen.length < 2;
    compare.textContent = `Compare ${chosen.length}`;
    compare.href = "/#/compare?s=" + chosen.map((r) => encodeURIComponent(label(r.session))).join(",");
  };

  async function ask() {
    const q = search.value.trim(), filter = (q ? "&q=" + encodeURIComponent(q) : "") + (optimizer ? "&optimizer=" + optimizer : "");
    const page = await call(`/v1/sessions?limit=${limit}${filter}`);
    for (const s of page.items) {
      if (!rows.has(s.id)) rows.set(s.id, create(s, picked));
      update(rows.get(s.id), s);
    }
    const shown = page.items.map((s) => rows.get(s.id)), elements = shown.map((r) => r.element);
    if (elements.length !== body.children.length || elements.some((e, i) => body.children[i] !== e)) body.replaceChildren(...elements);
    more.hidden = page.next === null;
    empty.hidden = Boolean(page.items.length || filter);
    table.parentElement.hidden = !page.items.length;
    status.textContent = page.items.length ? "" : filter ? "No session fits." : "";
    const waiting = shown.filter((r) => !r.asking && r.session.step !== (r.series ? r.series.last : 0)).slice(0, most);
    await Promise.all(waiting.map((r) => extend(r).catch(() => {})));
  }
  const poll = repeat(signal, async () => {
    try { await ask(); wrong.replaceChildren(); } catch (error) { if (!error.status) throw error; wrong.replaceChildren(trouble(error)); }
  }, { events: () => "/v1/events" });

  const changed = settled(150, () => { setQuery({ q: search.value.trim(), optimizer }); poll.now(); });
  search.addEventListener("input", changed);
  which.addEventListener("change", () => { optimizer = which.value; changed(); });
  once("/v1/optimizers").then((list) => {
    which.append(...list.items.map((o) => make("option", { value: o.name, textContent: o.name })));
    which.value = optimizer;
  }, () => {});
  return { title: "Sessions" };
}
