// One row of the waterfall: made once, then bound to whichever node comes into its place.

import { h, visible } from "./dom.js";
import { duration, named, percent } from "./format.js";
import { place } from "./timeWindow.js";

const DEEPEST = 16; // levels that are still indented
const LONGEST = 240; // characters of a name that a row holds
const ROOM = 150; // pixels that a bar's label takes

export const short = (text, fallback) => {
  const whole = named(text ?? "", fallback);
  return visible(whole.length > LONGEST ? `${whole.slice(0, LONGEST)}…` : whole);
};

/** What stands beside a bar: the rank within the operation's last hour where there is one, else the share of the waiting. */
export function beside(row, trace) {
  if (row.latency_rank !== null && row.latency_rank !== undefined) return row.latency_step > 0 ? rank(row.latency_rank) : "";
  return row.latency_step > 0 ? percent(row.criticalNs, trace.criticalNs) : "";
}

/** A rank as a percentile: p97 is slower than 97 % of what the operation did in the hour before. */
export const rank = (value) => `p${value >= 0.999 ? (Math.floor(value * 1000) / 10).toFixed(1) : Math.floor(value * 100)}`;

/** A row in words, for those who hear it. */
export function describe(row, trace) {
  if (row.missing) return `Missing span ${row.spanId}, ${row.missing}, ${row.childCount} children`;
  return `${short(row.service, "unknown service")}, ${short(row.name, "unnamed")}, ${duration(row.durationNs)}, ${duration(row.selfNs)} of its own`
    + (row.error ? (row.origin ? ", error begins here" : ", error") : "")
    + (row.criticalNs > 0 ? `, ${percent(row.criticalNs, trace.criticalNs)} of the critical path` : "")
    + (row.latency_rank !== null && row.latency_rank !== undefined ? `, slower than ${Math.floor(row.latency_rank * 100)} percent of its last hour` : "");
}

const QUIET = new Set(["missing", "ends-after-parent"]);

export class WaterfallRow {
  constructor() {
    const mark = (selector, properties, text) => h(selector, { hidden: true, ...properties }, text);
    this.twist = h("span.twist", { "aria-hidden": "true" });
    this.deep = mark("span.deep");
    this.cross = mark("span.cross", { "aria-hidden": "true" }, "✕");
    this.service = h("b");
    this.dot = h("span.dot", { "aria-hidden": "true" }, "·");
    this.name = h("span.name");
    this.times = mark("b.run");
    this.origin = mark("span.origin", { title: "The error begins here: the deepest failing span that explains those above it (o)" }, "origin");
    this.fold = mark("span.fold");
    this.odd = mark("span.odd", null, "!");
    this.bar = h("div.bar");
    this.took = h("span.took");
    this.length = h("span");
    this.share = h("b");
    this.took.append(this.length, this.share);
    this.path = [];
    this.names = h("div.names", { role: "gridcell" }, this.twist, this.deep, this.cross, this.times, this.service, this.dot, this.name, this.origin, this.fold, this.odd);
    this.cell = h("div.times", { role: "gridcell" }, this.bar, this.took);
    this.element = h("div.row", { role: "row" }, this.names, this.cell);
    this.position = -1;
    this.version = -1;
    this.row = undefined;
  }

  /** Shows the node at `position`. `view`: { trace, map, time, wide, version, focus, chosen, hits, shift, words }. */
  bind(position, index, row, view) {
    if (this.position === position && this.index === index && this.version === view.version && this.row === row) return;
    Object.assign(this, { position, index, row, version: view.version });
    const { element } = this;
    element.id = `row-${index}`;
    element.setAttribute("aria-rowindex", String(position + 2));
    const fold = row ? view.map.foldAt(index) : null;
    const folded = fold?.closed === true;
    const classes = ["row"];
    if (position === view.focus) classes.push("focus");
    if (index === view.chosen && !folded) classes.push("chosen");
    if (view.hits?.has(index)) classes.push("hit");
    if (!row) classes.push("waiting");
    else if (row.missing) classes.push("missing");
    if (folded) classes.push("folded");
    element.className = classes.join(" ");
    element.setAttribute("aria-selected", String(index === view.chosen));
    if (!row) return this.wait(view);
    element.removeAttribute("aria-busy");
    this.head(row, fold, view);
    this.draw(row, folded ? row.fold : null, view);
    const closed = view.map.isClosed(index);
    element.setAttribute("aria-level", String(row.depth + 1));
    if (folded || row.childCount > 0) element.setAttribute("aria-expanded", String(!folded && !closed)); else element.removeAttribute("aria-expanded");
    element.setAttribute("aria-label", folded
      ? `${fold.siblings} times ${short(row.service, "unknown service")}, ${short(row.name, "unnamed")}, folded` : describe(row, view.trace));
  }

  /** Bones, while the rows are on their way. */
  wait(view) {
    this.element.setAttribute("aria-busy", "true");
    this.element.setAttribute("aria-label", "Loading");
    this.element.removeAttribute("aria-expanded");
    for (const part of [this.deep, this.cross, this.times, this.origin, this.fold, this.odd, this.took, ...this.path]) part.hidden = true;
    this.twist.textContent = this.service.textContent = this.name.textContent = "";
    this.dot.hidden = true;
    this.names.style.setProperty("--depth", "1");
    this.bar.className = "bar bones";
    this.bar.hidden = false;
    this.bar.style.left = `${(this.position * 7) % 40}%`;
    this.bar.style.width = `${12 + ((this.position * 13) % 30)}%`;
    void view;
  }

  head(row, fold, { map, closedTitle = "Open" }) {
    const folded = fold?.closed === true;
    const closed = map.isClosed(this.index);
    const parent = folded || row.childCount > 0;
    this.twist.textContent = parent ? (folded || closed ? "▸" : "▾") : "";
    this.twist.classList.toggle("can", parent);
    this.twist.title = parent ? (folded ? "Unfold the run" : closed ? closedTitle : "Close") : "";
    this.names.style.setProperty("--depth", String(Math.min(row.depth, DEEPEST)));
    this.deep.hidden = row.depth <= DEEPEST;
    this.deep.textContent = String(row.depth);
    this.deep.title = `Level ${row.depth}`;
    this.cross.hidden = !(folded ? row.fold?.errors > 0 : row.error);
    this.times.hidden = !folded;
    if (folded) this.times.textContent = `×${fold.siblings.toLocaleString("en")}`;
    this.dot.hidden = Boolean(row.missing);
    this.service.className = row.missing ? "absent" : "";
    this.service.textContent = row.missing ? (row.missing === "awaited" ? "awaited span " : "span not received ") : short(row.service, "unknown service");
    this.name.className = row.missing ? "name absent" : "name";
    this.name.textContent = row.missing ? row.spanId : short(row.name, "unnamed");
    this.names.title = row.missing ? "" : `${this.service.textContent} · ${this.name.textContent}`;
    this.origin.hidden = !row.origin || folded;
    // A subtree that is closed says how much it holds; a run that is open offers to be folded again.
    this.fold.hidden = !(closed && !folded) && !(fold && !folded);
    this.fold.classList.toggle("again", Boolean(fold && !folded));
    this.fold.textContent = fold && !folded ? `×${fold.siblings.toLocaleString("en")} fold` : closed ? `+${(row.subtreeCount - 1).toLocaleString("en")}` : "";
    this.fold.title = fold && !folded ? "Fold this run of alike spans again (x)" : "Spans within";
    const strange = (row.oddities ?? []).filter((word) => !QUIET.has(word));
    this.odd.hidden = strange.length === 0;
    this.odd.title = strange.join(", ");
  }

  draw(row, run, { trace, time, wide, shift, path }) {
    const moved = shift ? row.shiftNs ?? 0 : 0;
    const at = row.offsetNs + moved;
    const length = run ? Math.min(run.extentNs ?? run.durationNs, Math.max(trace.durationNs - row.offsetNs, row.durationNs)) : row.durationNs;
    const failed = run ? run.errors > 0 : row.error;
    this.bar.className = `bar step${row.latency_step}${failed ? " failed" : ""}${row.missing ? " absent" : ""}${run ? " run" : ""}${moved ? " moved" : ""}`;
    const side = place(this.bar, time, at, length);
    const marks = path && !run ? row.path ?? [] : [];
    while (this.path.length < marks.length) {
      const stretch = h("i.path");
      this.path.push(stretch);
      this.cell.insertBefore(stretch, this.took);
    }
    this.path.forEach((stretch, number) => {
      if (number >= marks.length) stretch.hidden = true;
      else place(stretch, time, marks[number][0] + moved, marks[number][1]);
    });
    const share = run ? "" : beside(row, trace);
    this.took.hidden = false;
    this.took.className = side ? "took away" : "took";
    this.length.textContent = row.missing ? (row.missing === "awaited" ? "not here yet" : "not received")
      : run ? `${duration(run.durationNs)} in all${run.errors ? ` · ${run.errors} ✕` : ""}` : duration(row.durationNs);
    this.share.textContent = share ? ` ${share}` : "";
    const style = this.took.style;
    if (side) {
      style.left = side < 0 ? "0" : "auto";
      style.right = side < 0 ? "auto" : "0";
      this.length.textContent = side < 0 ? `‹ ${this.length.textContent}` : `${this.length.textContent} ›`;
      this.share.textContent = "";
      return;
    }
    // Behind the bar where there is room, else before it, else on it.
    const [from, to] = [Math.max(0, time.percent(at)), Math.min(100, time.percent(at + length))];
    const room = (100 * ROOM) / Math.max(1, wide);
    if (to + room < 100) { style.left = `calc(${to}% + 8px)`; style.right = "auto"; }
    else if (from > room) { style.right = `calc(${100 - from}% + 8px)`; style.left = "auto"; }
    else {
      this.took.className = "took inside";
      style.left = `calc(${Math.min(from, 40)}% + 8px)`;
      style.right = "auto";
    }
  }
}
