// The stretch of the trace's time that is looked at, and how a stretch of time is ruled and written.

export class TimeWindow {
  constructor(total) {
    this.total = Math.max(1, total);
    this.least = Math.max(1, Math.min(this.total, Math.max(100, this.total / 1e13)));
    this.from = 0;
    this.to = this.total;
    this.listeners = [];
  }

  get length() { return this.to - this.from; }

  get isWhole() { return this.from === 0 && this.to === this.total; }

  listen(listener) { this.listeners.push(listener); }

  set(from, to) {
    if (!Number.isFinite(from) || !Number.isFinite(to)) return;
    if (from > to) [from, to] = [to, from];
    const length = Math.min(this.total, Math.max(this.least, to - from));
    if (to - from < length) from = (from + to - length) / 2;
    from = Math.min(Math.max(0, from), this.total - length);
    const end = from + length;
    if (from === this.from && end === this.to) return;
    this.from = from;
    this.to = this.total - end < 1e-6 * length ? this.total : end;
    for (const listener of this.listeners) listener();
  }

  whole() { this.set(0, this.total); }

  /** Makes the window `factor` times as long, with the moment `at` staying where it is. */
  zoom(factor, at = (this.from + this.to) / 2) {
    const length = Math.min(this.total, Math.max(this.least, this.length * factor));
    const from = at - ((at - this.from) / this.length) * length;
    this.set(from, from + length);
  }

  move(by) {
    const bounded = Math.min(Math.max(by, -this.from), this.total - this.to);
    this.set(this.from + bounded, this.to + bounded);
  }

  /** Moves as little as is needed to have something of a span in sight. */
  show(from, length) {
    if (this.isWhole) return;
    if (from < this.to && from + length >= this.from) return;
    this.move(from + Math.min(length, this.length) / 2 - (this.from + this.to) / 2);
  }

  /** Where a moment stands, in per cent of the window. */
  percent(at) { return (100 * (at - this.from)) / this.length; }
}

/** Round moments within from…to, about `wanted` of them, and the distance between two. */
export function ticks(from, to, wanted = 5) {
  const rough = (to - from) / wanted;
  const long = LONG_STEPS.find((seconds) => seconds * 1e9 >= rough);
  if (rough > 2e10 && long) return rule(from, to, long * 1e9);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999) ?? rough);
  return rule(from, to, step);
}

const LONG_STEPS = [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 432000, 864000];

function rule(from, to, step) {
  const times = [];
  for (let at = Math.ceil(from / step) * step; at <= to && times.length < 40; at += step) times.push(at);
  return { times, step };
}

const UNITS = [[1, "ns"], [1e3, "µs"], [1e6, "ms"], [1e9, "s"]];

/** A moment on an axis: as many digits as tell it from its neighbours. */
export function tickLabel(at, step) {
  if (at === 0) return "0";
  if (at >= 6e10 && step >= 1e9) {
    const seconds = Math.round(at / 1e9);
    if (seconds >= 172800) return `${(seconds / 86400).toFixed(step < 864e11 ? 1 : 0)} d`;
    if (seconds >= 7200) return `${Math.floor(seconds / 3600)} h ${String(Math.floor(seconds / 60) % 60).padStart(2, "0")}`;
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
  }
  const [unit, name] = [...UNITS].reverse().find(([size]) => at >= size) ?? UNITS[0];
  const digits = Math.min(9, Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9)));
  return `${(at / unit).toFixed(digits)} ${name}`;
}

/** Puts a `Part` over a stretch of the window; hides it, and tells on which side, when it lies outside. */
export function place(part, time, at, length) {
  const from = time.percent(at);
  const to = time.percent(at + length);
  const side = to < 0 || (to === 0 && length > 0) ? -1 : from > 100 ? 1 : 0;
  part.hide(side !== 0);
  if (side === 0) {
    const left = Math.max(from, -0.5);
    part.style("left", `${left}%`);
    part.style("width", `${Math.min(to, 100.5) - left}%`);
  }
  return side;
}
