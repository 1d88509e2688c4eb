// Which page the address asks for. Addresses are `/#/name/argument?query`, short enough to send;
// `/docs` is the page of the contract, with the operation behind its `#`.
//
// A page is a module page_{name}.js whose default export is
//   async (place, { argument, query, setQuery, signal }) → { title, update?(query) }
// It fills `place`, and lives until `signal` aborts. setQuery writes what the reader chose into the
// address without a new page. Where only the query differs, `update` may take it over.
//
// A page that follows on another begins at its top, has the focus, and is announced by its title.
import { announce, make } from "./dom.js";
import { trouble } from "./trouble.js";

export const pages = [
  { name: "sessions", path: "/#/", label: "Sessions" },
  { name: "compare", path: "/#/compare", label: "Compare" },
  { name: "playground", path: "/#/playground", label: "Playground" },
  { name: "optimizers", path: "/#/optimizers", label: "Optimizers" },
  { name: "docs", path: "/docs", label: "API" },
];
const hidden = { s: "session", new: "create", sweep: "sweep" }, under = { session: "sessions", create: "sessions", sweep: "compare" };

let leave = null, current = "", shown = null;

export function read() {
  if (location.pathname === "/docs") return { name: "docs", argument: location.hash.slice(1), query: new URLSearchParams(location.search) };
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [first, ...rest] = path.split("/");
  const name = hidden[first] || (pages.some((p) => p.name === first) ? first : first ? "" : "sessions");
  return { name, argument: decodeURIComponent(rest.join("/")), query: new URLSearchParams(query || "") };
}

// Puts `values` into the query of the address; null takes one out.
export function setQuery(values) {
  const [path, text] = location.hash.split("?", 2), query = new URLSearchParams(text || "");
  for (const [key, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === "") query.delete(key);
    else query.set(key, value);
  }
  const rest = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/");
  history.replaceState(null, "", (path || "#/") + (rest ? "?" + rest : ""));
}

async function show() {
  const { name, argument, query } = read(), key = name + "/" + argument, place = document.getElementById("main");
  if (key === current && shown && shown.update) { shown.update(query); return; }
  if (leave) leave.abort();
  const mine = leave = new AbortController(), follows = current !== "";
  current = key;
  shown = null;
  const root = make("div", { class: "root page-" + (name || "none") });
  place.replaceChildren(root);
  mark(name);
  try {
    const page = name ? await import(`./page_${name}.js`) : { default: nowhere };
    if (mine.signal.aborted) return;
    const made = await page.default(root, { argument, query, setQuery, signal: mine.signal });
    if (mine.signal.aborted) return;
    shown = made;
    document.title = made.title ? `${made.title} – stepd` : "stepd";
    if (follows) {
      scrollTo(0, 0);
      if (!place.contains(document.activeElement)) place.focus({ preventScroll: true });
      announce(made.title || "stepd");
    }
  } catch (error) {
    if (!mine.signal.aborted) {
      root.replaceChildren(make("div", { class: "page" }, trouble(error), make("p", {}, make("a", { href: "/#/", textContent: "To the sessions" }))));
      document.title = "Not shown – stepd";
    }
  }
  root.dataset.ready = "true";
}

async function nowhere(place) {
  place.append(make("div", { class: "page" }, make("h1", { textContent: "There is no such page" }),
    make("p", {}, make("a", { href: "/#/", textContent: "To the sessions" }))));
  return { title: "No such page" };
}

function mark(name) {
  for (const link of document.querySelectorAll("#nav a")) {
    const here = link.dataset.page === (under[name] || name);
    if (here) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
}

export function start() {
  document.getElementById("nav").append(...pages.map((p) => {
    const link = make("a", { href: p.path, textContent: p.label });
    link.dataset.page = p.name;
    return link;
  }));
  addEventListener("hashchange", show);
  show();
}
