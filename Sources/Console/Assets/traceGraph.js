// The call graph of one trace: who called whom.

import { get } from "./api.js";
import { h } from "./dom.js";
import { duration } from "./format.js";

/**
 * An element with the graph of a trace, or null when the collector cannot say. `find(text)` looks for something in the trace.
 */
export async function graphOfTrace(id, { signal, find } = {}) {
  const { nodes = [], edges = [] } = await get(`/api/v1/graph?trace=${id}`, signal);
  if (!edges.length) return null;
  const name = (key) => nodes.find((node) => node.id === key)?.service ?? key;
  return h("table.operations", null,
    h("caption.hidden", null, "Calls between the services of this trace"),
    h("thead", null, h("tr", null, ["From", "To", "Kind"].map((title) => h("th", { scope: "col" }, title)), ["Calls", "Errors", "p50", "p95"].map((title) => h("th.number", { scope: "col" }, title)))),
    h("tbody", null, edges.slice(0, 500).map((edge) => h("tr", null,
      h("td", null, name(edge.from)),
      h("td", null, h(`i.swatch.step${edge.latency_step ?? 0}`, { "aria-hidden": "true" }), " ", find ? h("button.jump", { type: "button", onclick: () => find(name(edge.to)) }, name(edge.to)) : name(edge.to)),
      h("td", null, edge.kind), h("td.number", null, String(edge.count)),
      h(edge.errors ? "td.number.bad" : "td.number", null, edge.errors ? `✕ ${edge.errors}` : "0"),
      h("td.number", null, duration(edge.p50 ?? 0)), h("td.number", null, duration(edge.p95 ?? 0))))));
}
