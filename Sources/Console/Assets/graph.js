// The call graph: who calls whom, how often, how well and how fast; and what changed since another time.

import { get } from "./api.js";
import { Arranger } from "./arrange.js";
import { fill, h } from "./dom.js";
import { count } from "./format.js";
import { graphControls } from "./graphControls.js";
import { groupsAround, groupTree, isGroupedAnyway, shownGraph } from "./graphGroups.js";
import { graphLegend } from "./graphLegend.js";
import { CHANGES, modelOf, neighbourhood } from "./graphModel.js";
import { edgePanel, operations, unitPanel } from "./graphPanel.js";
import { asked, isLive, LIMIT, readQuestion, writeQuestion } from "./graphQuestion.js";
import { empty, failure, loading } from "./graphStates.js";
import { GraphTable } from "./graphTable.js";
import { GraphView } from "./graphView.js";

const EVERY = 10_000;

/** Shows the page in `main`; the function returned puts everything away. */
export function showGraph(main) {
  document.title = "Call graph · HMS-OPS";
  const page = new GraphPage(main);
  page.start();
  return () => page.stop();
}

class GraphPage {
  constructor(main) {
    this.main = main;
    this.question = readQuestion(location.search);
    this.open = new Set();
    this.found = "";
    this.foundAt = -1;
    this.arranger = new Arranger();
    this.view = new GraphView({
      choose: (what) => this.choose(what?.unit?.id ?? what?.edge?.id ?? null), open: (unit) => this.toggleGroup(unit.id, true),
      say: (text) => this.say(text), key: (event, unit) => this.key(event, unit),
    });
    this.table = new GraphTable({ choose: (id) => this.reveal(id) });
    this.controls = graphControls(this.question, {
      ask: (change) => this.ask(change), refresh: () => this.refresh(true), find: (text) => this.find(text), next: (step) => this.nextFound(step),
      regroup: (group) => { this.open.clear(); this.ask({ group }, false); }, arrange: () => { this.arranger.forget(); this.build(true); },
      widen: () => this.ask({ near: "", hops: 1, side: "both" }, false),
    });
    this.note = h("p.live.sub", { role: "status" });
    this.said = h("p.hidden", { role: "status", "aria-live": "polite" });
    this.banner = h("div", { role: "alert" });
    this.notices = h("div.graphnotices");
    this.legend = h("div.graphlegend");
    this.panel = h("aside.panel.graphpanel", { "aria-label": "Details", hidden: true, tabindex: "-1" });
    this.panel.addEventListener("keydown", (event) => { if (event.key === "Escape") { this.close(); event.stopPropagation(); } });
    this.trouble = null;
    this.unlaid = h("div");
    this.body = h("div.graphbody", { role: "tabpanel", id: "graphbody" });
    this.element = h("section.graph", null,
      h("div.heading", null, h("h1", null, "Call graph"), this.note), this.controls.element, this.banner, this.notices, this.legend, this.unlaid, this.body, this.said);
  }

  start() {
    this.aborted = new AbortController();
    const { signal } = this.aborted;
    document.addEventListener("visibilitychange", () => { if (!document.hidden && isLive(this.question)) this.refresh(); }, { signal });
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.target.matches?.("input, textarea, select")) return;
      this.key(event, null);
    }, { signal });
    fill(this.main, this.element);
    fill(this.body, loading());
    this.view.start();
    this.refresh();
  }

  stop() {
    this.aborted.abort();
    clearTimeout(this.timer);
    this.view.stop();
    this.arranger.stop();
  }

  say(text) { this.said.textContent = text.slice(0, 600); }

  // Asking.

  /** Changes what is asked. `isNew` says that the collector has to be asked again. */
  ask(change, isNew = true) {
    Object.assign(this.question, change);
    history.pushState(null, "", writeQuestion(this.question));
    this.controls.update(this.question);
    if (!isNew) return this.build(true);
    this.last = "";
    this.refit = true;
    this.refresh(true);
  }

  remember() { history.replaceState(null, "", writeQuestion(this.question)); }

  async refresh(isByHand = false) {
    clearTimeout(this.timer);
    const number = this.asking = (this.asking ?? 0) + 1;
    if (isByHand) this.note.textContent = "Asking…";
    if (!document.hidden || isByHand) {
      const { path, seconds } = asked(this.question);
      try {
        const answer = await get(path, this.aborted.signal);
        if (number !== this.asking) return;
        this.banner.replaceChildren();
        await this.take(answer, seconds);
      } catch (error) {
        if (error.name === "AbortError" || number !== this.asking) return;
        this.note.textContent = isLive(this.question) ? "Trying again…" : "";
        const again = () => this.refresh(true);
        if (this.model && this.last) fill(this.banner, h("div.notice.bad", null, h("strong", null, error.message), " ", error.hint ?? "", " What is shown is from before."));
        else { this.banner.replaceChildren(); this.model = null; this.tellTrouble(null); fill(this.body, failure(error, this.question, again, (change) => this.ask(change))); }
      }
    }
    if (number === this.asking && isLive(this.question) && !this.aborted.signal.aborted) this.timer = setTimeout(() => this.refresh(), EVERY);
  }

  async take(answer, seconds) {
    const { asOf, from, to, beforeFrom, beforeTo, took, ...content } = answer;
    const text = JSON.stringify(content);
    const isLiveNow = isLive(this.question);
    this.note.textContent = isLiveNow ? "Updates by itself" : "";
    if (text === this.last && this.model) return;
    this.last = text;
    this.model = modelOf(answer, seconds);
    this.answer = answer;
    this.tellLimits();
    const refit = this.refit ?? false;
    this.refit = false;
    await this.build(refit);
  }

  /** What the answer leaves out, and what to do about it. */
  tellLimits() {
    const { answer, model, question } = this;
    const notices = [];
    if (model.truncated) notices.push(`The graph is larger than one answer: these are the busiest ${LIMIT.toLocaleString("en")} edges. A shorter time or a query shows less of it, but all of that.`);
    if (question.q && answer.complete === false) notices.push(`The search was ended by its bounds: these are the calls of ${count(answer.traces ?? 0, "trace")}. Make the query or the time narrower to see all.`);
    else if (question.q && answer.traces !== undefined) notices.push(`The calls of ${count(answer.traces, "trace")}.`);
    if (answer.beyondBounds > 0) notices.push(`${count(answer.beyondBounds, "span is", "spans are")} in none of these figures, as there were too many services or operations.`);
    fill(this.notices, notices.map((notice) => h("p.notice", null, notice)));
  }

  // Showing.

  async build(refit) {
    const { question, model } = this;
    if (!model) return;
    if (!model.nodes.length) { this.tellTrouble(null); fill(this.body, empty(question, (change) => this.ask(change))); this.legend.replaceChildren(); return; }
    if (question.near && !model.nodes.some((node) => node.id === question.near)) {
      this.say("The service that was looked at is not in this graph");
      Object.assign(question, { near: "", hops: 1, side: "both" });
      this.remember();
    }
    const part = question.near ? neighbourhood(model, question.near, question.hops, question.side) : model;
    this.controls.nearby(question.near ? { label: model.nodes.find((node) => node.id === question.near).label, hops: question.hops, side: question.side, count: part.nodes.length } : null);
    const by = question.group || (isGroupedAnyway(part.nodes.length) ? "prefix" : "none");
    this.tree = groupTree(part.nodes, by);
    this.part = part;
    this.shown = shownGraph(part, this.tree, this.open);
    const view = `${question.near} ${question.hops} ${question.side} ${by}`;
    let result, trouble = null;
    try {
      result = await this.arranger.place(this.shown.units, this.shown.edges.slice(0, this.shown.strong), view);
    } catch (error) {
      trouble = failure({ message: "The picture could not be laid out.", hint: `${error.message}. The table shows the same.` }, question, () => this.build(true), (change) => this.ask(change));
    }
    if ((!result && !trouble) || this.aborted.signal.aborted) return;
    this.tellTrouble(trouble);
    const isDiff = question.diff !== "";
    const isLegendOpen = this.legend.querySelector("details")?.open ?? false;
    fill(this.legend, graphLegend(model, isDiff, this.shown));
    this.legend.firstElementChild.open = isLegendOpen;
    this.element.dataset.boxes = String(this.shown.units.length);
    if (result) {
      this.view.show(this.shown, result, refit || view !== this.lastView);
      this.lastView = view;
    }
    this.show();
    this.search();
    if (question.node) this.choose(question.node, false);
    this.controls.tally(`${count(part.nodes.length, "service", "services")} and peers, ${count(part.edges.length, "edge")}${by === "none" ? "" : `, in ${count(this.shown.units.length, "box", "boxes")}`}${this.shown.strong < this.shown.edges.length ? `; the busiest ${this.shown.strong.toLocaleString("en")} of ${this.shown.edges.length.toLocaleString("en")} lines, all of a chosen box` : ""}`);
    if (isDiff) this.tellChanges();
  }

  /** Why there is no picture; null when there is one, or nothing to make one of. */
  tellTrouble(trouble) {
    this.trouble = trouble;
    fill(this.unlaid, trouble);
  }

  get isTable() { return this.question.view === "table" || this.trouble !== null; }

  /** The picture or the table, with the details beside. Without a picture it is the table. */
  show() {
    const { isTable } = this;
    if (isTable) this.table.show(this.part, (label) => matches(label, this.found), this.question.diff !== "");
    const wanted = [isTable ? this.table.element : this.view.element, this.panel];
    if (this.body.firstElementChild !== wanted[0]) fill(this.body, wanted);
    this.body.classList.toggle("tables", isTable);
    this.body.setAttribute("aria-labelledby", isTable ? "tab-table" : "tab-picture");
    this.controls.shows(isTable);
  }

  tellChanges() {
    const words = new Map();
    for (const item of [...this.model.nodes, ...this.model.edges]) if (item.changes[0]) words.set(item.changes[0], (words.get(item.changes[0]) ?? 0) + 1);
    const text = Object.keys(CHANGES).filter((word) => words.has(word)).map((word) => `${CHANGES[word].sign} ${words.get(word)} ${CHANGES[word].text}`).join(" · ");
    fill(this.notices, h("p.notice", null, h("strong", null, text || "Nothing changed"), text ? " since the time before. " : " between the two times that chance does not explain. ",
      text && h("button.jump", { type: "button", onclick: () => this.ask({ view: "table" }, false) }, "List of changes")));
  }

  // Details.

  choose(id, moves = true) {
    const shown = this.shown;
    const unit = id === null ? null : shown.units.find((one) => one.id === id);
    const edge = id === null || unit ? null : shown.edges.find((one) => one.id === id);
    if (id !== null && !unit && !edge) {
      if (moves) this.reveal(id); else this.hide();
      return;
    }
    this.question.node = id ?? "";
    this.remember();
    this.view.mark(id);
    if (id === null) return this.hide();
    const actions = {
      close: () => this.close(), choose: (other) => this.reveal(other), near: (around, hops, side) => this.ask({ near: around, hops, side }, false),
      open: (group) => this.toggleGroup(group, true), shut: (group) => this.toggleGroup(group, false),
    };
    const context = { model: this.model, shown, diff: this.question.diff !== "" };
    const isSame = this.panel.dataset.of === id;
    const place = this.panel.scrollTop;
    const hadFocus = this.panel.contains(document.activeElement);
    // A refresh does not take what somebody reads there with the keyboard from under them.
    if (isSame && hadFocus && !moves) return;
    fill(this.panel, unit ? unitPanel(unit, context, actions) : edgePanel(edge, context, actions));
    this.panel.dataset.of = id;
    this.panel.hidden = false;
    this.panel.scrollTop = isSame ? place : 0;
    if (hadFocus) this.panel.focus({ preventScroll: true });
    const box = this.panel.querySelector(".graphoperations");
    if (box) this.fillOperations(box, unit.label);
  }

  hide() {
    this.panel.hidden = true;
    delete this.panel.dataset.of;
  }

  close() {
    this.choose(null);
    if (!this.isTable) this.view.stage.focus({ preventScroll: true });
  }

  async fillOperations(box, service) {
    if (this.known?.service === service && this.known.text === this.last) return fill(box, h("h3", null, "Operations"), operations(this.known.list));
    if (this.question.trace || this.question.q) return box.remove();
    const { path, seconds } = asked(this.question);
    const span = new URLSearchParams(path.split("?")[1]);
    const range = ["from", "to"].map((end) => `${end}=${encodeURIComponent(span.get(end))}`).join("&");
    // Steps much shorter than the window: one that began before it would be left out whole.
    const step = Math.max(60, Math.min(604_800, 60 * Math.ceil(seconds / 48 / 60)));
    try {
      const { operations: list } = await get(`/api/v1/red?service=${encodeURIComponent(service)}&${range}&limit=20&step=${step}&fresh=true`, this.aborted.signal);
      this.known = { service, text: this.last, list };
      if (box.isConnected) fill(box, h("h3", null, "Operations"), operations(list));
    } catch (error) {
      if (error.name !== "AbortError" && box.isConnected) fill(box, h("h3", null, "Operations"), h("p.sub", null, `${error.message} ${error.hint ?? ""}`));
    }
  }

  /** Shows a box or an edge wherever it is: in a group, or hidden by the table. */
  async reveal(id) {
    if (!this.shown) return;
    const edge = this.part.edges.find((one) => one.id === id);
    const isShown = (one) => this.shown.units.some((unit) => unit.id === one) || this.shown.edges.some((other) => other.id === one);
    if (!isShown(id)) {
      const groups = (edge ? [edge.from, edge.to] : [id]).flatMap((node) => groupsAround(this.tree, node));
      if (!groups.length && !edge) return this.say("It is not in this part of the graph");
      for (const group of groups) this.open.add(group);
      this.view.moved();
      await this.build(false);
    }
    if (!isShown(id)) return;
    if (!this.isTable && this.view.scene.boxOf.has(id)) this.view.goTo(id);
    this.choose(id, false);
  }

  async toggleGroup(id, isOpen) {
    if (isOpen) this.open.add(id); else this.open.delete(id);
    this.question.node = "";
    this.hide();
    await this.build(false);
    const unit = this.shown.units.find((one) => (isOpen ? this.shown.within.get(one.id) === id : one.id === id));
    if (unit) this.view.goTo(unit.id, { closer: false });
  }

  // Finding.

  find(text) {
    this.found = text;
    this.foundAt = -1;
    this.search();
    if (this.isTable && this.part) this.show();
  }

  search() {
    if (!this.part) return;
    const { found } = this;
    this.hits = found ? this.part.nodes.filter((node) => matches(node.label, found)) : [];
    const boxes = found ? new Set(this.hits.map((node) => this.shown.unitOf.get(node.id))) : null;
    for (const unit of found ? this.shown.units : []) if (matches(unit.label, found)) boxes.add(unit.id);
    this.view.find(boxes);
    this.controls.hits(found ? (this.hits.length ? `${this.hits.length.toLocaleString("en")} found` : "none found") : "");
  }

  nextFound(step) {
    if (!this.hits?.length) return this.say("Nothing has that name");
    this.foundAt = (this.foundAt + step + this.hits.length) % this.hits.length;
    this.reveal(this.hits[this.foundAt].id);
    this.controls.hits(`${this.foundAt + 1} of ${this.hits.length.toLocaleString("en")}`);
  }

  key(event, unit) {
    const chosen = unit?.id ?? this.question.node;
    const isNode = this.part?.nodes.some((node) => node.id === chosen);
    const actions = {
      f: () => this.controls.focusFind(), r: () => this.refresh(true), t: () => this.ask({ view: this.question.view === "table" ? "" : "table" }, false),
      g: () => { const inside = this.shown?.within.get(chosen); if (unit?.kind === "group") this.toggleGroup(unit.id, true); else if (inside) this.toggleGroup(inside, false); },
      1: () => isNode && this.ask({ near: chosen, hops: 1, side: "both" }, false), 2: () => isNode && this.ask({ near: chosen, hops: 2, side: "both" }, false),
      Backspace: () => this.question.near && this.ask({ near: "", hops: 1, side: "both" }, false),
    };
    if (!actions[event.key] || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    actions[event.key]();
  }
}

const matches = (label, text) => text === "" || label.toLowerCase().includes(text.toLowerCase());
