// The operations of a trace, in a table that sorts.

import { fill, h } from "./dom.js";
import { count, cut, duration, named, percent } from "./format.js";

const COLUMNS = [
  ["Operation", (row) => `${row.service}\u0000${row.name}`, true], ["Kind", (row) => row.kind ?? "", true], ["Spans", (row) => row.count], ["Errors", (row) => row.errors],
  ["Critical path", (row) => row.criticalNs], ["Own time", (row) => row.selfNs], ["In all", (row) => row.totalNs],
  ["p50", (row) => row.p50Ns], ["p95", (row) => row.p95Ns], ["Longest", (row) => row.maxNs],
];
const STEP = 200;

export class OperationTable {
  constructor(tree, { trace, go, find }) {
    Object.assign(this, { tree, trace, go, find });
    this.element = h("div.sheet", { role: "region", "aria-label": "Operations", tabindex: "0" });
    this.sort = 5;
    this.falling = true;
    this.limit = STEP;
  }

  /** What is shown next is asked for anew. */
  forget() { this.isStale = true; }

  async show(signal) {
    if (this.operations && !this.isStale) return;
    if (!this.operations) fill(this.element, h("p.sub", { role: "status" }, "Loading…"));
    this.operations = (await this.tree.get("operations", signal)).operations;
    this.isStale = false;
    this.most = Math.max(1, ...this.operations.map((row) => row.criticalNs));
    this.draw();
  }

  draw() {
    const value = COLUMNS[this.sort][1];
    const sign = this.falling ? -1 : 1;
    const rows = this.operations.map((row) => [value(row) ?? 0, row]).sort(([a], [b]) => (a < b ? -sign : a > b ? sign : 0)).map(([, row]) => row);
    if (!rows.length) return fill(this.element, h("p.sub", null, "No span has arrived yet, so there are no operations."));
    fill(this.element, h("table.operations", null,
      h("caption.hidden", null, "What the trace is made of, by service and operation"),
      h("thead", null, h("tr", null, COLUMNS.map(([name, , text], number) => h(text ? "th" : "th.number", { scope: "col", "aria-sort": number === this.sort ? (this.falling ? "descending" : "ascending") : null },
        h("button.sort", { type: "button", onclick: () => this.by(number, text) }, name, h("span", { "aria-hidden": "true" }, number === this.sort ? (this.falling ? " ↓" : " ↑") : "")))))),
      h("tbody", null, rows.slice(0, this.limit).map((row) => this.row(row)))),
    rows.length > this.limit && h("p", null, h("button", { type: "button", onclick: () => { this.limit += STEP; this.draw(); } }, `Show ${Math.min(STEP, rows.length - this.limit)} more of ${rows.length.toLocaleString("en")}`)));
  }

  row(row) {
    const bar = h(`i.bar.step${row.latency_step ?? 0}`);
    bar.style.width = `${(100 * row.criticalNs) / this.most}%`;
    const time = (ns) => h("td.number", null, duration(ns ?? 0));
    return h("tr", null,
      h("th", { scope: "row" }, h("button.jump", { type: "button", title: "Go to the slowest of them", onclick: () => this.go(row.slowest) }, h("b", null, cut(named(row.service ?? "", "unknown service"))), ` · ${cut(named(row.name ?? "", "unnamed"))}`),
        " ", h("button.quiet", { type: "button", title: "Find all of them in the waterfall", "aria-label": `Find all ${row.count}`, onclick: () => this.find(row) }, "find")),
      h("td", null, row.kind ?? ""), h("td.number", null, row.count.toLocaleString("en")),
      h(row.errors ? "td.number.bad" : "td.number", null, row.errors ? `✕ ${row.errors.toLocaleString("en")}` : "0"),
      h("td.number.share", null, h("span", { "aria-hidden": "true" }, bar), percent(row.criticalNs, this.trace.criticalNs)),
      time(row.selfNs), time(row.totalNs), time(row.p50Ns), time(row.p95Ns), time(row.maxNs));
  }

  by(number, text) {
    if (this.sort === number) this.falling = !this.falling; else { this.sort = number; this.falling = !text; }
    this.draw();
    this.element.querySelectorAll(".sort")[number]?.focus();
  }

  describe() { return this.operations ? count(this.operations.length, "operation") : ""; }
}
