// The whole trace in a strip: where time is hot, where errors stand, and which stretch of time the other views show.

import { h } from "./dom.js";
import { duration } from "./format.js";
import { ticks, tickLabel } from "./timeWindow.js";

const HEIGHT = 60; // pixels of lanes
const FOOT = 7; // pixels below them in which errors are marked
const DRAG = 4;

export class Minimap {
  /** `pick(index)` is called when the reader clicks at a place that stands for nodes near `index`. */
  constructor({ overview, time, pick }) {
    Object.assign(this, { overview, time, pick });
    this.picture = h("canvas", { "aria-hidden": "true" });
    this.left = h("i.shade"); this.right = h("i.shade");
    this.view = h("i.glass");
    this.rows = h("i.sight", { title: "The rows in sight" });
    this.starts = this.handle("Start of the stretch of time shown", (at) => time.set(Math.min(at, time.to), time.to), () => time.from);
    this.ends = this.handle("End of the stretch of time shown", (at) => time.set(time.from, Math.max(at, time.from)), () => time.to);
    this.strip = h("div.strip", { title: "Drag to look at a stretch of time, click to go to the rows there, double-click for the whole" },
      this.picture, this.left, this.right, this.view, this.rows, this.starts, this.ends);
    this.scale = h("div.ticks", { "aria-hidden": "true" });
    this.element = h("div.minimap", { role: "group", "aria-label": "The whole trace" }, this.strip, this.scale);
    this.strip.addEventListener("pointerdown", (event) => this.press(event));
    this.strip.addEventListener("dblclick", () => time.whole());
    time.listen(() => this.place());
    this.hits = [];
  }

  start() {
    this.resize = new ResizeObserver(() => this.paint()); // at once as well
    this.resize.observe(this.strip);
    this.theme = matchMedia("(prefers-color-scheme: dark)");
    this.onTheme = () => this.paint();
    this.theme.addEventListener("change", this.onTheme);
    this.place();
  }

  /** The same trace in other colours. */
  recolour(overview) {
    this.overview = overview;
    this.paint();
  }

  stop() { this.resize?.disconnect(); this.theme?.removeEventListener("change", this.onTheme); }

  handle(label, set, get) {
    const { time } = this;
    return h("i.handle", { role: "slider", tabindex: "0", "aria-label": label, "aria-orientation": "horizontal", "aria-valuemin": "0", "aria-valuemax": String(time.total),
      onkeydown: (event) => {
        const step = { ArrowLeft: -0.01, ArrowRight: 0.01, PageDown: -0.1, PageUp: 0.1 }[event.key];
        if (step !== undefined) set(get() + step * time.total);
        else if (event.key === "Home") set(0);
        else if (event.key === "End") set(time.total);
        else return;
        event.preventDefault();
        event.stopPropagation();
      } });
  }

  /** Which rows are in sight, as the first and last node. */
  sight(first, last) {
    const all = Math.max(1, this.overview.trace.nodeCount);
    const [top, bottom] = [(first / all) * HEIGHT, ((last + 1) / all) * HEIGHT];
    const height = Math.max(3, Math.round(bottom - top));
    const shift = Math.round(Math.min(top, HEIGHT - height) * 2) / 2; // no more often than can be seen
    if (height !== this.tall) this.rows.style.height = `${this.tall = height}px`;
    if (shift !== this.shifted) this.rows.style.transform = `translateY(${this.shifted = shift}px)`;
  }

  /** Marks what was found. */
  found(indexes) { this.hits = indexes; this.paint(); }

  place() {
    const { time } = this;
    const [from, to] = [(100 * time.from) / time.total, (100 * time.to) / time.total];
    this.left.style.width = `${from}%`;
    this.right.style.left = `${to}%`;
    this.view.style.left = this.starts.style.left = `${from}%`;
    this.view.style.width = `${to - from}%`;
    this.ends.style.left = `${to}%`;
    this.element.classList.toggle("zoomed", !time.isWhole);
    for (const [handle, at] of [[this.starts, time.from], [this.ends, time.to]]) {
      handle.setAttribute("aria-valuenow", String(Math.round(at)));
      handle.setAttribute("aria-valuetext", duration(Math.round(at)));
    }
  }

  paint() {
    const wide = this.strip.clientWidth;
    if (!wide) return;
    const { columns = 400, lanes = 40, cells = [] } = this.overview.minimap ?? {};
    const scale = devicePixelRatio || 1;
    this.picture.width = Math.round(wide * scale);
    this.picture.height = Math.round((HEIGHT + FOOT) * scale);
    const context = this.picture.getContext("2d");
    context.scale(scale, scale);
    const colours = getComputedStyle(this.element);
    const colour = (name) => colours.getPropertyValue(name).trim();
    const fills = [0, 1, 2, 3, 4].map((step) => colour(`--step${step}`));
    // Few rows are drawn as bars with room between them, many as they come.
    const used = Math.max(1, ...cells.map((cell) => cell[1] + 1));
    const lane = HEIGHT / Math.max(used, Math.min(lanes, 10));
    const thick = Math.max(2, lane > 3 ? Math.min(lane - 1.5, 7) : lane - 0.3);
    const column = wide / columns;
    const hatch = colour("--hatch");
    for (const step of [0, 1, 2, 3, 4]) { // hot ones last, so that no pale neighbour covers them
      const alike = cells.filter((cell) => cell[3] === step);
      context.fillStyle = fills[step];
      for (const [at, row, width] of alike) context.fillRect(at * column, row * lane, Math.max(1, width * column), thick);
      if (thick <= 2) continue;
      context.fillStyle = hatch;
      for (const [at, row, width, , failed] of alike) {
        if (failed) for (let x = at * column + 2; x < (at + width) * column; x += 6) context.fillRect(x, row * lane, 2, thick);
      }
    }
    context.fillStyle = colour("--bad");
    context.beginPath();
    const marked = new Set();
    for (const [at, , width, , failed] of cells) {
      const x = Math.round((at + width) * column);
      if (!failed || marked.has(x >> 2)) continue;
      marked.add(x >> 2);
      context.moveTo(x, HEIGHT + 1); context.lineTo(x - 3, HEIGHT + FOOT); context.lineTo(x + 3, HEIGHT + FOOT);
    }
    context.fill();
    context.fillStyle = colour("--link");
    const all = Math.max(1, this.overview.trace.nodeCount);
    for (const index of this.hits) context.fillRect(wide - 9, Math.floor((index / all) * HEIGHT), 6, 1.5);
    const { total } = this.time;
    const { times, step } = ticks(0, total, Math.max(2, Math.min(10, wide / 130)));
    this.scale.replaceChildren(...times.filter((at) => at / total < 1 - 60 / wide).map((at) => {
      const tick = h("span", null, tickLabel(at, step));
      tick.style.left = `${(100 * at) / total}%`;
      return tick;
    }));
  }

  press(event) {
    if (event.button !== 0) return;
    const bounds = this.strip.getBoundingClientRect();
    const { time } = this;
    const moment = (x) => Math.min(1, Math.max(0, (x - bounds.left) / bounds.width)) * time.total;
    const began = moment(event.clientX);
    const { from, to } = time;
    const kind = event.target === this.starts ? "start" : event.target === this.ends ? "end" : event.target === this.view && !time.isWhole ? "move" : "choose";
    let dragged = false;
    this.strip.setPointerCapture(event.pointerId);
    const move = (next) => {
      dragged ||= Math.abs(next.clientX - event.clientX) >= DRAG;
      if (!dragged) return;
      const at = moment(next.clientX);
      if (kind === "start") time.set(Math.min(at, to), to);
      else if (kind === "end") time.set(from, Math.max(at, from));
      else if (kind === "move") time.set(from + at - began, to + at - began);
      else time.set(began, at);
    };
    const stop = () => {
      for (const [name, listener] of [["pointermove", move], ["pointerup", up], ["pointercancel", stop]]) this.strip.removeEventListener(name, listener);
    };
    const up = () => {
      stop();
      if (dragged || kind === "start" || kind === "end") return;
      this.pick(this.nodeAt(event.clientX - bounds.left, event.clientY - bounds.top, bounds.width));
    };
    for (const [name, listener] of [["pointermove", move], ["pointerup", up], ["pointercancel", stop]]) this.strip.addEventListener(name, listener);
  }

  /** About which node stands at a place of the strip: on a hot stretch of the path that one, else by the lane. */
  nodeAt(x, y, wide) {
    const { nodeCount } = this.overview.trace;
    const at = (x / wide) * this.time.total;
    const { lanes = 40, cells = [] } = this.overview.minimap ?? {};
    const used = Math.max(1, ...cells.map((cell) => cell[1] + 1));
    const lane = Math.floor(y / (HEIGHT / Math.max(used, Math.min(lanes, 10))));
    const [low, high] = [(lane / used) * nodeCount, ((lane + 1) / used) * nodeCount];
    const onPath = (this.overview.track ?? []).find(([from, length, index]) => at >= from && at <= from + length && index >= low - 1 && index <= high + 1);
    return onPath ? onPath[2] : Math.min(nodeCount - 1, Math.max(0, Math.floor(low)));
  }
}
