// Starts the pages: navigation, keys, the state of the connection.
import { make } from "./dom.js";
import { greet } from "./live.js";
import { start } from "./router.js";

const keys = [
  ["/", "search"], ["g s", "sessions"], ["g c", "compare"], ["g p", "playground"], ["g o", "optimizers"], ["g a", "API"], ["n", "new session"],
  ["← →", "in a chart: along the points (with shift: far)"], ["+ −", "in a chart: zoom"], ["0", "in a chart: show all"], ["enter", "in a chart of a session: explain the step"],
  ["drag", "in a chart: zoom; with shift: move; double click: show all"], ["p", "pause and go on"], ["r", "to the run of a session"], ["?", "this list"],
];
const places = { s: "/#/", c: "/#/compare", p: "/#/playground", o: "/#/optimizers", a: "/docs" };
let pending = false;

function help() {
  const dialog = document.getElementById("keys"), there = keys.filter(([k]) => k[0] !== "g" || document.querySelector(`#nav a[href="${places[k[2]]}"]`));
  dialog.replaceChildren(make("h2", { textContent: "Keys" }),
    make("table", {}, there.map(([key, what]) => make("tr", {}, make("td", {}, make("kbd", { textContent: key })), make("td", { textContent: what })))),
    make("form", { method: "dialog" }, make("button", { textContent: "Close" })));
  dialog.showModal();
}

function go(path) {
  if (path === "/docs" || location.pathname !== "/") location.href = path;
  else location.hash = path.slice(1);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const writing = event.target.closest("input, textarea, select");
  if (writing) { if (event.key === "Escape") event.target.blur(); return; }
  if (pending) {
    pending = false;
    if (places[event.key] && document.querySelector(`#nav a[href="${places[event.key]}"]`)) go(places[event.key]);
  } else if (event.key === "g") {
    pending = true;
    setTimeout(() => { pending = false; }, 1200);
  } else if (event.key === "/") {
    const search = document.querySelector("#main input[type=search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
  } else if (event.key === "n") go("/#/new");
  else if (event.key === "p") { const b = document.querySelector("#main [data-key=pause]"); if (b) b.click(); }
  else if (event.key === "r") { const i = document.querySelector("#main [data-key=run]"); if (i) { event.preventDefault(); i.focus(); } }
  else if (event.key === "?") help();
});

start();
greet();
