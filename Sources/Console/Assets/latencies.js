// The traces that were found, each a point by time and duration, and beside them how many lasted how long. Both share the scale
// of durations, which goes by powers of ten.

import { Canvas, timeTicks } from "./canvas.js";
import { fill, h } from "./dom.js";
import { count, duration, named, shortMoment } from "./format.js";

const MARGIN = { top: 12, right: 10, bottom: 24, left: 58 };
const NEAR = 18; // pixels within which a point is meant
const DRAG = 5; // pixels after which a press is a drag
const SANE = [Date.UTC(2000, 0, 1), Date.UTC(2262, 0, 1)];

export const statusOf = (trace) => (trace.errorCount > 0 ? "error" : trace.missingCount > 0 ? "missing" : "ok");

export class Latencies {
  /** `onOpen(trace)`, `onNarrow({ from, to, least, most })` with milliseconds and nanoseconds, `onPoint(trace | null)`. */
  constructor({ onOpen, onNarrow, onPoint = () => {} }) {
    Object.assign(this, { onOpen, onNarrow, onPoint, points: [], at: -1, bin: -1, drag: null });
    this.scatter = new Canvas({ "aria-hidden": "true" }, (...all) => this.drawScatter(...all));
    this.bars = new Canvas({ "aria-hidden": "true" }, (...all) => this.drawBars(...all));
    this.tip = h("div.tip", { hidden: true });
    this.said = h("p.hidden", { role: "status" });
    this.cloud = h("div.cloud", {
      tabindex: "0", role: "application", "aria-roledescription": "scatter plot", "aria-label": "Traces by time and duration. Arrow keys go from one to the next, Enter opens.",
    }, this.scatter.element, this.tip);
    this.lengths = h("div.lengths", {
      tabindex: "0", role: "application", "aria-roledescription": "histogram", "aria-label": "How many traces lasted how long. Arrow keys go from bar to bar, with Shift they choose several, Enter narrows the query to them.",
    }, this.bars.element);
    this.key = h("p.marks", { "aria-hidden": "true" });
    this.longest = h("span.longest");
    this.element = h("figure.latencies", null,
      h("figcaption", null, h("span.label", null, "Duration by time"), this.key, this.longest, h("span.sub.how", null, "drag to narrow, click to open")),
      h("div.plots", null, this.cloud, this.lengths), this.said);
    this.listen(this.cloud, (press, now) => this.finishCloud(press, now));
    this.listen(this.lengths, (press, now) => this.finishLengths(press, now));
    this.cloud.addEventListener("pointermove", (event) => { if (!this.drag) this.hover(event); });
    this.cloud.addEventListener("pointerleave", () => { if (!this.drag) this.point(-1); });
    this.cloud.addEventListener("blur", () => this.point(-1));
    this.lengths.addEventListener("pointermove", (event) => { if (!this.drag) this.overBar(event); });
    this.lengths.addEventListener("pointerleave", () => { if (!this.drag) this.chooseBin(-1); });
    this.lengths.addEventListener("blur", () => this.chooseBin(-1));
    this.cloud.addEventListener("keydown", (event) => this.keyCloud(event));
    this.lengths.addEventListener("keydown", (event) => this.keyLengths(event));
  }

  start() { this.scatter.start(); this.bars.start(); }
  stop() { this.scatter.stop(); this.bars.stop(); }

  /** Shows these traces; `range` in milliseconds is the stretch of time to show, null for that of the traces. */
  set(traces, range = null) {
    const kept = this.points[this.at]?.trace.traceId;
    this.points = traces.map((trace) => ({ trace, time: milliseconds(trace.start), length: Math.min(Math.max(1, trace.durationNs), 1e19), status: statusOf(trace) }))
      .sort((a, b) => a.time - b.time);
    const times = this.points.map((point) => point.time).filter((time) => time >= SANE[0] && time < SANE[1]);
    let [low, high] = [least(times, Date.now() - 60e3), most(times, Date.now())];
    if (range) [low, high] = [range.from ?? low, range.to ?? high];
    if (!(high - low >= 1000)) [low, high] = [(low + high) / 2 - 500, (low + high) / 2 + 500];
    const room = range ? 0 : (high - low) * 0.02;
    this.time = { low: low - room, high: high + room };
    const lengths = this.points.map((point) => point.length);
    this.scale(Math.log10(least(lengths, 1e6)), Math.log10(most(lengths, 1e9)));
    this.binned = Array.from({ length: this.bins }, () => ({ all: 0, failed: 0 }));
    for (const point of this.points) {
      const bin = this.binned[this.binOf(point.length)];
      bin.all++;
      if (point.status === "error") bin.failed++;
    }
    this.at = kept ? this.points.findIndex((point) => point.trace.traceId === kept) : -1;
    if (this.at < 0) this.tip.hidden = true;
    this.bin = -1;
    const failed = this.points.filter((point) => point.status === "error").length;
    const missing = this.points.filter((point) => point.status === "missing").length;
    fill(this.key, h("span", null, h("i.dotmark"), "ok"), failed > 0 && h("span.bad", null, "✕ with errors"), missing > 0 && h("span.odd", null, "◇ spans missing"));
    const sorted = lengths.toSorted((a, b) => a - b);
    const slowest = this.points.find((point) => point.length === sorted.at(-1))?.trace;
    fill(this.longest, lengths.length >= 5 && sorted.at(-1) >= 2 * sorted[lengths.length >> 1]
      && h("a", { href: `/trace/${slowest.traceId}`, "data-route": true, title: "Open the slowest of these traces" }, `Slowest: ${duration(slowest.durationNs)}`));
    this.scatter.redraw();
    this.bars.redraw();
  }

  /** Steps of the scale are a power of ten cut into equal parts, so that some 12 to 30 bars stand. */
  scale(low, high) {
    const room = Math.max(0.5, high - low);
    if (high - low < room) [low, high] = [(low + high - room) / 2, (low + high + room) / 2];
    const step = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1].find((size) => room / size <= 26) ?? 1;
    const first = Math.floor(low / step);
    const last = Math.floor(high / step) + 1;
    Object.assign(this, { step, low: first * step, high: last * step, bins: last - first });
  }

  binOf(length) { return Math.min(this.bins - 1, Math.max(0, Math.floor((Math.log10(length) - this.low) / this.step + 1e-9))); }
  edge(bin) { return 10 ** (this.low + bin * this.step); }

  x(time, width) {
    const share = (Math.min(Math.max(time, this.time.low), this.time.high) - this.time.low) / (this.time.high - this.time.low);
    return MARGIN.left + share * (width - MARGIN.left - MARGIN.right);
  }
  y(length, height) { return height - MARGIN.bottom - ((Math.log10(length) - this.low) / (this.high - this.low)) * (height - MARGIN.top - MARGIN.bottom); }
  timeAt(x, width) { return this.time.low + (clamp(x - MARGIN.left, width - MARGIN.left - MARGIN.right) / (width - MARGIN.left - MARGIN.right)) * (this.time.high - this.time.low); }
  lengthAt(y, height) {
    const inner = height - MARGIN.top - MARGIN.bottom;
    return 10 ** (this.low + (1 - clamp(y - MARGIN.top, inner) / inner) * (this.high - this.low));
  }

  // Drawing.

  lines(context, width, height, colour, left) {
    context.strokeStyle = colour("line");
    context.lineWidth = 1;
    context.beginPath();
    for (const [length] of this.lengthTicks(height)) {
      const at = Math.round(this.y(length, height)) + 0.5;
      context.moveTo(left, at);
      context.lineTo(width - MARGIN.right, at);
    }
    context.stroke();
  }

  lengthTicks(height) {
    const found = [];
    const wide = this.high - this.low;
    const parts = wide <= 0.8 ? [1, 1.5, 2, 3, 5, 7] : wide <= 3 ? [1, 2, 5] : [1];
    const room = Math.max(1, Math.ceil(((this.high - this.low) * parts.length) / Math.max(1, height / 26)));
    let number = 0;
    for (let power = Math.floor(this.low); power <= this.high; power++) {
      for (const part of parts) {
        const length = part * 10 ** power;
        if (Math.log10(length) < this.low - 1e-9 || Math.log10(length) > this.high + 1e-9) continue;
        if (number++ % room === 0) found.push([length, duration(Math.round(length))]);
      }
    }
    return found;
  }

  drawScatter(context, width, height, colour) {
    if (!this.time) return;
    this.lines(context, width, height, colour, MARGIN.left);
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = colour("soft");
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const [length, word] of this.lengthTicks(height)) context.fillText(word, MARGIN.left - 8, this.y(length, height));
    context.textBaseline = "alphabetic";
    context.textAlign = "center";
    for (const [time, word] of timeTicks(this.time.low, this.time.high, Math.max(2, Math.floor((width - MARGIN.left) / 76)))) {
      const at = this.x(time, width);
      if (at > MARGIN.left + 16 && at < width - 32) context.fillText(word, at, height - 6);
    }
    // Those that went well lie below the others, so that a failure is never covered.
    for (const status of ["ok", "missing", "error"]) {
      context.beginPath();
      for (const point of this.points) if (point.status === status) mark(context, status, this.x(point.time, width), this.y(point.length, height), 1);
      if (status === "ok") { context.fillStyle = colour("edge1"); context.globalAlpha = 0.85; context.fill(); context.globalAlpha = 1; } else {
        context.strokeStyle = colour(status === "error" ? "bad" : "odd");
        context.lineWidth = 2;
        context.stroke();
      }
    }
    const shown = this.points[this.at];
    if (shown) {
      context.beginPath();
      context.arc(this.x(shown.time, width), this.y(shown.length, height), 8, 0, 2 * Math.PI);
      context.strokeStyle = colour("focus");
      context.lineWidth = 2;
      context.stroke();
    }
    if (this.drag?.moved && this.drag.element === this.cloud) {
      const { x, y, nowX, nowY } = this.drag;
      this.band(context, colour, Math.min(x, nowX), Math.min(y, nowY), Math.abs(nowX - x), Math.abs(nowY - y));
    }
  }

  band(context, colour, ...box) {
    context.fillStyle = colour("focus");
    context.globalAlpha = 0.12;
    context.fillRect(...box);
    context.globalAlpha = 1;
    context.strokeStyle = colour("focus");
    context.lineWidth = 1.5;
    context.strokeRect(...box);
  }

  drawBars(context, width, height, colour) {
    if (!this.binned) return;
    this.lines(context, width, height, colour, 0);
    const top = most(this.binned.map((bin) => bin.all), 1);
    const room = width - MARGIN.right - 34;
    this.binned.forEach((bin, index) => {
      const low = this.y(this.edge(index), height), high = this.y(this.edge(index + 1), height);
      const thick = Math.max(1, low - high - 1.5);
      if (index === this.bin || this.isChosen(index)) {
        context.fillStyle = colour("chosen");
        context.fillRect(0, high, width - MARGIN.right, low - high);
      }
      if (!bin.all) return;
      const long = Math.max(2, (bin.all / top) * room), failed = bin.failed ? Math.max(2, (bin.failed / bin.all) * long) : 0;
      context.fillStyle = colour("edge1");
      context.fillRect(0, high + 0.75, long, thick);
      context.fillStyle = colour("bad");
      context.fillRect(0, high + 0.75, failed, thick);
      if (thick >= 9 || index === this.bin) {
        context.fillStyle = colour(index === this.bin ? "ink" : "soft");
        context.font = "11px system-ui, sans-serif";
        context.textBaseline = "middle";
        context.textAlign = "left";
        context.fillText(bin.all.toLocaleString("en"), long + 5, (low + high) / 2);
      }
    });
    if (this.drag?.moved && this.drag.element === this.lengths) this.band(context, colour, 0.75, Math.min(this.drag.y, this.drag.nowY), width - MARGIN.right, Math.abs(this.drag.nowY - this.drag.y));
    context.fillStyle = colour("soft");
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.fillText(width > 120 ? "number of traces" : "number", 0, height - 6);
  }

  isChosen(index) { return this.anchor !== undefined && this.bin >= 0 && index >= Math.min(this.anchor, this.bin) && index <= Math.max(this.anchor, this.bin); }

  // What the reader does.

  listen(element, finish) {
    const place = (event) => { const box = element.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    element.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const [x, y] = place(event);
      this.drag = { element, x, y, nowX: x, nowY: y, moved: false };
      element.setPointerCapture(event.pointerId);
    });
    element.addEventListener("pointermove", (event) => {
      if (this.drag?.element !== element) return;
      [this.drag.nowX, this.drag.nowY] = place(event);
      this.drag.moved ||= Math.hypot(this.drag.nowX - this.drag.x, this.drag.nowY - this.drag.y) > DRAG;
      if (this.drag.moved) { this.point(-1); this.scatter.redraw(); this.bars.redraw(); }
    });
    const end = (event) => {
      const press = this.drag;
      if (press?.element !== element) return;
      this.drag = null;
      this.scatter.redraw();
      this.bars.redraw();
      if (event.type === "pointerup") finish(press, element.getBoundingClientRect());
    };
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
  }

  finishCloud({ moved, x, y, nowX, nowY }, { width, height }) {
    if (!moved) {
      const near = this.nearest(x, y, width, height);
      if (near >= 0) this.onOpen(this.points[near].trace);
      return;
    }
    const [left, right] = [x, nowX].sort((a, b) => a - b), [up, down] = [y, nowY].sort((a, b) => a - b);
    // A thin rectangle means one of the two.
    const byTime = right - left > 8, byLength = down - up > 8;
    this.onNarrow({
      from: byTime ? this.timeAt(left, width) : null, to: byTime ? this.timeAt(right, width) : null,
      least: byLength ? this.lengthAt(down, height) : null, most: byLength ? this.lengthAt(up, height) : null,
    });
  }

  finishLengths({ moved, y, nowY }, { height }) {
    const lengths = [moved ? nowY : y, y].map((at) => this.lengthAt(at, height));
    const [first, last] = lengths.map((length) => this.binOf(length)).sort((a, b) => a - b);
    this.narrowTo(first, last);
  }

  narrowTo(first, last) { this.onNarrow({ from: null, to: null, least: this.edge(first), most: this.edge(last + 1) }); }

  nearest(x, y, width, height) {
    let best = -1, closest = NEAR * NEAR;
    this.points.forEach((point, index) => {
      const distance = (this.x(point.time, width) - x) ** 2 + (this.y(point.length, height) - y) ** 2;
      if (distance < closest) [best, closest] = [index, distance];
    });
    return best;
  }

  hover(event) {
    const box = this.cloud.getBoundingClientRect();
    this.point(this.nearest(event.clientX - box.left, event.clientY - box.top, box.width, box.height));
  }

  overBar(event) {
    const box = this.lengths.getBoundingClientRect();
    this.chooseBin(this.binOf(this.lengthAt(event.clientY - box.top, box.height)));
  }

  /** Shows one point: a ring around it, and what it is beside it. */
  point(index, saying = false) {
    if (index === this.at && this.tip.hidden === (index < 0)) return;
    this.at = index;
    const point = this.points[index];
    this.cloud.classList.toggle("over", !!point);
    this.tip.hidden = !point;
    if (point) {
      const { trace } = point;
      fill(this.tip, h("b", null, named(trace.rootService, "unknown service")), h("span", null, named(trace.rootName, "unnamed")),
        h("span", null, h("strong", null, duration(trace.durationNs)),
          trace.errorCount > 0 && h("span.bad", null, ` ✕ ${count(trace.errorCount, "error")}`), trace.missingCount > 0 && h("span.odd", null, ` ◇ ${trace.missingCount} missing`)),
        h("span.sub", null, shortMoment(trace.start)));
      const { clientWidth: width, clientHeight: height } = this.cloud;
      const [x, y] = [this.x(point.time, width), this.y(point.length, height)];
      this.tip.style.setProperty("inset-inline-start", `${x < width / 2 ? x + 16 : Math.max(0, x - 16 - this.tip.offsetWidth)}px`);
      this.tip.style.setProperty("inset-block-start", `${Math.max(0, Math.min(y - 20, height - this.tip.offsetHeight))}px`);
    }
    if (saying) this.said.textContent = point ? `${index + 1} of ${this.points.length}: ${this.describe(point)}` : "";
    this.onPoint(point?.trace ?? null);
    this.scatter.redraw();
  }

  describe({ trace, status }) {
    return `${named(trace.rootService, "unknown service")}, ${named(trace.rootName, "unnamed")}, ${duration(trace.durationNs)}, `
      + `${status === "error" ? count(trace.errorCount, "error") : status === "missing" ? `${trace.missingCount} missing` : "ok"}, ${shortMoment(trace.start)}`;
  }

  keyCloud(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.points.length) return;
    const last = this.points.length - 1;
    const byLength = (step) => {
      const order = this.points.map((_, index) => index).sort((a, b) => this.points[a].length - this.points[b].length || a - b);
      const place = order.indexOf(this.at);
      return order[this.at < 0 ? (step > 0 ? 0 : last) : Math.min(last, Math.max(0, place + step))];
    };
    const to = {
      ArrowRight: () => Math.min(last, this.at + 1), ArrowLeft: () => (this.at < 0 ? last : Math.max(0, this.at - 1)), ArrowUp: () => byLength(1), ArrowDown: () => byLength(-1),
      Home: () => 0, End: () => last, Escape: () => -1,
    }[event.key];
    if (event.key === "Enter" && this.at >= 0) this.onOpen(this.points[this.at].trace);
    else if (to) this.point(to(), true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  chooseBin(index, saying = false) {
    if (index < 0) this.anchor = undefined;
    if (index === this.bin && !saying) return;
    this.bin = index;
    if (saying && index >= 0) {
      const [low, high] = [Math.min(this.anchor ?? index, index), Math.max(this.anchor ?? index, index)];
      const within = this.binned.slice(low, high + 1).reduce((sum, bin) => sum + bin.all, 0);
      this.said.textContent = `${duration(Math.round(this.edge(low)))} to ${duration(Math.round(this.edge(high + 1)))}: ${count(within, "trace")}`;
    }
    this.bars.redraw();
  }

  keyLengths(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.points.length) return;
    const step = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
    if (step) {
      if (event.shiftKey && this.bin >= 0) this.anchor ??= this.bin;
      else this.anchor = undefined;
      this.chooseBin(this.bin < 0 ? (step > 0 ? 0 : this.bins - 1) : Math.min(this.bins - 1, Math.max(0, this.bin + step)), true);
    } else if (event.key === "Enter" && this.bin >= 0) this.narrowTo(Math.min(this.anchor ?? this.bin, this.bin), Math.max(this.anchor ?? this.bin, this.bin));
    else if (event.key === "Escape") this.chooseBin(-1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Status is told by shape as well as by colour: a disc, a cross, a rhomb. */
function mark(context, status, x, y, size) {
  if (status === "ok") {
    context.moveTo(x + 3.4 * size, y);
    context.arc(x, y, 3.4 * size, 0, 2 * Math.PI);
  } else if (status === "error") {
    const arm = 4 * size;
    context.moveTo(x - arm, y - arm); context.lineTo(x + arm, y + arm);
    context.moveTo(x + arm, y - arm); context.lineTo(x - arm, y + arm);
  } else {
    const arm = 4.6 * size;
    context.moveTo(x, y - arm); context.lineTo(x + arm, y); context.lineTo(x, y + arm); context.lineTo(x - arm, y); context.closePath();
  }
}

/** Of nanoseconds in text, which a number does not hold to the last. */
function milliseconds(text) {
  try { return Number(BigInt(text) / 1000n) / 1000; } catch { return 0; }
}

const least = (numbers, otherwise) => numbers.reduce((a, b) => Math.min(a, b), Infinity) === Infinity ? otherwise : numbers.reduce((a, b) => Math.min(a, b), Infinity);
const most = (numbers, otherwise) => numbers.reduce((a, b) => Math.max(a, b), -Infinity) === -Infinity ? otherwise : numbers.reduce((a, b) => Math.max(a, b), -Infinity);
const clamp = (number, high) => Math.min(Math.max(0, number), high);
