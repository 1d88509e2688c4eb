// What a schedule will do, drawn before there is a session: the server's values of its first steps.
import { call } from "./api.js";
import { Chart } from "./chart.js";
import { make, settled } from "./dom.js";
import { number } from "./series.js";

const lengths = [20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

// As many steps as show what the whole numbers among its hyperparameters (decay_steps, milestones) do.
function fitting(spec) {
  const far = Object.values(spec).flat().filter((v) => Number.isInteger(v) && v > 1).reduce((a, v) => Math.max(a, v), 0);
  return far ? lengths.find((n) => n >= 1.2 * far) || lengths.at(-1) : 100;
}

// base(target): the value of the hyperparameter where it begins, or undefined.
export function preview(base) {
  const chart = new Chart({ name: "as it will move" }), why = make("p", { class: "dim hint" });
  const steps = make("select", { "aria-label": "Steps that are drawn" }, make("option", { value: "", textContent: "as fits" }), lengths.map((n) => make("option", { value: n, textContent: `${n} steps` })));
  const element = make("div", { class: "preview" }, chart.element, make("div", { class: "row" }, steps), why);
  let asked = null, last = null, closed = false;
  const ask = settled(150, async () => {
    const { entry, spec, target } = last, from = base(target);
    if (closed) return;
    if (entry.needs.includes("loss")) { tell("It follows the loss of the steps: there is nothing to draw before they are made."); return; }
    const mine = asked = {}, n = Number(steps.value) || fitting(spec);
    try {
      const { values } = await call(`/v1/schedules/${entry.name}/preview`, { method: "POST", json: { schedule: spec, steps: n, ...(typeof from === "number" ? { base: from } : {}) } });
      if (mine !== asked || closed) return;
      const value = values.map(number);
      tell("");
      chart.draw({ lines: [{ label: target, ink: "accent", x: value.map((v, i) => i + 1), value, low: value, high: value }] });
    } catch (error) {
      if (!error.status) throw error;
      if (mine === asked) tell(error.errors.length ? error.errors.map((e) => e.detail).join("; ") : error.message);
    }
  });
  function tell(text) {
    why.textContent = text;
    chart.element.hidden = steps.hidden = text !== "";
  }
  steps.addEventListener("change", ask);
  return { element, close() { closed = true; chart.close(); },
    show(entry, spec, target) {
      last = { entry, spec, target };
      chart.name = `${target}, as it will move`;
      chart.element.querySelector("h2").textContent = chart.name;
      ask();
    } };
}
