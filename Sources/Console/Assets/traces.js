// The page of traces: a query, what was found, and ways to narrow it down. The address carries the query and the time.

import { get } from "./api.js";
import { go } from "./console.js";
import { fill, h } from "./dom.js";
import { Facets } from "./facets.js";
import { count, duration, readTraceID, shortMoment } from "./format.js";
import { Latencies } from "./latencies.js";
import { legend } from "./legend.js";
import { Live } from "./live.js";
import { conditions, narrowed, withCondition, without, writtenDuration } from "./query.js";
import { QueryBox } from "./querybox.js";
import { Results, ghosts } from "./results.js";
import { TimeRange, inWords, timeOf, written } from "./timerange.js";

const PAGE = 100;
const MOST = 1000; // rows
const EVERY = 4000; // without a query the list follows
const ENOUGH = 10; // traces from which on a comparison says something

/** Shows the page in `main`; the function returned puts everything away. */
export function showTraces(main) {
  const page = new TracesPage(main);
  page.start();
  return () => page.stop();
}

class TracesPage {
  constructor(main) {
    this.main = main;
    this.box = new QueryBox({ onAsk: (query) => this.asked(query), names: () => [...new Set(this.traces.map((trace) => trace.rootName).filter(Boolean))].slice(0, 40) });
    this.range = new TimeRange({ onChange: (range) => this.ask({ ...range }) });
    this.facets = new Facets({ onQuery: (q) => this.ask({ q }) });
    this.plots = new Latencies({ onOpen: (trace) => go(`/trace/${trace.traceId}`), onNarrow: (area) => this.narrow(area), onPoint: (trace) => this.results.mark(trace) });
    this.results = new Results({ onChosen: (traces) => this.choose(traces) });
    this.live = new Live({ onTraces: (traces) => this.follow(traces), onState: (state) => this.liveState(state), held: () => this.isLookedAt() });
    this.traces = [];
    this.banner = h("div.banner", { role: "alert" });
    this.summary = h("p.found", { role: "status" });
    this.state = h("div.outcome");
    this.more = h("div.more");
    this.compare = h("div.compare-bar", { role: "region", "aria-label": "Comparison", hidden: true });
    this.ways = h("p.ways-on");
    this.liveButton = h("button.switch", { type: "button", role: "switch", "aria-checked": "false", onclick: () => this.toggleLive() }, h("i", { "aria-hidden": "true" }), "Live");
    this.liveNote = h("p.live-note.sub", { role: "status" });
    this.keys = keys();
    this.content = h("div.content", null, this.plots.element,
      h("div.resultbar", null, this.summary, this.ways, h("span.tools", null, this.results.sort, this.liveButton,
        h("button.plain", { type: "button", title: "Keys (?)", "aria-label": "Keys", onclick: () => this.keys.showModal() }, "?"))),
      this.liveNote, this.results.list, this.state, this.more, this.compare, h("footer.legend-foot", null, legend()));
    this.element = h("section.traces", null, h("h1.hidden", null, "Traces"),
      h("div.finder", null, this.box.element, this.range.element), this.banner, h("div.columns", null, this.facets.element, this.content), this.keys);
  }

  start() {
    fill(this.main, this.element);
    const asked = new URLSearchParams(location.search);
    this.query = { q: asked.get("q") ?? "", from: asked.get("from") ?? "", to: asked.get("to") ?? "" };
    this.box.value = this.query.q;
    this.facets.start();
    this.plots.start();
    this.keydown = (event) => this.key(event);
    this.wake = () => { if (!document.hidden) this.refresh(); };
    document.addEventListener("keydown", this.keydown);
    document.addEventListener("visibilitychange", this.wake);
    this.ticking = setInterval(() => this.results.tell(), 10_000);
    this.search();
  }

  stop() {
    this.searching?.abort();
    clearTimeout(this.timer);
    clearInterval(this.ticking);
    document.removeEventListener("keydown", this.keydown);
    document.removeEventListener("visibilitychange", this.wake);
    this.live.stop();
    this.facets.stop();
    this.plots.stop();
  }

  // Asking.

  /** From the box: an id opens its trace, all else is a query. */
  asked(text) {
    const id = readTraceID(text);
    if (id) return go(`/trace/${id}`);
    this.ask({ q: text });
  }

  /** Changes what is asked, in the address as well. */
  ask(change) {
    const before = this.address();
    Object.assign(this.query, change);
    if (this.box.value.trim() !== this.query.q) this.box.value = this.query.q;
    if (this.address() !== before || location.pathname + location.search !== this.address()) history.pushState(null, "", this.address());
    this.search();
  }

  address() {
    const asked = new URLSearchParams(Object.entries(this.query).filter(([, value]) => value));
    return asked.size ? `/?${asked}` : "/";
  }

  path(rest = {}) {
    return `/api/v1/search?${new URLSearchParams(Object.entries({ ...this.query, limit: PAGE, ...rest }).filter(([, value]) => value))}`;
  }

  get isPlain() { return !this.query.q && !this.query.from && !this.query.to; }

  async search() {
    this.searching?.abort();
    clearTimeout(this.timer);
    const { signal } = (this.searching = new AbortController());
    const { q } = this.query;
    document.title = q ? `${q.slice(0, 60)} · HMS-OPS` : "Traces · HMS-OPS";
    this.box.showError(null);
    this.range.set({ from: this.query.from, to: this.query.to });
    this.banner.replaceChildren();
    this.summary.textContent = "Searching…";
    this.element.setAttribute("aria-busy", "true");
    // What is shown stays until it is known what comes; the first time there is nothing to stay.
    if (!this.traces.length && !this.failed) fill(this.state, ghosts());
    this.element.classList.add("waiting");
    try {
      const answer = await get(this.path(), signal);
      this.failed = false;
      if (q) this.box.remember(q);
      this.answer = answer;
      this.traces = answer.traces;
      this.draw();
      if (this.live.isOn) this.live.start(q, this.traces);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.fail(error);
    } finally {
      if (!signal.aborted) {
        this.element.removeAttribute("aria-busy");
        this.element.classList.remove("waiting");
      }
    }
    if (!signal.aborted) this.timer = setTimeout(() => this.refresh(), EVERY);
  }

  /** Without a query the list follows what comes, as long as nobody is looking at a row; what failed is tried again. */
  async refresh() {
    clearTimeout(this.timer);
    if (document.hidden) return;
    if (this.failed) return this.search();
    const asksAll = this.isPlain && !this.live.isOn;
    if ((asksAll && !this.isLookedAt()) || (!this.traces.length && !this.box.error.hasChildNodes() && this.answer?.complete)) {
      try {
        const newest = this.traces[0]?.newestMatch;
        const answer = await get(this.path(newest && this.isPlain ? { from: newest } : {}), this.searching.signal);
        const known = new Set(answer.traces.map(({ traceId }) => traceId));
        const had = new Map(this.traces.map((trace) => [trace.traceId, trace]));
        const changed = answer.traces.some((trace) => had.get(trace.traceId)?.spanCount !== trace.spanCount);
        if (changed) {
          const wasEmpty = !this.traces.length;
          const all = [...answer.traces, ...this.traces.filter(({ traceId }) => !known.has(traceId))];
          const isCut = all.length > MOST;
          this.traces = all.slice(0, MOST);
          if (wasEmpty) this.answer = answer;
          // The cursor goes on after the last of all; with those gone it would leave some out.
          if (isCut) this.answer = { ...this.answer, truncated: true, cursor: undefined };
          this.draw({ sampling: wasEmpty });
        }
        if (this.banner.firstChild?.classList.contains("bad")) this.banner.replaceChildren();
      } catch (error) {
        if (error.name === "AbortError") return;
        this.tell(error);
      }
    }
    this.timer = setTimeout(() => this.refresh(), EVERY);
  }

  isLookedAt() {
    const { list } = this.results;
    return list.matches(":hover") || list.contains(document.activeElement) || this.plots.element.matches(":hover") || this.facets.element.matches(":hover")
      || this.main.scrollTop > 80 || this.results.chosen.length > 0;
  }

  async loadMore(limit) {
    const { cursor } = this.answer ?? {};
    const room = MOST - this.traces.length;
    if (!cursor || room <= 0) return;
    fill(this.more, h("p.sub", { role: "status" }, "Loading more…"));
    const had = this.traces.length;
    try {
      const answer = await get(this.path({ limit: Math.min(limit, room), cursor }), this.searching.signal);
      const known = new Set(this.traces.map(({ traceId }) => traceId));
      this.answer = { ...answer, searched: answer.searched };
      this.traces = [...this.traces, ...answer.traces.filter(({ traceId }) => !known.has(traceId))];
      this.draw({ sampling: false });
      const link = this.results.list.children[had]?.querySelector("a");
      if (this.more.contains(document.activeElement) || document.activeElement === document.body) link?.focus({ preventScroll: true });
    } catch (error) {
      if (error.name === "AbortError") return;
      this.drawMore();
      this.tell(error);
    }
  }

  // Showing.

  draw({ sampling = true } = {}) {
    const { answer, traces } = this;
    const isWhole = answer.complete && !answer.truncated;
    this.element.classList.toggle("nothing", !traces.length);
    const now = Date.now();
    const asked = { from: timeOf(this.query.from, now), to: timeOf(this.query.to, now) ?? (this.query.from ? now : null) };
    this.plots.set(traces, isWhole && asked.from !== null ? asked : null);
    this.results.set(traces);
    this.facets.set(traces, this.query.q, { sampling, isPart: !isWhole });
    const range = this.query.from || this.query.to ? `, ${inWords(this.query)}` : "";
    this.summary.textContent = !traces.length ? "" : `${count(traces.length, "trace")}${isWhole ? "" : answer.complete ? ", there are more" : " so far"}${range}`;
    this.state.replaceChildren();
    if (!traces.length) fill(this.state, answer.complete ? this.isPlain ? noTraces() : this.nothingFound() : null);
    this.drawWays();
    this.drawMore();
  }

  /** What sets the slow ones, and the failing ones, apart from the rest. */
  drawWays() {
    const { traces } = this;
    this.ways.replaceChildren();
    if (traces.length < ENOUGH) return;
    const lengths = traces.map((trace) => trace.durationNs).sort((a, b) => a - b);
    const limit = lengths[Math.floor(lengths.length * 0.9)];
    const failed = traces.filter((trace) => trace.errorCount > 0).length;
    const { from, to } = this.query;
    const address = (a, b) => `/compare?${new URLSearchParams(Object.entries({ a, b, from, to }).filter(([, value]) => value))}`;
    const link = (a, b, title, ...label) => h("a", { href: address(a, b), "data-route": true, title }, ...label);
    const rest = withCondition(this.query.q, "trace.duration", null), others = withCondition(this.query.q, "trace.error", null);
    const at = writtenDuration(limit);
    fill(this.ways,
      lengths[0] < limit && link(narrowed(rest, `trace.duration >= ${at}`), narrowed(rest, `trace.duration < ${at}`), `What traces of ${duration(limit)} and more share that faster ones do not`, "Slow against the others"),
      failed > 0 && failed < traces.length && [" ", link(narrowed(others, "trace.error = true"), narrowed(others, "trace.error = false"), "What traces with errors share that others do not", "Failed against the others")]);
  }

  drawMore() {
    const { answer, traces } = this;
    const parts = [];
    const { searched = {} } = answer;
    if (!answer.complete) {
      const why = {
        time: "The search took as long as one may", bytes: "The search read as much as one may", candidates: "More traces had to be looked at than one search may", cancelled: "The search was cut short",
      }[answer.stoppedBy] ?? "The search was cut short";
      const back = searched.backTo ? ` Everything back to ${shortMoment(searched.backTo)} was searched; what is older was not.` : "";
      parts.push(h("div.notice.partial", null, h("p", null, h("strong", null, traces.length ? "There may be more. " : "Nothing found so far. "), `${why}.${back}`),
        h("p.sub", null, `${(searched.framesRead ?? 0).toLocaleString("en")} of ${(searched.framesToRead ?? 0).toLocaleString("en")} pieces of the store were read. `
          + `A shorter time range, or a further condition on service or an attribute, makes it quicker.`)));
    }
    if (searched.unreadableFrames > 0) {
      parts.push(h("div.notice.partial", null, h("strong", null, "Part of the store cannot be read. "), `${count(searched.unreadableFrames, "damaged piece")} left out; the collector's log names the files, and the rest is right.`));
    }
    const room = MOST - traces.length;
    if (answer.cursor && !this.live.isOn) {
      const goOn = answer.complete ? "more" : "Search on";
      if (room > 0) parts.push(h("p.buttons", null, h("button", { type: "button", onclick: () => this.loadMore(PAGE) }, answer.complete ? `${Math.min(PAGE, room)} ${goOn}` : goOn),
        answer.complete && room > PAGE && h("button", { type: "button", onclick: () => this.loadMore(room) }, `Up to ${MOST.toLocaleString("en")}`)));
      else parts.push(h("p.sub", null, `${MOST.toLocaleString("en")} traces are shown and there are more: a shorter time range or a further condition shows the others.`));
    } else if (answer.truncated && traces.length && !this.live.isOn) {
      parts.push(h("p.buttons", null, h("button", { type: "button", onclick: () => this.search() }, "Search again for older ones")));
    }
    fill(this.more, parts);
  }

  nothingFound() {
    const { q, from, to } = this.query;
    const all = q ? conditions(q) : [];
    return h("section.state", null, h("h2", null, "No trace found"),
      h("p", null, q ? "No trace " : "No trace began ", q && "satisfies this query", (from || to) && ` in ${inWords(this.query)}`, ". Try one of these:"),
      h("ul", null,
        (from || to) && h("li", null, h("button.jump", { type: "button", onclick: () => this.ask({ from: "", to: "" }) }, "Search all time")),
        all.length > 1 && all.map((one, index) => h("li", null, h("button.jump", { type: "button", onclick: () => this.ask({ q: without(q, index) }) }, "Without ", h("code", null, one.text.slice(0, 200))))),
        q && h("li", null, h("button.jump", { type: "button", onclick: () => this.ask({ q: "" }) }, "Show the newest traces")),
        all.length > 1 && h("li", null, "A query is about single spans: all conditions have to hold of one span. ", h("code", null, "descendant { … }"), " and ", h("code", null, "trace.…"), " ask about others.")),
      h("p.sub", null, "New traces are looked for every few seconds."));
  }

  fail(error) {
    this.summary.textContent = "";
    this.traces = [];
    this.answer = undefined;
    this.results.set([]);
    this.plots.set([]);
    this.facets.set([], this.query.q, { sampling: false });
    this.more.replaceChildren();
    this.ways.replaceChildren();
    this.element.classList.add("nothing");
    this.failed = error.code !== "invalid_query" && error.code !== "invalid_parameter" && error.code !== "forbidden" && error.code !== "unauthenticated";
    if (error.code === "invalid_query") {
      this.box.showError(error, this.query.q);
      fill(this.state, h("section.state", null, h("h2", null, "Nothing was searched"), h("p", null, "The query has to be put right first."),
        h("p", null, h("button", { type: "button", onclick: () => this.ask({ q: "" }) }, "Show the newest traces"))));
      return;
    }
    this.tell(error);
    fill(this.state, h("section.state", null, h("h2", null, "Traces cannot be shown"),
      h("p", null, this.failed ? "This page tries again by itself." : "Nothing is tried again until something is changed."),
      h("p", null, h("button", { type: "button", onclick: () => this.search() }, "Try again"), " ",
        (this.query.from || this.query.to) && h("button", { type: "button", onclick: () => this.ask({ from: "", to: "" }) }, "Search all time"))));
  }

  tell(error) {
    fill(this.banner, h("div.notice.bad", null, h("strong", null, error.message), " ", error.hint ?? ""));
  }

  // Narrowing.

  narrow({ from, to, least, most }) {
    const change = {};
    if (from !== null) Object.assign(change, { from: written(Math.floor(from)), to: written(Math.ceil(to)) });
    if (least !== null) change.q = withCondition(this.query.q, "trace.duration", `in ${writtenDuration(least, Math.floor)}..${writtenDuration(most, Math.ceil)}`);
    if (Object.keys(change).length) this.ask(change);
  }

  choose(traces) {
    const [a, b] = [...traces].sort((one, other) => other.durationNs - one.durationNs);
    this.compare.hidden = !a;
    if (!a) return this.compare.replaceChildren();
    fill(this.compare, h("span", { role: "status" }, b ? "Two traces chosen" : "One trace chosen; choose another"),
      b && h("a.primary", { href: `/compare?a=${a.traceId}&b=${b.traceId}`, "data-route": true }, `Compare ${duration(a.durationNs)} with ${duration(b.durationNs)}`),
      h("button.plain", { type: "button", onclick: () => this.results.setChosen([]) }, "Cancel"));
  }

  // Live.

  toggleLive() {
    const isOn = !this.live.isOn;
    this.liveButton.setAttribute("aria-checked", String(isOn));
    this.element.classList.toggle("live-on", isOn);
    if (isOn) {
      this.live.start(this.query.q, this.traces);
      if (this.answer) this.drawMore();
    } else {
      this.live.stop();
      this.liveNote.replaceChildren();
      this.search();
    }
  }

  follow(traces) {
    this.traces = traces;
    this.answer = { ...(this.answer ?? {}), complete: true, truncated: true, searched: {} };
    this.draw({ sampling: false });
    this.summary.textContent = `${count(traces.length, "trace")}, as they come`;
  }

  liveState({ is, waiting, dropped, isHeld }) {
    const words = {
      connecting: "Connecting…", on: waiting && isHeld ? `Held while you look; ${count(waiting, "trace")} waiting` : "Traces are shown as they come",
      again: "The connection broke off; connecting again…", failing: "The collector gives no live traces; trying again. Without Live the list is complete.",
    }[is];
    const text = `${words}${dropped ? ` · ${dropped.toLocaleString("en")} left out, as they came too fast: a narrower query misses none` : ""}`;
    if (this.liveNote.textContent !== text) this.liveNote.textContent = text;
  }

  // Keys.

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || this.keys.open || event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    const isArrow = event.key.startsWith("Arrow");
    if (isArrow && !this.results.list.contains(event.target)) return;
    const action = {
      j: () => this.results.move(1), ArrowDown: () => this.results.move(1), k: () => this.results.move(-1), ArrowUp: () => this.results.move(-1),
      x: () => this.results.toggleCurrent(), "?": () => this.keys.showModal(), c: () => this.compare.querySelector("a")?.click(), l: () => this.toggleLive(),
    }[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}

function keys() {
  const dialog = h("dialog.keys-list", { "aria-label": "Keys" }, h("h2", null, "Keys"),
    h("dl", null, [["/", "to the query box"], ["j  k", "next and previous trace; arrows as well"], ["Enter", "open it"], ["x", "choose it for comparison"], ["c", "compare the two chosen"],
      ["l", "live on and off"], ["?", "this list"]].map(([key, meaning]) => [h("dt", null, key.split("  ").map((one) => [h("kbd", null, one), " "])), h("dd", null, meaning)])),
    h("p.sub", null, "In the query box: ↓ offers what may stand there, Enter or Tab takes it, Esc closes; in an empty box ↓ shows earlier queries, and Shift Delete forgets one. ",
      "In the plots: arrows go from one to the next, Enter opens a trace or narrows to a bar, and Shift with arrows chooses several bars."),
    h("form", { method: "dialog" }, h("button", { autofocus: true }, "Close")));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  return dialog;
}

function noTraces() {
  return h("section.state", null,
    h("h2", null, "No traces yet"),
    h("p", null, "The collector is running and waits for the first span. Send some to the sidecar:"),
    h("dl.ways", null,
      h("dt", null, "OpenTelemetry SDK, gRPC"), h("dd", null, h("code", null, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317")),
      h("dt", null, "OpenTelemetry SDK, HTTP"), h("dd", null, h("code", null, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318")),
      h("dt", null, "Three small services to look at"), h("dd", null, h("code", null, "hms-ops up --demo")),
      h("dt", null, "Many made-up spans"), h("dd", null, h("code", null, "hms-ops load"))),
    h("p.sub", null, "This list fills by itself as soon as one arrives."));
}
