// The box for a query: a combobox that offers what may stand at the cursor, remembers what was asked, and shows an error at
// its column.

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { forget, forgetAll, past, remember } from "./past.js";
import { BEGINNINGS, CONNECTIVES, FIELDS, OPERATORS, RELATIONS, SCOPES, expected, isField, quoted, wordsOf, writtenKey, writtenValue } from "./query.js";

const MOST = 60;

export class QueryBox {
  /** `onAsk(query)` is called when one is asked; `names()` gives operation names that are known. */
  constructor({ onAsk, names = () => [] }) {
    Object.assign(this, { onAsk, names, options: [], active: -1, answers: new Map() });
    this.input = h("input.query", {
      id: "query", type: "text", role: "combobox", autocomplete: "off", autocapitalize: "off", spellcheck: "false", enterkeyhint: "search",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "query-options", "aria-describedby": "query-error", "aria-label": "Query, or a trace ID",
      placeholder: "service = pay and duration > 1s, or a trace ID", maxlength: 16384,
    });
    this.list = h("ul.options", { id: "query-options", role: "listbox", "aria-label": "What may stand here", hidden: true });
    this.error = h("div.query-error", { id: "query-error", role: "alert" });
    this.said = h("p.hidden", { role: "status" });
    this.clear = h("button.plain", { type: "button", title: "Empty the box", "aria-label": "Empty the box", onclick: () => { this.value = ""; this.input.focus(); this.ask(); } }, "✕");
    this.earlier = h("button.plain", { type: "button", title: "Asked before", "aria-label": "Queries asked before", "aria-haspopup": "listbox", onclick: () => this.showPast(true) }, "↺");
    this.element = h("form.ask", { role: "search", onsubmit: (event) => { event.preventDefault(); this.ask(); } },
      h("div.askbox", null, this.input, this.clear, this.earlier, h("button.primary", { type: "submit" }, "Search")), this.list, this.error, this.said);
    this.input.addEventListener("input", () => { this.showError(null); this.tidy(); this.offer(); });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("click", () => { if (!this.input.value) this.showPast(); });
    this.input.addEventListener("blur", () => { this.leaving = setTimeout(() => this.close(), 150); });
    this.input.addEventListener("focus", () => clearTimeout(this.leaving));
    // The box keeps the focus while something is chosen from the list.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.clicked(event));
    this.tidy();
  }

  get value() { return this.input.value; }
  set value(text) { this.input.value = text; this.tidy(); this.close(); }
  tidy() { this.clear.hidden = !this.input.value; }

  ask() {
    this.close();
    this.onAsk(this.input.value.trim());
  }

  /** Called by who searched, once the query proved right. */
  remember(query) { remember(query); }

  /** Shows what the collector says of the query, at the place that it names; null takes it away. */
  showError(problem, query = this.value) {
    this.input.toggleAttribute("aria-invalid", !!problem);
    if (problem) this.input.setAttribute("aria-invalid", "true");
    if (!problem) return this.error.replaceChildren();
    const message = problem.message.replace(/^column \d+: /, "");
    const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (text.endsWith(".") ? " " : ". ");
    const parts = [h("p.said", null, h("strong", null, `This query cannot be read${problem.column ? `, column ${problem.column}: ` : ". "}`), sentence(message),
      problem.hint && h("span", null, sentence(problem.hint)))];
    if (problem.column) {
      const letters = characters(query);
      const at = Math.min(problem.column - 1, letters.length);
      const upTo = letters.slice(0, at).join("");
      const wrong = wordAt(query.slice(upTo.length));
      const before = letters.slice(Math.max(0, at - 40), at).join("");
      parts.unshift(h("pre.place", { "aria-hidden": "true" }, at > 40 && "…", before, h("mark", null, wrong || " "), query.slice(upTo.length + wrong.length, upTo.length + wrong.length + 40)));
      this.input.focus();
      this.input.setSelectionRange(upTo.length, upTo.length + wrong.length);
    }
    fill(this.error, parts);
  }

  // What is offered.

  async offer() {
    const cursor = this.input.selectionStart ?? this.value.length;
    if (!this.value.trim()) return this.showPast();
    const turn = (this.turn = Symbol("offer"));
    const place = expected(this.value, cursor);
    this.show(this.local(place), place);
    const more = await this.remote(place);
    if (turn !== this.turn || !more.length || document.activeElement !== this.input) return;
    const known = new Set(this.options.map((option) => option.text));
    const others = this.local(place);
    const active = this.options[this.active];
    const fields = place.expects === "condition" || place.expects === "field" ? others.filter((option) => option.kind === "field") : others;
    this.show([...fields, ...more.filter((option) => !known.has(option.text)), ...others.filter((option) => !fields.includes(option))], place);
    // What the reader has gone to meanwhile stays theirs.
    if (active) this.move(this.options.findIndex((option) => option.kind === active.kind && option.text === active.text));
  }

  local({ expects, field, prefix, depth }) {
    const low = prefix.toLowerCase();
    const fits = ([text]) => text.toLowerCase().startsWith(low) && text !== prefix;
    const option = (kind, after = " ") => ([text, meaning]) => ({ kind, text, meaning, insert: text + after });
    switch (expects) {
      case "condition":
        return [...FIELDS.filter(fits).map(option("field")), ...BEGINNINGS.filter(fits).map(option("word")), ...RELATIONS.filter(fits).map(option("word", " { ")),
          ...SCOPES.filter(fits).map(option("word", ""))];
      case "field": return [...FIELDS.filter(fits).map(option("field")), ...SCOPES.filter(fits).map(option("word", ""))];
      case "test": return OPERATORS.filter(fits).map(option("word"));
      case "value": return [...wordsOf(field), ...(field === "name" || field === "operation" || field === "trace.root.name" ? this.names() : [])]
        .filter((text) => fits([text])).map((text) => ({ kind: "value", text, insert: `${writtenValue(text)} `, raw: wordsOf(field).includes(text) })).map((one) => (one.raw ? { ...one, insert: `${one.text} ` } : one));
      case "next": return [...CONNECTIVES, ...(depth > 0 ? [[")", "ends the brackets"]] : [])].filter(fits).map(option("word"));
      case "listnext": return [[",", "a further one"], [")", "ends the list"]].map(option("word"));
      default: return [];
    }
  }

  /** What the collector knows of: keys of attributes, and their values. */
  async remote({ expects, field, prefix }) {
    const [, scope = "", rest = prefix] = prefix.match(/^(span\.|resource\.|scope\.|event\.|link\.)?([^]*)$/) ?? [];
    if (expects === "condition" || expects === "field") {
      const found = await this.known(`/api/v1/attributes?limit=40&prefix=${encodeURIComponent(rest)}`);
      return (found?.attributes ?? []).filter(({ key }) => key !== "service.name" || rest).map(({ key, spans }) => {
        const written = scope ? scope + (/^[\p{L}\p{N}_.\-:/@+]+$/u.test(key) ? key : quoted(key)) : writtenKey(key);
        return { kind: "key", text: written, meaning: `${spans.toLocaleString("en")} of the last ${(found.sampledSpans ?? 0).toLocaleString("en")} spans`, insert: `${written} ` };
      });
    }
    if (expects === "value" && field) {
      const key = { service: "service.name", "trace.root.service": "service.name" }[field] ?? (isField(field) ? null : field.replace(/^(span|resource|scope|event|link)\./, ""));
      if (!key) return [];
      const found = await this.known(`/api/v1/attributes/${encodeURIComponent(key)}?limit=40&prefix=${encodeURIComponent(prefix)}`);
      return (found?.attributes?.[0]?.topValues ?? []).map(({ value, count }) => ({
        kind: "value", text: value, meaning: `${count.toLocaleString("en")} ${count === 1 ? "span" : "spans"}`, insert: `${writtenValue(value)} `,
      }));
    }
    return [];
  }

  async known(path) {
    if (!this.answers.has(path)) {
      if (this.answers.size > 200) this.answers.clear();
      // What the collector cannot say is not offered; the next letter asks again.
      this.answers.set(path, get(path).catch(() => { this.answers.delete(path); return null; }));
    }
    return this.answers.get(path);
  }

  showPast(wanted = false) {
    this.turn = Symbol("past");
    const before = past();
    if (wanted) this.input.focus();
    const all = before.map((text) => ({ kind: "past", text, insert: text }));
    if (all.length) all.push({ kind: "all", text: "Forget all of these", insert: "" });
    else if (!wanted) return this.show(this.local(expected("", 0)), { from: 0, to: 0 });
    else { this.close(); this.said.textContent = "Nothing was asked yet"; }
    this.show(all, { from: 0, to: this.value.length });
  }

  show(options, place) {
    this.options = options.slice(0, MOST);
    this.place = place;
    this.active = -1;
    fill(this.list, this.options.map((option, index) => h(`li.option.${option.kind}`, { id: `query-option-${index}`, role: "option", "aria-selected": "false", "data-index": index },
      h("span.text", { title: option.text.length > 60 ? option.text.slice(0, 2000) : null }, option.text.length > 300 ? `${option.text.slice(0, 300)}…` : option.text), option.meaning && h("span.meaning", null, option.meaning),
      option.kind === "past" && h("span.forget", { "data-forget": true, title: "Forget it (Shift Delete)", "aria-hidden": "true" }, "✕"))));
    const isOpen = this.options.length > 0;
    this.list.hidden = !isOpen;
    this.input.setAttribute("aria-expanded", String(isOpen));
    this.input.removeAttribute("aria-activedescendant");
    if (isOpen) this.said.textContent = this.options[0].kind === "past" ? `${this.options.length - 1} asked before; Shift Delete forgets one` : `${this.options.length} offered`;
  }

  close() {
    this.turn = undefined;
    this.show([], { from: 0, to: 0 });
    this.said.textContent = "";
  }

  move(to) {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = to;
    const option = this.list.children[to];
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  take(index) {
    const option = this.options[index];
    if (!option) return;
    if (option.kind === "all") {
      forgetAll();
      this.close();
      this.said.textContent = "Forgotten";
      return;
    }
    const { from, to } = this.place;
    const rest = this.value.slice(to);
    const insert = rest.startsWith(" ") ? option.insert.trimEnd() : option.insert;
    this.input.value = this.value.slice(0, from) + insert + rest;
    const cursor = from + insert.length + (rest.startsWith(" ") ? 1 : 0);
    this.input.setSelectionRange(cursor, cursor);
    this.tidy();
    this.showError(null);
    if (option.kind === "past") { this.close(); this.ask(); } else this.offer();
  }

  drop(index) {
    const option = this.options[index];
    if (option?.kind !== "past") return;
    forget(option.text);
    this.showPast(true);
    if (this.options.length) this.move(Math.min(index, this.options.length - 1));
  }

  clicked(event) {
    const index = Number(event.target.closest("[data-index]")?.dataset.index ?? -1);
    if (event.target.closest("[data-forget]")) this.drop(index); else this.take(index);
  }

  key(event) {
    const isOpen = this.options.length > 0;
    const last = this.options.length - 1;
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!isOpen) { this.value.trim() ? this.offer() : this.showPast(); } else if (event.key === "ArrowDown") this.move(this.active >= last ? -1 : this.active + 1);
      else this.move(this.active < 0 ? last : this.active - 1);
    } else if (event.key === "Enter" && isOpen && this.active >= 0) this.take(this.active);
    else if (event.key === "Tab" && isOpen && this.active >= 0 && !event.shiftKey) this.take(this.active);
    else if (event.key === "Escape" && isOpen) this.close();
    else if (event.key === "Escape") this.input.blur();
    else if (event.key === "Delete" && event.shiftKey && this.active >= 0) this.drop(this.active);
    else if (event.key === " " && event.ctrlKey) this.offer();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** What the collector counts columns in: characters as a reader sees them. */
function characters(text) {
  if (typeof Intl.Segmenter !== "function") return [...text];
  return Array.from(new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text), ({ segment }) => segment);
}

const wordAt = (text) => text.match(/^("(?:\\.|[^"\\])*"?|[\p{L}\p{N}_.\-:/@+]+|[^\s])/u)?.[0].slice(0, 60) ?? "";
