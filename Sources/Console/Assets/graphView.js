// A call graph to look at: a canvas with a camera. Mouse, touch and keyboard move it; the box in focus is an element of the
// document that stands over its picture, so that screen readers and magnifiers find it.

import { h, visible } from "./dom.js";
import { duration } from "./format.js";
import { CHANGES, errorText, isFailing, KINDS, rateText } from "./graphModel.js";
import { paint, readTheme } from "./graphPaint.js";
import { around, hit, next, sceneOf } from "./graphScene.js";
import { SIZE } from "./layers.js";

const CLOSEST = 2.5;
const FARTHEST = 0.01;
const BUTTONS = 36; // pixels that are kept free below for those that zoom
const MOST_READ = 300; // boxes of which one part is shown first when all are too small
const HEAVY = 1500; // edges from which the last picture is moved while the hand moves
const CALM = 140; // milliseconds without movement after which it is drawn anew
const THEMES = ["(prefers-color-scheme: dark)", "(forced-colors: active)"];

export class GraphView {
  /**
   * `choose(what)` is called with `{ unit }`, `{ edge }` or null; `open(unit)` for a group that is to be opened; `say(text)`
   * with what a screen reader should hear; `key(event, unit)` for keys that mean nothing here.
   */
  constructor({ choose, open, say, key }) {
    Object.assign(this, { onChoose: choose, onOpen: open, say, onKey: key });
    this.camera = { x: 0, y: 0, zoom: 1 };
    this.scene = null;
    this.theme = null;
    this.focus = null;
    this.hover = null;
    this.isOwn = false; // whether a person moved the camera
    this.isAll = false; // whether it was put so that all is seen
    this.canvas = h("canvas.graphcanvas", { "aria-hidden": "true" });
    this.context = this.canvas.getContext("2d");
    this.spot = h("div.graphspot", { id: "graphspot", role: "option", hidden: true });
    this.tip = h("div.graphtip", { hidden: true, "aria-hidden": "true" });
    this.stage = h("div.graphcanvases", {
      tabindex: "0", role: "listbox", "aria-label": "Call graph: arrow keys go along the calls, Enter opens details",
      onkeydown: (event) => this.keydown(event), onfocus: () => this.arrive(),
    }, this.canvas, this.spot, this.tip);
    const button = (text, title, action) => h("button", { type: "button", title, "aria-label": title, onclick: action }, text);
    this.element = h("div.graphview", null, this.stage, h("div.graphzoom", { role: "group", "aria-label": "Zoom" },
      button("+", "Closer (+)", () => this.zoomBy(1.4)), button("−", "Farther (−)", () => this.zoomBy(1 / 1.4)), button("⤢", "Show all (0)", () => this.fit())));
  }

  start() {
    this.resize = new ResizeObserver(() => { this.resized(); });
    this.resize.observe(this.stage);
    this.stop_ = new AbortController();
    const { signal } = this.stop_;
    for (const query of THEMES) matchMedia(query).addEventListener("change", () => { this.theme = null; this.redraw(); }, { signal });
    for (const name of ["beforeprint", "afterprint"]) addEventListener(name, () => { this.theme = null; this.draw(); }, { signal });
    const on = (name, action, options) => this.stage.addEventListener(name, action, { signal, ...options });
    this.pointers = new Map();
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.up(event, true));
    on("pointerleave", () => this.hovered(null));
    on("dblclick", (event) => this.doubled(event));
    on("wheel", (event) => this.wheel(event), { passive: false });
  }

  stop() {
    this.stop_?.abort();
    this.resize?.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.calm);
  }

  /** Shows a graph as `layout` placed it. The camera stays where it is unless `refit` says otherwise or nobody moved it yet. */
  show(shown, result, refit) {
    const { chosen = null, hits = null } = this.scene ?? {};
    this.scene = sceneOf(shown, result);
    this.scene.hits = hits;
    if (this.focus && !this.scene.boxOf.has(this.focus)) this.focus = null;
    this.mark(chosen);
    if (refit || this.isOutgrown()) this.begin(); else this.redraw();
  }

  /** Whether all was to be seen, and now part of it is not. */
  isOutgrown() {
    const { x, y, zoom } = this.camera, { left, top, right, bottom } = this.scene.box, { width, height } = this.size;
    return this.isAll && (left < x || top < y || right > x + width / zoom || bottom > y + height / zoom);
  }

  /** Keeps a box or an edge bright, with what is around it. */
  mark(id) {
    if (!this.scene) return;
    const isHere = id !== null && (this.scene.boxOf.has(id) || this.scene.lines.some((line) => line.edge.id === id));
    this.scene.chosen = isHere ? id : null;
    this.scene.lit = around(this.scene, this.scene.chosen ?? this.hover);
    this.redraw();
  }

  /** The ids of boxes that a search found, or null. */
  find(hits) {
    if (!this.scene) return;
    this.scene.hits = hits;
    this.redraw();
  }

  /** With something chosen the picture keeps its scale when details open beside it. */
  resized() {
    if (!this.scene) return;
    const { width } = this.size;
    const wasHidden = !this.wide;
    this.wide = width;
    if (!width) return;
    if (wasHidden || (!this.isOwn && !this.scene.boxOf.has(this.scene.chosen))) this.begin();
    if (this.scene.boxOf.has(this.scene.chosen)) {
      this.isAll = false;
      this.bring(this.scene.chosen, this.camera.zoom);
    }
    this.redraw();
  }

  get size() { return { width: this.stage.clientWidth, height: this.stage.clientHeight }; }

  // The camera.

  fit() {
    if (!this.scene) return;
    const { width, height } = this.size;
    const { left, top, right, bottom } = this.scene.box;
    const free = height > 360 ? BUTTONS : 0;
    const zoom = Math.max(FARTHEST, Math.min(1.1, (width - 48) / Math.max(1, right - left + 30), (height - 48 - free) / Math.max(1, bottom - top + 24)));
    this.isOwn = false;
    this.isAll = true;
    this.look((left + right) / 2 - width / 2 / zoom, (top + bottom) / 2 - (height - free) / 2 / zoom, zoom);
  }

  /** All of it, or where that cannot be read, the hottest part. */
  begin() {
    this.fit();
    if (this.camera.zoom >= 0.3 || this.scene.boxes.length > MOST_READ) return;
    const hot = this.scene.boxes.reduce((best, box) => (box.unit.step > best.unit.step || (box.unit.step === best.unit.step && box.unit.count > best.unit.count) ? box : best));
    this.bring(hot.unit.id, 0.55);
    // No more of the emptiness around it than has to be.
    const { x, y, zoom } = this.camera;
    const { box } = this.scene;
    const within = (at, from, to, seen) => (to - from <= seen ? (from + to - seen) / 2 : Math.min(Math.max(at, from), to - seen));
    const margin = 24 / zoom;
    this.look(within(x, box.left - margin, box.right + margin, this.size.width / zoom), within(y, box.top - margin, box.bottom + margin, this.size.height / zoom), zoom);
    this.isOwn = false;
  }

  moved() { this.isOwn = true; this.isAll = false; }

  look(x, y, zoom) {
    this.camera = { x, y, zoom };
    this.redraw();
  }

  zoomBy(factor, at) {
    const { width, height } = this.size;
    const [px, py] = at ?? [width / 2, height / 2];
    const { x, y, zoom } = this.camera;
    const next = Math.max(FARTHEST, Math.min(CLOSEST, zoom * factor));
    this.moved();
    this.look(x + px / zoom - px / next, y + py / zoom - py / next, next);
  }

  pan(dx, dy) {
    this.moved();
    this.look(this.camera.x - dx / this.camera.zoom, this.camera.y - dy / this.camera.zoom, this.camera.zoom);
  }

  /** Brings a box into sight and the focus to it. `closer` makes it large enough to read. */
  goTo(id, { closer = true, choosing = false } = {}) {
    const box = this.scene?.boxOf.get(id);
    if (!box) return false;
    this.focus = id;
    this.bring(id, closer ? Math.max(this.camera.zoom, 0.75) : this.camera.zoom);
    if (choosing) this.choose({ unit: box.unit }); else this.redraw();
    this.say(describe(box.unit));
    return true;
  }

  /** Moves the camera to a box, unless it is in sight at that scale. */
  bring(id, zoom) {
    const box = this.scene.boxOf.get(id);
    const { width, height } = this.size;
    const [sx, sy] = [(box.x - this.camera.x) * zoom, (box.y - this.camera.y) * zoom];
    const [halfWide, halfHigh] = [(SIZE.width / 2) * zoom + 16, (SIZE.height / 2) * zoom + 16];
    if (zoom === this.camera.zoom && sx > halfWide && sy > halfHigh && sx < width - halfWide && sy < height - halfHigh) return;
    this.moved();
    this.look(box.x - width / 2 / zoom, box.y - height / 2 / zoom, zoom);
  }

  // What the hand does.

  place(event) {
    const frame = this.stage.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  }

  at([px, py]) {
    if (!this.scene) return null;
    const { x, y, zoom } = this.camera;
    return hit(this.scene, x + px / zoom, y + py / zoom, 7 / zoom);
  }

  down(event) {
    if (event.button) return;
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.place(event));
    if (this.pointers.size === 1) this.travelled = 0;
    this.hovered(null);
  }

  move(event) {
    const now = this.place(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) { if (event.pointerType === "mouse") this.hovered(this.at(now), now); return; }
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    this.travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (others.length) {
      const [other] = others;
      const factor = Math.hypot(now[0] - other[0], now[1] - other[1]) / Math.max(1, Math.hypot(before[0] - other[0], before[1] - other[1]));
      this.zoomBy(factor, [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
      this.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    } else if (this.travelled > 4) {
      this.stage.classList.add("moving");
      this.pan(now[0] - before[0], now[1] - before[1]);
    }
    this.pointers.set(event.pointerId, now);
  }

  up(event, isLost = false) {
    if (!this.pointers.delete(event.pointerId)) return;
    this.stage.classList.remove("moving");
    if (isLost || this.pointers.size || this.travelled > 4) return;
    const found = this.at(this.place(event));
    if (found?.unit) this.focus = found.unit.id;
    this.choose(found);
  }

  doubled(event) {
    const found = this.at(this.place(event));
    if (found?.unit?.kind === "group") this.onOpen(found.unit);
    else if (!found) this.zoomBy(1.8, this.place(event));
  }

  wheel(event) {
    // Where the page itself scrolls, the wheel is the page's unless the graph has the focus.
    const page = this.stage.closest("main");
    if (!event.ctrlKey && page && page.scrollHeight > page.clientHeight + 1 && document.activeElement !== this.stage) return;
    event.preventDefault();
    const step = event.deltaMode ? event.deltaY * 16 : event.deltaY;
    if (event.shiftKey) this.pan(-step, 0);
    else this.zoomBy(Math.exp(-Math.max(-120, Math.min(120, step)) * (event.ctrlKey ? 0.01 : 0.0022)), this.place(event));
  }

  hovered(found, at) {
    const id = found?.unit?.id ?? found?.edge?.id ?? null;
    this.stage.classList.toggle("pointing", id !== null);
    if (at && id) {
      this.tip.textContent = visible(found.unit ? describe(found.unit) : describeEdge(found.edge, this.scene));
      this.tip.hidden = false;
      const { width } = this.size;
      this.tip.style.setProperty("transform", `translate(${Math.min(at[0] + 14, Math.max(0, width - this.tip.offsetWidth - 8))}px, ${at[1] + 18}px)`);
    } else {
      this.tip.hidden = true;
    }
    if (id === this.hover || !this.scene) return;
    this.hover = id;
    this.scene.lit = around(this.scene, this.scene.chosen ?? id);
    this.redraw();
  }

  choose(what) {
    this.mark(what?.unit?.id ?? what?.edge?.id ?? null);
    this.onChoose(what);
  }

  // What the keyboard does.

  /** The keyboard came here: the focus is on something. */
  arrive() {
    if (!this.focus && this.scene?.boxes.length) {
      const first = [...this.scene.boxes].sort((a, b) => a.x - b.x || a.y - b.y)[0];
      this.focus = first.unit.id;
    }
    this.redraw();
    const box = this.scene?.boxOf.get(this.focus);
    if (box) this.say(describe(box.unit));
  }

  keydown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const box = this.scene?.boxOf.get(this.focus);
    const actions = {
      "+": () => this.zoomBy(1.4), "=": () => this.zoomBy(1.4), "-": () => this.zoomBy(1 / 1.4), "0": () => this.fit(),
      Enter: () => box && this.choose({ unit: box.unit }), " ": () => box && this.choose({ unit: box.unit }), Escape: () => this.choose(null),
      s: () => this.nextOf((unit) => unit.step >= 2 || unit.changes.includes("slower"), "No service stands out as slow"),
      e: () => this.nextOf((unit) => isFailing(unit), "No errors"),
    };
    for (const key of ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]) actions[key] = () => (event.shiftKey ? this.pan(...PANS[key]) : this.step(key));
    if (actions[event.key]) {
      event.preventDefault();
      actions[event.key]();
    } else {
      this.onKey?.(event, box?.unit ?? null);
    }
  }

  step(key) {
    if (!this.scene) return;
    const to = next(this.scene, this.focus, key);
    if (to === null) return this.say(WALLS[key]);
    this.goTo(to, { closer: false, choosing: this.scene.chosen !== null });
  }

  nextOf(isWanted, otherwise) {
    const boxes = this.scene?.boxes.filter((box) => isWanted(box.unit)).sort((a, b) => b.unit.step - a.unit.step || a.x - b.x || a.y - b.y) ?? [];
    if (!boxes.length) return this.say(otherwise);
    const at = boxes.findIndex((box) => box.unit.id === this.focus);
    this.goTo(boxes[(at + 1) % boxes.length].unit.id, { choosing: this.scene.chosen !== null });
  }

  // Drawing.

  redraw() {
    this.frame ??= requestAnimationFrame(() => { this.frame = undefined; this.draw(); });
  }

  draw() {
    const { width, height } = this.size;
    if (!width || !height) return;
    this.theme ??= readTheme(this.canvas);
    const density = Math.min(3, devicePixelRatio || 1);
    const [wide, high] = [Math.round(width * density), Math.round(height * density)];
    const isMoving = this.picture && this.scene?.lines.length > HEAVY && this.camera !== this.picture.camera && performance.now() - this.drawnAt < 4000 && this.pictureOf === this.state();
    if (this.canvas.width !== wide || this.canvas.height !== high) Object.assign(this.canvas, { width: wide, height: high });
    const { context } = this;
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!this.scene) return;
    if (isMoving) {
      const { camera, image } = this.picture;
      const scale = this.camera.zoom / camera.zoom;
      context.drawImage(image, (camera.x - this.camera.x) * this.camera.zoom, (camera.y - this.camera.y) * this.camera.zoom, width * scale, height * scale);
      clearTimeout(this.calm);
      this.calm = setTimeout(() => { this.picture = null; this.redraw(); }, CALM);
    } else {
      paint(context, this.scene, this.camera, this.theme, { width, height });
      if (this.scene.lines.length > HEAVY) this.keep(wide, high);
    }
    this.drawnAt = performance.now();
    this.putSpot();
  }

  state() { return `${this.scene?.chosen} ${this.hover} ${this.scene?.hits?.size}`; }

  keep(wide, high) {
    const image = this.picture?.image ?? new OffscreenCanvas(wide, high);
    Object.assign(image, { width: wide, height: high });
    image.getContext("2d").drawImage(this.canvas, 0, 0);
    this.picture = { image, camera: this.camera };
    this.pictureOf = this.state();
  }

  putSpot() {
    const box = this.scene.boxOf.get(this.focus);
    this.spot.hidden = !box;
    if (!box) return this.stage.removeAttribute("aria-activedescendant");
    const { x, y, zoom } = this.camera;
    this.spot.style.setProperty("transform", `translate(${(box.x - SIZE.width / 2 - x) * zoom}px, ${(box.y - SIZE.height / 2 - y) * zoom}px)`);
    this.spot.style.setProperty("inline-size", `${SIZE.width * zoom}px`);
    this.spot.style.setProperty("block-size", `${SIZE.height * zoom}px`);
    const text = visible(describe(box.unit));
    if (this.spot.getAttribute("aria-label") !== text) this.spot.setAttribute("aria-label", text);
    this.spot.setAttribute("aria-selected", String(this.scene.chosen === this.focus));
    this.spot.setAttribute("aria-setsize", String(this.scene.boxes.length));
    this.spot.setAttribute("aria-posinset", String(this.scene.boxes.indexOf(box) + 1));
    this.stage.setAttribute("aria-activedescendant", "graphspot");
  }
}

const PANS = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] };
const WALLS = { ArrowRight: "It calls nothing", ArrowLeft: "Nothing calls it", ArrowUp: "Nothing above", ArrowDown: "Nothing below" };

/** A box in words, with what its picture says by shape and colour. */
export function describe(unit) {
  const what = unit.kind === "group" ? `group of ${unit.size.toLocaleString("en")}` : KINDS[unit.kind];
  return [`${unit.label.length > 200 ? `${unit.label.slice(0, 200)}…` : unit.label}, ${what}`, figuresText(unit)].filter(Boolean).join(", ");
}

export function describeEdge(edge, scene) {
  const name = (id) => { const label = scene?.boxOf.get(id)?.unit.label ?? id; return label.length > 100 ? `${label.slice(0, 100)}…` : label; };
  return `${name(edge.from)} → ${name(edge.to)}, ${figuresText(edge)}`;
}

function figuresText(value) {
  return [value.rate === null ? `${value.count.toLocaleString("en")} spans` : rateText(value), value.errors > 0 && `✕ ${errorText(value)} errors`,
    value.p95 !== null && `p95 ${duration(value.p95)}`, value.step >= 2 && ["", "", "noticeably slow", "slow", "very slow"][value.step],
    value.changes.map((word) => CHANGES[word]?.text ?? word).join(" and ")].filter(Boolean).join(", ");
}
