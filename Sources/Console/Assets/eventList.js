// What spans wrote down while they ran, in the order of the rows, a page at a time.

import { fill, h } from "./dom.js";
import { count, cut, named } from "./format.js";
import { signed } from "./clocks.js";
import { pairs } from "./values.js";

const PAGE = 200;
const LONG = 300; // characters of a name or a message

export class EventList {
  constructor(tree, { go }) {
    this.tree = tree;
    this.go = go;
    this.list = h("ol.logs");
    this.foot = h("div.foot");
    this.element = h("div.sheet", { role: "region", "aria-label": "Events", tabindex: "0" }, this.list, this.foot);
    this.next = -1;
  }

  async show(signal) {
    this.signal = signal;
    if (!this.begun) { this.begun = true; try { await this.more(); } catch (error) { this.begun = false; throw error; } }
  }

  async more() {
    fill(this.foot, h("p.sub", { role: "status" }, "Loading…"));
    let after, answer;
    do { // there may be none in what the collector looks at in one go
      after = this.next;
      answer = await this.tree.get(`events?after=${after}&limit=${PAGE}`, this.signal);
      this.next = answer.next ?? null;
    } while (!answer.events.length && this.next !== null && this.next > after);
    if (this.next === null && !answer.events.length && !this.list.firstChild) return fill(this.foot, h("p.sub", null, "No span of this trace holds events. Exceptions that services record, and log lines written as span events, would stand here."));
    this.list.append(...answer.events.map((event) => this.item(event)));
    if (this.next === null) fill(this.foot, h("p.sub", null, "That is all."));
    else fill(this.foot, h("button", { type: "button", onclick: () => this.again() }, "Show more"));
  }

  async again() {
    try { await this.more(); } catch (error) {
      if (error.name !== "AbortError") fill(this.foot, h("p.notice.bad", null, error.message), h("button", { type: "button", onclick: () => this.again() }, "Try again"));
    }
  }

  item(event) {
    const message = event.attributes.find(({ key }) => key === "exception.message" || key === "message" || key === "log.message" || key === "body");
    const bad = event.name === "exception" || event.attributes.some(({ key, value }) => /^(level|severity|log\.severity)$/.test(key) && /err|fatal/i.test(String(value)));
    return h(bad ? "li.bad" : "li", null,
      h("span.number.sub", { title: "After the trace began" }, signed(event.offsetNs)),
      h("div", null,
        h("p", null, bad && h("span.cross", { role: "img", "aria-label": "error" }, "✕ "), h("b", null, cut(named(event.name ?? "", "unnamed"), LONG)), message && ` ${cut(String(message.value), LONG)}`),
        h("p.sub", null, h("button.jump", { type: "button", onclick: () => this.go(event.index) }, `${cut(named(event.service ?? "", "unknown service"))} · ${cut(named(event.spanName ?? "", "unnamed"))}`)),
        event.attributes.length > 0 && h("details", null, h("summary.sub", null, count(event.attributes.length, "attribute")), pairs(event.attributes))));
  }
}
