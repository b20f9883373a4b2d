// How numbers, times and ids are written and read.

const SCALES = [[1e6, 1e3, "µs"], [1e9, 1e6, "ms"], [6e10, 1e9, "s"]];

/** Three significant digits with a unit, halves rounded up: 842 ns, 1.24 ms, 12.4 s, 2 m 05 s, 3 h 07 m, 4 d 01 h, 365 d. */
export function duration(ns) {
  if (ns < 1e3) return `${ns} ns`;
  for (const [below, unit, name] of SCALES) {
    if (ns >= below) continue;
    const places = ns < 10 * unit ? 100 : ns < 100 * unit ? 10 : 1;
    // Whole numbers until the end: `toFixed` would round 1.005, which no number is, down.
    const scaled = Math.round(ns / (unit / places));
    if (scaled * (unit / places) < below) return `${scaled / places} ${name}`;
  }
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${pad(Math.floor(seconds / 60) % 60)} m`;
  const days = Math.floor(seconds / 86400);
  return days < 100 ? `${days} d ${pad(Math.floor(seconds / 3600) % 24)} h` : `${days} d`;
}

/** A rank as a percentile: p97 is slower than 97 % of the hour before. From p99.9 on with the decimal that tells it from the slowest. */
export function rank(share) {
  const perMille = Math.floor(Math.round(share * 10000) / 10);
  return perMille === 999 ? "p99.9" : `p${Math.floor(perMille / 10)}`;
}

/** The same in words: how many of the hour before were faster. */
export const fasterThan = (share) => `${Math.floor(Math.round(share * 10000) / 100)} %`;

const pad = (number, digits = 2) => String(number).padStart(digits, "0");

/** A share as a person says it. */
export function percent(part, whole) {
  if (!(whole > 0)) return "0 %";
  const value = (part / whole) * 100;
  return value > 0 && value < 1 ? "<1 %" : `${Math.round(value)} %`;
}

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

/** A moment given as nanoseconds in text, with all nine digits: 2026-03-04 05:06:07.123456789. */
export function moment(text) {
  let ns;
  try { ns = BigInt(text); } catch { return "unknown"; }
  if (ns === 0n) return "not set";
  const date = new Date(Number(ns / 1000000n));
  if (Number.isNaN(date.getTime())) return `${text} ns`;
  return `${day(date)} ${clock(date)}.${pad(ns % 1000000000n, 9)}`;
}

/** The same to the second, for lists. */
export function shortMoment(text) {
  const date = dateOf(text);
  return date ? `${day(date)} ${clock(date)}` : "time not set";
}

const day = (date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
const clock = (date) => `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;

function dateOf(text) {
  try {
    const ns = BigInt(text);
    const date = new Date(Number(ns / 1000000n));
    return ns === 0n || Number.isNaN(date.getTime()) ? null : date;
  } catch { return null; }
}

/** How long ago: just now, 12 s ago, 5 min ago, 3 h ago, then the date. */
export function ago(text, now = Date.now()) {
  const date = dateOf(text);
  if (!date) return "time not set";
  const seconds = Math.round((now - date.getTime()) / 1000);
  if (seconds < -5) return shortMoment(text);
  if (seconds < 3) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return day(date);
}

export const stepName = (step) => ["under 5 %", "5 to 15 %", "15 to 30 %", "30 to 50 %", "50 % and more"][step] ?? "";

/** The beginning of a text that is longer than there is room for. */
export const cut = (text, most = 160) => (text.length > most ? `${text.slice(0, most)}…` : text);

/** A service's or span's name, never empty. */
export const named = (text, fallback) => (text === undefined || text === "" ? fallback : text);

/**
 * Finds the trace id in what a person pastes: 32 or 16 digits of either case, with dashes, the value or the whole line
 * of `x-hms-trace-id` or `traceparent`, or the address of a trace's page. Null when there is none.
 */
export function readTraceID(text) {
  let value = text.trim().toLowerCase();
  value = value.replace(/^["'<\s]+|["'>,;\s]+$/g, "");
  const page = value.match(/\/traces?\/([0-9a-f]{16,32})(?:[/?#]|$)/);
  if (page) return normal(page[1]);
  value = value.replace(/^[a-z][a-z0-9-]*\s*[:=]\s*/, "").replace(/^["']|["']$/g, "");
  const parent = value.match(/^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/);
  if (parent) return normal(parent[1]);
  const full = value.match(/^([0-9a-f]{32}|[0-9a-f]{16})-[0-9a-f]{16}(?:-[0-9a-f]{1,2})?$/);
  if (full) return normal(full[1]);
  return normal(value.replace(/[\s-]/g, ""));
}

function normal(digits) {
  if (!/^([0-9a-f]{16}|[0-9a-f]{32})$/.test(digits) || /^0+$/.test(digits)) return null;
  return digits.padStart(32, "0");
}
