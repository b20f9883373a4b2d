// What the graph page shows when there is no graph: on its way, empty, failed. Each says what to do next.

import { h } from "./dom.js";

export function loading() {
  return h("div.loading", { role: "status", "aria-busy": "true" }, h("span.hidden", null, "Loading the call graph"),
    Array.from({ length: 4 }, (_, row) => {
      const bone = h("i.bone.graphbone");
      bone.style.setProperty("margin-inline-start", `${row * 20}%`);
      return bone;
    }));
}

export function empty(question, ask) {
  const button = (label, change) => h("button", { type: "button", onclick: () => ask(change) }, label);
  if (question.trace) {
    return h("section.state", null, h("h2", null, "This trace shows no calls"), h("p", null, "No service of it called another, a database, a queue or a host."),
      h("p", null, h("a", { href: `/trace/${encodeURIComponent(question.trace)}`, "data-route": true }, "Open the trace"), " ", button("Graph of the whole system", { trace: "" })));
  }
  if (question.q) {
    return h("section.state", null, h("h2", null, "No trace of this time matches"), h("p", null, h("code", null, question.q.slice(0, 500))),
      h("p", null, question.window === "24h" ? "Try another query, or another time." : "Try a longer time, or another query."),
      h("p", null, question.window !== "24h" && button("The last 24 hours", { window: "24h", from: "", to: "" }), " ", button("All traces", { q: "" })));
  }
  return h("section.state", null, h("h2", null, "Nothing was called in this time"),
    h("p", null, "The graph is made of spans: who called whom shows as soon as two services send theirs, or one that calls a database, a queue or a host."),
    h("p", null, question.window !== "24h" && button("Look at the last 24 hours", { window: "24h", from: "", to: "" })),
    h("dl.ways", null, h("dt", null, "A small system to look at"), h("dd", null, h("code", null, "hms-ops up --demo")),
      h("dt", null, "Is anything arriving?"), h("dd", null, h("code", null, "hms-ops ledger"))),
    h("p.sub", null, "This page fills by itself as soon as spans arrive."));
}

export function failure(error, question, again, ask) {
  const isWrongQuery = question.q && error.status === 400;
  return h("section.state", { role: "alert" }, h("h2", null, isWrongQuery ? "The query cannot be read" : error.status === 404 && question.trace ? "No span of this trace is here" : "The graph could not be made"),
    h("p", null, error.message ?? String(error)), error.hint && h("p.sub", null, error.hint),
    h("p", null, h("button", { type: "button", onclick: again }, "Try again"), " ",
      question.q && h("button", { type: "button", onclick: () => ask({ q: "" }) }, "All traces"), question.trace && h("button", { type: "button", onclick: () => ask({ trace: "" }) }, "Graph of the whole system"),
      question.diff && h("button", { type: "button", onclick: () => ask({ diff: "" }) }, "Without comparison")));
}
