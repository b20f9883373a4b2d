// Finds spans within the trace: words, or a query. The collector looks; the answer is a list of places.

import { h } from "./dom.js";

const WAIT = 160; // ms after the last key
const MOST = 1000;
const PART = "Not all was looked at: finding took too long, or the trace is too large to be read whole";

export class FindInTrace {
  /** `found(indexes)` is called with what there is; `go(index)` to go there, `here()` tells where the reader is. */
  constructor(tree, { found, go, here, say }) {
    Object.assign(this, { tree, onFound: found, go, here, say });
    this.indexes = [];
    this.text = "";
    this.running = Promise.resolve(true);
    this.box = h("input", { type: "search", id: "find-in-trace", autocomplete: "off", spellcheck: "false", placeholder: "Find in trace", "aria-label": "Find in this trace: words, or a query such as duration > 2s",
      "aria-describedby": "found", title: "Words in service, name, span ID or message; or a query: duration > 2s, http.route = \"/pay\"" });
    this.note = h("span.found", { id: "found", role: "status" });
    this.before = h("button", { type: "button", title: "Previous found (N)", "aria-label": "Previous found", hidden: true, onclick: () => this.next(-1) }, "↑");
    this.after = h("button", { type: "button", title: "Next found (n)", "aria-label": "Next found", hidden: true, onclick: () => this.next(1) }, "↓");
    this.element = h("div.infind", { role: "search" }, this.box, this.note, this.before, this.after);
    this.box.addEventListener("input", () => { clearTimeout(this.timer); this.timer = setTimeout(() => this.run(), WAIT); });
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        clearTimeout(this.timer);
        if (this.box.value.trim() !== this.text) this.run();
        this.running.then((isShown) => { if (isShown) this.next(event.shiftKey ? -1 : 1); });
      } else if (event.key === "Escape") {
        event.stopPropagation();
        this.clear();
        this.leave?.();
      }
    });
  }

  open(text) {
    if (text !== undefined) { this.box.value = text; this.run(); }
    this.box.focus();
    this.box.select();
  }

  clear() { this.box.value = ""; this.run(); }

  /** Looks for what stands in the box. The promise tells whether it was found out, so that there is something to go to. */
  run() { return this.running = this.ask(); }

  async ask() {
    const text = this.box.value.trim();
    this.text = text;
    this.asked?.abort();
    this.box.removeAttribute("aria-invalid");
    if (!text) return this.show([], "", false);
    const asked = this.asked = new AbortController();
    try {
      const answer = await this.tree.get(`find?text=${encodeURIComponent(text)}&limit=${MOST}`, asked.signal);
      if (this.asked !== asked) return false;
      const { count, indexes, complete } = answer;
      this.total = count;
      const isPart = complete === false;
      return this.show(indexes, !isPart ? (count === 0 ? "none" : `${count.toLocaleString("en")} found`)
        : count === 0 ? "none so far, not all was looked at" : `${count.toLocaleString("en")} found and more`, isPart);
    } catch (error) {
      if (error.name === "AbortError") return false;
      if (error.status === 400) this.box.setAttribute("aria-invalid", "true");
      this.show([], error.message, false);
      return false;
    }
  }

  /** `isPart` says that the collector did not look at all of the trace. */
  show(indexes, note, isPart) {
    this.indexes = indexes;
    this.isPart = isPart;
    this.note.textContent = note;
    this.note.title = isPart ? PART : note;
    this.before.hidden = this.after.hidden = indexes.length === 0;
    this.onFound(indexes, this.text);
    return true;
  }

  next(step) {
    const { indexes } = this;
    if (!indexes.length) return this.say(!this.text ? "Nothing is looked for" : this.isPart ? `Nothing found. ${PART}` : "Nothing found");
    const here = this.here();
    const at = step > 0 ? indexes.findIndex((index) => index > here) : indexes.findLastIndex((index) => index < here);
    const number = at >= 0 ? at : step > 0 ? 0 : indexes.length - 1;
    this.go(indexes[number]);
    this.note.textContent = `${(number + 1).toLocaleString("en")} of ${this.total.toLocaleString("en")}${this.isPart ? " and more" : ""}`;
    if (this.total > indexes.length) this.note.title = `The first ${indexes.length.toLocaleString("en")} can be gone to`;
  }

  stop() { clearTimeout(this.timer); this.asked?.abort(); }
}
