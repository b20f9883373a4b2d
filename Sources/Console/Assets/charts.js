// Rate, errors and durations over time: Debian's dygraphs where the collector has it, else plain lines.

import { svg, timeTicks } from "./canvas.js";
import { fill, h } from "./dom.js";
import { duration } from "./format.js";
import { rate, seconds, share } from "./red.js";

const HIGH = 150;
let loading;

/** The library, or null where the collector has none. Asked for once. */
function library() {
  loading ??= new Promise((resolve) => {
    document.head.append(h("link", { rel: "stylesheet", href: "/lib/dygraphs.css" }));
    const script = h("script", { src: "/lib/dygraphs.js" });
    script.addEventListener("load", () => resolve(tamed(globalThis.Dygraph)));
    script.addEventListener("error", () => resolve(null));
    document.head.append(script);
  });
  return loading;
}

/** Its legend writes inline styles, and its range selector has a picture of its own: this page's policy forbids both. */
function tamed(Dygraph) {
  if (!Dygraph) return null;
  const { Legend, RangeSelector } = Dygraph.Plugins ?? {};
  Dygraph.PLUGINS = (Dygraph.PLUGINS ?? []).filter((plugin) => plugin !== Legend && plugin !== RangeSelector);
  return Dygraph;
}

export class Charts {
  /** `onPick(index)` when a moment is chosen, `onZoom([from, to] | null)` in milliseconds when a stretch is. */
  constructor({ onPick, onZoom }) {
    Object.assign(this, { onPick, onZoom, at: -1, graphs: [] });
    this.readout = h("p.readout", { role: "status" });
    this.plots = ["Rate", "Errors", "Duration"].map((title) => ({ title, place: h("div.chart") }));
    this.note = h("p.sub", { hidden: true }, "Install the package ", h("code", null, "libjs-dygraphs"), " on the collector's machine and start it again: then these charts zoom.");
    this.element = h("div.charts", {
      tabindex: "0", role: "application", "aria-roledescription": "charts", "aria-label": "Rate, errors and durations over time. Left and right go from moment to moment, Enter chooses one.",
    }, this.plots.map(({ title, place }) => h("figure", null, h("figcaption", null, h("span.label", null, title), title === "Duration" && lines()), place)), this.readout, this.note);
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.watch = matchMedia("(prefers-color-scheme: dark)");
    this.changed = () => { this.clear(); this.draw(); };
    this.watch.addEventListener("change", this.changed);
    this.resize = new ResizeObserver(() => { if (this.isPlain) this.draw(); });
    this.resize.observe(this.element);
  }

  stop() {
    this.gone = true;
    this.watch.removeEventListener("change", this.changed);
    this.resize.disconnect();
    this.clear();
  }

  clear() {
    this.graphs.forEach((graph) => graph.destroy());
    this.graphs = [];
  }

  async set(row, grid, now) {
    Object.assign(this, { row, grid, now });
    this.Dygraph = await library();
    this.isPlain = !this.Dygraph;
    this.note.hidden = !this.isPlain;
    if (!this.gone) this.draw();
  }

  values() {
    const { row, grid, now } = this;
    const each = (figure, none = null) => row.points.map((point, index) => (point ? figure(point, index) : none));
    const isOver = (index) => grid.times[index] <= now;
    return [
      { names: ["rate"], colours: ["edge1"], format: rate, series: [row.points.map((point, index) => (isOver(index) ? (point?.count ?? 0) / seconds(grid.times[index], grid.step, now) : null))] },
      { names: ["errors"], colours: ["bad"], format: (value) => `${Number(value.toPrecision(2))} %`, series: [each((point) => (100 * point.errors) / Math.max(1, point.count))] },
      { names: ["p50", "p95", "p99"], colours: ["edge1", "edge2", "edge4"], format: (value) => duration(Math.round(value)), log: true, series: ["p50", "p95", "p99"].map((name) => each((point) => Math.max(1, point[name]))) },
    ];
  }

  draw() {
    if (!this.row || !this.element.isConnected) return;
    const styles = getComputedStyle(this.element);
    const colour = (name) => styles.getPropertyValue(`--${name}`).trim();
    this.values().forEach((chart, index) => {
      const { place } = this.plots[index];
      if (this.isPlain) return fill(place, plain(chart, this.grid, place.clientWidth || 300, (at) => this.show(at), (at) => this.pick(at)));
      const rows = this.grid.times.map((time, at) => [new Date(time), ...chart.series.map((one) => one[at])]);
      if (this.graphs[index]) return this.graphs[index].updateOptions({ file: rows, valueRange: range(chart) });
      this.graphs[index] = new this.Dygraph(place, rows, {
        labels: ["Time", ...chart.names], legend: "never", colors: chart.colours.map(colour), strokeWidth: 1.75, fillGraph: !chart.log, fillAlpha: 0.16, logscale: !!chart.log, valueRange: range(chart),
        gridLineColor: colour("line"), axisLineColor: colour("strong-line"), gridLineWidth: 1, axisLabelFontSize: 12, highlightCircleSize: 4, rightGap: 8, drawPoints: false, drawGapEdgePoints: true, pointSize: 1.5,
        series: chart.log ? { p50: { strokePattern: [2, 3] }, p95: { strokePattern: [7, 3] } } : {},
        axes: {
          x: { drawGrid: false, pixelsPerLabel: 80 },
          y: { axisLabelWidth: 62, pixelsPerLabel: 34, axisLabelFormatter: chart.format, ...(chart.log && { ticker: logTicks(chart.format) }) },
        },
        highlightCallback: (event, x) => this.show(this.indexOf(x)), unhighlightCallback: () => this.show(-1), clickCallback: (event, x) => this.pick(this.indexOf(x)),
        zoomCallback: (from, to) => this.zoomed(index, from, to),
      });
    });
  }

  indexOf(time) { return Math.round((time - this.grid.times[0]) / this.grid.step); }

  /** The three keep the same stretch of time; a double click shows all again. */
  zoomed(from, low, high) {
    if (this.zooming) return;
    this.zooming = true;
    const all = this.graphs[from]?.xAxisExtremes();
    const isAll = !all || (low <= all[0] && high >= all[1]);
    this.graphs.forEach((graph, index) => { if (index !== from) graph.updateOptions({ dateWindow: isAll ? null : [low, high] }); });
    this.zooming = false;
    this.onZoom(isAll ? null : [low, high]);
  }

  reset() { this.graphs.forEach((graph) => graph.resetZoom()); }

  when(index) { return new Date(this.grid.times[index]).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }); }

  words(index) {
    const point = this.row.points[index];
    const when = this.when(index);
    if (!point) return `${when}: nothing was counted`;
    const perSecond = point.count / seconds(this.grid.times[index], this.grid.step, this.now);
    return `${when}: ${rate(perSecond)}, ${share(point.errors, point.count)} errors, p50 ${duration(point.p50)}, p95 ${duration(point.p95)}, p99 ${duration(point.p99)}`;
  }

  show(index) {
    this.readout.textContent = this.row && index >= 0 && index < this.grid.times.length ? this.words(index) : "";
    this.plots.forEach(({ place }) => place.querySelector(".cursor")?.setAttribute("x", index >= 0 ? String(cursorX(index, this.grid.times.length, place.clientWidth)) : "-10"));
  }

  pick(index) { if (index >= 0 && index < this.grid.times.length) this.onPick(index); }

  key(event) {
    if (!this.row || event.altKey || event.ctrlKey || event.metaKey || event.target !== this.element) return;
    const last = this.grid.times.length - 1;
    const to = { ArrowRight: Math.min(last, this.at + 1), ArrowLeft: this.at < 0 ? last : Math.max(0, this.at - 1), Home: 0, End: last }[event.key];
    if (event.key === "Enter" && this.at >= 0) this.pick(this.at);
    else if (to !== undefined) {
      this.at = to;
      this.graphs.forEach((graph) => graph.setSelection(to));
      this.show(to);
    } else return;
    event.preventDefault();
  }
}

function lines() {
  return h("span.lines", null, [["edge1", "p50"], ["edge2", "p95"], ["edge4", "p99"]].map(([name, word]) => h("span", null, h(`i.line.${name}`, { "aria-hidden": "true" }), word)));
}

/** What the axis of values shows: from nothing for rates, with room above; of durations whole steps of 1, 2, 5. */
function range({ series, log, names }) {
  const all = series.flat().filter((value) => Number.isFinite(value));
  const high = Math.max(...all, 0), low = Math.min(...all, Infinity);
  if (!log) return [0, high > 0 ? high * 1.15 : names[0] === "errors" ? 5 : 1];
  return all.length ? [low / 1.3, Math.max(high * 1.3, low * 4)] : [1e6, 1e9];
}

function logValues(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const part of [1, 2, 5]) if (part * 10 ** power >= low && part * 10 ** power <= high) found.push(part * 10 ** power);
  }
  return found.length > 5 ? found.filter((value) => Math.abs(Math.log10(value) % 1) < 1e-9) : found;
}

const logTicks = (format) => (low, high) => logValues(low, high).map((v) => ({ v, label: format(v) }));

// Without the library.

const EDGE = { left: 66, right: 10, top: 6, bottom: 22 };
const cursorX = (index, many, wide) => EDGE.left + ((index + 0.5) / many) * (wide - EDGE.left - EDGE.right);

function plain(chart, { times, step }, wide, onShow, onPick) {
  const [low, high] = range(chart);
  const scale = chart.log ? Math.log : (value) => value;
  const y = (value) => HIGH - EDGE.bottom - ((scale(value) - scale(low)) / (scale(high) - scale(low))) * (HIGH - EDGE.top - EDGE.bottom);
  const x = (index) => cursorX(index, times.length, wide);
  const marks = chart.log ? logValues(low, high) : [0, high / 2.3, high / 1.15];
  // A value that stands alone becomes a dot.
  const path = (series) => series.map((value, index) => {
    if (value === null) return "";
    const [follows, isLast] = [index > 0 && series[index - 1] !== null, (series[index + 1] ?? null) === null];
    return `${follows ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}${isLast ? "h.01" : ""}`;
  }).join("");
  const [begin, end] = [times[0], times.at(-1) + step];
  const xOf = (time) => EDGE.left + ((time - begin) / (end - begin)) * (wide - EDGE.left - EDGE.right);
  const picture = svg("svg", { class: "plain-chart", width: wide, height: HIGH, viewBox: `0 0 ${wide} ${HIGH}`, "aria-hidden": "true" },
    marks.map((value) => [svg("line", { class: "grid", x1: EDGE.left, x2: wide - EDGE.right, y1: y(value), y2: y(value) }),
      svg("text", { x: EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" }, chart.format(value))]),
    timeTicks(begin, end, Math.max(2, Math.floor(wide / 110))).map(([time, word]) => svg("text", { x: xOf(time), y: HIGH - 6, "text-anchor": "middle" }, word)),
    chart.series.map((series, index) => svg("path", { class: `series ${chart.colours[index]}`, d: path(series), "stroke-dasharray": chart.log ? ["2 3", "7 3", null][index] : null })),
    svg("rect", { class: "cursor", x: -10, width: 1, y: EDGE.top, height: HIGH - EDGE.top - EDGE.bottom }));
  const at = (event) => Math.floor(((event.clientX - picture.getBoundingClientRect().left - EDGE.left) / (wide - EDGE.left - EDGE.right)) * times.length);
  picture.addEventListener("pointermove", (event) => onShow(Math.min(times.length - 1, Math.max(0, at(event)))));
  picture.addEventListener("pointerleave", () => onShow(-1));
  picture.addEventListener("click", (event) => onPick(Math.min(times.length - 1, Math.max(0, at(event)))));
  return picture;
}

/** Small bars of one figure over time; `steps` colours them by latency. */
export function sparkline(values, { kind, steps = null, label }) {
  const high = Math.max(...values.filter((value) => Number.isFinite(value)), 0) || 1;
  const wide = 100 / Math.max(1, values.length);
  const paths = new Map();
  values.forEach((value, index) => {
    if (!(value > 0)) return;
    const name = steps ? `step${steps[index]}` : kind;
    const tall = Math.max(1.5, (value / high) * 26);
    paths.set(name, `${paths.get(name) ?? ""}M${(index * wide).toFixed(2)} 28v${-tall.toFixed(2)}h${(wide * 0.86).toFixed(2)}v${tall.toFixed(2)}z`);
  });
  return svg("svg", { class: `spark ${kind}`, viewBox: "0 0 100 28", preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("path", { class: "base", d: "M0 27.5h100" }), [...paths].map(([name, d]) => svg("path", { class: name, d })));
}
