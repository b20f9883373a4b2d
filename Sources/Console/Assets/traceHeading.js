// What stands above a trace: its name and figures, what can be done with it, and in a sentence each what was slow and what failed.

import { copyButton, h } from "./dom.js";
import { count, cut, duration, fasterThan, named, percent, readTraceID, shortMoment } from "./format.js";
import { menu } from "./menu.js";
import { pinForm } from "./pin.js";
import { quoted } from "./queryText.js";
import { waits } from "./waterfallRow.js";

/** `verdicts` is what `traceVerdicts` made, `link` the button that copies the address. */
export function traceHeading({ trace }, verdicts, link) {
  const failed = trace.errorCount;
  return h("div.summary", null,
    h("div.heading", null,
      h("h1", { title: `${trace.rootService ?? ""} · ${trace.rootName ?? ""}`.slice(0, 2000) }, cut(named(trace.rootService ?? "", "unknown service")), h("span.dot", { "aria-hidden": "true" }, " · "), h("span.name", null, cut(named(trace.rootName ?? "", "unnamed")))),
      h("p.id", null, h("code", null, trace.traceId), copyButton(trace.traceId, "trace ID")),
      acts(trace.traceId, link)),
    h("dl.figures", null,
      figure("Duration", duration(trace.durationNs), "strong"),
      figure("Started", shortMoment(trace.start)),
      figure("Spans", trace.spanCount.toLocaleString("en")),
      figure("Services", (trace.serviceCount ?? trace.services.length).toLocaleString("en"), null, trace.services.slice(0, 40).map((service) => `${cut(named(service.name, "unknown service"))}: ${count(service.spans, "span")}`).join("\n")),
      figure("Errors", failed ? `✕ ${failed.toLocaleString("en")}` : "0", failed ? "bad" : null),
      trace.missingCount > 0 && figure("Missing", trace.missingCount.toLocaleString("en"), "odd", "Spans that others name as their parent have not arrived"),
      trace.duplicateCount > 0 && figure("Copies", trace.duplicateCount.toLocaleString("en"), null, "Spans that arrived more than once; the copies were merged"),
      trace.conflictCount > 0 && figure("Conflicts", trace.conflictCount.toLocaleString("en"), "odd", "Different spans that share one id"),
      trace.uncoveredNs > trace.durationNs / 100 && figure("No span ran", duration(trace.uncoveredNs), null, "Time of the trace in which none of its spans ran")),
    verdicts);
}

/**
 * What was slow, what was unusual and where the error begins, each a way to it. `to` goes there: `slowest()`, `nextSlow()`,
 * `origin()`, `nextError()`, `row(index)`; `look(query)` finds spans.
 */
export function traceVerdicts(overview, to) {
  const { trace } = overview;
  const [slow] = overview.slow ?? [];
  const [origin] = overview.origins ?? [];
  const unusual = (overview.slow ?? []).find((row) => row.latency_step >= 3 && typeof row.latency_rank === "number" && row !== slow && row.durationNs > trace.durationNs / 20 && !waits(row.selfNs, row.durationNs));
  const shares = trace.services.filter((service) => service.criticalNs > 0).sort((a, b) => b.criticalNs - a.criticalNs);
  return h("div.verdicts", null,
    slow && h("p.verdict", null,
      h(`i.swatch.step${slow.latency_step}`, { "aria-hidden": "true" }),
      "Slowest: ", h("button.jump", { type: "button", onclick: to.slowest },
        h("b", null, cut(named(slow.service ?? "", "unknown service"))), ` · ${cut(named(slow.name ?? "", "unnamed"))}`),
      h("span.number", null, ` ${duration(slow.criticalNs)} of its own, ${percent(slow.criticalNs, trace.criticalNs)} of the waiting`),
      overview.slow.length > 1 && h("button.quiet", { type: "button", onclick: to.nextSlow, title: "Next slow span (s)" }, "Next slow ", h("kbd", null, "s"))),
    unusual && h("p.verdict", null,
      h(`i.swatch.step${unusual.latency_step}`, { "aria-hidden": "true" }),
      "Unusual: ", h("button.jump", { type: "button", onclick: () => to.row(unusual.index) },
        h("b", null, cut(named(unusual.service ?? "", "unknown service"))), ` · ${cut(named(unusual.name ?? "", "unnamed"))}`),
      h("span.number", null, ` ${duration(unusual.durationNs)}, slower than ${fasterThan(unusual.latency_rank)} of its last hour`)),
    origin && h("p.verdict", null,
      h("span.cross", { "aria-hidden": "true" }, "✕"),
      "Error begins in: ", h("button.jump", { type: "button", onclick: to.origin },
        h("b", null, cut(named(origin.service ?? "", "unknown service"))), ` · ${cut(named(origin.name ?? "", "unnamed"))}`),
      overview.origins.length > 1 && h("span.sub", null, ` and ${count(overview.origins.length - 1, "more place")}`),
      trace.errorCount > 1 && h("button.quiet", { type: "button", onclick: to.nextError, title: "Next error (e)" }, "Next error ", h("kbd", null, "e"))),
    shares.length > 1 && h("p.shares.sub", null, "Waited for ", shares.slice(0, 4).map((service, number) => [number > 0 && ", ",
      h("button.jump", { type: "button", title: "Find its spans", onclick: () => to.look(service.name ? `service = ${quoted(service.name)}` : "") }, cut(named(service.name, "unknown service"))),
      ` ${percent(service.criticalNs, trace.criticalNs)}`]), shares.length > 4 && `, ${shares.length - 4} more`));
}

function acts(id, link) {
  const other = h("input", { type: "text", placeholder: "another trace ID", "aria-label": "ID of the trace to compare with", spellcheck: "false", autocomplete: "off" });
  const compare = h("a", { href: `/compare?a=${id}`, "data-route": true }, "Choose on the page Compare");
  other.addEventListener("input", () => {
    const found = readTraceID(other.value);
    compare.setAttribute("href", found ? `/compare?a=${id}&b=${found}` : `/compare?a=${id}`);
    compare.textContent = found ? "Compare these two" : "Choose on the page Compare";
  });
  return h("div.acts", { role: "group", "aria-label": "What to do with this trace" },
    link,
    menu("Compare…", h("div", null, h("p", null, other), h("p", null, compare))),
    menu("Download", h("ul", null,
      h("li", null, h("a", { href: `/api/v1/traces/${id}?format=html`, download: `trace-${id}.html` }, "Report"), h("span.sub", null, " one page, for an incident")),
      h("li", null, h("a", { href: `/api/v1/traces/${id}`, download: `trace-${id}.json` }, "JSON"), h("span.sub", null, " the tree as it was put together")),
      h("li", null, h("a", { href: `/api/v1/traces/${id}?format=otlp`, download: `trace-${id}.otlp.json` }, "OTLP"), h("span.sub", null, " the spans as they came")))),
    menu("Pin", () => pinForm(id)));
}

function figure(name, value, kind, title) {
  return h("div", { title }, h("dt", null, name), h(kind ? `dd.${kind}` : "dd", null, String(value)));
}
