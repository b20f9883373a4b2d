// The page of services: rate, errors and durations of each and of its operations. The address carries what is looked at.

import { get } from "./api.js";
import { Charts, sparkline } from "./charts.js";
import { fill, h } from "./dom.js";
import { count, duration, named, shortMoment } from "./format.js";
import { writtenDuration, writtenValue } from "./query.js";
import { buckets, entries, rate, row, seconds, share } from "./red.js";
import { ghosts, short } from "./results.js";
import { TimeRange, inWords, timeOf, written } from "./timerange.js";

const EVERY = 10_000;
const SOON = 4000;
const DEFAULT = "now-1h";
const STEPS = ["under 1.25 ×", "1.25 to 1.5 ×", "1.5 to 2 ×", "2 to 4 ×", "4 × and more"];

/** Shows the page in `main`; the function returned puts everything away. */
export function showServices(main) {
  const page = new ServicesPage(main);
  page.start();
  return () => page.stop();
}

class ServicesPage {
  constructor(main) {
    this.main = main;
    this.range = new TimeRange({ offered: ["now-15m", "now-1h", "now-6h", "now-24h", "now-7d"], all: false, onChange: ({ from, to }) => this.ask({ from: from || (to ? "" : DEFAULT), to }) });
    this.charts = new Charts({ onPick: (index) => this.pick(index), onZoom: (zoom) => this.zoomed(zoom) });
    this.filter = h("input", { type: "search", "aria-label": "Show those whose name has", placeholder: "Filter by name", autocomplete: "off", spellcheck: "false", oninput: () => this.drawTable() });
    this.banner = h("div.banner", { role: "alert" });
    this.note = h("p.sub", { role: "status" });
    this.crumbs = h("div.crumbs");
    this.views = h("div.segments", { role: "group", "aria-label": "Rows" });
    this.detail = h("div.detail", { hidden: true });
    this.picked = h("div.picked", { role: "status" });
    this.table = h("div.tablebox", { tabindex: "0", role: "region", "aria-label": "Rate, errors and durations" });
    this.state = h("div.outcome", null, ghosts());
    this.bar = h("div.tablebar", { hidden: true }, this.views, this.filter, this.note);
    this.legend = legend();
    this.element = h("section.services", null, h("div.finder", null, this.crumbs, this.range.element), this.banner, this.detail, this.bar, this.state, this.table, this.legend);
  }

  start() {
    fill(this.main, this.element);
    fill(this.crumbs, h("h1", null, "Services"));
    const asked = new URLSearchParams(location.search);
    const take = (name) => asked.get(name) ?? "";
    const [by, down] = (take("sort") || "rate").replace(/^-/, "").split(".");
    this.query = { service: asked.get("service"), operation: asked.get("operation"), kind: take("kind"), from: take("from"), to: take("to"), rows: take("rows"), sort: by, up: down === "up" };
    if (!this.query.from && !this.query.to) this.query.from = DEFAULT;
    fill(this.detail, this.charts.element, this.picked);
    this.wake = () => { if (!document.hidden) this.load(); };
    document.addEventListener("visibilitychange", this.wake);
    this.load();
  }

  stop() {
    this.asking?.abort();
    this.picking?.abort();
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.wake);
    this.charts.stop();
  }

  address() {
    const { service, operation, kind, from, to, rows, sort, up } = this.query;
    const parts = Object.entries({ service, operation, kind: operation === null ? "" : kind, from: from === DEFAULT && !to ? "" : from, to, rows, sort: sort === "rate" && !up ? "" : `${sort}${up ? ".up" : ""}` })
      .filter(([name, value]) => value || (value === "" && (name === "service" || name === "operation")));
    return parts.length ? `/services?${new URLSearchParams(parts)}` : "/services";
  }

  ask(change) {
    Object.assign(this.query, change);
    history.pushState(null, "", this.address());
    this.load();
  }

  async load() {
    this.asking?.abort();
    clearTimeout(this.timer);
    const { signal } = (this.asking = new AbortController());
    const { service, operation, from, to } = this.query;
    this.range.set({ from, to });
    document.title = `${operation ?? service ?? "Services"} · HMS-OPS`.slice(0, 120);
    const now = Date.now();
    const high = timeOf(to, now) ?? now, low = Math.min(timeOf(from, now) ?? high - 3600e3, high - 60e3);
    const grid = buckets(low, high);
    const asked = new URLSearchParams({ from: written(grid.times[0]), to: written(high), step: String(grid.step / 1000), limit: service === null ? "1000" : "2000" });
    if (service !== null) asked.set("service", service);
    try {
      const nodes = new URLSearchParams({ from: written(grid.times[0]), to: written(high) });
      const [red, graph] = await Promise.all([
        get(`/api/v1/red?${asked}`, signal),
        // Exact percentiles of whole services; without them they are read off those of the operations.
        get(`/api/v1/graph?${nodes}`, signal).catch((error) => { if (error.name === "AbortError") throw error; return { nodes: [] }; }),
      ]);
      Object.assign(this, { red, grid, now: Math.min(now, high) });
      this.exact = new Map(graph.nodes.filter(({ kind }) => kind === "service").map((node) => [node.service, node]));
      this.banner.replaceChildren();
      this.collect();
      this.draw();
    } catch (error) {
      if (error.name === "AbortError") return;
      fill(this.banner, h("div.notice.bad", null, h("strong", null, error.message), " ", error.hint ?? ""));
      if (!this.rows) {
        fill(this.state, h("section.state", null, h("h1", null, "Services cannot be shown"),
          h("p", null, "This page tries again by itself."), h("p", null, h("button", { type: "button", onclick: () => this.load() }, "Try again"))));
      }
    }
    if (!signal.aborted && !document.hidden) this.timer = setTimeout(() => this.turn(), this.rows?.length ? EVERY : SOON);
  }

  /** Figures follow by themselves, but for a stretch that has ended and while somebody reads or has zoomed. */
  turn() {
    const isRead = this.detail.matches(":hover") || this.element.contains(document.activeElement) && document.activeElement.matches("a, .charts") || this.zoom || (this.query.to && this.rows?.length);
    if (isRead) this.timer = setTimeout(() => this.turn(), EVERY);
    else this.load();
  }

  collect() {
    const { service, rows } = this.query;
    const byService = Map.groupBy ? Map.groupBy(this.red.operations, (operation) => operation.service) : grouped(this.red.operations);
    const isByOperation = service !== null || rows === "operations";
    this.whole = service !== null && byService.has(service) ? row(entries(byService.get(service)), this.grid, this.exact.get(service)) : null;
    this.rows = isByOperation
      ? this.red.operations.map((operation) => ({ ...row([operation], this.grid), service: operation.service, name: operation.operation, kind: operation.kind, isOperation: true }))
      : [...byService].map(([name, operations]) => ({ ...row(entries(operations), this.grid, this.exact.get(name)), service: name, name, operations }));
  }

  draw() {
    const { service, operation, kind, rows } = this.query;
    const chosen = operation === null ? null : this.rows.find((one) => one.name === operation && (!kind || one.kind === kind));
    fill(this.crumbs, service === null ? h("h1", null, "Services") : h("nav", { "aria-label": "Where you are" },
      h("a", { href: this.to({ service: null, operation: null, kind: "" }), "data-route": true }, "Services"), h("span.dot", { "aria-hidden": "true" }, " › "),
      operation === null ? h("h1", null, short(named(service, "unknown service"))) : [h("a", { href: this.to({ operation: null, kind: "" }), "data-route": true }, short(named(service, "unknown service"))),
        h("span.dot", { "aria-hidden": "true" }, " › "), h("h1", null, short(named(operation, "unnamed")))]));
    const choice = (label, value) => h("button", { type: "button", "aria-pressed": String(rows === value), onclick: () => this.ask({ rows: value }) }, label);
    fill(this.views, choice("By service", ""), choice("By operation", "operations"));
    this.views.hidden = service !== null;
    const shown = operation === null ? this.whole : chosen ?? null;
    this.shown = shown;
    this.detail.hidden = !shown;
    this.bar.hidden = !this.rows.length;
    this.legend.hidden = !this.rows.length;
    if (shown) this.charts.set(shown, this.grid, this.now);
    this.state.replaceChildren();
    if (!this.rows.length) fill(this.state, service === null ? this.nothing() : this.noService());
    else if (operation !== null && !chosen) fill(this.state, h("p.notice", null, "Nothing of this operation was counted ", h("span", null, `in ${inWords(this.query)}.`), " A longer time may show it."));
    if (this.red.truncated) this.state.append(h("p.notice.partial", null, `Only the ${this.red.operations.length.toLocaleString("en")} operations with most spans are shown. Choose a service to see all of its own.`));
    if (this.red.beyondBounds > 0) this.state.append(h("p.notice.partial", null, `${count(this.red.beyondBounds, "span")} found no room in these figures; searching finds them all the same.`));
    this.drawTable();
  }

  to(change) {
    const kept = this.query;
    this.query = { ...kept, ...change };
    const address = this.address();
    this.query = kept;
    return address;
  }

  // The table.

  drawTable() {
    if (!this.rows) return;
    const wanted = this.filter.value.trim().toLowerCase();
    const has = (name) => name.toLowerCase().includes(wanted);
    const fits = (one) => !wanted || has(one.name) || has(one.service) || one.operations?.some(({ operation }) => has(operation));
    const { sort, up, service, operation, kind } = this.query;
    const columns = this.columns();
    const key = (columns.find((column) => column.id === sort) ?? columns[1]).key;
    const rows = this.rows.filter(fits).sort((a, b) => {
      const [one, other] = [key(a), key(b)];
      const order = typeof one === "string" ? one.localeCompare(other) : other - one;
      return (up ? -order : order) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
    });
    const what = service === null && this.query.rows !== "operations" ? "service" : "operation";
    this.note.textContent = wanted ? `${rows.length.toLocaleString("en")} of ${count(this.rows.length, what)}, ${inWords(this.query)}` : `${count(rows.length, what)}, ${inWords(this.query)}`;
    const focused = this.table.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    if (!this.rows.length) return this.table.replaceChildren();
    if (!rows.length) return fill(this.table, h("p.nomatch", null, "No name has this in it. ", h("button.jump", { type: "button", onclick: () => { this.filter.value = ""; this.drawTable(); this.filter.focus(); } }, "Show all")));
    const rises = (column) => up === !column.isText;
    const header = (column) => h("th", { scope: "col", class: column.class, "aria-sort": column.id === sort ? (rises(column) ? "ascending" : "descending") : column.key ? "none" : null },
      column.key ? h("button", { type: "button", "data-key": `sort ${column.id}`, onclick: () => this.sortBy(column.id) }, column.label,
        h("span", { "aria-hidden": "true" }, column.id === sort ? (rises(column) ? " ▴" : " ▾") : "")) : column.label);
    fill(this.table, h("table.red", null, h("caption.hidden", null, `Rate, errors and durations, ${inWords(this.query)}`),
      h("thead", null, h("tr", null, columns.map(header))),
      h("tbody", null, rows.slice(0, 1000).map((one) => h(`tr${one.isOperation && one.name === operation && (!kind || kind === one.kind) ? ".chosen" : ""}`, null,
        columns.map((column, index) => h(index ? "td" : "th", { scope: index ? null : "row", class: column.class, "data-label": column.label }, column.cell(one))))))));
    if (focused) this.table.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  sortBy(id) {
    const { sort, up } = this.query;
    Object.assign(this.query, { sort: id, up: sort === id ? !up : false });
    history.replaceState(null, "", this.address());
    this.drawTable();
  }

  columns() {
    const { service } = this.query;
    const isByService = service === null && this.query.rows !== "operations";
    const whole = Math.max(1, (this.now - this.grid.times[0]) / 1e3);
    const address = (one) => (one.isOperation ? { service: one.service, operation: one.name, kind: one.kind, rows: "" } : { service: one.service, operation: null, rows: "" });
    const link = (one) => h("a", {
      class: "name", href: this.to(address(one)), "data-route": true, "data-key": `${one.service} ${short(one.name)} ${one.kind}`,
      title: one.name.length > 30 ? one.name.slice(0, 500) : null,
    }, short(named(one.name, one.isOperation ? "unnamed" : "unknown service")));
    const under = (one) => h("span.sub", null, one.isOperation
      ? [service === null && `${short(named(one.service, "unknown service"))} · `, one.kind] : count(one.operations.length, "operation"));
    const exemplar = (trace, word, isBad) => trace && h("a", {
      class: isBad ? "bad" : null, href: `/trace/${trace.trace}${trace.span ? `#${trace.span}` : ""}`, "data-route": true, title: `The ${word} trace: ${trace.trace}`,
    }, isBad && h("span", { "aria-hidden": "true" }, "✕ "), `${word} `, h("span.number", null, duration(trace.duration)));
    const figure = (text, picture) => h("span.figure", null, h("span.number", null, text), picture);
    const approximate = (one, name) => one.count > 0 && h("span.number", null, one.isMixed && "≈ ", duration(one[name]));
    const perSecond = (point, index) => (point ? point.count / seconds(this.grid.times[index], this.grid.step, this.now) : 0);
    return [
      { id: "name", label: isByService ? "Service" : "Operation", isText: true, key: (one) => one.name, cell: (one) => [link(one), under(one)] },
      {
        id: "rate", label: "Rate", class: "wide", key: (one) => one.count,
        cell: (one) => figure(rate(one.count / whole), sparkline(one.points.map(perSecond), { kind: "rate", label: `${one.count.toLocaleString("en")} in all` })),
      },
      {
        id: "errors", label: "Errors", class: "wide", key: (one) => one.errors / Math.max(1, one.count),
        cell: (one) => figure(
          h("span", { class: one.errors ? "bad strong" : "sub" }, one.errors > 0 && h("span", { "aria-hidden": "true" }, "✕ "), share(one.errors, one.count)),
          sparkline(one.points.map((point) => (point ? point.errors / point.count : 0)), { kind: "errors", label: count(one.errors, "error") })),
      },
      {
        id: "p95", label: "p95", class: "wide", key: (one) => one.p95 ?? 0,
        cell: (one) => one.count > 0 && figure(
          [h(`i.swatch.step${one.step}`, { role: "img", "aria-label": STEPS[one.step], title: `${STEPS[one.step]} of what it usually is` }), one.isMixed ? " ≈ " : " ", duration(one.p95)],
          sparkline(one.points.map((point) => point?.p95 ?? 0), { kind: "p95", steps: one.steps, label: `now ${STEPS[one.step]}` })),
      },
      { id: "p50", label: "p50", class: "figures-only", key: (one) => one.p50 ?? 0, cell: (one) => approximate(one, "p50") },
      { id: "p99", label: "p99", class: "figures-only", key: (one) => one.p99 ?? 0, cell: (one) => approximate(one, "p99") },
      { id: "traces", label: "Traces", class: "exemplars", cell: (one) => h("span.exemplar", null, exemplar(one.slowest, "slowest", false), exemplar(one.slowestFailed, "failed", true)) },
    ];
  }

  // A moment of the charts.

  queryOf(one) {
    const parts = [`service = ${writtenValue(this.query.service)}`];
    if (one.kind) parts.push(`kind = ${one.kind}`);
    // A name that stands for several, with {id} in it, may or may not be what the spans are called.
    if (one.name !== undefined && one.name && !/[{}*]/.test(one.name)) parts.push(`name = ${writtenValue(one.name)}`);
    return parts.join(" and ");
  }

  async pick(index) {
    const { shown, grid } = this;
    const point = shown?.points[index];
    this.picking?.abort();
    const { signal } = (this.picking = new AbortController());
    const [from, to] = [grid.times[index], grid.times[index] + grid.step].map(written);
    const query = this.queryOf(shown);
    const all = h("a", { href: `/?${new URLSearchParams({ q: query, from, to })}`, "data-route": true }, "All traces of this moment");
    const close = h("button.plain", { type: "button", "aria-label": "Close", onclick: () => { this.picking.abort(); this.picked.replaceChildren(); this.charts.element.focus(); } }, "✕");
    const say = (...links) => fill(this.picked, h("p.moment", null, h("b", null, this.charts.when(index)), " ", links, close));
    if (!point) return say(h("span.sub", null, "Choose another moment."));
    const exemplar = (trace, word) => trace && [h("a", { href: `/trace/${trace.trace ?? trace.traceId}`, "data-route": true }, word), " "];
    if (point.slowest || point.slowestFailed) return say(exemplar(point.slowest, "Slowest trace"), exemplar(point.slowestFailed, "Slowest failed trace"), all);
    say(h("span.sub", null, "Looking for a slow trace… "), all);
    const find = async (condition) => {
      try {
        return (await get(`/api/v1/search?${new URLSearchParams({ q: `${query} and ${condition}`, from, to, limit: "1" })}`, signal)).traces[0] ?? null;
      } catch (error) {
        if (error.name === "AbortError") throw error;
        return null; // Without one the link to all traces of the moment stays.
      }
    };
    try {
      const [slow, failed] = await Promise.all([find(`duration >= ${writtenDuration(point.p99 * 0.98, Math.floor)}`), point.errors > 0 ? find("status = error") : null]);
      say(exemplar(slow, "A slow trace"), exemplar(failed, "A failed trace"), all);
    } catch { /* another moment was chosen */ }
  }

  zoomed(zoom) {
    this.zoom = zoom;
    if (!zoom) return this.picked.replaceChildren();
    const [from, to] = zoom.map((time) => written(Math.round(time)));
    fill(this.picked, h("p.moment", null, h("b", null, `${shortMoment(`${Math.round(zoom[0])}000000`)} to ${shortMoment(`${Math.round(zoom[1])}000000`).slice(11)}`), " ",
      h("a", { href: `/?${new URLSearchParams({ q: this.queryOf(this.shown), from, to })}`, "data-route": true }, "Traces of this time"),
      h("button.jump", { type: "button", onclick: () => this.ask({ from, to }) }, "Look at this time alone"),
      h("button.jump", { type: "button", onclick: () => { this.charts.reset(); this.zoomed(null); } }, "Show all again")));
  }

  // Nothing to show.

  nothing() {
    const isLast = this.query.from === "now-7d";
    return h("section.state", null, h("h1", null, "No spans were counted"), h("p", null, `Nothing began in ${inWords(this.query)}.`),
      h("ul", null, !isLast && h("li", null, h("button.jump", { type: "button", onclick: () => this.ask({ from: "now-7d", to: "" }) }, "Look at the last 7 d")),
        h("li", null, "Send spans to the sidecar: ", h("code", null, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317")),
        h("li", null, "Or look at three small services: ", h("code", null, "hms-ops up --demo"))),
      h("p.sub", null, "This page fills by itself; figures follow about a second after the spans."));
  }

  noService() {
    return h("section.state", null, h("h2", null, "Nothing of this service"), h("p", null, `No span of it began in ${inWords(this.query)}.`),
      h("ul", null, h("li", null, h("button.jump", { type: "button", onclick: () => this.ask({ from: "now-7d", to: "" }) }, "Look at the last 7 d")),
        h("li", null, h("a", { href: this.to({ service: null, operation: null, kind: "" }), "data-route": true }, "See all services"))));
  }
}

function legend() {
  return h("p.legend.steps", { hidden: true }, h("span.label", null, "p95 against what it usually is in this time"),
    h("span.scale", null, STEPS.map((word, step) => h("span", null, h(`i.swatch.step${step}`, { "aria-hidden": "true" }), word))), h("span", null, "≈ put together from those of several operations"));
}

function grouped(operations) {
  const groups = new Map();
  for (const operation of operations) groups.has(operation.service) ? groups.get(operation.service).push(operation) : groups.set(operation.service, [operation]);
  return groups;
}
