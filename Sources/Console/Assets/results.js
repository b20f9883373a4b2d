// The traces that were found, one a row, with a small waterfall of each.

import { svg } from "./canvas.js";
import { fill, h } from "./dom.js";
import { ago, count, duration, named, shortMoment } from "./format.js";

const ORDERS = {
  newest: ["newest first", null], slowest: ["slowest first", (a, b) => b.durationNs - a.durationNs], errors: ["most errors first", (a, b) => b.errorCount - a.errorCount],
  largest: ["most spans first", (a, b) => b.spanCount - a.spanCount],
};

const [SLOW, VERY_SLOW] = [2, 4]; // times the usual duration
const ENOUGH = 5; // traces of a kind

export class Results {
  /** `onChosen(traces)` with those chosen for comparison, at most two; `onHover(trace | null)`. */
  constructor({ onChosen, onHover = () => {} }) {
    Object.assign(this, { onChosen, onHover, traces: [], chosen: [], order: "newest", rows: new Map(), at: null });
    this.list = h("ul.results", { "aria-label": "Traces" });
    this.sort = h("select", { "aria-label": "Order of what is loaded", onchange: () => { this.order = this.sort.value; this.draw(); } },
      Object.entries(ORDERS).map(([value, [label]]) => h("option", { value }, label)));
    this.list.addEventListener("focusin", (event) => this.focused(event.target.closest("[data-trace]")?.dataset.trace));
    this.list.addEventListener("pointerover", (event) => this.onHover(this.traceOf(event.target)));
    this.list.addEventListener("pointerleave", () => this.onHover(null));
    this.list.addEventListener("change", (event) => { if (event.target.matches("input")) this.toggle(this.traceOf(event.target)?.traceId); });
  }

  traceOf(element) {
    const id = element.closest?.("[data-trace]")?.dataset.trace;
    return this.traces.find((trace) => trace.traceId === id) ?? null;
  }

  /** Shows these, newest first; rows that stay are kept, and with them the focus. */
  set(traces) {
    this.traces = traces;
    this.draw();
  }

  draw() {
    const compare = ORDERS[this.order][1];
    const ordered = compare ? [...this.traces].sort(compare) : this.traces;
    const rows = new Map();
    const usual = usually(this.traces);
    for (const trace of ordered) {
      const times = trace.durationNs / (usual.get(kindOf(trace)) ?? Infinity);
      const known = this.rows.get(trace.traceId);
      const state = `${trace.spanCount} ${trace.durationNs} ${trace.errorCount} ${trace.missingCount} ${trace.matched} ${trace.mini?.length} ${trace.rootService} ${trace.rootName} ${trace.services.length} ${times >= SLOW ? times.toFixed(1) : ""}`;
      rows.set(trace.traceId, known?.state === state ? known : { state, element: this.row(trace, times) });
    }
    this.rows = rows;
    const focus = document.activeElement;
    const wasIn = this.list.contains(focus) ? { id: focus.closest("[data-trace]")?.dataset.trace, isBox: focus.matches("input") } : null;
    this.list.replaceChildren(...[...rows.values()].map(({ element }) => element));
    if (!rows.has(this.at)) this.at = ordered[0]?.traceId ?? null;
    this.rove();
    if (wasIn && rows.has(wasIn.id)) rows.get(wasIn.id).element.querySelector(wasIn.isBox ? "input" : "a").focus({ preventScroll: true });
    this.setChosen(this.chosen.filter((id) => rows.has(id)));
  }

  /** Only relative times change. */
  tell() { this.list.querySelectorAll("time").forEach((element) => { element.textContent = ago(element.dataset.ns); }); }

  row(trace, times) {
    const service = named(trace.rootService, "unknown service"), name = named(trace.rootName, "unnamed");
    const others = trace.services.filter((other) => other !== trace.rootService);
    return h("li.result", { "data-trace": trace.traceId },
      h("label.pick", { title: "Choose for comparison (x)" }, h("input", { type: "checkbox", tabindex: "-1", "aria-label": `Compare ${short(service)} ${short(name)}, ${duration(trace.durationNs)}` })),
      h("a.open", { href: `/trace/${trace.traceId}`, "data-route": true, tabindex: "-1" },
        h("span.what", null,
          h("span.title", null, h("b", { title: service.length > 30 ? service.slice(0, 500) : null }, short(service)), " ", h("span.name", { title: name.length > 40 ? name.slice(0, 500) : null }, short(name)),
            trace.errorCount > 0 && h("span.badge.error", null, h("span", { "aria-hidden": "true" }, "✕ "), count(trace.errorCount, "error")),
            trace.missingCount > 0 && h("span.badge.odd", { title: "Spans that others name as their parent have not arrived" }, h("span", { "aria-hidden": "true" }, "◇ "), `${trace.missingCount.toLocaleString("en")} missing`),
            trace.matched === "unknown" && h("span.badge", { title: `Whether it satisfies the query depends on span ${trace.unknownBecause ?? ""}, which did not arrive` }, "may match"),
            trace.truncated && h("span.badge", { title: "Only what came first of this trace was read for this line" }, "in part")),
          h("span.sub", null, h("time", { "data-ns": trace.start, title: shortMoment(trace.start) }, ago(trace.start)), " · ", count(trace.spanCount, "span"),
            others.length > 0 && ` · with ${others.slice(0, 4).map(short).join(", ")}`, trace.serviceCount - 1 > 4 && ` and ${trace.serviceCount - 5} more`)),
        waterfall(trace.mini ?? []),
        h("span.number.lasted", null, duration(trace.durationNs), times >= SLOW && h(`span.cue.step${times >= VERY_SLOW ? 4 : 3}`, { title: "Against the median of the traces loaded that begin with the same operation" },
          h("i.swatch", { "aria-hidden": "true" }), `${times < 10 ? times.toFixed(1).replace(/\.0$/, "") : Math.round(times)} × usual`))));
  }

  // Going through them.

  get ids() { return [...this.rows.keys()]; }

  focused(id) {
    if (!id || id === this.at) return;
    this.at = id;
    this.rove();
  }

  /** One row alone is a stop of the tab key; arrows go on from there. */
  rove() {
    this.list.querySelectorAll("[tabindex='0']").forEach((element) => element.setAttribute("tabindex", "-1"));
    this.rows.get(this.at)?.element.querySelectorAll("a, input").forEach((element) => element.setAttribute("tabindex", "0"));
  }

  move(by) {
    const { ids } = this;
    if (!ids.length) return;
    const isIn = this.list.contains(document.activeElement);
    const next = isIn ? Math.min(ids.length - 1, Math.max(0, ids.indexOf(this.at) + by)) : by > 0 ? 0 : ids.length - 1;
    const link = this.rows.get(ids[next]).element.querySelector("a");
    link.focus();
    link.closest("li").scrollIntoView({ block: "nearest" });
  }

  toggleCurrent() { if (this.list.contains(document.activeElement)) this.toggle(this.at); }

  /** Chooses a trace for comparison or takes it back; of three the one chosen first goes. */
  toggle(id) {
    if (!id) return;
    this.setChosen(this.chosen.includes(id) ? this.chosen.filter((other) => other !== id) : [...this.chosen, id].slice(-2));
  }

  setChosen(ids) {
    this.chosen = ids;
    for (const [id, { element }] of this.rows) {
      const isChosen = ids.includes(id);
      element.classList.toggle("chosen", isChosen);
      element.querySelector("input").checked = isChosen;
    }
    this.onChosen(ids.map((id) => this.traces.find((trace) => trace.traceId === id)));
  }

  /** Marks the row of a trace that is shown elsewhere. */
  mark(trace) {
    this.marked?.classList.remove("marked");
    this.marked = trace && this.rows.get(trace.traceId)?.element;
    this.marked?.classList.add("marked");
  }
}

const kindOf = (trace) => `${trace.rootService}\n${trace.rootName}`;

/** The median duration of each kind of trace that was loaded often enough to say so. */
function usually(traces) {
  const kinds = new Map();
  for (const trace of traces) {
    const kind = kindOf(trace);
    if (!kinds.has(kind)) kinds.set(kind, []);
    kinds.get(kind).push(trace.durationNs);
  }
  return new Map([...kinds].filter(([, lengths]) => lengths.length >= ENOUGH).map(([kind, lengths]) => [kind, lengths.sort((a, b) => a - b)[lengths.length >> 1]]));
}

/** The spans that matter, each on a line of its own, coloured by latency; one path a colour keeps a thousand rows light. */
function waterfall(mini) {
  const spans = mini.slice(0, 24);
  if (!spans.length) return h("span.small", { "aria-hidden": "true" });
  const tall = 100 / Math.max(6, spans.length);
  const paths = new Map();
  spans.forEach(([from, width, step, failed], line) => {
    const kind = `step${Math.min(4, Math.max(0, Math.trunc(step) || 0))}${failed ? " failed" : ""}`;
    const left = Math.min(996, Math.max(0, Number(from) || 0)), wide = Math.min(1000 - left, Math.max(4, Number(width) || 0));
    paths.set(kind, `${paths.get(kind) ?? ""}M${left} ${(line * tall + tall * 0.12).toFixed(2)}h${wide}v${(tall * 0.76).toFixed(2)}h${-wide}z`);
  });
  const picture = svg("svg", { class: "small", viewBox: "0 0 1000 100", preserveAspectRatio: "none", "aria-hidden": "true" },
    [...paths].map(([kind, d]) => svg("path", { class: kind, d })));
  return picture;
}

export const short = (text) => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

/** Lines that stand in for results until these come. */
export const ghosts = () => h("div.results", { "aria-hidden": "true" }, Array.from({ length: 7 }, () => h("div.result.ghost", null, h("i.bone"), h("i.bone"), h("i.bone"))));
