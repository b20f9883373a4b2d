// Beside what was found: what it has in common, with counts. A click adds it to the query, another takes it away.

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { named } from "./format.js";
import { chosen, on, toggled, withCondition, writtenKey } from "./query.js";

const FIRST = 7; // of a group, before "more"
const MOST = 40;
const SAMPLE = 20; // traces that are read for their attributes
const LARGEST = 2000; // spans of one that is
const GROUPS = 6; // attributes that are shown

const MS = 1e6, S = 1e9;
/** Stretches of duration, with the condition that means them. */
const BANDS = [
  ["under 1 ms", 0, MS, "< 1ms"], ["1 to 10 ms", MS, 10 * MS, "in 1ms..10ms"], ["10 to 100 ms", 10 * MS, 100 * MS, "in 10ms..100ms"],
  ["100 ms to 1 s", 100 * MS, S, "in 100ms..1s"], ["1 to 10 s", S, 10 * S, "in 1s..10s"], ["over 10 s", 10 * S, Infinity, ">= 10s"],
];

export class Facets {
  /** `onQuery(query)` is called with the query that a click makes. */
  constructor({ onQuery }) {
    Object.assign(this, { onQuery, query: "", traces: [], attributes: [], opened: new Set() });
    this.groups = h("div.groups");
    this.note = h("p.sub");
    this.element = h("details.facets", null, h("summary", null, "Narrow down"), h("div.inner", null, this.groups, this.note));
    this.wide = matchMedia("(min-width: 1000px)");
    this.widened = () => { this.element.open = this.wide.matches; };
  }

  start() {
    this.widened();
    this.wide.addEventListener("change", this.widened);
  }

  stop() {
    this.wide.removeEventListener("change", this.widened);
    this.sampling?.abort();
  }

  /** Counts what these traces have in common. `sampling` says whether their attributes are to be read as well. */
  set(traces, query, { sampling = true, isPart = false } = {}) {
    Object.assign(this, { traces, query, isPart });
    if (sampling) {
      this.isStale = true;
      this.draw();
      this.sample();
    } else this.draw();
  }

  draw() {
    const { traces, query } = this;
    const services = tally(traces.flatMap((trace) => trace.services.map((name) => [name, trace])));
    const operations = tally(traces.map((trace) => [trace.rootName, trace]));
    const failed = traces.filter((trace) => trace.errorCount > 0).length;
    const toggle = (field, onlyOne) => (value) => this.onQuery(toggled(query, field, value, onlyOne));
    const groups = [
      this.group("Service", services, chosen(query, "service"), toggle("service"), (value) => named(value, "unknown service")),
      this.group("Operation", operations, chosen(query, "trace.root.name"), toggle("trace.root.name"), (value) => named(value, "unnamed")),
      this.group("Status", [["true", failed], ["false", traces.length - failed]].filter(([, times]) => times > 0), chosen(query, "trace.error"), toggle("trace.error", true),
        (value) => (value === "true" ? [h("span.bad", { "aria-hidden": "true" }, "✕ "), "with errors"] : "without errors")),
      this.bands(),
      ...this.attributes.map(({ key, values }) => this.group(key, values, chosen(query, writtenKey(key)), toggle(writtenKey(key)), (value) => named(value, "empty"), true)),
    ];
    const focused = document.activeElement?.closest?.(".facet")?.dataset.id;
    fill(this.groups, groups);
    if (focused) this.groups.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    this.note.textContent = !traces.length ? "" : [this.isPart ? `Counted over the ${traces.length.toLocaleString("en")} traces loaded.` : "",
      this.attributes.length ? `Attributes: of ${this.sampled} of them.` : ""].filter(Boolean).join(" ");
  }

  bands() {
    const asked = on(this.query, "trace.duration");
    const found = BANDS.map(([label, low, high, test]) => [test, this.traces.filter((trace) => trace.durationNs >= low && trace.durationNs < high).length, label]);
    const isOn = (test) => asked.some((one) => one.text.replace(/\s+/g, " ") === `trace.duration ${test}`);
    const own = asked.filter((one) => !BANDS.some(([, , , test]) => one.text === `trace.duration ${test}`)).map((one) => [one.text.replace(/^trace\.duration /, ""), null]);
    const labels = new Map(found.map(([test, , label]) => [test, label]));
    return this.group("Duration", [...own, ...found.filter(([test, times]) => times > 0 || isOn(test))], [...own.map(([test]) => test), ...found.filter(([test]) => isOn(test)).map(([test]) => test)],
      (test) => this.onQuery(withCondition(this.query, "trace.duration", own.some(([one]) => one === test) || isOn(test) ? null : test)), (test) => labels.get(test) ?? test);
  }

  /** One group; `found` are [value, count]. What is chosen is shown whether it was found or not. */
  group(title, found, isOn, toggle, label, isKey = false) {
    const missing = isOn.filter((value) => !found.some(([other]) => other === value)).map((value) => [value, 0]);
    const all = [...missing, ...found];
    if (!all.length) return null;
    const isOpen = this.opened.has(title);
    const first = all.filter(([value], index) => index < (isOpen ? MOST : FIRST) || isOn.includes(value));
    const total = Math.max(1, this.traces.length);
    return h(`section.group${isKey && this.isStale ? ".stale" : ""}`, null,
      h(`h3${isKey ? ".key" : ""}`, { title: isKey ? title.slice(0, 500) : null }, short(title)),
      h("ul", null, first.map(([value, times]) => {
        const button = h("button.facet", {
          type: "button", "aria-pressed": String(isOn.includes(value)), "data-id": `${short(title)} ${short(value)}`, title: value.length > 20 ? value.slice(0, 500) : null, onclick: () => toggle(value),
        }, h("span.value", null, typeof label(value) === "string" ? short(label(value)) : label(value)), times !== null && h("span.number", null, times.toLocaleString("en")));
        button.style.setProperty("--share", `${(100 * Math.min(total, (isKey ? times * (total / Math.max(1, this.sampled)) : times) ?? 0)) / total}%`);
        return h("li", null, button);
      })),
      all.length > FIRST && h("button.jump.sub", { type: "button", "aria-expanded": String(isOpen), onclick: () => { if (!this.opened.delete(title)) this.opened.add(title); this.draw(); } },
        isOpen ? "fewer" : `${Math.min(all.length, MOST) - FIRST} more`));
  }

  /** Reads some of the traces found, spread over all of them, and counts which attributes they have. */
  async sample() {
    this.sampling?.abort();
    const { signal } = (this.sampling = new AbortController());
    const small = this.traces.filter((trace) => trace.spanCount <= LARGEST);
    const picked = Array.from({ length: Math.min(SAMPLE, small.length) }, (_, index) => small[Math.floor((index * small.length) / Math.min(SAMPLE, small.length))]);
    const counts = new Map();
    let read = 0;
    const reader = async () => {
      for (let trace = picked.shift(); trace; trace = picked.shift()) {
        try {
          const answer = await get(`/api/v1/traces/${trace.traceId}?limit=${LARGEST}`, signal);
          read++;
          for (const [key, values] of attributesOf(answer)) {
            if (!counts.has(key)) counts.set(key, new Map());
            const times = counts.get(key);
            for (const value of values) times.set(value, (times.get(value) ?? 0) + 1);
          }
        } catch (error) {
          if (error.name === "AbortError") return;
          // One that was deleted meanwhile is not counted.
        }
      }
    };
    await Promise.all([reader(), reader(), reader()]);
    if (signal.aborted) return;
    this.sampled = read;
    this.attributes = worthwhile(counts, read);
    this.isStale = false;
    this.draw();
  }
}

/** Each key of a trace with its values, a value once. */
function attributesOf(answer) {
  const found = new Map();
  const take = (attributes) => {
    for (const { key, value } of attributes ?? []) {
      if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") continue;
      const text = String(value);
      if (text.length > 200 || key.length > 200) continue;
      if (!found.has(key)) found.set(key, new Set());
      if (found.get(key).size < 50) found.get(key).add(text);
    }
  };
  for (const resource of answer.resources ?? []) take(resource.attributes);
  for (const span of answer.spans ?? []) take(span.attributes);
  return found;
}

/** The attributes that tell traces apart: with more than one value or not in all of them, and values that come again. */
function worthwhile(counts, read) {
  return [...counts].map(([key, values]) => {
    const all = [...values].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const again = all.filter(([, times]) => times > 1).length;
    const tells = all.some(([, times]) => times < read);
    if (!tells || again === 0 || key === "service.name") return { score: 0 };
    const covered = Math.min(1, all.reduce((sum, [, times]) => sum + times, 0) / read);
    const score = (Math.min(again, 8) / all.length) * covered + (/^(http|rpc|db|hms|messaging|error|exception)\b/.test(key) ? 0.4 : 0);
    return { key, values: all.slice(0, MOST), score };
  }).filter(({ score }) => score > 0).sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1)).slice(0, GROUPS);
}

/** [value, number of traces], the most frequent first. */
function tally(pairs) {
  const counts = new Map();
  for (const [value] of pairs) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

const short = (text) => (text.length > 120 ? `${text.slice(0, 120)}…` : text);
