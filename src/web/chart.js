// One chart: curves over a common axis, drawn by dygraphs.
//
// A line is { label, ink, dash, x, value, low, high, weight }, of equally long arrays. `value` is
// drawn as a curve and the room between `low` and `high` as a band; where a `weight` is given, the
// moving average with it is the strong curve and the raw one stays visible, faint, below it. It is
// an average of what is seen: on a logarithmic axis of logarithms. A mark is { x, text, quiet }: a
// broken line across the chart where something went wrong, with the reason below unless quiet.
// Drag selects a range, shift and drag moves it, a double click shows all; with the keyboard the
// arrows walk along the points, + and - zoom, 0 shows all. Two fingers zoom, one scrolls the page.
// A click on a point, or Enter, picks it.
import Dygraph from "./dygraphs.js";
import { colour, faded } from "./colours.js";
import { announce, make, settled } from "./dom.js";
import { short } from "./format.js";
import { evenly, fitting, scale, scales } from "./scale.js";
import { smooth } from "./series.js";

// Without the legend: it is drawn with style attributes, which the page's policy forbids.
Dygraph.PLUGINS = [Dygraph.Plugins.Axes, Dygraph.Plugins.Grid];

const model = {
  ...Dygraph.defaultInteractionModel,
  touchstart(event, g, context) { if (event.touches.length > 1) Dygraph.defaultInteractionModel.touchstart(event, g, context); },
  touchmove(event, g, context) { if (context.initialTouches && event.touches.length > 1) Dygraph.defaultInteractionModel.touchmove(event, g, context); },
  touchend(event, g, context) { if (context.initialTouches) { Dygraph.defaultInteractionModel.touchend(event, g, context); context.initialTouches = null; } },
};

const doubleMs = 250;

const least = (values, from, pick) => {
  let best = from;
  for (const v of values) if (Number.isFinite(v)) best = pick(best, v);
  return best;
};

export class Chart {
  // onzoom(a, b), or (null, null) for everything; onhover(x or null); onscale(kind); onpick(x, keys): whether by
  // the keyboard.
  constructor({ name, kind = null, xName = "step", xFormat = short, onzoom, onhover, onscale, onpick }) {
    Object.assign(this, { name, kind, xName, xFormat, onzoom, onhover, onpick, lines: [], marks: [], window: null, g: null, at: -1 });
    this.select = make("select", { "aria-label": `Axis of ${name}`, onchange: () => { this.kind = this.select.value; this.redraw(); if (onscale) onscale(this.kind); } },
      scales.map((s) => make("option", { value: s, textContent: s })));
    this.readout = make("span", { class: "readout mono" });
    this.plot = make("div", { class: "plot", tabIndex: 0, role: "img", "aria-label": name, onkeydown: (e) => this.key(e) });
    this.note = make("p", { class: "note", hidden: true });
    this.element = make("figure", { class: "chart" },
      make("figcaption", {}, make("h2", { textContent: name }), this.readout, this.select), this.plot, this.note);
    this.sizes = new ResizeObserver(() => this.g && this.g.resize());
    this.sizes.observe(this.plot);
    this.themed = () => this.redraw();
    document.addEventListener("theme", this.themed);
  }

  close() {
    this.sizes.disconnect();
    document.removeEventListener("theme", this.themed);
    if (this.g) this.g.destroy();
    this.g = null;
  }

  // `window`: [a, b] in x, null: all.
  draw({ lines, marks = [], window = null }) {
    Object.assign(this, { lines, marks, window });
    this.redraw();
  }

  redraw() {
    if (!this.plot.isConnected) return; // its page was left while the numbers were on their way
    const finite = this.lines.some((l) => l.value.some(Number.isFinite));
    const kind = this.kind || fitting(this.lines.flatMap((l) => l.value));
    this.scale = scale(kind, kind === "symlog" ? this.lines.flatMap((l) => [...l.low, ...l.high]) : []);
    this.select.value = kind;
    this.describe(finite, kind);
    if (!finite) { this.empty(); return; }
    this.table();
    const options = this.options();
    if (this.g) this.g.updateOptions(options);
    else {
      this.plot.replaceChildren();
      this.g = new Dygraph(this.plot, options.file, options);
    }
  }

  // Without a curve there is still something to say.
  empty() {
    if (this.g) { this.g.destroy(); this.g = null; }
    this.readout.textContent = "";
    const marks = this.marks.map((m) => make("p", { class: "bad", textContent: `✕ ${this.xName} ${short(m.x)}: ${m.text}` }));
    this.plot.replaceChildren(make("div", { class: "nothing" }, marks.length ? marks : make("p", { class: "dim", textContent: "nothing yet" })));
  }

  describe(finite, kind) {
    const hidden = kind === "log" ? this.lines.reduce((n, l) => n + l.value.filter((v) => v !== null && v <= 0).length, 0) : 0;
    const marks = finite ? this.marks.filter((m) => !m.quiet).map((m) => `✕ ${m.label ? m.label + ", " : ""}${this.xName} ${short(m.x)}: ${m.text}`) : [];
    const notes = hidden ? [`${hidden} values are not positive and have no place on a logarithmic axis; symlog shows them`] : [];
    this.note.replaceChildren(...marks.map((t) => make("span", { class: "bad", textContent: t })), ...notes.map((t) => make("span", { class: "dim", textContent: t })));
    this.note.hidden = !marks.length && !notes.length;
    this.plot.setAttribute("aria-label", `${this.name} (${kind} axis): ` + (this.lines.map((l) => {
      const known = l.value.filter(Number.isFinite);
      return `${l.label ? l.label + ", " : ""}${l.value.length} points` + (known.length ? `, lowest ${short(least(l.low, Infinity, Math.min))}, last ${short(known.at(-1))}` : "");
    }).join("; ") || "nothing yet") + marks.map((t) => "; " + t).join(""));
  }

  // One row for each x of any line; per line the raw value, the band's borders and the smoothed one.
  table() {
    const all = this.lines.length === 1 ? this.lines[0].x : [...new Set(this.lines.flatMap((l) => l.x))].sort((a, b) => a - b);
    const to = (v) => (Number.isFinite(v) ? this.scale.to(v) : null);
    const where = this.lines.map(() => 0), smoothed = this.lines.map((l) => (l.weight ? smooth(l.value.map(to), l.weight) : null));
    this.x = all;
    this.rows = all.map((x) => {
      const row = [x];
      this.lines.forEach((l, k) => {
        if (l.x[where[k]] !== x) { row.push(null, null, null, null); return; }
        const i = where[k]++, v = to(l.value[i]);
        row.push(v, to(l.low[i]) ?? v, to(l.high[i]) ?? v, smoothed[k] ? smoothed[k][i] : null);
      });
      return row;
    });
  }

  options() {
    const series = {}, labels = [this.xName];
    this.lines.forEach((l, k) => {
      const quiet = { strokeWidth: 0, pointSize: 0, highlightCircleSize: 0, color: colour(l.ink) };
      labels.push(`v${k}`, `a${k}`, `b${k}`, `s${k}`);
      series[`v${k}`] = { color: l.weight ? faded(colour(l.ink), 0.45) : colour(l.ink), strokeWidth: l.weight ? 1 : 1.8, strokePattern: l.dash || null, highlightCircleSize: l.weight ? 2 : 4 };
      series[`a${k}`] = series[`b${k}`] = quiet;
      series[`s${k}`] = { color: colour(l.ink), strokeWidth: 2, strokePattern: l.dash || null, highlightCircleSize: 4 };
    });
    const line = colour("line"), turned = this.drawn === this.scale.kind ? {} : { valueRange: null };
    this.drawn = this.scale.kind;
    return {
      file: this.rows, labels, series, dateWindow: this.window, legend: "never", animatedZooms: false, connectSeparatedPoints: true,
      xRangePad: 5, yRangePad: 10, rightGap: 12, gridLineColor: line, axisLineColor: line, gridLineWidth: 1, interactionModel: model,
      axisLabelFontSize: 11, highlightSeriesOpts: null,
      axes: {
        x: { ticker: (a, b, pixels) => evenly(a, b, pixels / 90).map((v) => ({ v, label: this.xFormat(v) })), drawGrid: false, axisLabelHeight: 16 },
        y: { ticker: (a, b, pixels) => this.scale.ticks(a, b, pixels / 45), axisLabelWidth: 58, drawGrid: true, ...turned },
      },
      underlayCallback: (canvas, area, g) => this.under(canvas, area, g),
      highlightCallback: (event, x, points, row) => this.hover(row, true),
      unhighlightCallback: () => this.hover(-1, true),
      zoomCallback: () => { if (!this.g.isZoomed("x")) this.zoomed(null); },
      drawCallback: (g, first) => { this.tellMarks(g); if (!first && g.isZoomed("x")) this.zoomed(g.xAxisRange()); if (this.hair) this.cursor(this.hair.x); },
      clickCallback: (event, x) => this.click(x),
    };
  }

  // By drag, pinch, pan or double click; told when the hand has come to rest.
  zoomed(range) {
    const same = range && this.window && range.every((v, i) => Math.abs(v - this.window[i]) < 1e-9 * (1 + Math.abs(v)));
    if (same || range === this.window) return;
    this.window = range;
    this.told = this.told || settled(150, () => this.onzoom && this.onzoom(...(this.window || [null, null])));
    this.told();
  }

  // A click that is not the first half of a double one.
  click(x) {
    if (!this.onpick) return;
    const last = this.clicked;
    this.clicked = Date.now();
    clearTimeout(this.picking);
    if (!last || this.clicked - last > doubleMs) this.picking = setTimeout(() => this.onpick(x, false), doubleMs);
  }

  // The bands and the marks, under the curves.
  under(canvas, area, g) {
    canvas.save();
    canvas.beginPath();
    canvas.rect(area.x, area.y, area.w, area.h);
    canvas.clip();
    this.lines.forEach((l, k) => {
      if (!l.low.some((v, i) => v !== l.high[i])) return;
      const points = this.rows.filter((r) => r[4 * k + 2] !== null && r[4 * k + 3] !== null);
      canvas.fillStyle = faded(colour(l.ink), 0.22);
      canvas.beginPath();
      for (const r of points) canvas.lineTo(g.toDomXCoord(r[0]), g.toDomYCoord(r[4 * k + 3]));
      for (const r of points.reverse()) canvas.lineTo(g.toDomXCoord(r[0]), g.toDomYCoord(r[4 * k + 2]));
      canvas.fill();
    });
    canvas.strokeStyle = colour("bad");
    canvas.setLineDash([4, 4]);
    for (const m of this.marks) {
      const x = g.toDomXCoord(m.x);
      canvas.beginPath();
      canvas.moveTo(x, area.y);
      canvas.lineTo(x, area.y + area.h);
      canvas.stroke();
    }
    canvas.restore();
    this.canvas = canvas;
  }

  // What the marks are, over curves and grid.
  tellMarks(g) {
    const { canvas } = this, area = g.getArea();
    canvas.save();
    canvas.font = "700 13px system-ui, sans-serif";
    canvas.lineWidth = 4;
    canvas.strokeStyle = colour("card");
    canvas.fillStyle = colour("bad");
    for (const m of this.marks) {
      const x = g.toDomXCoord(m.x), right = x > area.x + area.w - 90, text = right ? "diverged ✕" : "✕ diverged", at = [x + (right ? -5 : 5), area.y + 14];
      if (x < area.x || x > area.x + area.w) continue;
      canvas.textAlign = right ? "right" : "left";
      canvas.strokeText(text, ...at);
      canvas.fillText(text, ...at);
    }
    canvas.restore();
  }

  // Shows the values of a row; `tell` says so to other charts.
  hover(row, tell) {
    this.at = row;
    this.readout.replaceChildren();
    if (row >= 0 && this.x && row < this.x.length) {
      const x = this.x[row];
      this.readout.append(`${this.xName} ${this.xFormat(x)}`);
      for (const l of this.lines) {
        const i = this.lines.length === 1 ? row : l.x.indexOf(x);
        if (i < 0) continue;
        const band = l.low[i] !== l.high[i] ? ` (${short(l.low[i])} … ${short(l.high[i])})` : "";
        const swatch = make("i", { class: "swatch" });
        swatch.style.background = `var(--${l.ink})`;
        this.readout.append(make("span", { title: String(l.value[i]) }, this.lines.length > 1 ? swatch : "  ",
          (this.lines.length > 1 ? l.label + " " : "") + short(l.value[i]) + band));
      }
    }
    if (tell && this.onhover) this.onhover(row >= 0 && this.x ? this.x[row] : null);
  }

  // A line at x, which follows without the chart being drawn again; null takes it away.
  cursor(x) {
    this.hair = this.hair || make("i", { class: "hair" });
    this.hair.x = x;
    if (x === null || !this.g) { this.hair.remove(); return; }
    if (this.hair.parentElement !== this.plot) this.plot.append(this.hair);
    const { x: left, w, h } = this.g.getArea(), at = this.g.toDomXCoord(x);
    this.hair.hidden = at < left || at > left + w;
    this.hair.style.left = `${at}px`;
    this.hair.style.height = `${h}px`;
  }

  // Another chart's reader is at x.
  point(x) {
    if (!this.g || !this.x) return;
    const row = x === null ? -1 : this.x.findIndex((t) => t >= x);
    if (row < 0) { this.g.clearSelection(); this.hover(-1, false); return; }
    this.g.setSelection(row);
    this.hover(row, false);
  }

  key(event) {
    if (!this.g || event.ctrlKey || event.metaKey || event.altKey) return;
    const [a, b] = this.g.xAxisRange(), width = b - a;
    const zoom = (c, d) => { this.window = [c, d]; this.g.updateOptions({ dateWindow: this.window }); if (this.onzoom) this.onzoom(c, d); };
    const walk = (by) => {
      const inside = this.x.map((x, i) => (x >= a && x <= b ? i : -1)).filter((i) => i >= 0);
      const now = inside.indexOf(this.at), jump = event.shiftKey ? Math.max(1, Math.round(inside.length / 20)) : 1;
      const next = inside[now < 0 ? (by > 0 ? 0 : inside.length - 1) : Math.min(Math.max(now + by * jump, 0), inside.length - 1)];
      this.g.setSelection(next);
      this.hover(next, true);
      announce(this.readout.textContent);
    };
    const keys = {
      ArrowLeft: () => walk(-1), ArrowRight: () => walk(1),
      "+": () => zoom(a + width / 4, b - width / 4), "=": () => zoom(a + width / 4, b - width / 4), "-": () => zoom(a - width / 2, b + width / 2),
      Enter: () => { if (this.onpick && this.at >= 0) this.onpick(this.x[this.at], true); },
      0: () => { this.window = null; this.g.updateOptions({ dateWindow: null }); if (this.onzoom) this.onzoom(null, null); },
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  }
}
