// The rows of a trace on its time axis. Only the rows that can be seen are in the document, so a trace of 100,000 spans
// scrolls like one of ten.

import { fill, h, visible } from "./dom.js";
import { duration, named, percent } from "./format.js";

const ROW = 30;
const SPARE = 8; // rows above and below the ones in sight
const TALLEST = 12e6; // browsers stop counting pixels somewhere above
const DEEPEST = 16; // levels that are still indented

export class Waterfall {
  constructor(data, { choose, say }) {
    this.spans = data.spans;
    this.trace = data.trace;
    this.total = Math.max(1, data.trace.durationNs);
    this.onChoose = choose;
    this.say = say;
    this.closed = new Set();
    this.focus = 0;
    this.chosen = null;
    this.path = pathByNode(data.criticalPath, this.total);
    this.slow = data.spans.map((_, index) => index).filter((index) => data.spans[index].latency_step >= 1)
      .sort((a, b) => data.spans[b].criticalNs - data.spans[a].criticalNs || a - b).slice(0, 50);
    if (!this.slow.length) this.slow = slowest(data.spans);
    this.slowAt = -1;
    this.build(data);
  }

  build(data) {
    this.window = h("div.window", { role: "presentation" });
    this.canvas = h("div.canvas", { role: "presentation" }, grid(this.total), this.window);
    // The axis stands inside what scrolls, so that a scroll bar narrows both alike.
    this.axis = h("div.axis", { role: "row" },
      h("div.names", { role: "columnheader" }, "Service · span"),
      h("div.times", { role: "columnheader" }, h("span.hidden", null, "Time"), ticks(this.total),
        h("div.track", { title: "The critical path, coloured by its spans", "aria-hidden": "true" }, track(data, this.total))));
    this.rows = h("div.rows", { role: "rowgroup" }, this.axis, this.canvas);
    this.element = h("div.waterfall", {
      role: "treegrid", tabindex: "0", "aria-label": "Spans by start time", "aria-readonly": "true",
      onkeydown: (event) => this.key(event), onclick: (event) => this.click(event),
    }, this.rows);
    this.unfold();
  }

  start() {
    this.onScroll = () => { this.frame ??= requestAnimationFrame(() => { this.frame = undefined; this.draw(); }); };
    this.rows.addEventListener("scroll", this.onScroll, { passive: true });
    this.resize = new ResizeObserver(this.onScroll);
    this.resize.observe(this.rows);
    this.draw();
  }

  stop() { this.resize?.disconnect(); }

  /** Works out which spans are shown, after a subtree was opened or closed. */
  unfold() {
    this.shown = [];
    for (let index = 0; index < this.spans.length; index += this.closed.has(index) ? this.spans[index].subtreeCount : 1) this.shown.push(index);
    this.height = Math.min(this.shown.length * ROW, TALLEST);
    this.canvas.style.setProperty("block-size", `${this.height}px`);
    this.element.setAttribute("aria-rowcount", String(this.shown.length + 1));
  }

  /** The height in which rows can be seen. */
  get view() { return Math.max(0, this.rows.clientHeight - this.axis.offsetHeight); }

  /** How many pixels of all rows one pixel of scrolling passes by. */
  get pace() {
    const { view } = this;
    return this.height > view ? (this.shown.length * ROW - view) / (this.height - view) : 1;
  }

  draw() {
    const top = this.rows.scrollTop;
    const { view } = this;
    const above = top * this.pace;
    const first = Math.max(0, Math.floor(above / ROW) - SPARE);
    const last = Math.min(this.shown.length, Math.ceil((above + view) / ROW) + SPARE);
    this.window.style.setProperty("transform", `translateY(${top - (above - first * ROW)}px)`);
    this.wide = this.axis.lastElementChild.clientWidth;
    const rows = [];
    for (let position = first; position < last; position++) rows.push(this.row(position));
    fill(this.window, rows);
    const active = this.shown[this.focus];
    this.element.setAttribute("aria-activedescendant", `span-${active}`);
  }

  row(position) {
    const index = this.shown[position];
    const span = this.spans[index];
    const failed = span.status?.code === "error";
    const isOpen = !this.closed.has(index);
    const classes = ["row", position === this.focus && "focus", index === this.chosen && "chosen", span.missing && "missing"].filter(Boolean).join(".");
    const service = named(span.service, "unknown service");
    const name = h("div.names", { role: "gridcell" },
      h("span.twist", { "data-twist": span.childCount > 0, title: span.childCount > 0 ? (isOpen ? "Close" : "Open") : null, "aria-hidden": "true" },
        span.childCount > 0 ? (isOpen ? "▾" : "▸") : ""),
      span.depth > DEEPEST && h("span.deep", { title: `Level ${span.depth}` }, String(span.depth)),
      failed && h("span.cross", { role: "img", "aria-label": "error" }, "✕"),
      span.missing ? h("span.absent", null, "missing span ", h("code", null, span.spanId))
        : [h("b", null, service), h("span.dot", { "aria-hidden": "true" }, " · "), h("span.name", null, named(span.name, "unnamed"))],
      !isOpen && h("span.fold", null, `+${(span.subtreeCount - 1).toLocaleString("en")}`),
      span.oddities.some((word) => word !== "missing" && word !== "ends-after-parent") && h("span.odd", { title: span.oddities.join(", "), role: "img", "aria-label": `strange: ${span.oddities.join(", ")}` }, "!"));
    name.style.setProperty("--depth", String(Math.min(span.depth, DEEPEST)));
    return h(`div.${classes}`, {
      id: `span-${index}`, role: "row", "data-position": position, "aria-level": span.depth + 1, "aria-rowindex": position + 2,
      "aria-expanded": span.childCount > 0 ? String(isOpen) : null, "aria-selected": String(index === this.chosen),
      "aria-label": this.describe(index),
    }, name, h("div.times", { role: "gridcell" }, this.bar(index, failed)));
  }

  bar(index, failed) {
    const span = this.spans[index];
    const from = (100 * span.offsetNs) / this.total;
    const width = (100 * span.durationNs) / this.total;
    const bar = h(`div.bar.step${span.latency_step}${failed ? ".failed" : ""}${span.missing ? ".absent" : ""}`);
    place(bar, from, width);
    const marks = (this.path.get(index) ?? []).map(([at, length]) => place(h("i.path"), (100 * at) / this.total, (100 * length) / this.total));
    const label = h("span.took", null, span.missing ? "not arrived" : duration(span.durationNs),
      span.latency_step > 0 && h("b", null, ` ${percent(span.criticalNs, this.trace.criticalNs)}`));
    // Behind the bar where there is room, else before it, else on it.
    const room = (100 * 132) / Math.max(1, this.wide);
    if (from + width + room < 100) label.style.setProperty("inset-inline-start", `calc(${from + width}% + 8px)`);
    else if (from > room) label.style.setProperty("inset-inline-end", `calc(${100 - from}% + 8px)`);
    else {
      label.classList.add("inside");
      label.style.setProperty("inset-inline-start", `calc(${Math.min(from, 40)}% + 8px)`);
    }
    return [bar, marks, label];
  }

  describe(index) {
    const span = this.spans[index];
    if (span.missing) return `Missing span ${span.spanId}, ${span.childCount} children`;
    return `${named(span.service, "unknown service")}, ${named(span.name, "unnamed")}, ${duration(span.durationNs)}, `
      + `${duration(span.selfNs)} of its own${span.status?.code === "error" ? ", error" : ""}`
      + (span.onCriticalPath ? `, ${percent(span.criticalNs, this.trace.criticalNs)} of the critical path` : "");
  }

  // What the reader does.

  click(event) {
    const row = event.target.closest(".row[data-position]");
    if (!row) return;
    const position = Number(row.dataset.position);
    this.focus = position;
    if (event.target.closest("[data-twist]")) this.toggle(this.shown[position]);
    else this.choose(this.shown[position]);
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const index = this.shown[this.focus];
    const span = this.spans[index];
    const page = Math.max(1, Math.floor(this.view / ROW) - 1);
    const actions = {
      ArrowDown: () => this.move(1), ArrowUp: () => this.move(-1), PageDown: () => this.move(page), PageUp: () => this.move(-page),
      Home: () => this.move(-Infinity), End: () => this.move(Infinity),
      ArrowRight: () => (this.closed.has(index) ? this.toggle(index) : span.childCount && this.move(1)),
      ArrowLeft: () => (span.childCount && !this.closed.has(index) ? this.toggle(index) : span.parent !== null && this.goTo(span.parent)),
      Enter: () => this.choose(index), " ": () => this.choose(index), Escape: () => this.choose(null),
      s: () => this.nextSlow(1), S: () => this.nextSlow(-1), e: () => this.nextError(),
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }

  move(by) {
    this.focus = Math.min(this.shown.length - 1, Math.max(0, this.focus + by));
    if (this.chosen !== null) this.choose(this.shown[this.focus]); else this.reveal();
  }

  toggle(index) {
    if (!this.closed.delete(index)) this.closed.add(index);
    this.unfold();
    this.focus = Math.max(0, position(this.shown, index));
    this.reveal();
    this.say(this.closed.has(index) ? "closed" : "open");
  }

  choose(index) {
    this.chosen = index;
    this.onChoose(index);
    this.reveal();
    if (index === null) this.element.focus({ preventScroll: true });
  }

  /** Moves to a span, opening what hides it. */
  goTo(index, choosing = false) {
    let opened = false;
    for (let above = this.spans[index].parent; above !== null; above = this.spans[above].parent) opened = this.closed.delete(above) || opened;
    if (opened) this.unfold();
    this.focus = Math.max(0, position(this.shown, index));
    if (choosing || this.chosen !== null) this.choose(index); else this.reveal();
    this.element.focus({ preventScroll: true });
  }

  nextSlow(step, choosing) {
    if (!this.slow.length) return this.say("No span stands out");
    this.slowAt = (this.slowAt + step + this.slow.length) % this.slow.length;
    this.goTo(this.slow[this.slowAt], choosing);
    this.say(`Slow span ${this.slowAt + 1} of ${this.slow.length}: ${this.describe(this.slow[this.slowAt])}`);
  }

  nextError(choosing) {
    const from = this.shown[this.focus];
    const failed = (index) => this.spans[index].status?.code === "error";
    for (let step = 1; step <= this.spans.length; step++) {
      const index = (from + step) % this.spans.length;
      if (failed(index)) return this.goTo(index, choosing);
    }
    this.say("No errors");
  }

  /** Scrolls as little as is needed to see the row in focus. */
  reveal() {
    const at = this.focus * ROW;
    const { view } = this;
    const above = this.rows.scrollTop * this.pace;
    if (at < above + ROW) this.rows.scrollTop = Math.max(0, at - 3 * ROW) / this.pace;
    else if (at + ROW > above + view - ROW) this.rows.scrollTop = (at + 3 * ROW - view) / this.pace;
    this.draw();
  }
}

/** Where `index` stands in the sorted list. */
function position(shown, index) {
  let [low, high] = [0, shown.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (shown[middle] <= index) low = middle; else high = middle - 1;
  }
  return low;
}

function place(element, from, width) {
  element.style.setProperty("inset-inline-start", `${from}%`);
  element.style.setProperty("inline-size", `${width}%`);
  return element;
}

/** The largest few, where no span holds enough of the path to be warm. */
function slowest(spans) {
  const best = [];
  spans.forEach((span, index) => {
    if (!(span.criticalNs > 0)) return;
    if (best.length < 20 || span.criticalNs > spans[best.at(-1)].criticalNs) {
      best.push(index);
      best.sort((a, b) => spans[b].criticalNs - spans[a].criticalNs || a - b);
      best.length = Math.min(best.length, 20);
    }
  });
  return best;
}

/** Each node's stretches of the critical path; those that a screen cannot tell apart are joined. */
function pathByNode(segments, total) {
  const byNode = new Map();
  for (const [node, at, length] of segments) {
    const own = byNode.get(node);
    if (!own) byNode.set(node, [[at, length]]);
    else {
      const before = own.at(-1);
      if (at - (before[0] + before[1]) < total / 800) before[1] = at + length - before[0];
      else own.push([at, length]);
    }
  }
  return byNode;
}

function track(data, total) {
  const parts = [];
  let end = -1;
  for (const [node, at, length] of data.criticalPath) {
    if (length < total / 1000 && at + length < end + total / 500) continue;
    end = at + length;
    const span = data.spans[node];
    const part = place(h(`i.step${span.latency_step}`), (100 * at) / total, (100 * length) / total);
    part.title = visible(`${named(span.service, "unknown service")} · ${named(span.name, "unnamed")}: ${duration(length)}`);
    parts.push(part);
  }
  return parts;
}

function tickTimes(total) {
  const rough = total / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const times = [];
  for (let at = 0; at <= total * 0.97; at += step) times.push(Math.round(at));
  return times;
}

function ticks(total) {
  return h("div.ticks", { "aria-hidden": "true" }, tickTimes(total).filter((at) => at < total * 0.88).map((at) => {
    const tick = h("span", null, at === 0 ? "0" : duration(at));
    tick.style.setProperty("inset-inline-start", `${(100 * at) / total}%`);
    return tick;
  }));
}

function grid(total) {
  return h("div.grid", { "aria-hidden": "true" }, h("div.names"), h("div.times", null, tickTimes(total).map((at) => place(h("i"), (100 * at) / total, 0))));
}
