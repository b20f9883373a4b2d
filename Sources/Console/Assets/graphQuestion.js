// What the graph page is asked to show: read from its address, written to it, and put to the collector. No document.

const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

export const WINDOWS = [["15m", "15 min", 15 * MINUTE], ["1h", "1 h", HOUR], ["6h", "6 h", 6 * HOUR], ["24h", "24 h", DAY]];
export const DIFFS = [["", "Nothing"], ["before", "The time just before"], ["day", "A day before"], ["week", "A week before"]];
export const LIMIT = 10_000; // the most that the collector gives

const KNOWN = ["window", "from", "to", "diff", "trace", "q", "group", "view", "node", "near", "hops", "side"];

export function readQuestion(search) {
  const given = new URLSearchParams(search);
  const question = Object.fromEntries(KNOWN.map((name) => [name, given.get(name) ?? ""]));
  const isOwn = isTime(question.from) && isTime(question.to) && Date.parse(question.from) < Date.parse(question.to);
  question.window = isOwn ? "own" : WINDOWS.some(([key]) => key === question.window) ? question.window : "1h";
  if (!DIFFS.some(([key]) => key === question.diff)) question.diff = "";
  if (question.trace || question.q) question.diff = "";
  question.hops = Math.min(20, Math.max(1, Number.parseInt(question.hops, 10) || 1));
  if (!["callers", "callees", "both"].includes(question.side)) question.side = "both";
  return question;
}

const isTime = (text) => text !== "" && !Number.isNaN(Date.parse(text));

/** The page's address for a question; what is as usual is left out. */
export function writeQuestion(question) {
  const usual = { window: question.window === "own" ? "own" : "1h", hops: question.near ? "" : String(question.hops), side: "both", view: "picture" };
  const out = new URLSearchParams();
  for (const name of KNOWN) {
    const value = String(question[name] ?? "");
    if (value === "" || value === usual[name] || ((name === "from" || name === "to") && question.window !== "own")) continue;
    out.set(name, value);
  }
  const text = out.toString();
  return text ? `/graph?${text}` : "/graph";
}

/** The path to ask and the seconds of the window, 0 where there is none. Times that end now are the collector's, whose clock counts. */
export function asked(question) {
  if (question.trace) return { path: `/api/v1/graph?trace=${encodeURIComponent(question.trace)}`, seconds: 0 };
  const isOwn = question.window === "own";
  const length = isOwn ? Date.parse(question.to) - Date.parse(question.from) : WINDOWS.find(([key]) => key === question.window)[2];
  const back = { before: length, day: DAY, week: 7 * DAY }[question.diff] ?? 0;
  const ago = (time) => (isOwn ? encodeURIComponent(new Date(Date.parse(question.to) - time).toISOString()) : time ? `now-${time / 1000}s` : "now");
  const seconds = length / 1000;
  const span = `from=${ago(length)}&to=${ago(0)}`;
  if (question.q) return { path: `/api/v1/graph?q=${encodeURIComponent(question.q)}&${span}`, seconds };
  if (!question.diff) return { path: `/api/v1/graph?${span}&limit=${LIMIT}&fresh=true`, seconds };
  return { path: `/api/v1/graph/diff?${span}&beforeFrom=${ago(length + back)}&beforeTo=${ago(back)}`, seconds };
}

/** Whether asking again later can give something else. */
export const isLive = (question) => !question.trace && !question.q && (question.window !== "own" || Date.parse(question.to) > Date.now());
