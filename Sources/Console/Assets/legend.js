// What the colours mean, said where they are used.

import { h } from "./dom.js";
import { stepName } from "./format.js";

export function legend() {
  return h("details.legend", null,
    h("summary", null,
      h("span.label", null, "Share of the waiting"),
      h("span.scale", null, [0, 1, 2, 3, 4].map((step) => h("span", null, h(`i.swatch.step${step}`, { "aria-hidden": "true" }), stepName(step)))),
      h("span.scale", null,
        h("span", null, h("i.swatch.path", { "aria-hidden": "true" }), "critical path"),
        h("span", null, h("i.swatch.failed", { "aria-hidden": "true" }), "✕ error"),
        h("span", null, h("i.swatch.absent", { "aria-hidden": "true" }), "missing span"))),
    h("p", null, "The critical path is what the trace waited for at each instant: from its end back in time, always the span that finished last. ",
      "A bar's colour is the share of that path which belongs to the span itself, with the time of its children taken out. ",
      "So a long bar that only waits for others stays pale, and the hot one is where the time went. ",
      "Errors are hatched and carry ✕, whatever their colour."),
    h("p.keys", null, ...[["↑ ↓", "move"], ["← →", "close, open"], ["Enter", "details"], ["Esc", "close details"], ["s", "next slow span"], ["e", "next error"], ["/", "another ID"]]
      .flatMap(([key, meaning]) => [h("kbd", null, key), ` ${meaning}  `])));
}
