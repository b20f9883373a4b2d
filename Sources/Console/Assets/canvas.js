// Draws on a canvas that keeps its size and its colours in step with the page.

import { h } from "./dom.js";

const THEMES = ["(prefers-color-scheme: dark)", "print", "(forced-colors: active)"];

export class Canvas {
  /** `draw(context, width, height, colour)` is called when something changed, at most once a frame. */
  constructor(properties, draw) {
    this.paint = draw;
    this.element = h("canvas", properties);
    this.context = this.element.getContext("2d");
    this.resize = new ResizeObserver(() => this.redraw());
    this.watches = THEMES.map((query) => matchMedia(query));
    this.changed = () => { this.colours = null; this.now(); };
  }

  start() {
    this.resize.observe(this.element.parentElement);
    for (const watch of this.watches) watch.addEventListener("change", this.changed);
    this.redraw();
  }

  stop() {
    this.resize.disconnect();
    for (const watch of this.watches) watch.removeEventListener("change", this.changed);
    cancelAnimationFrame(this.frame);
  }

  redraw() { this.frame ??= requestAnimationFrame(() => { this.frame = undefined; this.now(); }); }

  now() {
    const box = this.element.parentElement;
    const width = box?.clientWidth ?? 0, height = box?.clientHeight ?? 0;
    if (!width || !height) return;
    const density = Math.min(3, devicePixelRatio || 1);
    const [wide, high] = [Math.round(width * density), Math.round(height * density)];
    if (this.element.width !== wide || this.element.height !== high) Object.assign(this.element, { width: wide, height: high });
    this.colours ??= new Map();
    const styles = getComputedStyle(this.element);
    const colour = (name) => {
      if (!this.colours.has(name)) this.colours.set(name, styles.getPropertyValue(`--${name}`).trim() || "#888");
      return this.colours.get(name);
    };
    this.context.setTransform(density, 0, 0, density, 0, 0);
    this.context.clearRect(0, 0, width, height);
    this.paint(this.context, width, height, colour);
  }
}

/** An SVG element: `svg("path", { d, class: "x" })`. */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes ?? {})) if (value !== null && value !== undefined && value !== false) element.setAttribute(name, String(value));
  element.append(...children.flat(Infinity).filter(Boolean));
  return element;
}

const SECOND = 1e3, MINUTE = 60e3, HOUR = 3600e3, DAY = 86400e3;
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE,
  15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY, 365 * DAY];

/** Round moments between two times in milliseconds, with what to write at them. */
export function timeTicks(low, high, most) {
  const step = STEPS.find((size) => (high - low) / size <= most) ?? STEPS.at(-1) * Math.ceil((high - low) / STEPS.at(-1) / most);
  const shift = new Date(high).getTimezoneOffset() * 60e3;
  const found = [];
  for (let at = Math.ceil((low - shift) / step) * step + shift; at <= high && found.length < 50; at += step) found.push([at, timeWord(at, step)]);
  return found;
}

const pad = (number, digits = 2) => String(number).padStart(digits, "0");

function timeWord(at, step) {
  const date = new Date(at);
  if (step >= DAY || (step >= HOUR && date.getHours() === 0)) return `${pad(date.getDate())} ${date.toLocaleString("en", { month: "short" })}`;
  const clock = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  if (step >= MINUTE) return clock;
  return step >= SECOND ? `${clock}:${pad(date.getSeconds())}` : `${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)} s`;
}
