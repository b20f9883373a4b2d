// The flame graph: spans with the same way from the root put together, as wide as the time they took.

import { fill, h, visible } from "./dom.js";
import { count, cut, duration, named, percent } from "./format.js";
import { waits } from "./waterfallRow.js";

const ROW = 23;
const THIN = 0.12; // per cent of the width below which a frame is left out until one zooms in
const MOST = 2500; // frames drawn at once

export class FlameGraph {
  constructor(tree, { trace, go }) {
    Object.assign(this, { tree, trace, go });
    this.stage = h("div.flame", { role: "tree", "aria-label": "Flame graph" });
    this.told = h("p.told", { "aria-live": "off" });
    this.table = h("div.flametable", { hidden: true });
    this.tabler = h("button", { type: "button", "aria-pressed": "false", onclick: () => this.tabulate() }, "As a table");
    this.out = h("button", { type: "button", hidden: true, onclick: () => this.zoom(null) }, "Whole graph");
    this.scroll = h("div.scrolls", null, this.stage);
    this.element = h("div.sheet.flames", null, h("div.bar-tools", null, this.told, this.out, this.tabler), this.scroll, this.table);
    this.stage.addEventListener("click", (event) => this.click(event));
    this.stage.addEventListener("dblclick", (event) => { const at = this.at(event); if (at !== null) this.go(this.frames[at].first); });
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("pointerover", (event) => { const at = this.at(event); this.tell(at ?? this.focus); });
    this.stage.addEventListener("pointerleave", () => this.tell(this.focus));
    this.stage.addEventListener("focusin", (event) => { const at = this.at(event); if (at !== null) { this.focus = at; this.tell(at); } });
  }

  /** What is shown next is asked for anew. */
  forget() { this.isStale = true; }

  async show(signal) {
    if (this.frames && !this.isStale) return;
    if (!this.frames) fill(this.told, "Loading…");
    const answer = await this.tree.get("flame", signal);
    this.isStale = false;
    this.frames = answer.frames;
    this.left = answer.left ?? 0;
    if (!this.frames.length) return fill(this.told, "No span has arrived yet, so there is nothing to draw.");
    this.layOut();
    this.focus = 0;
    this.zoom(null);
  }

  /** Gives each frame its stretch of its parent. Children that ran side by side are squeezed into it. */
  layOut() {
    const { frames } = this;
    this.children = frames.map(() => []);
    this.roots = [];
    frames.forEach((frame, at) => (frame.parent === null || frame.parent === undefined ? this.roots : this.children[frame.parent]).push(at));
    this.from = new Float64Array(frames.length);
    this.width = new Float64Array(frames.length);
    const spread = (list, from, width, whole) => {
      const sum = list.reduce((all, at) => all + frames[at].totalNs, 0);
      const scale = width / Math.max(whole, sum, 1);
      for (const at of list) {
        this.from[at] = from;
        this.width[at] = frames[at].totalNs * scale;
        from += this.width[at];
      }
    };
    spread(this.roots, 0, 1, 0);
    frames.forEach((frame, at) => spread(this.children[at], this.from[at], this.width[at], frame.totalNs));
    this.deepest = frames.reduce((most, frame) => Math.max(most, frame.depth), 0);
    this.stage.style.height = `${(this.deepest + 1) * ROW}px`;
  }

  zoom(at) {
    this.top = at;
    const [from, width] = at === null ? [0, 1] : [this.from[at], Math.max(this.width[at], 1e-12)];
    const above = new Set();
    for (let up = at; up !== null && up !== undefined; up = this.frames[up].parent) above.add(up);
    this.elements = new Map();
    const drawn = [];
    for (let number = 0; number < this.frames.length && drawn.length < MOST; number++) {
      const left = (100 * (this.from[number] - from)) / width;
      const wide = (100 * this.width[number]) / width;
      if (!above.has(number) && (left > 99.999 || left + wide < 0.001 || wide < THIN)) continue;
      drawn.push(this.frame(number, above.has(number) ? 0 : left, above.has(number) ? 100 : Math.min(wide, 100 - left), above.has(number) && number !== at));
    }
    this.stage.replaceChildren(...drawn);
    this.out.hidden = at === null;
    if (!this.elements.has(this.focus)) this.focus = at ?? 0;
    this.elements.get(this.focus)?.setAttribute("tabindex", "0");
    this.tell(this.focus);
  }

  frame(at, left, width, above) {
    const frame = this.frames[at];
    const element = h(`div.frame.step${frame.latency_step}${frame.errors ? ".failed" : ""}${this.children[at].length && waits(frame.selfNs, frame.totalNs) ? ".waits" : ""}${above ? ".above" : ""}`, {
      role: "treeitem", tabindex: "-1", "aria-level": frame.depth + 1, "data-frame": at, "aria-label": this.words(frame),
      "aria-expanded": this.children[at].length ? "true" : null,
    }, width > 1.5 && h("span", null, frame.errors > 0 && "✕ ", h("b", null, cut(named(frame.service ?? "", "unknown service"))), ` · ${cut(named(frame.name ?? "", "unnamed"))}`, frame.count > 1 && h("span.times-many", null, ` ×${frame.count.toLocaleString("en")}`)));
    element.style.left = `${left}%`;
    element.style.width = `${width}%`;
    element.style.top = `${frame.depth * ROW}px`;
    this.elements.set(at, element);
    return element;
  }

  words(frame) {
    return visible(`${cut(named(frame.service ?? "", "unknown service"))} · ${cut(named(frame.name ?? "", "unnamed"))}: ${count(frame.count, "span")}, `
      + `${duration(frame.totalNs)} in all, ${duration(frame.selfNs)} of its own, ${percent(frame.criticalNs, this.trace.criticalNs)} of the critical path`
      + (frame.errors ? `, ${count(frame.errors, "error")}` : ""));
  }

  tell(at) {
    if (!this.frames?.length) return;
    const frame = this.frames[at] ?? this.frames[0];
    fill(this.told, h(`i.swatch.step${frame.latency_step}`, { "aria-hidden": "true" }), " ", this.words(frame));
  }

  at(event) {
    const element = event.target.closest?.("[data-frame]");
    return element ? Number(element.dataset.frame) : null;
  }

  click(event) {
    const at = this.at(event);
    if (at === null || event.detail > 1) return;
    this.focus = at;
    this.zoom(at === this.top ? null : at);
    this.elements.get(at)?.focus({ preventScroll: true });
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.frames) return;
    const frame = this.frames[this.focus];
    const beside = (step) => {
      const row = [...this.elements.keys()].filter((at) => this.frames[at].depth === frame.depth).sort((a, b) => this.from[a] - this.from[b]);
      return row[row.indexOf(this.focus) + step];
    };
    const to = {
      ArrowUp: () => frame.parent, ArrowDown: () => this.children[this.focus].find((at) => this.elements.has(at)), ArrowLeft: () => beside(-1), ArrowRight: () => beside(1), Home: () => 0,
    }[event.key];
    if (to) this.move(to());
    else if (event.key === "Enter") { this.zoom(this.focus === this.top ? null : this.focus); this.move(this.focus); }
    else if (event.key === "Backspace") { this.zoom(null); this.move(this.focus); }
    else if (event.key === " ") this.go(frame.first);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  move(at) {
    if (at === undefined || at === null || !this.elements.has(at)) return;
    this.elements.get(this.focus)?.setAttribute("tabindex", "-1");
    this.focus = at;
    const element = this.elements.get(at);
    element.setAttribute("tabindex", "0");
    element.focus();
  }

  /** The same as a table: for those who do not see the picture, or want the figures. */
  tabulate() {
    const showing = this.table.hidden;
    this.table.hidden = !showing;
    this.scroll.hidden = showing;
    this.tabler.setAttribute("aria-pressed", String(showing));
    if (!showing || !this.frames || this.table.firstChild) return;
    let limit = 300;
    const draw = () => fill(this.table, h("table.operations", null,
      h("caption.hidden", null, "Frames of the flame graph, parents before children"),
      h("thead", null, h("tr", null, h("th", { scope: "col" }, "Frame"), ["Level", "Spans", "Errors", "In all", "Own time", "Critical path"].map((name) => h("th.number", { scope: "col" }, name)))),
      h("tbody", null, this.frames.slice(0, limit).map((frame) => {
        const first = h("th", { scope: "row" }, h("button.jump", { type: "button", onclick: () => this.go(frame.first) }, `${cut(named(frame.service ?? "", "unknown service"))} · ${cut(named(frame.name ?? "", "unnamed"))}`));
        first.style.paddingInlineStart = `${0.6 + Math.min(frame.depth, 16) * 0.7}rem`;
        return h("tr", null, first, h("td.number", null, String(frame.depth + 1)), h("td.number", null, frame.count.toLocaleString("en")), h(frame.errors ? "td.number.bad" : "td.number", null, frame.errors ? `✕ ${frame.errors}` : "0"),
          h("td.number", null, duration(frame.totalNs)), h("td.number", null, duration(frame.selfNs)), h("td.number", null, percent(frame.criticalNs, this.trace.criticalNs)));
      }))),
    this.frames.length > limit && h("p", null, h("button", { type: "button", onclick: () => { limit += 1000; draw(); } }, "Show more")),
    this.left > 0 && h("p.sub", null, `${count(this.left, "smaller frame")} left out`));
    draw();
  }
}
