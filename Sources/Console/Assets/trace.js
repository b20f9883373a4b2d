// One trace: what was slow in a sentence, the waterfall, and the details of the span that is chosen.

import { get } from "./api.js";
import { copyButton, fill, h } from "./dom.js";
import { count, duration, named, percent, shortMoment } from "./format.js";
import { legend } from "./legend.js";
import { spanPanel } from "./panel.js";
import { Waterfall } from "./waterfall.js";

/** Shows the trace in `main`; the function returned puts everything away. `given` is the id as the address has it. */
export function showTrace(main, id, given) {
  const stop = new AbortController();
  let waterfall = null;
  document.title = `Trace ${id ?? ""} · HMS-OPS`;

  if (!id) {
    fill(main, state("That is not a trace ID", [h("code", null, given.slice(0, 80))],
      ["A trace ID has 32 hexadecimal digits (or 16). Services send it in the ", h("code", null, "x-hms-trace-id"), " header."]));
    return () => {};
  }

  async function load() {
    fill(main, h("section.loading", { "aria-busy": "true", role: "status" }, h("span.hidden", null, "Loading the trace"),
      Array.from({ length: 9 }, (_, row) => {
        const bar = h("i.bone");
        bar.style.setProperty("margin-inline-start", `${(row * 7) % 40}%`);
        bar.style.setProperty("inline-size", `${55 - row * 5}%`);
        return bar;
      })));
    try {
      const data = await get(`/api/v1/traces/${id}`, stop.signal);
      if (data.spans.length) open(data); else throw { status: 404, message: "This trace holds no spans.", hint: "" };
    } catch (error) {
      if (error.name === "AbortError") return;
      fill(main, error.status === 404 ? notFound(id, load) : state("The trace could not be opened",
        [error.message ?? String(error)], [error.hint ?? "", " "], h("button", { type: "button", onclick: load }, "Try again")));
    }
  }

  function open(data) {
    const { trace } = data;
    document.title = `${named(trace.rootService, "trace")} · ${named(trace.rootName, "unnamed")} · HMS-OPS`;
    const panel = h("aside.panel", { "aria-label": "Span details", hidden: true, tabindex: "-1" });
    const said = h("p.hidden", { role: "status", "aria-live": "polite" });

    waterfall = new Waterfall(data, {
      choose(index) {
        const chosen = index === null ? null : data.spans[index];
        history.replaceState(null, "", chosen ? `#${chosen.spanId}` : location.pathname);
        panel.hidden = !chosen;
        if (chosen) {
          fill(panel, spanPanel(data, index, { close: () => waterfall.choose(null), jump: (to) => waterfall.goTo(to, true) }));
          panel.scrollTop = 0;
        }
      },
      say(text) { said.textContent = text; },
    });

    fill(main, h("section.trace", null,
      heading(data, waterfall),
      trace.nodeCount > data.spans.length && h("p.notice", null, `These are the first ${data.spans.length.toLocaleString("en")} of ${trace.nodeCount.toLocaleString("en")} rows; the figures above are about all of them.`),
      trace.truncated && h("p.notice", null, "This trace is too large to be read whole: what is shown, figures included, is the part that came first."),
      legend(),
      h("div.stage", null, waterfall.element, panel), said));
    waterfall.start();
    const wanted = location.hash.slice(1);
    const index = wanted ? data.spans.findIndex((span) => span.spanId === wanted) : -1;
    if (index >= 0) waterfall.goTo(index, true); else waterfall.element.focus({ preventScroll: true });
  }

  load();
  return () => { stop.abort(); waterfall?.stop(); };
}

function heading({ trace, spans }, waterfall) {
  const slow = waterfall.slow[0];
  const errors = trace.errorCount;
  return h("div.summary", null,
    h("div.heading", null,
      h("h1", null, named(trace.rootService, "unknown service"), h("span.dot", { "aria-hidden": "true" }, " · "), h("span.name", null, named(trace.rootName, "unnamed"))),
      h("p.id", null, h("code", null, trace.traceId), copyButton(trace.traceId, "trace ID"))),
    h("dl.figures", null,
      figure("Duration", duration(trace.durationNs), "strong"),
      figure("Started", shortMoment(trace.start)),
      figure("Spans", trace.spanCount.toLocaleString("en")),
      figure("Services", trace.services.length, null, trace.services.map((service) => `${named(service.name, "unknown service")}: ${count(service.spans, "span")}`).join("\n")),
      figure("Errors", errors ? `✕ ${errors}` : "0", errors ? "bad" : null),
      trace.missingCount > 0 && figure("Missing", trace.missingCount, "odd", "Spans that others name as their parent have not arrived"),
      trace.duplicateCount > 0 && figure("Copies", trace.duplicateCount, null, "Spans that arrived more than once; the copies were merged"),
      trace.conflictCount > 0 && figure("Conflicts", trace.conflictCount, "odd", "Different spans that share one id")),
    slow !== undefined && h("p.verdict", null,
      h(`i.swatch.step${spans[slow].latency_step}`, { "aria-hidden": "true" }),
      "Slowest: ", h("button.jump", { type: "button", onclick: () => waterfall.nextSlow(1, true) },
        h("b", null, named(spans[slow].service, "unknown service")), ` · ${named(spans[slow].name, "unnamed")}`),
      h("span.number", null, ` ${duration(spans[slow].criticalNs)} of its own, ${percent(spans[slow].criticalNs, trace.criticalNs)} of the waiting`),
      waterfall.slow.length > 1 && h("button.quiet", { type: "button", onclick: () => waterfall.nextSlow(1, true), title: "Next slow span (s)" }, "Next slow ", h("kbd", null, "s")),
      errors > 0 && h("button.quiet", { type: "button", onclick: () => waterfall.nextError(true), title: "Next error (e)" }, "Next error ", h("kbd", null, "e"))));
}

function figure(name, value, kind, title) {
  return h("div", { title }, h("dt", null, name), h(kind ? `dd.${kind}` : "dd", null, String(value)));
}

function state(title, facts, hints, ...actions) {
  return h("section.state", null, h("h1", null, title), h("p", null, facts), h("p.sub", null, hints),
    h("p", null, ...actions, " ", h("a", { href: "/", "data-route": true }, "See recent traces")));
}

function notFound(id, retry) {
  return h("section.state", null,
    h("h1", null, "No span of this trace is here"),
    h("p.id", null, h("code", null, id), copyButton(id, "trace ID")),
    h("p", null, "What it can be:"),
    h("ul", null,
      h("li", null, "It is still on its way: spans leave a service when they end, and the sidecar sends within a second."),
      h("li", null, "The request was not sampled: the flags at the end of its ", h("code", null, "x-hms-trace-id"), " are 00."),
      h("li", null, "It is older than the collector keeps traces (", h("code", null, "store.retention"), ")."),
      h("li", null, "The service's sidecar sends to another collector (", h("code", null, "forward.collectors"), ").")),
    h("p", null, h("button", { type: "button", onclick: retry }, "Try again"), " ", h("a", { href: "/", "data-route": true }, "See recent traces")));
}
