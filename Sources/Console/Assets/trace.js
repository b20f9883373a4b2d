// The page of one trace: what was slow in a sentence, the whole at a glance, the views of it, and the span that is chosen.

import { get } from "./api.js";
import { clockTable, wrongClocks } from "./clocks.js";
import { copyButton, fill, h } from "./dom.js";
import { EventList } from "./eventList.js";
import { FindInTrace } from "./findInTrace.js";
import { FlameGraph } from "./flame.js";
import { count, duration, named, percent } from "./format.js";
import { legend } from "./legend.js";
import { menu } from "./menu.js";
import { Minimap } from "./minimap.js";
import { OperationTable } from "./operationTable.js";
import { brokenPanel, spanPanel, waitingPanel } from "./panel.js";
import { quoted } from "./queryText.js";
import { RowMap } from "./rowMap.js";
import { RowStore } from "./rowStore.js";
import { TimeWindow } from "./timeWindow.js";
import { traceHeading, traceVerdicts } from "./traceHeading.js";
import { keysDialog } from "./traceKeys.js";
import { TraceTree } from "./traceTree.js";
import { readView, writeView } from "./viewAddress.js";
import { Waterfall } from "./waterfall.js";

const VIEWS = [["waterfall", "Waterfall"], ["flame", "Flame graph"], ["graph", "Call graph"], ["table", "Table"], ["events", "Events"]];
const LEVELS = 12;
const BULK = 2000; // rows asked for at once when a whole level is closed
const GROWN = "The trace has grown since it was opened.";
const MOST_CLOSED = 100000;

/** Shows the trace in `main`; the function returned puts everything away. `given` is the id as the address has it. */
export function showTrace(main, id, given) {
  document.title = `Trace ${id ?? ""} · HMS-OPS`;
  if (!id) {
    fill(main, state("That is not a trace ID", [h("code", null, given.slice(0, 80))],
      ["A trace ID has 32 hexadecimal digits (or 16). Services send it in the ", h("code", null, "x-hms-trace-id"), " header."]));
    return () => {};
  }
  const page = new TracePage(main, id);
  page.load();
  return () => page.stop();
}

class TracePage {
  constructor(main, id) {
    this.main = main;
    this.id = id;
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.onPress = (event) => { for (const menu of main.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false; };
    document.addEventListener("pointerdown", this.onPress);
  }

  stop() {
    this.close();
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("pointerdown", this.onPress);
  }

  /** Puts away what is open, and calls off all that was asked for it. */
  close() {
    for (const asked of [this.opening, this.asking, this.levelling]) asked?.abort();
    clearTimeout(this.writing);
    for (const part of [this.waterfall, this.minimap, this.store, this.find]) part?.stop();
    this.graphing?.then((stop) => stop?.(), () => {});
    this.graphing = this.waterfall = this.minimap = this.store = this.find = this.overview = undefined;
    this.detail = this.panelIndex = this.spanId = undefined;
  }

  async load() {
    const { main, id } = this;
    this.close();
    const { signal } = this.opening = new AbortController();
    fill(main, bones());
    try {
      const overview = await get(`/api/v1/traces/${id}/overview`, signal);
      if (overview.trace.nodeCount > 0) this.open(overview);
      else fill(main, this.notFound("This trace holds no spans yet"));
    } catch (error) {
      if (error.name === "AbortError") return;
      fill(main, error.status === 404 ? this.notFound("No span of this trace is here") : state("The trace could not be opened",
        [error.message ?? String(error)], [error.hint ?? "", " "], h("button", { type: "button", onclick: () => this.load() }, "Try again")));
    }
  }

  again() {
    this.write();
    this.load();
  }

  open(overview) {
    const { trace } = overview;
    this.take(overview);
    document.title = `${named(trace.rootService ?? "", "trace").slice(0, 80)} · ${named(trace.rootName ?? "", "unnamed").slice(0, 80)} · HMS-OPS`;
    const wanted = readView(location.search, trace.nodeCount);
    this.clocks = wanted.clocks && wrongClocks(overview).length > 0;
    this.time = new TimeWindow(trace.durationNs);
    this.map = new RowMap(trace.nodeCount, overview.folds ?? []);
    this.map.apply(wanted);
    this.said = h("p.hidden", { role: "status", "aria-live": "polite" });
    const say = (text) => { this.said.textContent = text; };
    this.trouble = h("p.notice.bad", { hidden: true, role: "alert" });
    const tree = this.tree = new TraceTree(this.id, trace.tree, () => this.outgrown());
    this.store = new RowStore(tree, overview, {
      changed: () => this.waterfall?.redraw(),
      failed: (error) => {
        this.trouble.hidden = !error;
        if (error) fill(this.trouble, h("strong", null, "Rows could not be loaded. "), error.message, " Trying again…");
      },
    });
    this.waterfall = new Waterfall({
      overview, store: this.store, map: this.map, time: this.time, say,
      choose: (index) => { this.choose(index); },
      moved: (first, last) => { this.minimap?.sight(first, last); this.later(); },
    });
    this.waterfall.path = wanted.path;
    this.waterfall.shift = this.clocks;
    this.minimap = new Minimap({ overview, time: this.time, pick: (index) => { this.show("waterfall"); this.waterfall.goTo(index); } });
    const go = (index) => { this.show("waterfall"); this.waterfall.goTo(index, { choosing: true }); };
    const inRows = (act) => () => { this.show("waterfall"); act(this.waterfall); };
    this.ways = {
      row: go, look: (query) => this.look(query), nextSlow: inRows((rows) => rows.nextSlow(1)), nextError: inRows((rows) => rows.nextError()),
      slowest: inRows((rows) => { rows.slowAt = -1; rows.nextSlow(1, true); }), origin: inRows((rows) => { rows.originAt = -1; rows.nextOrigin(true); }),
    };
    this.find = new FindInTrace(tree, {
      say, go: (index) => { this.show("waterfall"); this.waterfall.goTo(index, { focusing: false }); },
      here: () => this.map.indexAt(this.waterfall.focus),
      found: (indexes, text) => {
        this.waterfall.hits = indexes.length ? new Set(indexes) : null;
        this.waterfall.redraw();
        this.minimap.found(indexes);
        this.found = text;
        this.later();
      },
    });
    this.find.leave = () => this.waterfall.element.focus({ preventScroll: true });
    this.flame = new FlameGraph(tree, { trace, go });
    this.table = new OperationTable(tree, { trace, go, find: (row) => this.look([row.service ? `service = ${quoted(row.service)}` : "", row.name ? `name = ${quoted(row.name)}` : ""].filter(Boolean).join(" and ")) });
    this.events = new EventList(tree, { go });
    this.graphBody = h("div");
    this.graphNote = h("p.sub", { role: "status" });
    this.graph = h("div.sheet", { role: "region", "aria-label": "Call graph", tabindex: "0" }, this.graphNote, this.graphBody);
    this.parts = { waterfall: this.waterfall.element, flame: this.flame.element, graph: this.graph, table: this.table.element, events: this.events.element };
    this.panel = h("aside.panel", { "aria-label": "Span details", hidden: true, tabindex: "-1" });
    this.keys = keysDialog();
    this.tabs = h("div.tabs", { role: "tablist", "aria-label": "Views of the trace", onkeydown: (event) => this.alongTabs(event) }, VIEWS.map(([name, title]) => h("button", {
      type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `view-${name}`, onclick: () => this.show(name) }, title)));
    for (const [name, part] of Object.entries(this.parts)) {
      if (name !== "waterfall") part.setAttribute("role", "tabpanel");
      part.id = `view-${name}`;
    }
    this.toolbox = this.tools(overview);
    this.verdicts = traceVerdicts(overview, this.ways);
    this.linker = h("button", { type: "button", title: "Copy the address of this view (y)", onclick: () => this.copyLink() }, "Copy link");
    this.legend = legend(trace.colour, trace.missingCount > 0);
    this.stage = h("div.stage", null, Object.values(this.parts), this.panel);
    fill(this.main, h("section.trace", null,
      traceHeading(overview, this.verdicts, this.linker), this.notes(overview, wanted), this.trouble, this.minimap.element,
      h("div.toolbar", null, this.tabs, this.find.element, this.toolbox),
      this.stage, h("div.foot", null, this.legend, h("button.quiet.help", { type: "button", title: "Keys (?)", onclick: () => this.keys.showModal() }, "Keys ", h("kbd", null, "?"))), this.said, this.keys));
    if (wanted.from !== undefined) this.time.set(wanted.from, wanted.to);
    this.time.listen(() => this.later());
    this.view = null;
    this.show(wanted.view, true);
    this.waterfall.start();
    this.minimap.start();
    if (wanted.find) { this.find.box.value = wanted.find; this.find.run(); }
    this.follow(location.hash.slice(1), wanted.from === undefined);
    if (trace.colour?.pending) this.awaitColours();
  }

  /** Colours follow from shares until the hour before is summed up, which for a store of a million spans takes a second. */
  async awaitColours() {
    const { tree, overview: { trace }, opening: { signal } } = this;
    for (let wait = 250; ; wait = Math.min(2 * wait, 8000)) {
      await new Promise((done) => setTimeout(done, wait));
      if (signal.aborted) return;
      let overview;
      try { overview = await get(`/api/v1/traces/${this.id}/overview`, signal); } catch { continue; }
      if (signal.aborted) return;
      if (overview.trace.nodeCount !== trace.nodeCount || tree.isOther(overview.trace.tree)) return this.outgrown();
      if (!overview.trace.colour?.pending) return this.recolour(overview);
    }
  }

  recolour(overview) {
    this.take(overview);
    for (const part of [this.store, this.minimap, this.waterfall]) part.recolour(overview);
    for (const part of [this.flame, this.table]) part.forget();
    if (!this.verdicts.contains(document.activeElement)) {
      const verdicts = traceVerdicts(overview, this.ways);
      this.verdicts.replaceWith(verdicts);
      this.verdicts = verdicts;
    }
    const { open } = this.legend;
    const { trace } = overview;
    this.legend.replaceWith(this.legend = legend(trace.colour, trace.missingCount > 0));
    this.legend.open = open;
    const { view } = this;
    if (view !== "flame" && view !== "table") return;
    this.view = null;
    this.show(view);
  }

  take(overview) {
    this.overview = overview;
    // Of several errors the one that the trace waited for longest is told first.
    overview.origins?.sort((a, b) => b.criticalNs - a.criticalNs || a.index - b.index);
  }

  /** Goes to the span that the address names. */
  async follow(spanId, timing = true) {
    if (!/^[0-9a-f]{16}$/i.test(spanId)) { if (this.view === "waterfall") this.waterfall.element.focus({ preventScroll: true }); return; }
    try {
      const detail = await this.tree.get(`spans/${spanId.toLowerCase()}`, this.opening.signal);
      this.detail = detail;
      this.store.loose.set(detail.row.index, detail.row);
      this.waterfall.goTo(detail.row.index, { choosing: true, focusing: this.view === "waterfall", timing });
    } catch (error) {
      if (error.name === "AbortError" || error.code === "grown") return;
      this.tell(error.status === 404 ? `The span ${spanId} is not in this trace.` : error.message);
    }
  }

  /** The collector answers from a larger tree than the one shown. */
  outgrown() {
    if (!this.growth.hidden) return;
    this.growth.hidden = false;
    this.said.textContent = GROWN;
  }

  tell(text) {
    this.trouble.hidden = false;
    fill(this.trouble, text);
    this.said.textContent = text;
  }

  // What stands above.

  notes(overview, wanted) {
    const { trace } = overview;
    const again = () => h("button.quiet", { type: "button", onclick: () => this.again() }, "Load again");
    this.growth = h("p.notice.grown", { hidden: true }, h("b", null, GROWN), " What is in sight is from before. ", again());
    return [
      this.growth,
      trace.truncated && h("p.notice", null, h("b", null, "Only a part of this trace is shown. "), "It is too large to be read whole: what is here, figures included, is what came first. ", h("a", { href: `/api/v1/traces/${this.id}?format=otlp`, download: `trace-${this.id}.otlp.json` }, "Download its spans")),
      trace.awaitedCount > 0 && h("p.notice", null, `${count(trace.awaitedCount, "span")} may still arrive: spans are sent when they end. `, again()),
      this.crowded(overview),
      wanted.outdated && h("p.notice", null, "The trace has grown since this address was copied, so which rows were closed is not restored."),
    ];
  }

  /** Where one span makes the axis so long that all others are a speck on it, a way to the others. */
  crowded({ trace, slow = [] }) {
    const usual = slow.filter((row) => row.durationNs < trace.durationNs / 2);
    if (usual.length < 2) return null;
    const [from, to] = [Math.min(...usual.map((row) => row.offsetNs)), Math.max(...usual.map((row) => row.offsetNs + row.durationNs))];
    if (to - from > trace.durationNs / 50) return null;
    return h("p.notice", null, `What took time lies within ${duration(to - from)} of ${duration(trace.durationNs)}. `,
      h("button.quiet", { type: "button", onclick: () => this.time.set(from - (to - from) / 50, to + (to - from) / 50) }, "Look there"));
  }

  tools(overview) {
    const wrong = wrongClocks(overview);
    const path = h("button", { type: "button", "aria-pressed": String(this.waterfall.path), title: "Show the critical path (c)", onclick: () => this.togglePath() }, "Critical path");
    this.pathButton = path;
    const level = h("select", { "aria-label": "Close levels of the tree", title: "Close the tree below a level" }, h("option", { value: "" }, "Levels"),
      h("option", { value: "all" }, "Open all"), Array.from({ length: Math.min(LEVELS, overview.trace.maxDepth) }, (_, depth) => h("option", { value: String(depth) }, depth === 0 ? "Roots only" : `To level ${depth + 1}`)));
    level.addEventListener("change", () => { const wanted = level.value; level.value = ""; if (wanted === "all") this.openAll(); else if (wanted) this.closeFrom(Number(wanted)); });
    const folds = (overview.folds ?? []).length > 0 && h("button", { type: "button", title: "Fold or unfold all runs of alike spans (X)", onclick: () => this.toggleFolds() }, "Runs");
    this.whole = h("button", { type: "button", title: "The whole trace (0)", "aria-label": "The whole trace", hidden: true, onclick: () => this.time.whole() }, "Whole");
    this.time.listen(() => { this.whole.hidden = this.time.isWhole; });
    const clocks = wrong.length > 0 && h("button", { type: "button", "aria-pressed": String(this.clocks), title: "Move the hosts by what their clocks seem to differ (k)", onclick: () => this.toggleClocks() });
    this.clockButton = clocks || null;
    if (clocks) this.nameClocks(wrong.length);
    return h("div.tools", { role: "group", "aria-label": "What the waterfall shows" }, path, level, folds,
      clocks && h("span.pair", null, clocks, menu("?", () => clockTable(overview.hosts), "Bounds of the clocks")),
      h("span.zoom", { role: "group", "aria-label": "Zoom in time" },
        h("button", { type: "button", title: "Zoom out (-)", "aria-label": "Zoom out", onclick: () => this.time.zoom(2) }, "−"),
        h("button", { type: "button", title: "Zoom in (+)", "aria-label": "Zoom in", onclick: () => this.time.zoom(0.5, this.middle()) }, "+"), this.whole));
  }

  nameClocks(number) { this.clockButton.textContent = this.clocks ? "Clocks corrected" : `Correct clocks (${count(number, "host")})`; }

  // What the reader does.

  toggleClocks() {
    if (!this.clockButton) return;
    this.clocks = this.waterfall.shift = !this.clocks;
    this.clockButton.setAttribute("aria-pressed", String(this.clocks));
    this.nameClocks(wrongClocks(this.overview).length);
    this.waterfall.redraw();
    this.said.textContent = this.clocks ? "Clocks corrected in this view" : "Times as they came";
    this.later();
  }

  togglePath() {
    this.waterfall.path = !this.waterfall.path;
    this.pathButton.setAttribute("aria-pressed", String(this.waterfall.path));
    this.waterfall.redraw();
    this.waterfall.element.classList.toggle("pathless", !this.waterfall.path);
    this.later();
  }

  toggleFolds() {
    const index = this.map.indexAt(this.waterfall.focus);
    this.map.setAllFolds(!this.map.foldClosed.some((closed) => closed));
    this.waterfall.changed(index);
    this.later();
  }

  openAll() {
    const index = this.map.indexAt(this.waterfall.focus);
    this.map.openAll();
    this.waterfall.changed(index);
    this.later();
  }

  /** Closes every subtree whose top is at a depth: reads the tree in stretches, past what is closed. */
  async closeFrom(depth) {
    this.levelling?.abort();
    const { signal } = this.levelling = new AbortController();
    const index = this.map.indexAt(this.waterfall.focus);
    const { nodeCount } = this.overview.trace;
    const closed = [];
    try {
      for (let at = 0; at < nodeCount && closed.length < MOST_CLOSED;) {
        const rows = at + 1 < this.overview.rows.length ? this.overview.rows.slice(at) : await this.store.bulk(at, BULK, signal);
        if (!rows.length) break;
        let next = at;
        for (const row of rows) {
          if (row.index < next) continue;
          const closing = row.depth >= depth && row.childCount > 0;
          if (closing) closed.push([row.index, row.subtreeCount]);
          next = row.index + (closing ? row.subtreeCount : 1);
        }
        at = next;
        if (at < nodeCount) this.said.textContent = `Closing: ${percent(at, nodeCount)}`;
      }
      this.map.closeAll(closed);
      this.waterfall.changed(index);
      this.said.textContent = `${count(closed.length, "subtree")} closed`;
      this.later();
    } catch (error) {
      if (error.name !== "AbortError") this.tell(`The level could not be closed. ${error.message}`);
    }
  }

  look(query) {
    if (!query) return;
    this.show("waterfall");
    const { find } = this;
    find.box.value = query;
    find.run().then((isShown) => { if (isShown) find.next(1); });
  }

  /** Shows what is known of a span, or closes the details. */
  async choose(index) {
    this.asking?.abort();
    if (index === null) {
      this.panel.hidden = true;
      this.panelIndex = null;
      this.spanId = null;
      this.write();
      return;
    }
    const asking = this.asking = new AbortController();
    const close = () => this.waterfall.choose(null);
    const row = this.store.row(index);
    const was = this.panelIndex;
    this.panel.hidden = false;
    this.panelIndex = index;
    try {
      const known = row ?? await this.store.load(index);
      if (asking.signal.aborted || !known) return;
      this.spanId = known.spanId;
      this.later();
      let { detail } = this;
      if (detail?.row.index !== index) {
        if (was !== index) { fill(this.panel, waitingPanel(known, close)); this.panel.scrollTop = 0; }
        detail = await this.tree.get(`spans/${known.spanId}`, asking.signal);
      }
      if (asking.signal.aborted) return;
      this.detail = detail;
      fill(this.panel, spanPanel(detail, {
        trace: this.overview.trace, hosts: this.overview.hosts, close,
        jump: (to) => { this.show("waterfall"); this.waterfall.goTo(to, { choosing: true }); },
        jumpToSpan: (spanId) => this.follow(spanId),
      }));
      this.panel.scrollTop = 0;
    } catch (error) {
      if (error.name === "AbortError" || asking.signal.aborted) return;
      fill(this.panel, brokenPanel(row ?? { name: "Span", spanId: "", latency_step: 0, durationNs: 0, selfNs: 0 }, error, close, () => { this.panelIndex = null; this.choose(index); }));
    }
  }

  middle() {
    const row = this.store.row(this.map.indexAt(this.waterfall.focus));
    const at = row ? row.offsetNs + row.durationNs / 2 : NaN;
    return at > this.time.from && at < this.time.to ? at : (this.time.from + this.time.to) / 2;
  }

  // Views.

  async show(name, first = false) {
    if (!Object.hasOwn(this.parts, name) || this.view === name) { if (!first) return; name = "waterfall"; }
    this.view = name;
    for (const [each, part] of Object.entries(this.parts)) {
      part.hidden = each !== name;
      const tab = this.tabs.querySelector(`#tab-${each}`);
      tab.setAttribute("aria-selected", String(each === name));
      tab.setAttribute("tabindex", each === name ? "0" : "-1");
    }
    this.toolbox.hidden = name !== "waterfall";
    if (!first) this.later();
    if (name === "waterfall") return;
    const part = { flame: this.flame, table: this.table, events: this.events }[name];
    const { signal } = this.opening;
    try { await (name === "graph" ? this.drawGraph() : part.show(signal)); } catch (error) {
      if (error.name === "AbortError" || signal.aborted) return;
      const retry = error.code === "grown" ? h("button", { type: "button", onclick: () => this.again() }, "Load again")
        : h("button", { type: "button", onclick: () => { note.remove(); this.view = null; this.show(name); } }, "Try again");
      const note = h("div.broken", { role: "alert" }, h("p.notice.bad", null, h("strong", null, error.message ?? String(error)), " ", error.hint ?? ""), h("p", null, retry));
      this.parts[name].querySelectorAll(".broken").forEach((old) => old.remove());
      this.parts[name].prepend(note);
    }
  }

  /** The call graph is drawn when its tab is first looked at. */
  drawGraph() {
    if (this.graphing) return this.graphing;
    const graphing = this.graphing = this.graphed(this.graphBody, this.opening.signal);
    graphing.catch(() => { if (this.graphing === graphing) this.graphing = undefined; });
    return graphing;
  }

  /** Its modules come when they are needed: half as many as all others. The promise is of a function that puts the graph away. */
  async graphed(body, signal) {
    const { graphOfTrace } = await import("./traceGraph.js");
    if (signal.aborted) return null;
    return graphOfTrace(body, this.id, {
      onChoose: (what) => {
        const name = what?.kind === "service" ? what.service : null;
        fill(this.graphNote, name && h("button.jump", { type: "button", onclick: () => this.look(`service = ${quoted(name)}`) }, `Go to the spans of ${name}`));
      },
    });
  }

  alongTabs(event) {
    const names = VIEWS.map(([name]) => name).filter((name) => !this.tabs.querySelector(`#tab-${name}`).hidden);
    const at = names.indexOf(this.view);
    const to = { ArrowRight: names[(at + 1) % names.length], ArrowLeft: names[(at + names.length - 1) % names.length], Home: names[0], End: names.at(-1) }[event.key];
    if (!to) return;
    event.preventDefault();
    this.show(to);
    this.tabs.querySelector(`#tab-${to}`).focus();
  }

  key(event) {
    if (!this.overview || this.keys.open) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "f") {
      // The browser would look among the rows in sight only. A second time it may.
      if (document.activeElement === this.find.box) return;
      event.preventDefault();
      return this.find.open();
    }
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches?.("input, textarea, select")) return;
    const { waterfall, time } = this;
    const rows = (act) => () => { this.show("waterfall"); act(); };
    const actions = {
      "?": () => this.keys.showModal(), f: () => this.find.open(), n: rows(() => this.find.next(1)), N: rows(() => this.find.next(-1)),
      s: rows(() => waterfall.nextSlow(1)), S: rows(() => waterfall.nextSlow(-1)), e: rows(() => waterfall.nextError(1)), E: rows(() => waterfall.nextError(-1)),
      o: rows(() => waterfall.nextOrigin()), x: rows(() => { waterfall.toggleFold(); this.later(); }), X: rows(() => this.toggleFolds()),
      "+": () => time.zoom(0.5, this.middle()), "=": () => time.zoom(0.5, this.middle()), "-": () => time.zoom(2), 0: () => time.whole(),
      "<": () => time.move(-time.length / 4), ">": () => time.move(time.length / 4), c: () => this.togglePath(), k: () => this.toggleClocks(),
      y: () => this.copyLink(), r: () => this.again(), Escape: () => this.escape(),
    };
    VIEWS.forEach(([name], number) => { actions[number + 1] = () => { if (!this.tabs.querySelector(`#tab-${name}`).hidden) this.show(name); }; });
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }

  escape() {
    const open = this.main.querySelector("details.menu[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); } else if (!this.panel.hidden) this.waterfall.choose(null);
  }

  // The address, from which the view can be had again.

  later() {
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.write(), 250);
  }

  address() {
    const { closed, opened } = this.map.changes();
    return location.pathname + writeView({
      view: this.view, closed, opened, nodes: this.overview.trace.nodeCount, find: this.found, path: this.waterfall.path, clocks: this.clocks,
      ...(this.time.isWhole ? {} : { from: this.time.from, to: this.time.to }),
    }) + (this.spanId ? `#${this.spanId}` : "");
  }

  write() {
    clearTimeout(this.writing);
    if (!this.overview || !this.map) return;
    const address = this.address();
    if (address !== location.pathname + location.search + location.hash) history.replaceState(history.state, "", address);
  }

  async copyLink() {
    this.write();
    let told = "Copied";
    try { await navigator.clipboard.writeText(location.href); } catch { told = "Copy the address above"; }
    this.linker.textContent = told;
    this.said.textContent = told;
    setTimeout(() => { this.linker.textContent = "Copy link"; }, 1500);
  }

  notFound(title) {
    const { id } = this;
    return h("section.state", null,
      h("h1", null, title),
      h("p.id", null, h("code", null, id), copyButton(id, "trace ID")),
      h("p", null, "What it can be:"),
      h("ul", null,
        h("li", null, "It is still on its way: spans leave a service when they end, and the sidecar sends within a second."),
        h("li", null, "The request was not sampled: the flags at the end of its ", h("code", null, "x-hms-trace-id"), " are 00."),
        h("li", null, "It is older than the collector keeps traces (", h("code", null, "store.retention"), ")."),
        h("li", null, "The service's sidecar sends to another collector (", h("code", null, "forward.collectors"), ").")),
      h("p", null, "What the collector knows of it: ", h("code", null, `hms-ops explain ${id}`)),
      h("p", null, h("button", { type: "button", onclick: () => this.load() }, "Try again"), " ", h("a", { href: "/", "data-route": true }, "See recent traces")));
  }
}

function bones() {
  return h("section.loading", { "aria-busy": "true", role: "status" }, h("span.hidden", null, "Loading the trace"),
    Array.from({ length: 9 }, (_, row) => {
      const bar = h("i.bone");
      bar.style.setProperty("margin-inline-start", `${(row * 7) % 40}%`);
      bar.style.setProperty("inline-size", `${55 - row * 5}%`);
      return bar;
    }));
}

function state(title, facts, hints, ...actions) {
  return h("section.state", null, h("h1", null, title), h("p", null, facts), h("p.sub", null, hints),
    h("p", null, ...actions, " ", h("a", { href: "/", "data-route": true }, "See recent traces")));
}
