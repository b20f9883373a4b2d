// Two traces laid over each other: a row for each span of the one, the other, or both, with two bars on one scale.

import { copyButton, fill, h } from "./dom.js";
import { count, duration, named, percent, shortMoment } from "./format.js";

const SPARE = 8; // rows above and below the ones in sight
const TALLEST = 12e6; // browsers stop counting pixels somewhere above
const PRINTED = 1000; // rows on paper
const DEEPEST = 14; // levels that are still indented

const WORDS = {
  "same": ["=", "same"], "slower": ["▲", "slower in A"], "faster": ["▼", "faster in A"], "only-a": ["+", "only in A"], "only-b": ["−", "only in B"], "status": ["✕", "status differs"],
};

/** Shows the comparison in `container`; the function returned puts it away. */
export function compareTraces(container, answer, say) {
  const view = new Comparison(answer, say);
  fill(container, view.element);
  view.start();
  return () => view.stop();
}

const differs = (row) => row.change !== "same";
const longer = (row) => (row.a && row.b ? row.a.durationNs - row.b.durationNs : 0);
const wordOf = (row) => (WORDS[row.change] ? row.change : "same");

class Comparison {
  constructor(answer, say) {
    Object.assign(this, { answer, say, focus: 0, chosen: null, isShort: false });
    this.all = answer.rows ?? [];
    this.scale = Math.max(1, answer.a.durationNs, answer.b.durationNs, ...[0, 1].map((side) => this.all.reduce((most, row) => Math.max(most, (side ? row.b : row.a)?.durationNs ?? 0), 0)));
    this.narrow = matchMedia("(max-width: 900px)");
    this.window = h("div.window", { role: "presentation" });
    this.canvas = h("div.canvas", { role: "presentation" }, this.window);
    this.rows = h("div.comparerows", { role: "rowgroup" }, this.canvas);
    this.head = h("div.comparehead", { role: "row" }, h("span", { role: "columnheader" }, "Service · span"), h("span", { role: "columnheader" }, "Time in A and B"), h("span.comparedelta", { role: "columnheader" }, "A beside B"));
    this.grid = h("div.comparegrid", {
      role: "treegrid", tabindex: "0", "aria-label": "Spans of both traces, aligned", "aria-readonly": "true", onkeydown: (event) => this.key(event),
      onclick: (event) => { const row = event.target.closest("[data-at]"); if (row) { this.focus = Number(row.dataset.at); this.choose(this.shown[this.focus]); } },
    }, this.head, this.rows);
    this.panel = h("aside.panel.graphpanel", { "aria-label": "Details", hidden: true, tabindex: "-1" });
    this.panel.addEventListener("keydown", (event) => { if (event.key === "Escape") { this.choose(null); this.grid.focus(); } });
    const changed = this.all.filter(differs).length;
    this.only = h("input", { type: "checkbox", id: "only-differences" });
    this.only.addEventListener("change", () => this.shorten(this.only.checked));
    this.element = h("div.comparison", null,
      verdict(answer, (row) => this.goTo(row)), h("div.absides", null, side("A", answer.a, this.scale), side("B", answer.b, this.scale)),
      answer.truncated && h("p.notice", null, "These traces are too large to show all of their rows: those that differ most are here, with what stands above them."),
      h("div.graphrow", null, h("label.compareswitch", { for: "only-differences" }, this.only, `Only differences (${changed.toLocaleString("en")} of ${this.all.length.toLocaleString("en")})`),
        h("button.quiet", { type: "button", onclick: () => this.nextDifference(1) }, "Next difference ", h("kbd", null, "n")),
        tally(this.all), h("span.sub.comparekeys", null, h("kbd", null, "↑ ↓"), " move ", h("kbd", null, "Enter"), " details ", h("kbd", null, "d"), " only differences")),
      this.all.length ? h("div.comparestage", null, this.grid, this.panel) : h("p.notice", null, "Neither trace has a span that could be shown."));
    this.shown = this.all.map((_, index) => index);
  }

  get row() { return this.narrow.matches ? 84 : 48; }

  start() {
    this.onScroll = () => { this.frame ??= requestAnimationFrame(() => { this.frame = undefined; this.draw(); }); };
    this.rows.addEventListener("scroll", this.onScroll, { passive: true });
    this.resize = new ResizeObserver(() => { this.measure(); this.onScroll(); });
    this.resize.observe(this.rows);
    this.printing = new AbortController();
    addEventListener("beforeprint", () => fill(this.window, this.shown.slice(0, PRINTED).map((index, at) => this.line(index, at))), { signal: this.printing.signal });
    addEventListener("afterprint", () => this.draw(), { signal: this.printing.signal });
    this.measure();
    this.draw();
  }

  stop() { this.resize?.disconnect(); this.printing?.abort(); cancelAnimationFrame(this.frame); }

  measure() {
    this.height = Math.min(TALLEST, this.shown.length * this.row);
    this.canvas.style.setProperty("block-size", `${this.height}px`);
    this.grid.setAttribute("aria-rowcount", String(this.shown.length + 1));
  }

  get pace() {
    const view = this.rows.clientHeight;
    return this.height > view ? (this.shown.length * this.row - view) / (this.height - view) : 1;
  }

  draw() {
    const top = this.rows.scrollTop, above = top * this.pace;
    const first = Math.max(0, Math.floor(above / this.row) - SPARE);
    const last = Math.min(this.shown.length, Math.ceil((above + this.rows.clientHeight) / this.row) + SPARE);
    this.window.style.setProperty("transform", `translateY(${top - (above - first * this.row)}px)`);
    fill(this.window, this.shown.slice(first, last).map((index, at) => this.line(index, first + at)));
    if (this.shown.length) this.grid.setAttribute("aria-activedescendant", `pair-${this.shown[this.focus]}`); else this.grid.removeAttribute("aria-activedescendant");
    this.head.style.setProperty("padding-inline-end", `${this.rows.offsetWidth - this.rows.clientWidth}px`);
  }

  line(index, at) {
    const row = this.all[index];
    const word = wordOf(row);
    const names = h("div.names", { role: "gridcell" }, row.depth > DEEPEST && h("span.deep", null, String(row.depth)),
      (row.a?.error || row.b?.error) && h("span.cross", { "aria-hidden": "true" }, "✕"),
      h("b", null, named(row.service, "unknown service").slice(0, 200)), h("span.dot", { "aria-hidden": "true" }, " · "), h("span.name", null, named(row.name, "unnamed").slice(0, 300)),
      Math.max(row.a?.count ?? 1, row.b?.count ?? 1) > 1 && h("span.fold", null, row.a?.count === row.b?.count ? `×${row.a.count}` : `×${row.a?.count ?? 0} / ×${row.b?.count ?? 0}`));
    names.style.setProperty("--depth", String(Math.min(row.depth, DEEPEST)));
    const classes = ["comparepair", word !== "same" && `is-${word}`, at === this.focus && "focus", index === this.chosen && "chosen"].filter(Boolean).join(".");
    const line = h(`div.${classes}`, { id: `pair-${index}`, role: "row", "data-at": at, "aria-level": row.depth + 1, "aria-rowindex": at + 2, "aria-selected": String(index === this.chosen), "aria-label": this.describe(row) },
      names, h("div.abbars", { role: "gridcell" }, bar("a", row.a, this.scale), bar("b", row.b, this.scale)),
      h(`div.comparedelta.is-${word}`, { role: "gridcell" }, word === "same" ? h("span.sub", null, "same") : [h("b.comparesign", { "aria-hidden": "true" }, WORDS[word][0]), deltaText(row, word)]));
    line.style.setProperty("block-size", `${this.row}px`);
    return line;
  }

  describe(row) {
    const one = (name, span) => (span ? `${name} ${duration(span.durationNs)}${span.error ? " with an error" : ""}` : `not in ${name}`);
    return `${named(row.service, "unknown service").slice(0, 100)} · ${named(row.name, "unnamed").slice(0, 100)}, ${one("A", row.a)}, ${one("B", row.b)}, ${WORDS[wordOf(row)][1]}`;
  }

  // What the reader does.

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.rows.clientHeight / this.row) - 1);
    const actions = {
      ArrowDown: () => this.move(1), ArrowUp: () => this.move(-1), PageDown: () => this.move(page), PageUp: () => this.move(-page), Home: () => this.move(-Infinity), End: () => this.move(Infinity),
      Enter: () => this.choose(this.shown[this.focus]), " ": () => this.choose(this.shown[this.focus]), Escape: () => this.choose(null),
      n: () => this.nextDifference(1), N: () => this.nextDifference(-1), d: () => { this.only.checked = !this.only.checked; this.shorten(this.only.checked); },
    };
    if (!actions[event.key] || !this.shown.length) return;
    event.preventDefault();
    actions[event.key]();
  }

  move(by) {
    this.focus = Math.min(this.shown.length - 1, Math.max(0, this.focus + by));
    if (this.chosen !== null) this.choose(this.shown[this.focus]); else this.reveal();
  }

  reveal() {
    const at = this.focus * this.row, view = this.rows.clientHeight, above = this.rows.scrollTop * this.pace;
    if (at < above) this.rows.scrollTop = Math.max(0, at - this.row) / this.pace;
    else if (at + this.row > above + view) this.rows.scrollTop = (at + 2 * this.row - view) / this.pace;
    this.draw();
  }

  shorten(isShort) {
    const index = this.shown[this.focus];
    this.isShort = isShort;
    this.shown = this.all.map((_, at) => at).filter((at) => !isShort || differs(this.all[at]));
    const next = this.shown.findIndex((at) => at >= (index ?? 0));
    this.focus = next < 0 ? Math.max(0, this.shown.length - 1) : next;
    this.measure();
    this.reveal();
    this.say(`${count(this.shown.length, "row")} shown`);
  }

  nextDifference(step) {
    for (let by = 1; by <= this.shown.length; by++) {
      const at = (this.focus + step * by + this.shown.length * 2) % this.shown.length;
      if (!differs(this.all[this.shown[at]])) continue;
      this.focus = at;
      this.reveal();
      this.grid.focus({ preventScroll: true });
      return this.say(this.describe(this.all[this.shown[at]]));
    }
    this.say("There is no difference");
  }

  goTo(index) {
    if (!this.shown.includes(index)) { this.only.checked = false; this.shorten(false); }
    this.focus = Math.max(0, this.shown.indexOf(index));
    this.choose(index);
    this.grid.focus({ preventScroll: true });
  }

  choose(index) {
    this.chosen = index ?? null;
    this.panel.hidden = this.chosen === null;
    if (this.chosen !== null) { fill(this.panel, details(this.all[index], this.answer, () => { this.choose(null); this.grid.focus(); })); this.panel.scrollTop = 0; }
    this.reveal();
  }
}

function verdict({ verdict: given, rows = [] }, goTo) {
  const text = given?.text ?? (rows.some(differs) ? "The traces differ." : "The traces do the same, as fast as each other.");
  return h("div.compareverdict", null, h("h2", null, text),
    Number.isInteger(given?.row) && rows[given.row] && h("p", null, h("button.jump", { type: "button", onclick: () => goTo(given.row) }, "Show where")));
}

function side(name, trace, scale) {
  const bar = h(`i.abline.${name.toLowerCase()}`);
  bar.style.setProperty("inline-size", `${Math.max(0.5, (100 * trace.durationNs) / scale)}%`);
  return h("section.sidecard", { "aria-label": `Trace ${name}` },
    h("p.sidename", null, h("b.abside", null, name), h("a", { href: `/trace/${encodeURIComponent(trace.traceId)}`, "data-route": true }, named(trace.rootService, "unknown service").slice(0, 120), " · ", named(trace.rootName, "unnamed").slice(0, 200))),
    h("p.sideline", { "aria-hidden": "true" }, bar),
    h("p.sub", null, h("b.number", null, duration(trace.durationNs)), ` · ${count(trace.spanCount, "span")}${trace.errorCount ? ` · ✕ ${count(trace.errorCount, "error")}` : ""} · ${shortMoment(trace.start)}`),
    h("p.id", null, h("code", null, trace.traceId), copyButton(trace.traceId, "trace ID")));
}

function tally(rows) {
  const words = new Map();
  for (const row of rows) if (differs(row)) words.set(wordOf(row), (words.get(wordOf(row)) ?? 0) + 1);
  return h("span.comparetally", null, [...words].map(([word, number]) => h(`span.comparedelta.is-${word}`, null, h("b.comparesign", { "aria-hidden": "true" }, WORDS[word][0]), `${number.toLocaleString("en")} ${WORDS[word][1]}`)));
}

function bar(name, span, scale) {
  if (!span) return h(`span.abduo.${name}.none`, null, h("b", { "aria-hidden": "true" }, name.toUpperCase()), h("span.abroom", null, h("span.took", null, "not there")));
  const whole = h("i.abwhole"), own = h("i.abown");
  whole.style.setProperty("inline-size", `${Math.max(0.3, (100 * span.durationNs) / scale)}%`);
  own.style.setProperty("inline-size", `${Math.min(100, (100 * (span.selfNs ?? 0)) / Math.max(1, span.durationNs))}%`);
  whole.append(own);
  const took = h("span.took", null, span.error && h("span.cross", { "aria-hidden": "true" }, "✕ "), duration(span.durationNs));
  return h(`span.abduo.${name}`, null, h("b", { "aria-hidden": "true" }, name.toUpperCase()), h("span.abroom", null, whole, took));
}

function deltaText(row, word) {
  if (word === "slower" || word === "faster") return `${longer(row) < 0 ? "−" : "+"}${duration(Math.abs(longer(row)))}`;
  return WORDS[word][1];
}

function details(row, answer, close) {
  const fact = (name, text) => [h("dt", null, name), h("dd", null, text)];
  const one = (name, span, trace) => h("section", null, h("h3", null, `In ${name}`), span ? [h("dl", null,
    fact("Duration", duration(span.durationNs)), fact("Of its own", duration(span.selfNs ?? 0)), fact("Critical path", span.criticalNs ? `${duration(span.criticalNs)}, ${percent(span.criticalNs, trace.criticalNs || trace.durationNs)}` : "not on it"),
    span.count > 1 && fact("Times", `${span.count.toLocaleString("en")} alike, taken together`), fact("Status", span.error ? "✕ error" : "no error")),
  h("p", null, h("a", { href: `/trace/${encodeURIComponent(trace.traceId)}#${encodeURIComponent(span.spanId)}`, "data-route": true }, `Open the span in trace ${name}`))] : h("p.sub", null, "There is no such span."));
  const word = wordOf(row);
  return [h("header", null, h("div", null, h("h2", null, named(row.name, "unnamed").slice(0, 300)), h("p.sub", null, h("b", null, named(row.service, "unknown service").slice(0, 200)))),
    h("button.close", { type: "button", title: "Close (Esc)", "aria-label": "Close details", onclick: close }, "✕")),
  word !== "same" && h(`p.comparedelta.is-${word}`, null, h("b.comparesign", { "aria-hidden": "true" }, WORDS[word][0]), row.a && row.b && longer(row) !== 0 ? `${deltaText(row, longer(row) > 0 ? "slower" : "faster")}: ${WORDS[word][1]}` : WORDS[word][1]),
  one("A", row.a, answer.a), one("B", row.b, answer.b)];
}
