// What the collector says of a call graph, as values that picture, table and panel share. No document.

import { named } from "./format.js";

export const CHANGES = {
  "new": { sign: "+", text: "new" }, "gone": { sign: "−", text: "gone" }, "more-errors": { sign: "✕", text: "more errors" },
  "slower": { sign: "▲", text: "slower" }, "fewer-errors": { sign: "✓", text: "fewer errors" }, "faster": { sign: "▼", text: "faster" },
};

export const KINDS = { service: "service", database: "database", queue: "queue", message: "queue", host: "outside host", group: "group" };
export const EDGE_KINDS = { call: "calls", message: "sends messages to", queue: "sends messages to", database: "queries", host: "calls", link: "is linked to" };
const NOTHING = {}, UNCHANGED = [];
const ASYNC = new Set(["message", "queue", "link"]);

/** Figures of one window: counts, `rate` a second where the window is known, percentiles in nanoseconds. */
const figures = (given, seconds) => ({
  count: given.count ?? 0, errors: given.errors ?? 0, rate: given.rate ?? (seconds > 0 ? (given.count ?? 0) / seconds : null),
  p50: given.p50 ?? null, p95: given.p95 ?? null, p99: given.p99 ?? null,
});

/** `seconds` is the length of the window, 0 where there is none (one trace). A diff's answer is told by its `before` and `after`. */
export function modelOf(answer, seconds) {
  // Fields one by one: there may be 50,000 of these, and copying objects into objects takes most of a second.
  const withFigures = (one, given) => {
    const isDiff = given.change !== undefined;
    const shown = isDiff ? given.after ?? given.before ?? NOTHING : given;
    one.count = shown.count ?? 0;
    one.errors = shown.errors ?? 0;
    one.rate = shown.rate ?? (seconds > 0 ? one.count / seconds : null);
    one.p50 = shown.p50 ?? null;
    one.p95 = shown.p95 ?? null;
    one.p99 = shown.p99 ?? null;
    one.step = given.latency_step ?? 0;
    one.rank = given.latency_rank ?? null;
    one.change = isDiff ? given.change : null;
    one.changes = isDiff ? (given.changes ?? [given.change]).filter((word) => CHANGES[word]) : UNCHANGED;
    one.before = isDiff && given.before ? figures(given.before, seconds) : null;
    one.after = isDiff && given.after ? figures(given.after, seconds) : null;
    return one;
  };
  const nodes = new Map();
  for (const given of answer.nodes ?? []) {
    nodes.set(given.id, withFigures({ id: given.id, label: named(given.service, "unknown service"), kind: KINDS[given.kind] ? given.kind : "service" }, given));
  }
  const nodeOf = (id) => {
    if (!nodes.has(id)) {
      const kind = id.slice(0, Math.max(0, id.indexOf(":")));
      nodes.set(id, withFigures({ id, label: named(id.slice(id.indexOf(":") + 1), "unknown service"), kind: KINDS[kind] ? kind : "service" }, NOTHING));
    }
    return id;
  };
  const edges = (answer.edges ?? []).map((given) => withFigures({
    id: `${given.from}\n${given.to}\n${given.kind}`, from: nodeOf(given.from), to: nodeOf(given.to), kind: given.kind, isAsync: ASYNC.has(given.kind),
  }, given));
  return { nodes: [...nodes.values()].sort(byName), edges, truncated: answer.truncated === true, basis: answer.colour?.basis ?? answer.basis ?? null };
}

const byName = (a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : a.id < b.id ? -1 : 1);

/** The part of a graph at most `hops` calls away from a node: its `callers`, its `callees`, or both. */
export function neighbourhood(model, id, hops, side = "both") {
  const near = new Set([id]);
  for (const isForward of side === "both" ? [true, false] : [side === "callees"]) {
    const forward = new Map();
    for (const edge of model.edges) {
      const [a, b] = isForward ? [edge.from, edge.to] : [edge.to, edge.from];
      if (!forward.has(a)) forward.set(a, []);
      forward.get(a).push(b);
    }
    let edge = [id];
    const seen = new Set(edge);
    for (let hop = 0; hop < hops; hop++) {
      edge = edge.flatMap((at) => forward.get(at) ?? []).filter((other) => !seen.has(other) && seen.add(other));
    }
    for (const other of seen) near.add(other);
  }
  return { ...model, nodes: model.nodes.filter((node) => near.has(node.id)), edges: model.edges.filter((edge) => near.has(edge.from) && near.has(edge.to)) };
}

/** The figures of several together. Percentiles cannot be added: the highest is given. */
export function together(list) {
  const sum = { count: 0, errors: 0, rate: null, p50: null, p95: null, p99: null, step: 0, rank: null, change: null, changes: [], before: null, after: null };
  for (const one of list) {
    sum.count += one.count;
    sum.errors += one.errors;
    if (one.rate !== null) sum.rate = (sum.rate ?? 0) + one.rate;
    if (one.p50 > sum.p50) sum.p50 = one.p50;
    if (one.p95 > sum.p95) sum.p95 = one.p95;
    if (one.p99 > sum.p99) sum.p99 = one.p99;
  }
  sum.step = commonStep(list, sum.count);
  const words = new Set();
  for (const one of list) for (const word of one.changes) words.add(word);
  if (words.size) sum.changes = Object.keys(CHANGES).filter((word) => words.has(word));
  if (list.some((one) => one.change !== null)) sum.change = sum.changes[0] ?? "same";
  return sum;
}

/** The hottest step that a tenth of the calls have, or more: one rare slow thing does not paint a whole group. */
function commonStep(list, count) {
  const counts = [0, 0, 0, 0, 0];
  for (const one of list) counts[one.step] += one.count;
  let above = 0;
  for (let step = 4; step > 0; step--) {
    above += counts[step];
    if (above > 0 && above * 10 >= count) return step;
  }
  return 0;
}

/** Whether errors are worth a mark: all of one service are, of many together only those that are not rare. */
export const isFailing = (value) => value.errors > 0 && (!(value.size > 1) || value.errors * 100 >= value.count);

/** Calls a second as a person says it. */
export function rateText({ rate, count }) {
  if (rate === null) return count.toLocaleString("en");
  if (rate === 0) return "0/s";
  if (rate < 0.95) return `${short(rate * 60)}/min`;
  return `${short(rate)}/s`;
}

const short = (value) => (value >= 1e6 ? `${(value / 1e6).toFixed(1)}M` : value >= 1e4 ? `${Math.round(value / 1e3)}k` : value >= 1e3 ? `${(value / 1e3).toFixed(1)}k`
  : value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(1).replace(/\.0$/, "") : value.toFixed(2).replace(/\.?0+$/, "") || "0");

export function errorText({ errors, count }) {
  if (!errors) return "0 %";
  const share = (100 * errors) / Math.max(1, count);
  return share < 0.1 ? "<0.1 %" : `${share < 10 ? share.toFixed(1).replace(/\.0$/, "") : Math.round(share)} %`;
}
