// What the colours mean, said where they are used.

import { h } from "./dom.js";
import { moment, stepName } from "./format.js";

const RANKS = ["under p50", "p50 to p75", "p75 to p90", "p90 to p99", "p99 and more"];

/** `colour` is `{ basis, from, to }` as the collector says it; without it colours tell shares. What is missing is told where something is. */
export function legend(colour, isMissing = true) {
  const basis = colour?.basis ?? "share";
  const ranked = basis !== "share";
  return h("details.legend", null,
    h("summary", null,
      h("span.label", null, ranked ? "Against its last hour" : "Share of the waiting"),
      h("span.scale", null, [0, 1, 2, 3, 4].map((step) => h("span", null, h(`i.swatch.step${step}`, { "aria-hidden": "true" }), ranked ? RANKS[step] : stepName(step)))),
      h("span.scale", null,
        colour && h("span", null, h("i.swatch.step4.waits", { "aria-hidden": "true" }), "waits for others"),
        h("span", null, h("i.swatch.path", { "aria-hidden": "true" }), "critical path"),
        h("span", null, h("i.swatch.failed", { "aria-hidden": "true" }), "✕ error"),
        isMissing && h("span", null, h("i.swatch.absent", { "aria-hidden": "true" }), "missing span"))),
    ranked && h("p", null, "A bar's colour is the span's rank among the spans of its own service and operation in the hour before the trace",
      colour.from && colour.to && ` (${written(colour.from)} to ${written(colour.to)})`, ". ",
      "Beside the bar, p97 says: slower than 97 % of them. A long bar of an operation that is always long stays cool.",
      basis === "mixed" && " Operations without enough history are coloured by their share of the critical path instead, which stands beside the bar in per cent."),
    !ranked && h("p", null, "A bar's colour is the share of the critical path which belongs to the span itself, with the time of its children taken out. ",
      "So a bar that only waits for others stays cool, and the hot one is where the time went. There is no history of these operations to compare with."),
    h("p", null, "A bar that is pale within its outline did less than a fifth of its time itself: it was waiting for the spans below it, and the full bars among these are where to look."),
    h("p", null, "The critical path is what the trace waited for at each instant: from its end back in time, always the span that finished last. ",
      "Errors are hatched and carry ✕, whatever their colour; the one that explains the others is marked ", h("span.origin", null, "origin"), "."));
}

function written(text) {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? text : moment(`${ms}000000`).replace(/\.\d+$/, "");
}
