// Finds spans within the trace: words, or a query. The collector looks; the answer is a list of places.

import { get } from "./api.js";
import { h } from "./dom.js";

const WAIT = 160; // ms after the last key
const MOST = 1000;

export class FindInTrace {
  /** `found(indexes)` is called with what there is; `go(index)` to go there, `here()` tells where the reader is. */
  constructor(id, { found, go, here, say }) {
    Object.assign(this, { id, onFound: found, go, here, say });
    this.indexes = [];
    this.text = "";
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
        if (this.box.value.trim() !== this.text) this.run().then(() => this.next(event.shiftKey ? -1 : 1)); else this.next(event.shiftKey ? -1 : 1);
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

  async run() {
    const text = this.box.value.trim();
    this.text = text;
    this.asked?.abort();
    this.box.removeAttribute("aria-invalid");
    if (!text) return this.show([], "");
    const asked = this.asked = new AbortController();
    try {
      const answer = await get(`/api/v1/traces/${this.id}/find?text=${encodeURIComponent(text)}&limit=${MOST}`, asked.signal);
      if (this.asked !== asked) return;
      this.total = answer.count;
      this.show(answer.indexes, answer.count === 0 ? "none" : `${answer.count.toLocaleString("en")} found`);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.box.setAttribute("aria-invalid", "true");
      this.show([], error.message);
    }
  }

  show(indexes, note) {
    this.indexes = indexes;
    this.note.textContent = note;
    this.note.title = note;
    this.before.hidden = this.after.hidden = indexes.length === 0;
    this.onFound(indexes, this.text);
  }

  next(step) {
    const { indexes } = this;
    if (!indexes.length) return this.say(this.text ? "Nothing found" : "Nothing is looked for");
    const here = this.here();
    const at = step > 0 ? indexes.findIndex((index) => index > here) : indexes.findLastIndex((index) => index < here);
    const number = at >= 0 ? at : step > 0 ? 0 : indexes.length - 1;
    this.go(indexes[number]);
    this.note.textContent = `${(number + 1).toLocaleString("en")} of ${this.total.toLocaleString("en")}`;
    if (this.total > indexes.length) this.note.title = `The first ${indexes.length.toLocaleString("en")} can be gone to`;
  }

  stop() { clearTimeout(this.timer); this.asked?.abort(); }
}
