// What colours, shapes and lines of the call graph mean.

import { h } from "./dom.js";
import { stepName } from "./format.js";
import { CHANGES } from "./graphModel.js";
import { changeMark, meaning } from "./graphPanel.js";

export function graphLegend(model, isDiff, { units, edges }) {
  const kinds = new Set(units.map((unit) => (unit.kind === "message" ? "queue" : unit.kind)));
  const shape = (kind, text) => kinds.has(kind) && h("span", null, h(`i.shape.${kind}`, { "aria-hidden": "true" }), text);
  const title = { history: "Slower than usual", share: "Share of the time", mixed: "Slower than usual, or share of the time" }[model.basis] ?? "Latency";
  return h("details.legend", null,
    h("summary", null, h("span.label", null, isDiff ? "Changes" : title),
      isDiff ? h("span.scale", null, Object.keys(CHANGES).map(changeMark))
        : h("span.scale", null, [0, 1, 2, 3, 4].map((step) => h("span", null, h(`i.swatch.step${step}`, { "aria-hidden": "true" }), stepName(step)))),
      h("span.scale", null,
        !isDiff && h("span", null, h("i.swatch.failed", { "aria-hidden": "true" }), "✕ errors"),
        shape("database", "database"), shape("queue", "queue"), shape("host", "outside host"), shape("group", "group"),
        edges.some((edge) => edge.isAsync) && h("span", null, h("i.shape.async", { "aria-hidden": "true" }), "not waited for"))),
    h("p", null, isDiff ? "Two times are compared. A change is shown when chance does not explain it: new and gone edges, more or fewer errors, slower or faster calls. A dashed outline means gone."
      : [`The colour says ${meaning(model.basis)}: `, model.basis === "share" ? "there is no history yet, so it is the part of all the time that was spent in the service itself." : "of a service's or an edge's calls, how many more are slower than nearly all were in the hour before. Without a history it is the part of all the time that was spent there.",
        " A thicker line is called more often. In a box stand calls, errors and the 95th percentile; in a group the highest of its members."]),
    h("p.keys", null, ...[["→ ←", "along calls"], ["↑ ↓", "within a column"], ["Enter", "details"], ["Esc", "close"], ["+ − 0", "zoom, show all"], ["Shift + arrows", "move the picture"], ["s", "next slow"], ["e", "next with errors"], ["f", "find"], ["g", "open or close a group"], ["1 2", "only what is around"], ["Backspace", "all again"], ["t", "table"], ["r", "refresh"]]
      .flatMap(([key, text]) => [h("kbd", null, key), ` ${text}  `])));
}
