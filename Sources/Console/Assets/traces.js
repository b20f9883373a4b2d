// The list of recent traces. Asks again every few seconds while the page can be seen.

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { ago, count, duration, named, percent, shortMoment } from "./format.js";

const EVERY = 4000;

/** Shows the list in `main`; the function returned stops it. */
export function showTraces(main) {
  document.title = "Recent traces · HMS-OPS";
  const list = h("div.list", { role: "list", "aria-label": "Recent traces" });
  const note = h("p.live", { role: "status" }, "Loading…");
  const banner = h("div", { role: "alert" });
  fill(main, h("section.recent", null,
    h("div.heading", null, h("h1", null, "Recent traces"), note), banner, list));
  fill(list, Array.from({ length: 6 }, () => h("div.row.ghost", { "aria-hidden": "true" }, h("i"), h("i"))));

  let timer, last = "", traces = [];
  const stop = new AbortController();

  async function refresh() {
    clearTimeout(timer);
    if (!document.hidden) {
      try {
        const answer = await get("/api/v1/recent?limit=50", stop.signal);
        banner.replaceChildren();
        note.textContent = "Updates by itself";
        const text = JSON.stringify(answer);
        if (text !== last) {
          last = text;
          traces = answer.traces;
          draw(answer);
        } else {
          tell();
        }
      } catch (error) {
        if (error.name === "AbortError") return;
        note.textContent = "Trying again…";
        fill(banner, h("div.notice.bad", null, h("strong", null, error.message), " ", error.hint ?? ""));
        if (!traces.length) list.replaceChildren();
      }
    }
    timer = setTimeout(refresh, EVERY);
  }

  /** Only the relative times change. */
  function tell() {
    list.querySelectorAll("time").forEach((element) => { element.textContent = ago(element.dataset.ns); });
  }

  function draw(answer) {
    if (!traces.length) return fill(list, empty());
    const lengths = traces.map((trace) => Math.max(1, trace.durationNs));
    const range = { low: Math.min(...lengths), high: Math.max(...lengths) };
    // Keeps the focus where it was when rows move.
    const focused = document.activeElement?.closest?.("a.row")?.getAttribute("href");
    fill(list, traces.map((trace) => row(trace, range)),
      answer.truncated && h("p.more", null, "Older traces are left out, as these are large. Open them by ID."));
    if (focused) list.querySelector(`a.row[href="${CSS.escape(focused)}"]`)?.focus();
  }

  const wake = () => { if (!document.hidden) refresh(); };
  document.addEventListener("visibilitychange", wake);
  refresh();
  return () => {
    stop.abort();
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", wake);
  };
}

function row(trace, range) {
  const total = trace.criticalByStep.reduce((sum, time) => sum + time, 0);
  const bar = h("span.mini", { "aria-hidden": "true" });
  // By orders of magnitude: a trace of 5 ms still has a bar beside one of 5 s.
  const scale = Math.log(Math.max(1, trace.durationNs) / range.low) / (Math.log(range.high / range.low) || 1);
  bar.style.setProperty("inline-size", `${22 + 78 * scale}%`);
  // Hot first, so that bars compare at a glance.
  trace.criticalByStep.map((time, step) => [time, step]).reverse().forEach(([time, step]) => {
    if (!(time > 0)) return;
    const part = h(`i.step${step}`);
    part.style.setProperty("flex-grow", String(time / total));
    bar.append(part);
  });
  const slowest = trace.slowest;
  const others = trace.services.filter((name) => name !== trace.rootService);
  return h("a.row", { href: `/trace/${trace.traceId}`, "data-route": true, role: "listitem" },
    h("span.what", null,
      h("span.title", null,
        h("b", null, named(trace.rootService, "unknown service")), h("span.name", null, named(trace.rootName, "unnamed")),
        trace.errorCount > 0 && h("span.badge.error", null, h("span", { "aria-hidden": "true" }, "✕ "), count(trace.errorCount, "error")),
        trace.missingCount > 0 && h("span.badge", { title: "Spans that others name as their parent have not arrived" }, `${trace.missingCount} missing`)),
      h("span.sub", null,
        h("time", { "data-ns": trace.start, title: shortMoment(trace.start) }, ago(trace.start)), " · ",
        count(trace.spanCount, "span"), others.length > 0 && ` · with ${others.slice(0, 4).join(", ")}`,
        trace.serviceCount - 1 > 4 && ` and ${trace.serviceCount - 5} more`)),
    h("span.slow", null, slowest && slowest.latency_step >= 1 && [
      h("span.sub", null, "slowest "),
      h("span.slowname", null, `${named(slowest.service, "unknown service")} · ${named(slowest.name, "unnamed")}`),
      h("span.share", null, percent(slowest.criticalNs, total))]),
    h("span.long", null, bar, h("span.number", null, duration(trace.durationNs))));
}

function empty() {
  return h("section.state", null,
    h("h2", null, "No traces yet"),
    h("p", null, "The collector is running and waits for the first span. Send some to the sidecar:"),
    h("dl.ways", null,
      h("dt", null, "OpenTelemetry SDK, gRPC"), h("dd", null, h("code", null, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317")),
      h("dt", null, "OpenTelemetry SDK, HTTP"), h("dd", null, h("code", null, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318")),
      h("dt", null, "Three small services to look at"), h("dd", null, h("code", null, "hms-ops up --demo"))),
    h("p.sub", null, "This list fills by itself as soon as one arrives."));
}
