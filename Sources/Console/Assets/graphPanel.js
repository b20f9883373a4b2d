// What is known of a box or an edge of the call graph.

import { copyButton, h } from "./dom.js";
import { duration } from "./format.js";
import { CHANGES, EDGE_KINDS, errorText, KINDS, rateText } from "./graphModel.js";
import { queryOf, queryOfEdge, serviceAt, tracesAt } from "./graphLinks.js";

const SHOWN = 60;

/** What a step says, by what the colours were made from. */
export const meaning = (basis) => ({ history: "slower than usual", share: "share of the time", mixed: "slower than usual, or share of the time" })[basis] ?? "latency";

const STEPS = ["cool", "mild", "noticeable", "large", "dominant"];

/** The details of a box. `actions` has `close`, `choose(id)`, `near(id, hops, side)`, `open(id)`, `shut(id)`. */
export function unitPanel(unit, { model, shown, diff }, actions) {
  const into = shown.edges.filter((edge) => edge.to === unit.id && edge.from !== unit.id), out = shown.edges.filter((edge) => edge.from === unit.id && edge.to !== unit.id);
  const labels = new Map(shown.units.map((one) => [one.id, one]));
  const button = (label, action, title) => h("button", { type: "button", onclick: action, title }, label);
  const inside = shown.within.get(unit.id);
  return [
    header(unit.label, unit.kind === "group" ? `group of ${unit.size.toLocaleString("en")}` : KINDS[unit.kind], actions.close),
    tiles(unit, model.basis),
    unit.changes.length > 0 && changes(unit),
    diff && comparison(unit),
    h("div.graphactions", null,
      unit.kind === "group" ? button("Open the group", () => actions.open(unit.id), "g") : [
        link(tracesAt(queryOf(unit)), "Its traces"),
        unit.errors > 0 && link(tracesAt(`${queryOf(unit)} and status = error`), "Failing traces"),
        unit.p95 > 0 && link(tracesAt(`${queryOf(unit)} and duration > ${Math.round(unit.p95)}ns`), "Slow traces"),
        link(serviceAt(unit), "Service page")],
      inside && button("Close its group", () => actions.shut(inside))),
    unit.kind !== "group" && h("div.graphactions", { role: "group", "aria-label": "Show only" }, h("span.sub", null, "Show only"),
      button("1 call around", () => actions.near(unit.id, 1, "both"), "1"), button("2 calls around", () => actions.near(unit.id, 2, "both"), "2"),
      button("callers", () => actions.near(unit.id, 20, "callers")), button("callees", () => actions.near(unit.id, 20, "callees"))),
    unit.kind === "service" && h("section", { class: "graphoperations", "data-service": unit.label }, h("h3", null, "Operations"), h("p.sub", null, "Loading…")),
    unit.kind === "group" && h("section", null, h("h3", null, "In the group"), list(unit.members.toSorted((a, b) => b.step - a.step || b.count - a.count), (member) => [swatch(member), name(member.label)], (member) => actions.choose(member.id))),
    neighbours("Called by", into, (edge) => labels.get(edge.from), actions),
    neighbours("Calls", out, (edge) => labels.get(edge.to), actions),
    unit.inner > 0 && h("p.sub", null, `${unit.inner.toLocaleString("en")} edges lead from one of the group to another.`),
  ];
}

/** The details of an edge. */
export function edgePanel(edge, { model, shown, diff }, actions) {
  const find = (id) => shown.units.find((unit) => unit.id === id);
  const [from, to] = [find(edge.from), find(edge.to)];
  const query = queryOfEdge(from, to, edge.kind);
  const jump = (unit) => h("button.jump", { type: "button", onclick: () => actions.choose(unit.id) }, name(unit.label));
  return [
    header([jump(from), h("span.dot", null, " → "), jump(to)], `${edge.size > 1 ? `${edge.size} edges: ` : ""}${EDGE_KINDS[edge.kind] ?? edge.kind}${edge.isAsync ? " · not waited for" : ""}`, actions.close),
    tiles(edge, model.basis),
    edge.changes.length > 0 && changes(edge),
    diff && comparison(edge),
    query && h("div.graphactions", null, link(tracesAt(query), "Its traces"), edge.errors > 0 && link(tracesAt(`${query} and status = error`), "Failing traces"),
      edge.p95 > 0 && link(tracesAt(`${query} and duration > ${Math.round(edge.p95)}ns`), "Slow traces")),
  ];
}

function header(title, sub, close) {
  const text = typeof title === "string" ? title : null;
  return h("header", null, h("div", null, h("h2", null, text === null ? title : name(text)), h("p.sub", null, sub)),
    h("div.graphcorner", null, text !== null && copyButton(text, "name"), h("button.close", { type: "button", title: "Close (Esc)", "aria-label": "Close details", onclick: close }, "✕")));
}

function tiles(value, basis) {
  const tile = (label, content, kind) => h("div", null, h("dt", null, label), h(kind ? `dd.${kind}` : "dd", null, content));
  return h("dl.graphtiles", null,
    tile(value.rate === null ? "Count" : "Rate", rateText(value)),
    tile("Errors", value.errors > 0 ? `✕ ${errorText(value)}` : "0 %", value.errors > 0 ? "bad" : null),
    tile("p50", time(value.p50)), tile("p95", time(value.p95)), tile("p99", time(value.p99)),
    tile(basis === "history" ? "Slower than usual" : "Latency", [swatch(value), " ", value.rank === null ? STEPS[value.step] : `${STEPS[value.step]} (${Math.round(value.rank * 100)} %)`]));
}

const time = (value) => (value === null ? "–" : duration(value));
const name = (label) => (label.length > 200 ? [label.slice(0, 200), h("span.sub", { title: `${label.length.toLocaleString("en")} characters` }, "…")] : label);
export const swatch = (value) => h(`i.swatch.step${value.step}`, { "aria-hidden": "true" });
export const changeMark = (word) => h(`span.change.${word}`, null, h("b", { "aria-hidden": "true" }, CHANGES[word].sign), CHANGES[word].text);
const link = (address, label) => address && h("a", { href: address, "data-route": true }, label);
const changes = (value) => h("p.changes", null, value.changes.filter((word) => CHANGES[word]).map(changeMark));

function comparison({ before, after }) {
  const row = (label, pick) => h("tr", null, h("th", { scope: "row" }, label), h("td.number", null, before ? pick(before) : "–"), h("td.number", null, after ? pick(after) : "–"));
  return h("table.graphbefore", null, h("caption.hidden", null, "Before and now"), h("thead", null, h("tr", null, h("td", null), h("th.number", { scope: "col" }, "Before"), h("th.number", { scope: "col" }, "Now"))),
    h("tbody", null, row("Rate", rateText), row("Errors", errorText), ...["p50", "p95", "p99"].map((key) => row(key, (figures) => time(figures[key])))));
}

function neighbours(title, edges, other, actions) {
  if (!edges.length) return null;
  const sorted = edges.toSorted((a, b) => b.count - a.count);
  return h("section", null, h("h3", null, `${title} (${edges.length.toLocaleString("en")})`),
    list(sorted, (edge) => [swatch(edge), name(other(edge).label), edge.isAsync && h("span.sub", null, " ⇢ async"), h("span.number.sub", null, `${rateText(edge)}${edge.errors ? ` ✕ ${errorText(edge)}` : ""} · ${time(edge.p95)}`)],
      (edge) => actions.choose(edge.id)));
}

function list(items, draw, choose) {
  return [h("ul.graphlist", null, items.slice(0, SHOWN).map((item) => h("li", null, h("button", { type: "button", onclick: () => choose(item) }, draw(item))))),
    items.length > SHOWN && h("p.sub", null, `and ${(items.length - SHOWN).toLocaleString("en")} more: the table has all`)];
}

/** The operations of a service, as `/api/v1/red` gives them. */
export function operations(list) {
  if (!list.length) return h("p.sub", null, "No operation was seen in this time.");
  return h("table.graphbefore", null, h("caption.hidden", null, "Operations of the service"),
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Operation"), h("th.number", { scope: "col" }, "Spans"), h("th.number", { scope: "col" }, "✕"), h("th.number", { scope: "col" }, "p95"))),
    h("tbody", null, list.slice(0, 20).map((operation) => h("tr", null,
      h("th", { scope: "row" }, operation.slowest ? h("a", { href: `/trace/${encodeURIComponent(operation.slowest.trace)}`, "data-route": true, title: "The slowest trace of it" }, name(operation.operation || "unnamed")) : name(operation.operation || "unnamed"),
        h("span.sub", null, ` ${operation.kind}`)),
      h("td.number", null, operation.count.toLocaleString("en")), h(operation.errors ? "td.number.bad" : "td.number", null, operation.errors ? errorText(operation) : "0"),
      h("td.number", null, time(operation.p95))))));
}
