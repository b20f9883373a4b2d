// One row of the waterfall: made once, then bound to whichever node comes into its place.

import { h, visible } from "./dom.js";
import { duration, fasterThan, named, percent, rank } from "./format.js";
import { Part } from "./part.js";
import { place } from "./timeWindow.js";

export const ROW = 28; // pixels
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

/** Whether what a span did itself is a small part of its time: the rest it waited for others. */
export const waits = (ownNs, wholeNs) => ownNs < wholeNs / 5;

/** A row in words, for those who hear it. */
export function describe(row, trace) {
  if (row.missing) return `Missing span ${row.spanId}, ${row.missing}, ${row.childCount} children`;
  return `${short(row.service, "unknown service")}, ${short(row.name, "unnamed")}, ${duration(row.durationNs)}, ${duration(row.selfNs)} of its own`
    + (row.error ? (row.origin ? ", error begins here" : ", error") : "")
    + (row.criticalNs > 0 ? `, ${percent(row.criticalNs, trace.criticalNs)} of the critical path` : "")
    + (row.latency_rank !== null && row.latency_rank !== undefined ? `, slower than ${fasterThan(row.latency_rank)} of its last hour` : "");
}

const QUIET = new Set(["missing", "ends-after-parent"]);

export class WaterfallRow {
  /** `number` tells rows apart whose node is not known yet. */
  constructor(number) {
    this.number = number;
    const part = (selector, properties, text) => new Part(h(selector, properties, text));
    this.twist = part("span.twist", { "aria-hidden": "true" });
    this.deep = part("span.deep", { hidden: true });
    this.cross = part("span.cross", { hidden: true, "aria-hidden": "true" }, "✕");
    this.many = part("b.run", { hidden: true });
    this.service = part("b");
    this.dot = part("span.dot", { "aria-hidden": "true" }, "·");
    this.label = part("span.name");
    this.origin = part("span.origin", { hidden: true, title: "The error begins here: the deepest failing span that explains those above it (o)" }, "origin");
    this.fold = part("span.fold", { hidden: true });
    this.odd = part("span.odd", { hidden: true }, "!");
    this.bar = part("div.bar");
    this.length = part("span");
    this.share = part("b");
    this.took = new Part(h("span.took", null, this.length.element, this.share.element));
    this.path = [];
    this.names = new Part(h("div.names", { role: "gridcell" },
      [this.twist, this.deep, this.cross, this.many, this.service, this.dot, this.label, this.origin, this.fold, this.odd].map((each) => each.element)));
    this.cell = h("div.times", { role: "gridcell" }, this.bar.element, this.took.element);
    this.whole = new Part(h("div.row", { role: "row" }, this.names.element, this.cell));
    this.element = this.whole.element;
    this.position = -1;
    this.version = -1;
  }

  /** Shows the node at `position`. `view` is the waterfall: what is focused, chosen and found, and how time is shown. */
  bind(position, index, row, view) {
    if (this.position === position && this.index === index && this.version === view.version && this.row === row) return;
    const waited = this.row === null;
    Object.assign(this, { position, index, row, version: view.version });
    const { whole } = this;
    whole.style("top", `${(position - view.origin) * ROW}px`);
    whole.set("id", row || position === view.focus ? `row-${index}` : null);
    whole.set("aria-rowindex", String(position + 2));
    whole.set("aria-selected", String(index === view.chosen));
    whole.set("aria-busy", row ? null : "true");
    const fold = row ? view.map.foldAt(index) : null;
    const folded = fold?.closed === true;
    whole.name(`row${position === view.focus ? " focus" : ""}${index === view.chosen && !folded ? " chosen" : ""}${view.hits?.has(index) ? " hit" : ""}${row ? "" : " waiting"}`);
    if (!row) return waited || this.wait();
    const closed = view.map.isClosed(index);
    this.head(row, fold, closed);
    this.draw(row, folded ? row.fold : null, view);
    whole.set("aria-level", String(row.depth + 1));
    whole.set("aria-expanded", folded || row.childCount > 0 ? String(!folded && !closed) : null);
    whole.set("aria-label", folded ? `${fold.siblings} times ${short(row.service, "unknown service")}, ${short(row.name, "unnamed")}, folded` : describe(row, view.trace));
  }

  /** Not by a property that the parts within inherit: the style of each would be worked out anew. */
  indent(depth) { this.names.style("padding-inline-start", `calc(var(--edge) + ${Math.min(depth, DEEPEST)} * var(--level))`); }

  /** Bones, while the rows are on their way. */
  wait() {
    this.whole.set("aria-label", "Loading");
    this.whole.set("aria-expanded", null);
    for (const part of [this.deep, this.cross, this.many, this.dot, this.origin, this.fold, this.odd, this.took, ...this.path]) part.hide(true);
    for (const part of [this.twist, this.service, this.label]) part.text("");
    this.indent(1);
    this.bar.name("bar bones");
    this.bar.hide(false);
    this.bar.style("left", `${(this.number * 7) % 40}%`);
    this.bar.style("width", `${12 + ((this.number * 13) % 30)}%`);
  }

  head(row, fold, closed) {
    const folded = fold?.closed === true;
    const parent = folded || row.childCount > 0;
    this.twist.text(parent ? (folded || closed ? "▸" : "▾") : "");
    this.twist.name(parent ? "twist can" : "twist");
    this.twist.title(parent ? (folded ? "Unfold the run" : closed ? "Open" : "Close") : "");
    this.indent(row.depth);
    this.deep.hide(row.depth <= DEEPEST);
    if (row.depth > DEEPEST) { this.deep.text(String(row.depth)); this.deep.title(`Level ${row.depth}`); }
    this.cross.hide(!(folded ? row.fold?.errors > 0 : row.error));
    this.many.hide(!folded);
    if (folded) this.many.text(`×${fold.siblings.toLocaleString("en")}`);
    this.dot.hide(Boolean(row.missing));
    const [service, name] = row.missing ? [row.missing === "awaited" ? "awaited span " : "span not received ", row.spanId] : [short(row.service, "unknown service"), short(row.name, "unnamed")];
    this.service.name(row.missing ? "absent" : "");
    this.service.text(service);
    this.label.name(row.missing ? "name absent" : "name");
    this.label.text(name);
    this.names.title(row.missing ? "" : `${service} · ${name}`);
    this.origin.hide(!row.origin || folded);
    // A subtree that is closed says how much it holds; a run that is open offers to be folded again.
    const again = Boolean(fold) && !folded;
    this.fold.hide(!again && !(closed && !folded));
    this.fold.name(again ? "fold again" : "fold");
    if (again || closed) {
      this.fold.text(again ? `×${fold.siblings.toLocaleString("en")} fold` : `+${(row.subtreeCount - 1).toLocaleString("en")}`);
      this.fold.title(again ? "Fold this run of alike spans again (x)" : "Spans within");
    }
    const strange = (row.oddities ?? []).filter((word) => !QUIET.has(word));
    this.odd.hide(strange.length === 0);
    this.odd.title(strange.join(", "));
  }

  draw(row, run, { trace, time, wide, shift, path }) {
    const moved = shift ? row.shiftNs ?? 0 : 0;
    const at = row.offsetNs + moved;
    const length = run ? Math.min(run.extentNs ?? run.durationNs, Math.max(trace.durationNs - row.offsetNs, row.durationNs)) : row.durationNs;
    const failed = run ? run.errors > 0 : row.error;
    const looks = `step${run?.latency_step ?? row.latency_step}${failed ? " failed" : ""}${!run && !row.missing && row.childCount > 0 && waits(row.selfNs, row.durationNs) ? " waits" : ""}`;
    this.bar.name(`bar ${looks}${row.missing ? " absent" : ""}${run ? " run" : ""}${moved ? " moved" : ""}`);
    const side = place(this.bar, time, at, length);
    const marks = path && !run ? row.path ?? [] : [];
    while (this.path.length < marks.length) {
      const stretch = new Part(h("i.path"));
      this.path.push(stretch);
      this.cell.insertBefore(stretch.element, this.took.element);
    }
    this.path.forEach((stretch, number) => {
      if (number >= marks.length) stretch.hide(true); else place(stretch, time, marks[number][0] + moved, marks[number][1]);
    });
    this.took.hide(false);
    const text = row.missing ? (row.missing === "awaited" ? "not here yet" : "not received")
      : run ? `${duration(run.durationNs)} in all${run.errors ? ` · ${run.errors} ✕` : ""}` : duration(row.durationNs);
    const share = run || side ? "" : beside(row, trace);
    this.length.text(side < 0 ? `‹ ${text}` : side > 0 ? `${text} ›` : text);
    this.share.text(share ? ` ${share}` : "");
    // Behind the bar where there is room, else before it, else on it.
    const [from, to] = [Math.max(0, time.percent(at)), Math.min(100, time.percent(at + length))];
    const room = (100 * ROOM) / Math.max(1, wide);
    const [kind, left, right] = side ? ["took away", side < 0 ? "0" : "auto", side < 0 ? "auto" : "0"]
      : to + room < 100 ? ["took", `calc(${to}% + 8px)`, "auto"]
        : from > room ? ["took", "auto", `calc(${100 - from}% + 8px)`] : [`took inside ${looks}`, `calc(${Math.min(from, 40)}% + 3px)`, "auto"];
    this.took.name(kind);
    this.took.style("left", left);
    this.took.style("right", right);
  }
}
