// What is known about one span, what crosses agencies first.

import { copyButton, h } from "./dom.js";
import { count, duration, moment, named, percent, stepName } from "./format.js";

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

export function spanPanel(data, index, { close, jump }) {
  const span = data.spans[index];
  const header = h("header", null,
    h("div", null,
      h("h2", null, span.missing ? "Missing span" : named(span.name, "unnamed")),
      h("p.sub", null, span.missing ? "Its service is not known" : [h("b", null, named(span.service, "unknown service")), ` · ${span.kind}`])),
    h("button.close", { type: "button", title: "Close (Esc)", "aria-label": "Close details", onclick: close }, "✕"));
  return [header, span.missing ? missing(span) : body(data, span, jump)];
}

/** A link within the trace jumps to its span; any other opens the trace it names. */
function linked(link, { trace, spans }, jump) {
  const here = link.traceId === trace.traceId ? spans.findIndex((span) => span.spanId === link.spanId) : -1;
  if (here >= 0) return h("button.jump", { type: "button", onclick: () => jump(here) }, `${named(spans[here].service, "unknown service")} · ${named(spans[here].name, "unnamed")}`);
  return [h("a", { href: `/trace/${encodeURIComponent(link.traceId)}#${encodeURIComponent(link.spanId)}`, "data-route": true }, h("code", null, link.traceId)),
    h("span.sub", null, " span ", h("code", null, link.spanId))];
}

function missing(span) {
  return [
    section("Why it is shown", h("p", null, `${count(span.childCount, "span names", "spans name")} it as parent, and it has not arrived. `,
      "It may still be running, be lost with its service, or belong to a system that does not send its spans here.")),
    section("Identity", facts([["Span ID", id(span.spanId, "span ID")]])),
  ];
}

function body(data, span, jump) {
  const { trace } = data;
  const resource = data.resources[span.resource] ?? { attributes: [] };
  const scope = data.scopes[span.scope] ?? { attributes: [] };
  const known = new Set(CONTEXT.map(([key]) => key));
  const context = CONTEXT.flatMap(([key, label]) => {
    const found = span.attributes.find((attribute) => attribute.key === key) ?? resource.attributes.find((attribute) => attribute.key === key);
    return found ? [[label, value(found, true)]] : [];
  });
  const parent = span.parent === null ? null : data.spans[span.parent];
  const failed = span.status.code === "error";
  return [
    context.length > 0 && section("Agency context", facts(context)),
    h("div.tiles", null,
      tile("Duration", duration(span.durationNs)),
      tile("Of its own", duration(span.selfNs)),
      tile("Critical path", span.onCriticalPath ? percent(span.criticalNs, trace.criticalNs) : "not on it", `step${span.latency_step}`, stepName(span.latency_step))),
    failed && h("p.notice.bad", null, h("strong", null, "✕ Error"), span.status.message ? `: ${span.status.message}` : " without a message"),
    span.oddities.length > 0 && section("Worth knowing", h("ul", null, span.oddities.map((word) => h("li", null, ODDITIES[word] ?? word)))),
    section("Span", facts([
      ["Status", failed ? "error" : span.status.code === "ok" ? "ok" : "not set"],
      !failed && span.status.message && ["Message", span.status.message],
      ["Start", h("span.number", null, moment(span.start))],
      ["End", h("span.number", null, moment(span.end))],
      ["Begins after", h("span.number", null, duration(span.offsetNs))],
      ["Span ID", id(span.spanId, "span ID")],
      ["Parent", parent ? h("button.jump", { type: "button", onclick: () => jump(span.parent) }, parent.missing ? "missing span" : `${named(parent.service, "unknown service")} · ${named(parent.name, "unnamed")}`)
        : span.parentSpanId ? id(span.parentSpanId, "parent's span ID") : "none: a root"],
      span.copies > 1 && ["Arrived", `${span.copies} times`],
      span.traceState && ["Trace state", span.traceState],
    ])),
    attributes("Attributes", span.attributes.filter((attribute) => !known.has(attribute.key)), span.droppedAttributes),
    span.events.length > 0 && section(`Events (${span.events.length})`, h("ol.events", null, span.events.map((event) => h("li", null,
      h("p", null, h("span.number.sub", null, since(event.time, span.start)), " ", h("b", null, named(event.name, "unnamed"))),
      pairs(event.attributes))))),
    span.links.length > 0 && section(`Links (${span.links.length})`, h("ul.links", null, span.links.map((link) => h("li", null,
      linked(link, data, jump), pairs(link.attributes))))),
    attributes("Resource", resource.attributes, resource.droppedAttributes),
    (scope.name || scope.attributes.length > 0) && section("Scope", facts([["Name", scope.name || "not given"], scope.version && ["Version", scope.version]]), pairs(scope.attributes)),
    span.variants?.length > 0 && section(`Other spans with this ID (${span.variantCount})`, span.variants.map((other) => h("div.variant", null, facts([
      ["Span", `${named(other.service, "unknown service")} · ${named(other.name, "unnamed")}`],
      ["Start", h("span.number", null, moment(other.start))], ["End", h("span.number", null, moment(other.end))],
    ]), pairs(other.attributes)))),
  ];
}

function section(title, ...content) { return h("section", null, h("h3", null, title), ...content); }

function facts(list) {
  return h("dl", null, list.filter(Boolean).map(([name, content]) => [h("dt", null, name), h("dd", null, content)]));
}

function tile(name, text, swatch, title) {
  return h("div", { title }, h("span.sub", null, name), h("span.number", null, swatch && h(`i.swatch.${swatch}`, { "aria-hidden": "true" }), text));
}

function id(text, what) { return h("span.copyable", null, h("code", null, text), copyButton(text, what)); }

function since(time, start) {
  try {
    const ns = Number(BigInt(time) - BigInt(start));
    if (BigInt(time) === 0n) return "no time";
    return ns < 0 ? `−${duration(-ns)}` : `+${duration(ns)}`;
  } catch { return "no time"; }
}

function attributes(title, list, dropped = 0) {
  if (!list.length && !dropped) return null;
  return section(title, pairs(list), dropped > 0 && h("p.sub", null, `${count(dropped, "attribute was", "attributes were")} left out by the service.`));
}

function pairs(list) {
  if (!list?.length) return null;
  const sorted = [...list].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return facts(sorted.map((attribute) => [h("code", null, attribute.key), value(attribute, false)]));
}

/** A value as text; a list of values stands one below the other. */
function value(attribute, copies) {
  if (attribute.type === "array" && attribute.value.every((element) => element.type === "string"))
    return h("ul.values", null, attribute.value.map((element) => h("li", null, copies ? id(element.value, "value") : element.value)));
  const text = shown(attribute);
  return copies ? id(text, "value") : h(`span.value.${attribute.type}`, { title: attribute.type }, text);
}

function shown({ type, value: held }, quoted = false) {
  switch (type) {
    case "string": return quoted ? JSON.stringify(held) : held;
    case "array": return `[${held.map((element) => shown(element, true)).join(", ")}]`;
    case "map": return `{${held.map((pair) => `${pair.key}: ${shown(pair, true)}`).join(", ")}}`;
    case "bytes": return `base64 ${held}`;
    case "empty": return "(empty)";
    default: return String(held);
  }
}
