// What the traces of one query share that those of another do not: causes, the likeliest first.

import { fill, h } from "./dom.js";
import { count, duration } from "./format.js";

const KINDS = { attribute: "attribute", operation: "operation", error: "error", version: "version", host: "host", edge: "call" };

export function comparePopulations(container, answer, state) {
  const { a, b } = answer;
  const causes = answer.causes ?? [];
  const missing = [["A", a], ["B", b]].filter(([, side]) => !(side.traces > 0));
  if (missing.length) {
    fill(container, h("section.state", null, h("h2", null, missing.length === 2 ? "Neither query finds a trace" : `Query ${missing[0][0]} finds no trace`),
      missing.map(([name, side]) => h("p", null, h("b.abside", null, name), " ", h("code", null, (side.query ?? state[name.toLowerCase()]).slice(0, 500)))),
      h("p.sub", null, state.window === "24h" ? "Change the query, or see what there is: " : "Choose a longer time above, change the query, or see what there is: ", h("a", { href: "/", "data-route": true }, "recent traces"), ".")));
    return;
  }
  const scale = Math.max(1, a.p95Ns ?? 0, b.p95Ns ?? 0);
  fill(container, h("div.comparison", null,
    h("div.compareverdict", null, h("h2", null, causes.length ? causes[0].text : "Nothing sets the two apart"),
      !causes.length && h("p.sub", null, "What these traces carry is spread alike over both. A query that is nearer to what is wrong, or more traces, may show more.")),
    h("div.absides", null, population("A", a, scale), population("B", b, scale)),
    [a, b].some((side) => side.complete === false) && h("p.notice", null, "Not all traces of the queries were read: the causes rest on those counted above. A shorter time or a narrower query has all of them read."),
    causes.length > 0 && h("section", null, h("h2.causeshead", null, "What A has and B has not"), h("ol.causes", null, causes.map(cause))),
    h("p.sub", null, "Shares are parts of the traces. What stands first explains most: it is in A, not in B, and costs time where it is. Two things that always come together cannot be told apart.")));
}

function population(name, side, scale) {
  const line = (label, ns) => {
    const bar = h(`i.abline.${name.toLowerCase()}`);
    bar.style.setProperty("inline-size", `${Math.max(0.5, (100 * (ns ?? 0)) / scale)}%`);
    return h("div.popline", null, h("span.sub", null, label), h("span.sideline", { "aria-hidden": "true" }, bar), h("span.number", null, ns === null || ns === undefined ? "–" : duration(ns)));
  };
  return h("section.sidecard", { "aria-label": `Population ${name}` },
    h("p.sidename", null, h("b.abside", null, name), h("a", { href: `/?q=${encodeURIComponent(side.query)}`, "data-route": true }, h("code", null, side.query.slice(0, 400)))),
    line("p50", side.p50Ns), line("p95", side.p95Ns),
    h("p.sub", null, `${count(side.traces, "trace")} read${side.complete === false ? ", there are more" : ""}`));
}

function cause(given, at) {
  const share = (name, value) => {
    const bar = h(`i.abline.${name}`);
    bar.style.setProperty("inline-size", `${Math.max(0, Math.min(100, 100 * value))}%`);
    return h("div.popline", null, h("b.abside", null, name.toUpperCase()), h("span.sideline", { "aria-hidden": "true" }, bar), h("span.number", null, `${Math.round(100 * value)} %`));
  };
  return h(at ? "li.cause" : "li.cause.first", null,
    h("div.causetext", null, h("p", null, h("span.badge", null, KINDS[given.kind] ?? given.kind), " ", h("code", null, given.what.slice(0, 400)), given.where && h("span.sub", null, ` at ${given.where.slice(0, 300)}`)),
      at > 0 && h("p", null, given.text.slice(0, 1000)),
      h("p.causelinks", null, given.query && given.query.length < 4000 && h("a", { href: `/?q=${encodeURIComponent(given.query)}`, "data-route": true }, "Find these"),
        given.examples?.length > 0 && h("span.sub", null, "Examples: ", given.examples.slice(0, 3).map((id, place) => [place > 0 && ", ", h("a", { href: `/trace/${encodeURIComponent(id)}`, "data-route": true, title: id }, h("code", null, id.slice(0, 8)))])))),
    h("div.causefigures", null, share("a", given.shareA), share("b", given.shareB),
      given.extraNs > 0 && h("p.comparedelta.is-slower", null, h("b.comparesign", { "aria-hidden": "true" }, "▲"), `+${duration(given.extraNs)} where it is`)));
}
