"use strict";
// Curves of several arms: the mean of their seeds as a line, the lowest and highest as a band, over
// the share of the training that is done. The pointer, or ← and → where the chart has the focus,
// shows values.

const kColours = 8;
const kMargin = { left: 52, right: 10, top: 10, bottom: 22 };

class Chart {
  constructor(title) {
    this.svg = drawn("svg", { role: "img", tabindex: "0", "aria-label": `Curves of ${title}` });
    this.tip = element("div", { class: "tip", hidden: "" });
    this.note = element("span", { class: "faint" });
    this.node = element("figure", { class: "chart" },
      element("figcaption", {}, foreign(title), this.note), this.svg, this.tip);
    this.curves = [];
    this.hidden = new Set();
    this.at = null;  // the share of the training that is looked at
    this.svg.addEventListener("pointermove", (event) => this.pointAt(event));
    this.svg.addEventListener("pointerdown", (event) => this.pointAt(event));
    this.svg.addEventListener("pointerleave", () => this.look(null));
    this.svg.addEventListener("blur", () => this.look(null));
    this.svg.addEventListener("keydown", (event) => this.pressed(event));
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  // `curves` as /api/curves has them, and the colour of each arm.
  update(curves, colourOf) {
    this.curves = curves.filter((curve) => curve.points.length > 0)
      .map((curve) => ({ ...curve, colour: colourOf(curve.arm) }));
    this.note.textContent = this.curves.length === 0 ? "no values yet" : "";
    this.draw();
  }

  hide(arms) {
    this.hidden = arms;
    this.draw();
  }

  shown() {
    return this.curves.filter((curve) => !this.hidden.has(curve.arm));
  }

  // Between which values is drawn. What a training begins with would flatten the rest, so the
  // first tenth does not decide.
  range() {
    let low = Infinity, high = -Infinity;
    for (const curve of this.shown()) {
      curve.points.forEach(([step, mean, least, most], i) => {
        if (step * 10 < curve.steps && i + 1 < curve.points.length) return;
        low = Math.min(low, least === null ? mean : least);
        high = Math.max(high, most === null ? mean : most);
      });
    }
    if (low > high) return [0, 1];
    const room = (high - low || Math.abs(high) || 1) * 0.06;
    return [low - room, high + room];
  }

  draw() {
    this.width = this.svg.clientWidth || 300;
    this.height = this.svg.clientHeight || 200;
    const [low, high] = this.range();
    this.x = (share) => kMargin.left + share * (this.width - kMargin.left - kMargin.right);
    this.y = (value) => this.height - kMargin.bottom -
      (value - low) / (high - low) * (this.height - kMargin.top - kMargin.bottom);
    const clip = drawn("clipPath", { id: `clip-${chartNumber(this)}` }, drawn("rect", {
      x: kMargin.left, y: kMargin.top, width: Math.max(0, this.width - kMargin.left - kMargin.right),
      height: Math.max(0, this.height - kMargin.top - kMargin.bottom) }));
    const lines = drawn("g", { "clip-path": `url(#clip-${chartNumber(this)})` });
    for (const curve of this.shown()) lines.append(...this.drawCurve(curve));
    this.guide = drawn("line", { class: "guide", y1: kMargin.top, y2: this.height - kMargin.bottom,
      visibility: "hidden" });
    this.svg.replaceChildren(clip, ...this.drawAxes(low, high), lines, this.guide);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.look(this.at);
  }

  drawAxes(low, high) {
    const parts = [];
    for (const value of ticks(low, high, 5)) {
      const y = this.y(value);
      parts.push(drawn("line", { class: "grid", x1: kMargin.left, x2: this.width - kMargin.right,
        y1: y, y2: y }));
      parts.push(drawn("text", { x: kMargin.left - 6, y: y + 4, "text-anchor": "end" },
        tickText(value, high - low)));
    }
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
      parts.push(drawn("text", { x: this.x(share), y: this.height - 6, "text-anchor": anchor },
        shareText(share)));
    }
    return parts;
  }

  drawCurve(curve) {
    const x = (point) => this.x(curve.steps > 0 ? point[0] / curve.steps : 0).toFixed(1);
    const points = curve.points;
    const upper = points.map((point) => `${x(point)},${this.y(point[3]).toFixed(1)}`);
    const lower = points.map((point) => `${x(point)},${this.y(point[2]).toFixed(1)}`).reverse();
    const middle = points.map((point) => `${x(point)},${this.y(point[1]).toFixed(1)}`);
    const dash = curve.colour >= kColours ? " dash" : "";
    const band = drawn("polygon", { class: `band f${curve.colour % kColours}`,
      points: [...upper, ...lower].join(" ") });
    const line = points.length > 1 ?
      drawn("polyline", { class: `line s${curve.colour % kColours}${dash}`,
        points: middle.join(" ") }) :
      drawn("circle", { class: `f${curve.colour % kColours}`, r: 3, cx: x(points[0]),
        cy: this.y(points[0][1]).toFixed(1) });
    return [band, line];
  }

  pointAt(event) {
    const box = this.svg.getBoundingClientRect();
    const inside = this.width - kMargin.left - kMargin.right;
    this.look((event.clientX - box.left - kMargin.left) / inside);
  }

  pressed(event) {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
    if (event.key === "Escape") this.look(null);
    if (step === undefined) return;
    event.preventDefault();
    this.look((this.at === null ? 1 : this.at) + step);
  }

  look(share) {
    this.at = share === null ? null : Math.min(1, Math.max(0, share));
    const curves = this.shown();
    const visible = this.at !== null && curves.length > 0;
    this.tip.hidden = !visible;
    this.guide.setAttribute("visibility", visible ? "visible" : "hidden");
    if (!visible) return;
    const place = this.x(this.at);
    this.guide.setAttribute("x1", place);
    this.guide.setAttribute("x2", place);
    this.tip.replaceChildren(element("div", { class: "faint" }, shareText(this.at)),
      ...curves.map((curve) => this.tipLine(curve)));
    const onLeft = place > this.width / 2;
    this.tip.style.left = onLeft ? `${kMargin.left + 4}px` : "auto";
    this.tip.style.right = onLeft ? "auto" : `${kMargin.right + 4}px`;
  }

  tipLine(curve) {
    const wanted = this.at * curve.steps;
    const near = curve.points.reduce((best, point) =>
      Math.abs(point[0] - wanted) < Math.abs(best[0] - wanted) ? point : best);
    const spread = near[4] > 1 ?
      `${valueText(near[2])} to ${valueText(near[3])} of ${near[4]} seeds, ` : "";
    const isThere = wanted <= curve.points[curve.points.length - 1][0] * 1.02 + 1;
    return element("div", { class: "value" },
      element("span", { class: `swatch f${curve.colour % kColours}` }), foreign(curve.arm, "name"),
      element("b", {}, isThere ? valueText(near[1]) : kNotKnown),
      isThere ? element("span", { class: "faint spread" }, `${spread}step ${near[0]}`) : null);
  }
}

const chartNumbers = new WeakMap();
let chartsMade = 0;
function chartNumber(chart) {
  if (!chartNumbers.has(chart)) chartNumbers.set(chart, ++chartsMade);
  return chartNumbers.get(chart);
}

// About `count` round values between the two.
function ticks(low, high, count) {
  const raw = (high - low) / count;
  const power = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  const values = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) values.push(value);
  return values;
}

function tickText(value, span) {
  const digits = Math.max(0, Math.min(8, 1 - Math.floor(Math.log10(span))));
  return Math.abs(value) >= 1e5 ? value.toExponential(1) : value.toFixed(digits);
}
