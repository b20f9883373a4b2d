// The rows of a trace on its time axis. Only rows in sight are in the document, and only pages of rows near them in memory,
// so a trace of a million spans scrolls like one of ten.

import { h } from "./dom.js";
import { ticks, tickLabel } from "./timeWindow.js";
import { describe, ROW, WaterfallRow } from "./waterfallRow.js";

const SPARE = 6; // rows above and below the ones in sight
const TALLEST = 12e6; // browsers stop counting pixels somewhere above
const CALM = 200; // ms without scrolling after which the scroll bar is brought to where the rows are
const DRAG = 4; // pixels from which a press is a drag

export class Waterfall {
  /** `overview` as the collector gives it; `choose(index | null)`, `say(text)`, `moved()` tell the page what the reader does. */
  constructor({ overview, store, map, time, choose, say, moved }) {
    Object.assign(this, { overview, trace: overview.trace, store, map, time, onChoose: choose, say, onMoved: moved });
    this.focus = 0;
    this.chosen = null;
    this.hits = null;
    this.shift = false;
    this.path = true;
    this.version = 0;
    this.above = 0; // pixels of rows above the ones in sight
    this.top = 0;
    this.clientHeight = 0;
    this.slots = [];
    this.direction = 1;
    this.origin = 0; // the position whose row stands at the top of the window's own pixels
    this.slow = overview.slow ?? [];
    this.slowAt = -1;
    this.originAt = -1;
    this.build();
    time.listen(() => { this.ruler(); this.redraw(); });
  }

  build() {
    this.window = h("div.window", { role: "presentation" });
    this.grid = h("div.times");
    this.canvas = h("div.canvas", { role: "presentation" }, h("div.grid", { "aria-hidden": "true" }, h("div.names"), this.grid), this.window);
    this.ticks = h("div.ticks", { "aria-hidden": "true" });
    this.track = h("canvas.track", { title: "The critical path, coloured by its spans: click to go to one", "aria-hidden": "true" });
    this.band = h("i.band", { hidden: true, "aria-hidden": "true" });
    this.ruled = h("div.times", { role: "columnheader", title: "Drag to look at a stretch of time" }, h("span.hidden", null, "Time"), this.ticks, this.track, this.band);
    // The axis stands inside what scrolls, so that a scroll bar narrows both alike.
    this.axis = h("div.axis", { role: "row", "aria-rowindex": "1" }, h("div.names", { role: "columnheader" }, "Service · span"), this.ruled);
    this.rows = h("div.rows", { role: "rowgroup", tabindex: "-1" }, this.axis, this.canvas);
    this.element = h("div.waterfall", {
      role: "treegrid", tabindex: "0", "aria-label": "Spans by start time", "aria-readonly": "true",
      onkeydown: (event) => this.key(event), onclick: (event) => this.click(event),
    }, this.rows);
    this.rows.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.ruled.addEventListener("pointerdown", (event) => this.drag(event));
    this.measure();
  }

  start() {
    this.rows.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.resize = new ResizeObserver(() => {
      const { clientHeight, axisHeight, wide } = this;
      this.sizes();
      if (clientHeight === this.clientHeight && axisHeight === this.axisHeight && wide === this.wide) return;
      const returned = clientHeight === 0;
      if (returned && this.clientHeight > 0) this.scrollTo(this.above); // a view that was away has forgotten where it was
      this.ruler();
      this.redraw();
    });
    this.resize.observe(this.rows);
    this.theme = matchMedia("(prefers-color-scheme: dark)");
    this.onTheme = () => this.ruler();
    this.theme.addEventListener("change", this.onTheme);
    this.sizes();
    this.ruler();
    this.draw();
  }

  stop() {
    this.resize?.disconnect();
    this.theme?.removeEventListener("change", this.onTheme);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.calm);
    clearTimeout(this.ordering);
  }

  sizes() {
    this.clientHeight = this.rows.clientHeight;
    this.axisHeight = this.axis.offsetHeight;
    this.wide = this.ruled.clientWidth;
  }

  // Scrolling. Where there are more pixels of rows than a browser counts, the scroll bar stands for the whole and moves in
  // larger steps, while the wheel, and anything else that moves a little, moves the rows by just as much.

  /** The height in which rows can be seen. */
  get view() { return Math.max(ROW, this.clientHeight - this.axisHeight); }

  get limit() { return Math.max(0, this.map.length * ROW - this.view); }

  /** How many pixels of all rows one pixel of the scroll bar passes by. */
  get pace() { return this.height < this.map.length * ROW && this.height > this.view ? this.limit / (this.height - this.view) : 1; }

  measure() {
    this.height = Math.min(this.map.length * ROW, TALLEST);
    this.canvas.style.height = `${this.height}px`;
    this.element.setAttribute("aria-rowcount", String(this.map.length + 1));
    this.version++;
  }

  scrolled() {
    const top = this.rows.scrollTop;
    const delta = top - this.top;
    this.top = top;
    if (delta === 0) return;
    this.direction = delta > 0 ? 1 : -1;
    const { pace } = this;
    this.above = pace === 1 ? top : Math.abs(delta) > 2 * this.view ? top * pace : Math.min(this.limit, Math.max(0, this.above + delta));
    clearTimeout(this.calm);
    if (pace !== 1) this.calm = setTimeout(() => this.settle(), CALM);
    this.later();
  }

  /** Brings the scroll bar to where the rows are. */
  settle() {
    if (this.pace === 1) return;
    const top = this.above / this.pace;
    if (Math.abs(top - this.top) < 1) return;
    this.rows.scrollTop = top;
    this.top = this.rows.scrollTop;
    this.draw();
  }

  scrollTo(above) {
    this.above = Math.min(this.limit, Math.max(0, above));
    this.rows.scrollTop = this.above / this.pace;
    this.top = this.rows.scrollTop;
    if (this.pace === 1) this.above = this.top;
  }

  // Drawing.

  later() { this.frame ??= requestAnimationFrame(() => { this.frame = undefined; this.draw(); }); }

  /** Draws again, everything that is in sight. */
  redraw() { this.version++; this.later(); }

  /** The same trace in other colours. */
  recolour(overview) {
    Object.assign(this, { overview, trace: overview.trace, slow: overview.slow ?? [], slowAt: -1, originAt: -1 });
    this.ruler();
    this.redraw();
  }

  draw() {
    const { map, view } = this;
    this.above = Math.min(this.limit, this.above);
    // Always as many rows, so that each element goes on standing for what it stood for.
    const most = Math.min(map.length, Math.ceil(view / ROW) + 1 + 2 * SPARE);
    const first = Math.max(0, Math.min(map.length - most, Math.floor(this.above / ROW) - SPARE));
    const last = first + most;
    const slots = this.arrange(first, last);
    // Rows keep their place while one scrolls, so that only new ones are painted.
    const shift = Math.round(this.top - this.above + this.origin * ROW);
    if (shift !== this.shifted) { this.shifted = shift; this.window.style.transform = shift ? `translateY(${shift}px)` : "none"; }
    const indexes = slots.map((slot, number) => {
      const position = first + number;
      const index = map.indexAt(position);
      slot.bind(position, index, this.store.row(index), this);
      return index;
    });
    const active = map.indexAt(Math.min(this.focus, map.length - 1));
    if (active !== this.active) { this.active = active; this.element.setAttribute("aria-activedescendant", `row-${active}`); }
    const beyond = this.direction > 0 ? last + 2 * (last - first) : first - 2 * (last - first);
    const far = this.direction > 0 ? last + 400 : first - 400;
    const ahead = [beyond, far].map((position) => map.indexAt(Math.min(map.length - 1, Math.max(0, position))));
    this.store.want(indexes, ahead);
    this.shownFrom = indexes[Math.min(SPARE, Math.max(0, Math.floor(this.above / ROW) - first))] ?? 0;
    this.shownTo = map.indexAt(Math.min(map.length - 1, Math.floor((this.above + view) / ROW)));
    clearTimeout(this.ordering);
    this.ordering = setTimeout(() => this.order(), 150);
    this.onMoved(this.shownFrom, this.shownTo);
  }

  /** Sees to it that there is an element for each of the rows first ..< last; gives them in that order. */
  arrange(first, last) {
    const { slots } = this;
    // A jump to where no row of before is in sight: elements stay where they are on the screen, and what holds them moves.
    if (Math.abs(first - (this.first ?? 0)) >= last - first && first !== this.origin) {
      this.origin = first;
      this.version++;
    }
    this.first = first;
    while (slots.length < last - first) {
      const slot = new WaterfallRow(slots.length);
      slots.push(slot);
      this.window.append(slot.element);
    }
    while (slots.length > last - first) slots.pop().element.remove();
    // Each row takes the element that stood for the one as many rows away as there are elements: no element moves in the
    // document while one scrolls. `order` puts them right when it is over.
    const turned = (((first - this.origin) % slots.length) + slots.length) % slots.length;
    return Array.from({ length: slots.length }, (_, number) => slots[(turned + number) % slots.length]);
  }

  /** Puts the elements of rows in the order of the rows, for those who read the document. */
  order() {
    const sorted = [...this.slots].sort((a, b) => a.position - b.position);
    let next = this.window.firstChild;
    for (const slot of sorted) {
      if (slot.element === next) next = next.nextSibling; else this.window.insertBefore(slot.element, next);
    }
  }

  /** The axis: ruled moments, and the critical path within the window. */
  ruler() {
    if (!this.wide) return;
    const { time } = this;
    const { times, step } = ticks(time.from, time.to, Math.max(2, Math.min(8, this.wide / 130)));
    const shown = times.filter((at) => time.percent(at) >= 0);
    this.ticks.replaceChildren(...shown.filter((at) => time.percent(at) < 100 - 6000 / this.wide).map((at) => {
      const tick = h("span", null, tickLabel(at, step));
      tick.style.left = `${time.percent(at)}%`;
      return tick;
    }));
    this.grid.replaceChildren(...shown.map((at) => {
      const line = h("i");
      line.style.left = `${time.percent(at)}%`;
      return line;
    }));
    const scale = devicePixelRatio || 1;
    const colours = getComputedStyle(this.element);
    this.track.width = Math.max(1, Math.round(this.wide * scale));
    this.track.height = Math.round(7 * scale);
    const context = this.track.getContext("2d");
    const fills = [0, 1, 2, 3, 4].map((each) => colours.getPropertyValue(`--step${each}`).trim());
    for (const [at, length, , each] of this.overview.track ?? []) {
      const [from, to] = [time.percent(at) / 100, time.percent(at + length) / 100];
      if (to < 0 || from > 1) continue;
      context.fillStyle = fills[each] ?? fills[0];
      context.fillRect(from * this.track.width, 0, Math.max(scale, (to - from) * this.track.width), this.track.height);
    }
  }

  // What the reader does.

  click(event) {
    const element = event.target.closest(".row");
    const slot = element && this.slots.find((each) => each.element === element);
    if (!slot?.row) return;
    const { index } = slot;
    this.focus = slot.position;
    const fold = this.map.foldAt(index);
    if (fold?.closed) return event.target.closest(".twist") || event.detail > 1 ? this.setFold(index, false) : this.choose(index, true);
    if (event.target.closest(".fold.again")) return this.setFold(index, true);
    if (event.target.closest(".twist.can, .fold")) return this.toggle(index);
    this.choose(index);
  }

  wheel(event) {
    if (event.ctrlKey) {
      event.preventDefault();
      const bounds = this.ruled.getBoundingClientRect();
      const at = this.time.from + Math.min(1, Math.max(0, (event.clientX - bounds.left) / bounds.width)) * this.time.length;
      this.time.zoom(1.0022 ** Math.max(-300, Math.min(300, event.deltaY)), at);
    } else if (!this.time.isWhole && (event.deltaX || event.shiftKey)) {
      event.preventDefault();
      this.time.move(((event.deltaX || event.deltaY) / Math.max(1, this.wide)) * this.time.length);
    }
  }

  /** A drag on the axis chooses a stretch of time; a click on the track goes to the span that stands there. */
  drag(event) {
    if (event.button !== 0) return;
    const bounds = this.ruled.getBoundingClientRect();
    const share = (x) => Math.min(1, Math.max(0, (x - bounds.left) / bounds.width));
    const from = share(event.clientX);
    let to = from;
    const [start, length] = [this.time.from, this.time.length];
    this.ruled.setPointerCapture(event.pointerId);
    const move = (next) => {
      to = share(next.clientX);
      this.band.hidden = Math.abs(to - from) * bounds.width < DRAG;
      this.band.style.left = `${100 * Math.min(from, to)}%`;
      this.band.style.width = `${100 * Math.abs(to - from)}%`;
    };
    const stop = () => {
      this.ruled.removeEventListener("pointermove", move);
      this.ruled.removeEventListener("pointerup", up);
      this.ruled.removeEventListener("pointercancel", stop);
      this.band.hidden = true;
    };
    const up = () => {
      stop();
      if (Math.abs(to - from) * bounds.width >= DRAG) return this.time.set(start + from * length, start + to * length);
      if (event.target === this.track) this.goToMoment(start + from * length);
    };
    this.ruled.addEventListener("pointermove", move);
    this.ruled.addEventListener("pointerup", up);
    this.ruled.addEventListener("pointercancel", stop);
  }

  /** Goes to the span that the trace waited for at a moment. */
  goToMoment(at) {
    const near = (stretch) => Math.max(stretch[0] - at, at - stretch[0] - stretch[1], 0);
    const best = (this.overview.track ?? []).reduce((found, stretch) => (!found || near(stretch) < near(found) ? stretch : found), null);
    if (best) this.goTo(best[2]);
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target !== this.element) return;
    const index = this.map.indexAt(this.focus);
    const row = this.store.row(index);
    const page = Math.max(1, Math.floor(this.view / ROW) - 1);
    const fold = this.map.foldAt(index);
    const actions = {
      ArrowDown: () => this.move(1), ArrowUp: () => this.move(-1), PageDown: () => this.move(page), PageUp: () => this.move(-page),
      Home: () => this.move(-Infinity), End: () => this.move(Infinity),
      ArrowRight: () => (fold?.closed ? this.setFold(index, false) : this.map.isClosed(index) ? this.toggle(index) : row?.childCount && this.move(1)),
      ArrowLeft: () => (row?.childCount && !fold?.closed && !this.map.isClosed(index) ? this.toggle(index)
        : fold && !fold.closed ? this.setFold(index, true) : row && row.parent !== null && this.goTo(row.parent)),
      Enter: () => this.choose(index, Boolean(fold?.closed)), " ": () => this.choose(index, Boolean(fold?.closed)),
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }

  move(by) {
    this.focus = Math.min(this.map.length - 1, Math.max(0, this.focus + by));
    const index = this.map.indexAt(this.focus);
    if (this.chosen !== null && !this.map.foldAt(index)?.closed) this.choose(index); else this.reveal();
  }

  /** After subtrees or runs were opened or closed: keeps the focus on `index`, or on what hides it, where it stood. */
  changed(index) {
    const stood = this.focus * ROW - this.above;
    this.measure();
    this.focus = this.map.positionOf(index);
    this.scrollTo(this.focus * ROW - stood);
    this.reveal();
  }

  toggle(index) {
    const row = this.store.row(index);
    if (!row?.childCount) return;
    if (this.map.isClosed(index)) this.map.open(index); else this.map.close(index, row.subtreeCount);
    this.changed(index);
    this.say(this.map.isClosed(index) ? `Closed: ${row.subtreeCount - 1} spans hidden` : "Opened");
  }

  setFold(index, closed) {
    if (!this.map.setFold(index, closed)) return;
    this.changed(index);
    this.say(closed ? "Folded" : "Unfolded");
  }

  /** Folds the run around the row in focus, or unfolds the one it stands for. */
  toggleFold() {
    const index = this.map.indexAt(this.focus);
    const fold = this.map.foldAt(index);
    if (fold) return this.setFold(index, !fold.closed);
    const around = this.map.foldAround(index);
    if (around === null) return this.say("This span is not part of a run of alike ones");
    this.setFold(around, true);
  }

  choose(index, unfolding = false) {
    if (unfolding && index !== null) return this.setFold(index, false);
    this.chosen = index;
    this.version++;
    if (index !== null) this.focus = this.map.positionOf(index);
    this.reveal();
    this.onChoose(index);
    if (index === null) this.element.focus({ preventScroll: true });
  }

  /** Moves to a span, opening what hides it. */
  goTo(index, { choosing = false, focusing = true, timing = true } = {}) {
    if (!(index >= 0 && index < this.map.nodeCount)) return;
    if (this.map.reveal(index)) this.measure();
    this.focus = this.map.positionOf(index);
    const row = this.store.row(index);
    if (row && timing) this.time.show(row.offsetNs + (this.shift ? row.shiftNs ?? 0 : 0), row.durationNs);
    if (choosing || this.chosen !== null) this.choose(index); else this.reveal();
    if (focusing) this.element.focus({ preventScroll: true });
  }

  nextSlow(step, choosing) {
    if (!this.slow.length) return this.say("No span stands out");
    this.slowAt = this.slowAt < 0 && step < 0 ? this.slow.length - 1 : (this.slowAt + step + this.slow.length) % this.slow.length;
    const row = this.slow[this.slowAt];
    this.goTo(row.index, { choosing });
    this.say(`Slow span ${this.slowAt + 1} of ${this.slow.length}: ${describe(row, this.trace)}`);
  }

  nextError(step = 1) {
    const errors = this.overview.errors ?? [];
    if (!errors.length) return this.say("No errors");
    const here = this.map.indexAt(this.focus);
    const next = step > 0 ? errors.find((index) => index > here) ?? errors[0] : errors.findLast((index) => index < here) ?? errors.at(-1);
    this.goTo(next);
    this.say(`Error ${errors.indexOf(next) + 1} of ${errors.length}${this.overview.errorsTruncated ? " and more" : ""}`);
  }

  nextOrigin(choosing) {
    const origins = this.overview.origins ?? [];
    if (!origins.length) return this.say("No errors");
    this.originAt = (this.originAt + 1) % origins.length;
    this.goTo(origins[this.originAt].index, { choosing });
    this.say(`Error origin ${this.originAt + 1} of ${origins.length}: ${describe(origins[this.originAt], this.trace)}`);
  }

  /** Scrolls as little as is needed to see the row in focus. */
  reveal() {
    this.version++;
    if (this.clientHeight === 0) this.sizes();
    const at = this.focus * ROW;
    const { view } = this;
    if (at < this.above + ROW) this.scrollTo(at - Math.min(3 * ROW, view / 4));
    else if (at + ROW > this.above + view - ROW) this.scrollTo(at + ROW + Math.min(3 * ROW, view / 4) - view);
    this.draw();
  }
}
