// The call graph as two tables: what the picture shows, for those who rather read, sort or hear it.

import { fill, h } from "./dom.js";
import { duration } from "./format.js";
import { CHANGES, EDGE_KINDS, errorText, KINDS, rateText } from "./graphModel.js";
import { changeMark, swatch } from "./graphPanel.js";

const PAGE = 200;

const time = (value) => (value === null ? "–" : duration(value));
const FIGURES = [
  { key: "count", title: "Rate", is: (a) => a.count, draw: rateText },
  { key: "errors", title: "Errors", is: (a) => a.errors / Math.max(1, a.count), draw: (a) => (a.errors ? `✕ ${errorText(a)}` : "0 %"), bad: (a) => a.errors > 0 },
  { key: "p50", title: "p50", is: (a) => a.p50 ?? -1, draw: (a) => time(a.p50) },
  { key: "p95", title: "p95", is: (a) => a.p95 ?? -1, draw: (a) => time(a.p95) },
  { key: "p99", title: "p99", is: (a) => a.p99 ?? -1, draw: (a) => time(a.p99) },
  { key: "step", title: "Colour", is: (a) => a.step + (a.rank ?? 0), draw: (a) => [swatch(a), ` ${a.step}`] },
];
const CHANGE = { key: "change", title: "Change", is: (a) => Object.keys(CHANGES).length - (a.changes.length ? Object.keys(CHANGES).indexOf(a.changes[0]) : 99), draw: (a) => (a.changes.length ? a.changes.filter((word) => CHANGES[word]).map(changeMark) : "same") };

export class GraphTable {
  constructor({ choose }) {
    this.choose = choose;
    this.limit = { nodes: PAGE, edges: PAGE };
    this.order = { nodes: ["count", -1], edges: ["count", -1] };
    this.element = h("div.graphtables", null);
  }

  /** `isWanted(label)` is what the search box asks; `isDiff` shows only what changed, gravest first. */
  show(model, isWanted, isDiff) {
    if (isDiff && !this.isDiff) for (const name of ["nodes", "edges"]) this.order[name] = ["change", -1];
    Object.assign(this, { model, isWanted, isDiff });
    this.labels = new Map(model.nodes.map((node) => [node.id, node.label]));
    this.draw();
  }

  /** Draws both anew; focus and what was scrolled to stay. */
  draw() {
    const key = this.element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const scrolled = [...this.element.querySelectorAll(".graphscroll")].map((box) => box.scrollTop);
    this.write();
    [...this.element.querySelectorAll(".graphscroll")].forEach((box, at) => { box.scrollTop = scrolled[at] ?? 0; });
    if (key !== undefined) [...this.element.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key)?.focus({ preventScroll: true });
  }

  write() {
    const { model, isWanted, isDiff } = this;
    const label = (id) => this.labels.get(id) ?? id;
    const open = (id, text) => h("button.jump", { type: "button", "data-key": `${id} ${text}`.slice(0, 400), onclick: () => this.choose(id) }, text.length > 200 ? `${text.slice(0, 200)}…` : text);
    const changed = (item) => !isDiff || item.changes.length > 0;
    const text = (key, title, is, draw) => ({ key, title, is, draw, isText: true });
    fill(this.element,
      this.table("nodes", isDiff ? "Services and what they call: changes" : "Services and what they call", model.nodes.filter((node) => changed(node) && isWanted(node.label)), [
        text("label", "Name", (a) => a.label, (a) => open(a.id, a.label)), text("kind", "Kind", (a) => KINDS[a.kind], (a) => KINDS[a.kind]), ...(isDiff ? [CHANGE] : []), ...FIGURES]),
      this.table("edges", isDiff ? "Calls: changes" : "Calls", model.edges.filter((edge) => changed(edge) && (isWanted(label(edge.from)) || isWanted(label(edge.to)))), [
        text("from", "From", (a) => label(a.from), (a) => open(a.id, label(a.from))), text("to", "To", (a) => label(a.to), (a) => open(a.id, label(a.to))),
        text("kind", "Kind", (a) => a.kind, (a) => EDGE_KINDS[a.kind] ?? a.kind), ...(isDiff ? [CHANGE] : []), ...FIGURES]));
  }

  table(name, title, items, columns) {
    const [key, way] = this.order[name];
    const column = columns.find((one) => one.key === key) ?? columns.find((one) => one.key === "count");
    const sorted = items.map((item) => [column.is(item), item]).sort(([a], [b]) => (a < b ? -way : a > b ? way : 0)).map(([, item]) => item);
    const head = (one) => h(one.isText ? "th" : "th.number", { scope: "col", "aria-sort": one === column ? (way > 0 ? "ascending" : "descending") : null },
      h("button", { type: "button", "data-sort": `${name} ${one.key}`, "data-key": `${name} ${one.key}`, onclick: () => this.sort(name, one) }, one.title, h("span", { "aria-hidden": "true" }, one === column ? (way > 0 ? " ▴" : " ▾") : "")));
    return h("section", null, h("h2", null, `${title} (${items.length.toLocaleString("en")})`),
      items.length === 0 ? h("p.sub", null, this.isDiff ? "Nothing changed between the two times that chance does not explain." : "Nothing here has that name.")
        : h("div.graphscroll", { tabindex: "0", role: "region", "aria-label": title }, h("table", null, h("caption.hidden", null, title), h("thead", null, h("tr", null, columns.map(head))),
          h("tbody", null, sorted.slice(0, this.limit[name]).map((item) => h("tr", null, columns.map((one, at) => h(`${at ? "td" : "th"}${one.isText ? "" : ".number"}${one.bad?.(item) ? ".bad" : ""}`, at ? null : { scope: "row" }, one.draw(item)))))))),
      sorted.length > this.limit[name] && h("p", null, h("button", { type: "button", onclick: () => { this.limit[name] += 4 * PAGE; this.draw(); } }, `Show more of ${sorted.length.toLocaleString("en")}`)));
  }

  sort(name, column) {
    const [key, way] = this.order[name];
    this.order[name] = [column.key, key === column.key ? -way : column.isText ? 1 : -1];
    this.draw();
  }
}
