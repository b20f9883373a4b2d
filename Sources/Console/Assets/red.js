// Rate, errors and durations, put together from what the collector counted for each operation.

const ENTRY = new Set(["server", "consumer"]);
/** How many times its usual value a figure has to be for each step of colour. */
const FACTORS = [1.25, 1.5, 2, 4];

/** The step of points and the beginnings of all of them, so that a chart has at most about `most`. In milliseconds. */
export function buckets(from, to, most = 72) {
  const step = Math.max(60e3, Math.ceil((to - from) / most / 60e3) * 60e3);
  const times = [];
  for (let at = Math.floor(from / step) * step; at < to && times.length < 500; at += step) times.push(at);
  return { step, times };
}

/** An operation's points on the times given; null where nothing was counted. */
export function onTimes(operation, { step, times }) {
  const found = new Array(times.length).fill(null);
  for (const point of operation.points ?? []) {
    const index = Math.floor((Date.parse(point.time) - times[0]) / step);
    if (index >= 0 && index < found.length) found[index] = found[index] ? together([found[index], point]) : point;
  }
  return found;
}

/** Several counts as one. Percentiles of one are exact; of several they are read off their mixed distribution. */
export function together(parts) {
  const counted = parts.filter((part) => part && part.count > 0);
  if (counted.length <= 1) return counted[0] ?? null;
  const count = counted.reduce((sum, part) => sum + part.count, 0), errors = counted.reduce((sum, part) => sum + part.errors, 0);
  return { count, errors, p50: mixed(counted, count, 0.5), p95: mixed(counted, count, 0.95), p99: mixed(counted, count, 0.99), isMixed: true };
}

/** The value below which a share of all lies, each part's distribution taken as straight between what is known of it. */
function mixed(parts, count, share) {
  let low = Math.log(Math.max(1, Math.min(...parts.map((part) => part.p50)) / 4)), high = Math.log(Math.max(1, ...parts.map((part) => part.p99)) * 1.2);
  for (let turn = 0; turn < 30; turn++) {
    const middle = (low + high) / 2;
    if (parts.reduce((sum, part) => sum + part.count * below(part, middle), 0) < share * count) low = middle; else high = middle;
  }
  return Math.round(Math.exp((low + high) / 2));
}

function below({ p50, p95, p99 }, at) {
  const known = [[Math.log(Math.max(1, p50 / 4)), 0], [Math.log(Math.max(1, p50)), 0.5], [Math.log(Math.max(1, p95)), 0.95], [Math.log(Math.max(1, p99)), 0.99], [Math.log(Math.max(1, p99) * 1.2), 1]];
  if (at <= known[0][0]) return 0;
  for (let index = 1; index < known.length; index++) {
    const [left, less] = known[index - 1], [right, more] = known[index];
    if (at <= right) return right > left ? less + ((at - left) / (right - left)) * (more - less) : more;
  }
  return 1;
}

/** The operations that others call; of a service that nobody calls, all it does. */
export function entries(operations) {
  const called = operations.filter(({ kind }) => ENTRY.has(kind));
  return called.length ? called : operations;
}

/** One row for a service or an operation: figures of the whole time, points, exemplars. */
export function row(operations, grid, exact = null) {
  const points = operations.length === 1 ? onTimes(operations[0], grid) : grid.times.map(() => null);
  if (operations.length > 1) {
    const each = operations.map((operation) => onTimes(operation, grid));
    points.forEach((_, index) => { points[index] = together(each.map((one) => one[index])); });
  }
  const total = together(operations) ?? { count: 0, errors: 0 };
  const figures = exact && exact.count > 0 ? { ...total, p50: exact.p50, p95: exact.p95, p99: exact.p99, isMixed: false } : total;
  const longest = (key) => operations.map((operation) => operation[key]).filter(Boolean).sort((a, b) => b.duration - a.duration)[0] ?? null;
  const usual = median(points.filter(Boolean).map((point) => point.p95));
  const steps = points.map((point) => (point ? stepOf(point.p95, usual) : 0));
  const last = points.findLastIndex(Boolean);
  return {
    ...figures, points, steps, slowest: longest("slowest"), slowestFailed: longest("slowestFailed"),
    step: last >= 0 ? steps[last] : 0,
  };
}

/** How far a figure is above what it usually is in the time shown. */
export function stepOf(value, usual) {
  if (!(usual > 0)) return 0;
  const factor = value / usual;
  return FACTORS.filter((limit) => factor >= limit).length;
}

function median(numbers) {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted.length ? sorted[Math.floor((sorted.length - 1) / 2)] : 0;
}

/** Seconds of a bucket that have passed, so that the last one is not taken for a slump. */
export const seconds = (start, step, now) => Math.max(1, Math.min(step, now - start) / 1e3);

/** Requests a second as a person says it. */
export function rate(perSecond) {
  if (!(perSecond > 0)) return "0 /s";
  if (perSecond >= 1000) return `${Math.round(perSecond).toLocaleString("en")} /s`;
  if (perSecond >= 0.95) return `${Number(perSecond.toPrecision(3))} /s`;
  return perSecond * 60 >= 0.95 ? `${Number((perSecond * 60).toPrecision(2))} /min` : `${Number((perSecond * 3600).toPrecision(2))} /h`;
}

/** A share in per cent, small ones told from none. */
export function share(part, whole) {
  if (!(whole > 0) || !(part > 0)) return "0 %";
  const value = (100 * part) / whole;
  return value < 0.01 ? "<0.01 %" : `${Number(value.toPrecision(value < 1 ? 1 : 2))} %`;
}
