// The landscape of two parameters as a contour map, with the ways of the optimizers on it; of one
// parameter as a curve, with the ways on it. Contours by d3-contour, spaced by powers of ten above
// the lowest value, so that the floor of a valley has lines too. Without a landscape: the ways in
// their plane.
import d3 from "./d3-contour.js";
import { colour, curve, faded } from "./colours.js";
import { announce, make } from "./dom.js";
import { short } from "./format.js";
import { evenly } from "./scale.js";

const levels = 16, margin = { left: 44, right: 10, top: 10, bottom: 26 };

export class Map2 {
  // onstart([x, y]) after a click, or keys: arrows move the start. Or onpick(step, keys) after a click
  // at a point of the first way, or Enter: arrows walk along it.
  constructor({ onstart = null, onpick = null }) {
    Object.assign(this, { onstart, onpick, marked: null });
    this.canvas = make("canvas", { tabIndex: 0, role: "img", "aria-label": "the landscape", class: "map", onclick: (e) => this.click(e), onkeydown: (e) => this.key(e) });
    this.readout = make("p", { class: "dim mono under", textContent: " " });
    this.canvas.addEventListener("pointermove", (e) => { this.readout.textContent = this.tell(e); });
    this.canvas.addEventListener("pointerleave", () => { this.readout.textContent = this.onpick && this.marked !== null ? this.place(this.marked) : " "; });
    this.element = make("div", {}, this.canvas, this.readout);
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.element);
    this.themed = () => { this.ground = null; this.draw(); };
    document.addEventListener("theme", this.themed);
  }

  close() {
    this.sizes.disconnect();
    document.removeEventListener("theme", this.themed);
  }

  // surface: { x: [low, high], y: [low, high] or null, columns, rows, values } in rows from the low y;
  // values may be null, `names` are those of the axes.
  set(surface, minima) {
    this.surface = surface;
    this.minima = minima;
    this.ground = null;
    this.draw();
  }

  // The race up to step `until`; runs: { optimizer, step, trajectory }.
  race(runs, start, until) {
    Object.assign(this, { runs, start, until });
    const ends = runs.filter((r) => r.trajectory).map((r) => `${r.optimizer.name} at ${(r.trajectory[Math.max(0, r.step.findLastIndex((s) => s <= until))] || []).map((v) => short(+v.toPrecision(3))).join(", ")}`);
    this.canvas.setAttribute("aria-label", `the landscape; start at ${start.map(short).join(", ")}; step ${Math.round(until)}: ${ends.join("; ")}; ${this.onpick ? "the arrow keys walk along the way, Enter explains a step" : "the arrow keys move the start"}`);
    this.draw();
  }

  // A step of the first way that is pointed out; null: none.
  mark(step) {
    this.marked = step;
    this.readout.textContent = this.onpick && step !== null ? this.place(step) : " ";
    this.draw();
  }

  // ---- places ----
  axes() {
    const { x, y } = this.surface, w = this.width - margin.left - margin.right, h = this.height - margin.top - margin.bottom;
    const [low, high] = y || this.heights();
    return { x: (v) => margin.left + (v - x[0]) / (x[1] - x[0]) * w, y: (v) => margin.top + (high - v) / (high - low) * h,
      fromX: (p) => x[0] + (p - margin.left) / w * (x[1] - x[0]), fromY: (p) => high - (p - margin.top) / h * (high - low), w, h, low, high };
  }
  heights() {
    const values = this.surface.values.filter(Number.isFinite), low = Math.min(...values), high = Math.max(...values);
    return [low - (high - low) * 0.06, high + (high - low) * 0.04];
  }
  data(event) {
    if (!this.surface) return null;
    const box = this.canvas.getBoundingClientRect(), a = this.axes(), px = event.clientX - box.left, py = event.clientY - box.top;
    if (px < margin.left || px > margin.left + a.w || py < margin.top || py > margin.top + a.h) return null;
    return this.surface.y ? [a.fromX(px), a.fromY(py)] : [a.fromX(px)];
  }
  click(event) {
    const at = this.data(event);
    if (!at) return;
    if (this.onpick) this.onpick(Math.max(1, this.nearest(at)), false);
    else this.onstart(at.map((v) => +v.toPrecision(4)));
  }
  tell(event) {
    const at = this.data(event);
    if (!at) return " ";
    if (this.onpick) return this.runs ? `${this.place(this.nearest(at))}   click: explain it` : " ";
    return `w = ${at.map((v) => short(+v.toPrecision(3))).join(", ")}   click: start here`;
  }
  // The step of the first way that is nearest to a place, as it is seen.
  nearest(at) {
    const a = this.axes(), to = (w) => [a.x(w[0]), a.y(w.length > 1 ? w[1] : this.at(w[0]))], [{ step, trajectory }] = this.runs;
    const here = to(at), away = trajectory.map((w) => { const p = to(w); return Math.hypot(p[0] - here[0], this.surface.y ? p[1] - here[1] : 0); });
    return step[away.reduce((best, v, i) => (v < away[best] || Number.isNaN(away[best]) ? i : best), 0)];
  }
  place(k) {
    if (!this.runs) return " ";
    const [{ step, trajectory }] = this.runs, i = step.indexOf(k);
    return i < 0 ? " " : `step ${k}: ${trajectory[i].map((v) => short(+v.toPrecision(6))).join(", ")}`;
  }
  walk(event, [dx, dy]) {
    const { step } = this.runs[0], far = event.shiftKey ? Math.max(1, Math.round(step.length / 20)) : 1, now = step.indexOf(this.marked);
    event.preventDefault();
    this.mark(step[Math.min(step.length - 1, Math.max(1, (now < 0 ? 0 : now) + (dx + dy) * far))]);
    announce(this.readout.textContent);
  }
  key(event) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (this.onpick && event.key === "Enter" && this.marked > 0) this.onpick(this.marked, true);
    if (!by || !this.start) return;
    if (this.onpick) { this.walk(event, by); return; }
    event.preventDefault();
    const { x, y } = this.surface, size = event.shiftKey ? 0.1 : 0.02, ranges = [x, y];
    this.onstart(this.start.map((v, i) => +(v + (ranges[i] ? by[i] * size * (ranges[i][1] - ranges[i][0]) : 0)).toPrecision(4)));
  }

  // ---- drawing ----
  draw() {
    if (!this.surface) return;
    this.width = Math.max(200, this.element.clientWidth);
    this.height = this.surface.y ? Math.min(this.width * 0.82, 560) : Math.min(this.width * 0.6, 420);
    const ratio = window.devicePixelRatio || 1;
    if (!this.ground || this.ground.width !== Math.round(this.width * ratio)) this.ground = this.paint(ratio);
    if (this.canvas.width !== this.ground.width || this.canvas.height !== this.ground.height) {
      this.canvas.width = this.ground.width;
      this.canvas.height = this.ground.height;
      this.canvas.style.height = `${this.height}px`;
    }
    const c = this.canvas.getContext("2d");
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.drawImage(this.ground, 0, 0);
    c.scale(ratio, ratio);
    if (this.runs) this.ways(c);
  }

  paint(ratio) {
    const ground = make("canvas", { width: Math.round(this.width * ratio), height: Math.round(this.height * ratio) }), c = ground.getContext("2d"), a = this.axes();
    c.scale(ratio, ratio);
    c.fillStyle = colour("card");
    c.fillRect(0, 0, this.width, this.height);
    c.save();
    c.beginPath();
    c.rect(margin.left, margin.top, a.w, a.h);
    c.clip();
    if (!this.surface.values) this.grid(c, a);
    else if (this.surface.y) this.hills(c, a); else this.curve(c, a);
    c.restore();
    this.rulers(c, a);
    c.strokeStyle = colour("text");
    c.lineWidth = 1.5;
    for (const m of this.minima) {
      const x = a.x(m.parameters[0]), y = a.y(this.surface.y ? m.parameters[1] : m.loss);
      if (!(x >= margin.left && x <= margin.left + a.w && y >= margin.top && y <= margin.top + a.h)) continue;
      c.beginPath();
      for (const [dx, dy] of [[-5, 0], [5, 0], [0, -5], [0, 5]]) { c.moveTo(x, y); c.lineTo(x + dx, y + dy); }
      c.stroke();
    }
    return ground;
  }

  hills(c, a) {
    const { values, columns, rows, x, y } = this.surface, finite = values.filter(Number.isFinite), low = Math.min(...finite), high = Math.max(...finite);
    const least = (high - low) * 10 ** -4.5, top = Math.log10(high - low), bottom = Math.log10(least);
    const at = Array.from({ length: levels }, (_, i) => low + 10 ** (bottom + (i + 1) / (levels + 1) * (top - bottom)));
    const sx = (p) => a.x(x[0] + (p - 0.5) / (columns - 1) * (x[1] - x[0])), sy = (p) => a.y(y[0] + (p - 0.5) / (rows - 1) * (y[1] - y[0]));
    const shapes = d3.contours().size([columns, rows]).thresholds(at)(values.map((v) => (Number.isFinite(v) ? v : high)));
    c.fillStyle = colour("deep");
    c.fillRect(margin.left, margin.top, a.w, a.h);
    c.lineWidth = 0.7;
    for (const [i, shape] of shapes.entries()) {
      c.beginPath();
      for (const polygon of shape.coordinates) for (const ring of polygon) ring.forEach(([px, py], k) => (k ? c.lineTo(sx(px), sy(py)) : c.moveTo(sx(px), sy(py))));
      c.fillStyle = faded(colour("high"), 0.14);
      c.strokeStyle = faded(colour("text"), i % 4 === 3 ? 0.4 : 0.18);
      c.fill("evenodd");
      c.stroke();
    }
  }

  grid(c, a) {
    c.strokeStyle = colour("line");
    c.beginPath();
    for (const v of evenly(this.surface.x[0], this.surface.x[1], a.w / 80)) { c.moveTo(a.x(v), margin.top); c.lineTo(a.x(v), margin.top + a.h); }
    for (const v of evenly(a.low, a.high, a.h / 60)) { c.moveTo(margin.left, a.y(v)); c.lineTo(margin.left + a.w, a.y(v)); }
    c.stroke();
  }

  curve(c, a) {
    const { values, columns, x } = this.surface;
    c.strokeStyle = colour("dim");
    c.lineWidth = 1.6;
    c.beginPath();
    values.forEach((v, i) => { if (Number.isFinite(v)) c.lineTo(a.x(x[0] + i / (columns - 1) * (x[1] - x[0])), a.y(v)); });
    c.stroke();
  }

  rulers(c, a) {
    c.fillStyle = colour("dim");
    c.strokeStyle = colour("line");
    c.font = "11px ui-monospace, 'DejaVu Sans Mono', monospace";
    c.strokeRect(margin.left, margin.top, a.w, a.h);
    c.textAlign = "center";
    for (const v of evenly(this.surface.x[0], this.surface.x[1], a.w / 80)) c.fillText(short(v), a.x(v), this.height - 9);
    c.textAlign = "right";
    for (const v of evenly(a.low, a.high, a.h / 60)) c.fillText(short(v), margin.left - 6, a.y(v) + 4);
    if (!this.surface.names) return;
    const [x, y] = this.surface.names;
    c.fillText(x, margin.left + a.w - 6, margin.top + a.h - 7);
    c.textAlign = "left";
    if (y) c.fillText(y, margin.left + 6, margin.top + 14);
  }

  // The loss at w between two points of the curve.
  at(w) {
    const { values, columns, x } = this.surface, p = (w - x[0]) / (x[1] - x[0]) * (columns - 1), i = Math.floor(p);
    return i < 0 || i + 1 >= columns ? NaN : values[i] + (p - i) * (values[i + 1] - values[i]);
  }

  ways(c) {
    const a = this.axes(), flat = !this.surface.y, wide = 1e5;
    const point = (w) => { const p = [a.x(w[0]), a.y(flat ? this.at(w[0]) : w[1])]; return p.every((v) => Math.abs(v) < wide) ? p : null; };
    c.save();
    c.beginPath();
    c.rect(margin.left, margin.top, a.w, a.h);
    c.clip();
    c.lineJoin = "round";
    this.runs.forEach((run, i) => {
      if (!run.trajectory) return;
      const points = [];
      for (let k = 0; k < run.step.length && run.step[k] <= this.until; k++) {
        const p = run.trajectory[k].every(Number.isFinite) ? point(run.trajectory[k]) : null;
        if (!p) break;
        points.push(p);
      }
      this.way(c, points, curve(i), 2 + 1.3 * (this.runs.length - 1 - i), flat);
    });
    const marked = this.marked === null ? -1 : this.runs[0].step.indexOf(this.marked);
    if (this.start) this.ring(c, point(this.start), colour("card"), colour("text"));
    if (marked >= 0) this.ring(c, point(this.runs[0].trajectory[marked]), colour("text"), colour("card"));
    c.restore();
  }

  ring(c, p, inside, border) {
    if (!p) return;
    c.fillStyle = inside;
    c.strokeStyle = border;
    c.lineWidth = 2;
    c.beginPath();
    c.arc(p[0], p[1], 5, 0, 7);
    c.fill();
    c.stroke();
  }

  // A way with its steps as points and its end as a ball. The first optimizer's is the broadest, so
  // that ways which run together are all seen.
  way(c, points, ink, width, flat) {
    if (!points.length) return;
    const line = () => { c.beginPath(); for (const p of points) c.lineTo(p[0], p[1]); c.stroke(); };
    c.strokeStyle = flat ? faded(ink, 0.5) : ink;
    c.lineWidth = flat ? 1.2 : width;
    line();
    c.fillStyle = ink;
    if (points.length <= 150 || flat) for (const p of points) { c.beginPath(); c.arc(p[0], p[1], flat ? 3 : width / 2 + 1, 0, 7); c.fill(); }
    const [x, y] = points.at(-1);
    c.strokeStyle = colour("card");
    c.lineWidth = 1.5;
    c.beginPath();
    c.arc(x, y, 5.5, 0, 7);
    c.fill();
    c.stroke();
  }
}

