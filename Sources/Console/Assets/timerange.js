// Chooses a stretch of time: the last so many minutes, one of the reader's own, or all.

import { fill, h } from "./dom.js";
import { shortMoment } from "./format.js";

const HOUR = 3600e3;
const WORDS = { "now-15m": ["15 min", HOUR / 4], "now-1h": ["1 h", HOUR], "now-6h": ["6 h", 6 * HOUR], "now-24h": ["24 h", 24 * HOUR], "now-7d": ["7 d", 168 * HOUR] };

/** What the API understands as a time, as milliseconds; null for none. */
export function timeOf(text, now = Date.now()) {
  if (!text) return null;
  const back = text.match(/^now(?:-(\d+)(s|m|h|d))?$/);
  if (back) return now - (back[1] ? Number(back[1]) * { s: 1e3, m: 60e3, h: HOUR, d: 24 * HOUR }[back[2]] : 0);
  if (/^\d+$/.test(text)) return Number(text) / 10 ** Math.max(0, 3 * Math.floor((text.length - 11) / 3)) * (text.length <= 11 ? 1e3 : 1);
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? null : parsed;
}

export const written = (milliseconds) => new Date(milliseconds).toISOString();

/** A range in words: "the last 15 min", "2026-03-04 05:06:07 to …", "all time". */
export function inWords({ from, to }) {
  if (!from && !to) return "all time";
  if (Object.hasOwn(WORDS, from ?? "") && !to) return `the last ${WORDS[from][0]}`;
  const say = (text) => { const at = timeOf(text); return at === null ? text.slice(0, 40) : shortMoment(`${Math.round(at)}000000`); };
  if (!to) return `since ${say(from)}`;
  if (!from) return `until ${say(to)}`;
  const [begin, end] = [say(from), say(to)];
  return begin.slice(0, 10) === end.slice(0, 10) ? `${begin} to ${end.slice(11) || end}` : `${begin} to ${end}`;
}

export class TimeRange {
  /** `offered` are keys of WORDS; `onChange({ from, to })`. */
  constructor({ offered = ["now-15m", "now-1h", "now-6h", "now-24h"], all = true, onChange }) {
    Object.assign(this, { offered, all, onChange, range: { from: "", to: "" } });
    this.from = h("input", { type: "datetime-local", step: "1" });
    this.to = h("input", { type: "datetime-local", step: "1" });
    this.problem = h("p.bad", { role: "alert" });
    this.own = h("form.own", { hidden: true, onsubmit: (event) => { event.preventDefault(); this.apply(); } },
      h("label", null, "From ", this.from), h("label", null, "to ", this.to), h("button", { type: "submit" }, "Show"), this.problem);
    this.buttons = h("div.segments", { role: "group", "aria-label": "Time range" });
    this.element = h("div.range", null, this.buttons, this.own);
  }

  set(range) {
    this.range = range;
    const isOffered = this.offered.includes(range.from) && !range.to;
    const isAll = !range.from && !range.to;
    const button = (label, isOn, onclick, rest = {}) => h("button", { type: "button", "aria-pressed": String(isOn), onclick, ...rest }, label);
    this.ownButton = button(isOffered || isAll ? "Own…" : inWords(range), !isOffered && !isAll, () => this.openOwn(), { "aria-expanded": "false" });
    fill(this.buttons, this.offered.map((from) => button(WORDS[from][0], isOffered && range.from === from, () => this.choose({ from, to: "" }), { title: `The last ${WORDS[from][0]}` })),
      this.ownButton, this.all && button("All", isAll, () => this.choose({ from: "", to: "" })));
    this.own.hidden = true;
  }

  choose(range) {
    this.set(range);
    this.onChange(range);
  }

  openOwn() {
    this.own.hidden = !this.own.hidden;
    this.ownButton.setAttribute("aria-expanded", String(!this.own.hidden));
    if (this.own.hidden) return;
    const now = Date.now();
    this.from.value = local(timeOf(this.range.from, now) ?? now - HOUR);
    this.to.value = local(timeOf(this.range.to, now) ?? now);
    this.from.focus();
  }

  apply() {
    const [from, to] = [this.from, this.to].map((input) => (input.value ? new Date(input.value).getTime() : null));
    this.problem.textContent = from !== null && to !== null && from >= to ? "It ends before it begins." : "";
    if (this.problem.textContent || (from === null && to === null)) return;
    this.choose({ from: from === null ? "" : written(from), to: to === null ? "" : written(to) });
  }
}

/** For an input that has no time zone: the reader's own. */
function local(milliseconds) {
  const date = new Date(milliseconds);
  return new Date(milliseconds - date.getTimezoneOffset() * 60e3).toISOString().slice(0, 19);
}
