// What is known about one span, what crosses agencies first.

import { copyButton, fill, h } from "./dom.js";
import { count, cut, duration, fasterThan, moment, named, percent, rank, stepName } from "./format.js";
import { signed } from "./clocks.js";
import { quoted, searchAddress } from "./queryText.js";
import { acts, facts, many, pairs, value } from "./values.js";

const CONTEXT = [
  ["hms.a2a.envelope_id", "A2A envelope"], ["hms.mcp.session_id", "MCP session"], ["hms.mcp.method", "MCP method"],
  ["hms.mcp.tool", "MCP tool"], ["hms.mcp.context", "MCP context"],
];

const ODDITIES = {
  "missing": "No span with this ID has arrived. Others name it as their parent.",
  "duplicate": "It arrived more than once with the same content; the copies were merged.",
  "conflict": "Different spans arrived with this ID. The one that ends last stands here, the others are below.",
  "self-parent": "It names itself as its parent, so it is shown as a root.",
  "in-cycle": "It is part of a ring of parents.",
  "cycle-cut": "The ring of parents was cut here: this span is shown as a root.",
  "ends-before-start": "Its end lies before its start. It is shown at its start, without length.",
  "time-unset": "Its start or end was never set. It is shown where its parent begins.",
  "time-absurd": "Its times cannot be true, so they are not used on the axis.",
  "starts-before-parent": "It begins before its parent: the clocks of the two machines disagree.",
  "ends-after-parent": "It ends after its parent, which did not wait for it (or clocks disagree).",
};

const MANY = 50; // events, links and others that are shown at first

const who = (row) => (row.missing ? `span ${row.spanId}` : `${cut(named(row.service ?? "", "unknown service"), 160)} · ${cut(named(row.name ?? "", "unnamed"), 160)}`);

/** The head of the panel, which a row alone is enough for. */
function head(row, close) {
  return h("header", null,
    h("div", null,
      h("h2", null, row.missing ? (row.missing === "awaited" ? "Awaited span" : "Span not received") : cut(named(row.name ?? "", "unnamed"), 600)),
      h("p.sub", null, row.missing ? "Its service is not known" : [h("b", null, cut(named(row.service ?? "", "unknown service"), 300)), ` · ${row.kind ?? "kind not set"}`])),
    h("button.close", { type: "button", title: "Close (Esc)", "aria-label": "Close details", onclick: close }, "✕"));
}

export const waitingPanel = (row, close) => [head(row, close), tiles(row, null), h("div.loading.inner", { "aria-busy": "true" }, h("span.hidden", null, "Loading"), h("i.bone"), h("i.bone"), h("i.bone"))];

export const brokenPanel = (row, error, close, retry) => [head(row, close), h("p.notice.bad", { role: "alert" }, h("strong", null, error.message), " ", error.hint ?? ""), h("p", null, h("button", { type: "button", onclick: retry }, "Try again"))];

/** `detail` is the collector's answer about one span; `trace` its trace; `jump(index)` goes to a row, `find(text)` looks in the trace. */
export function spanPanel(detail, { trace, hosts, close, jump, jumpToSpan }) {
  const { row, span } = detail;
  return [head(row, close), crumbs(detail.ancestors ?? [], jump), span ? body(detail, { trace, hosts, jump, jumpToSpan }) : missing(detail, jumpToSpan, trace)];
}

function crumbs(ancestors, jump) {
  if (!ancestors.length) return null;
  const shown = ancestors.length > 5 ? [ancestors[0], null, ...ancestors.slice(-3)] : ancestors;
  return h("nav", { "aria-label": "Above this span" }, h("ol.crumbs", null, shown.map((row) => h("li", null, row === null ? `… ${ancestors.length - 4} …`
    : h("button.jump", { type: "button", title: who(row), onclick: () => jump(row.index) }, row.missing ? "missing span" : cut(named(row.name ?? "", "unnamed"), 40))))));
}

function missing({ row, linkedFrom }, jumpToSpan, trace) {
  const awaited = row.missing === "awaited";
  return [
    section(awaited ? "Why it is awaited" : "Why it is shown", h("p", null, `${count(row.childCount, "span names", "spans name")} it as parent, and it has not arrived. `,
      awaited ? "It may still be running or on its way: a span is sent when it ends." : "It will probably not come any more: it was lost with its service, not sampled, or belongs to a system that does not send its spans here.")),
    section("What to do next", h("ul", null,
      h("li", null, "Look at the sidecar of the service that should have sent it: ", h("code", null, "hms-ops ledger")),
      h("li", null, "Ask what happened to it: ", h("code", null, `hms-ops explain ${row.spanId}`)))),
    section("Identity", facts([["Span ID", id(row.spanId, "span ID")]])),
    backlinks(linkedFrom, trace, jumpToSpan),
  ];
}

function tiles(row, trace) {
  const ranked = row.latency_rank !== null && row.latency_rank !== undefined;
  return h("div.tiles", null,
    tile("Duration", duration(row.durationNs)),
    tile("Of its own", duration(row.selfNs)),
    tile("Critical path", trace ? (row.criticalNs > 0 ? percent(row.criticalNs, trace.criticalNs) : "not on it") : "…", ranked ? null : `step${row.latency_step}`, ranked ? null : stepName(row.latency_step)),
    ranked && tile("Last hour", rank(row.latency_rank), `step${row.latency_step}`, `Slower than ${fasterThan(row.latency_rank)} of what this operation did in the hour before`));
}

function body(detail, { trace, hosts, jump, jumpToSpan }) {
  const { row, span } = detail;
  const resource = span.resource ?? { attributes: [] };
  const scope = span.scope ?? { attributes: [] };
  const attributes = span.attributes ?? [];
  const events = span.events ?? [];
  const links = span.links ?? [];
  const known = new Set(CONTEXT.map(([key]) => key));
  const context = CONTEXT.flatMap(([key, label]) => {
    const found = attributes.find((attribute) => attribute.key === key) ?? resource.attributes?.find((attribute) => attribute.key === key);
    return found ? [[label, value(found), acts(found, "find", label)]] : [];
  });
  const failed = row.error || span.status?.code === "error";
  const parent = detail.ancestors?.at(-1);
  const host = row.host !== undefined ? hosts?.[row.host] : null;
  const dropped = (number, what) => number > 0 && h("p.sub", null, `${count(number, `${what} was`, `${what}s were`)} left out by the service.`);
  return [
    context.length > 0 && section("Agency context", h("div.context", null, facts(context))),
    tiles(row, trace),
    failed && h("p.notice.bad", null, h("strong", null, row.origin ? "✕ The error begins here" : "✕ Error"), span.status?.message ? `: ${cut(span.status.message, 3000)}` : " without a message"),
    (row.oddities ?? []).length > 0 && section("Worth knowing", h("ul", null, row.oddities.map((word) => h("li", null, ODDITIES[word] ?? word)))),
    section("Attributes", pairs(attributes.filter((attribute) => !known.has(attribute.key)), "filter") ?? h("p.sub", null, "None"), dropped(span.droppedAttributes, "attribute")),
    (events.length > 0 || span.droppedEvents > 0) && section(`Events (${events.length})`, many(events, h("ol.events"), (event) => h("li", null,
      h("p", null, h("span.number.sub", null, since(event.time, span.start)), " ", h("b", null, cut(named(event.name ?? "", "unnamed"), 300))), pairs(event.attributes, "filter")), MANY), dropped(span.droppedEvents, "event")),
    (links.length > 0 || span.droppedLinks > 0) && section(`Links (${links.length})`, many(links, h("ul.links"), (link) => h("li", null, linked(link, trace, jumpToSpan), pairs(link.attributes, "filter")), MANY), dropped(span.droppedLinks, "link")),
    backlinks(detail.linkedFrom, trace, jumpToSpan),
    section("Span", facts([
      ["Status", failed ? "error" : span.status?.code === "ok" ? "ok" : "not set"],
      !failed && span.status?.message && ["Message", cut(span.status.message, 3000)],
      ["Start", h("span.number", null, moment(span.start))],
      ["End", h("span.number", null, moment(span.end))],
      ["Begins after", h("span.number", null, signed(row.offsetNs))],
      row.shiftNs && ["Clock", h("span.number", null, `the correction moves it by ${signed(row.shiftNs)}`), host && host.lowNs !== undefined && h("span.sub", null, ` (bounds ${signed(host.lowNs)} … ${signed(host.highNs)} against ${host.reference})`)],
      host?.name && ["Host", cut(host.name, 200)],
      ["Span ID", id(span.spanId ?? row.spanId, "span ID")],
      ["Parent", parent && row.parent !== null ? h("button.jump", { type: "button", onclick: () => jump(row.parent) }, who(parent))
        : span.parentSpanId ? id(span.parentSpanId, "parent's span ID") : "none: a root"],
      row.childCount > 0 && ["Below it", `${count(row.childCount, "child", "children")}, ${count(row.subtreeCount - 1, "span")} in all`],
      span.copies > 1 && ["Arrived", `${span.copies} times`],
      span.traceState && ["Trace state", cut(span.traceState, 3000)],
    ])),
    section("Resource", pairs(resource.attributes, "filter") ?? h("p.sub", null, "None"), resource.schemaUrl && h("p.sub", null, `Schema ${cut(resource.schemaUrl, 300)}`), dropped(resource.droppedAttributes, "attribute")),
    (scope.name || scope.attributes?.length > 0) && section("Scope", facts([["Name", scope.name ? cut(scope.name, 300) : "not given"], scope.version && ["Version", cut(scope.version, 300)]]), pairs(scope.attributes, "filter")),
    span.variants?.length > 0 && section(`Other spans with this ID (${span.variantCount})`, many(span.variants, h("div"), (other) => h("div.variant", null, facts([
      ["Span", who(other)], ["Start", h("span.number", null, moment(other.start))], ["End", h("span.number", null, moment(other.end))],
    ]), pairs(other.attributes)), MANY), span.variantCount > span.variants.length && h("p.sub", null, `${count(span.variantCount - span.variants.length, "more is", "more are")} among the `,
      h("a", { href: `/api/v1/traces/${trace.traceId}?format=otlp`, download: `trace-${trace.traceId}.otlp.json` }, "spans as they came"))),
    detail.otlp && raw(detail.otlp, row.spanId),
  ];
}

/** A link within the trace jumps to its span; any other opens the trace it names. */
function linked(link, trace, jumpToSpan) {
  if (link.traceId === trace.traceId) return h("button.jump", { type: "button", onclick: () => jumpToSpan(link.spanId) }, link.name !== undefined ? who(link) : ["this trace, span ", h("code", null, link.spanId)]);
  return [h("a", { href: `/trace/${encodeURIComponent(link.traceId)}#${encodeURIComponent(link.spanId)}`, "data-route": true }, link.name !== undefined ? who(link) : h("code", null, link.traceId)),
    h("p.sub", null, link.name !== undefined ? ["trace ", h("code", null, link.traceId)] : ["span ", h("code", null, link.spanId)])];
}

function backlinks(list, trace, jumpToSpan) {
  if (!list?.length) return null;
  return section(`Linked from (${list.length})`, h("ul.links", null, list.slice(0, MANY).map((link) => h("li", null, linked(link, trace, jumpToSpan)))));
}

/** The span as it came, in OTLP JSON: written out only when somebody wants to see it. */
function raw(otlp, spanId) {
  const holder = h("div.raw");
  const details = h("details", null, h("summary", null, "Raw OTLP"), holder);
  details.addEventListener("toggle", () => {
    if (!details.open || holder.firstChild) return;
    const text = JSON.stringify(otlp, null, 2);
    const pre = h("pre.whole", { tabindex: "0", "aria-label": "Raw OTLP" }, text.slice(0, 20000));
    const download = h("button.copy", { type: "button", onclick: () => {
      const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
      const link = document.createElement("a");
      link.href = address;
      link.download = `span-${spanId}.json`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 10000);
    } }, "Download");
    holder.append(h("p", null, copyButton(text, "raw OTLP"), " ", download), pre);
    if (text.length > 20000) {
      const more = h("button.quiet", { type: "button", onclick: () => { fill(pre, text); more.remove(); } }, `Show all ${text.length.toLocaleString("en")} characters`);
      holder.append(more);
    }
  });
  return h("section", null, details);
}

function section(title, ...content) { return h("section", null, h("h3", null, title), ...content); }

function tile(name, text, swatch, title) {
  return h("div", { title }, h("span.sub", null, name), h("span.number", null, swatch && h(`i.swatch.${swatch}`, { "aria-hidden": "true" }), text));
}

function id(text, what) {
  return h("span.copyable", null, h("code", null, text), copyButton(text, what),
    what === "span ID" && h("a.sub", { href: searchAddress(`span_id = ${quoted(text)}`), "data-route": true }, "find"));
}

function since(time, start) {
  try {
    if (BigInt(time) === 0n) return "no time";
    return signed(Number(BigInt(time) - BigInt(start)));
  } catch { return "no time"; }
}
