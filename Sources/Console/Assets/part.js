// A piece of an element that is used over and over: remembers what it shows, so that only what differs is written.

export class Part {
  constructor(element) {
    this.element = element;
    this.node = element.firstChild ?? element.appendChild(document.createTextNode(""));
    this.shown = this.node.nodeValue;
    this.hides = element.hidden;
    this.named = element.className;
    this.titled = element.title;
    this.attributes = new Map();
    this.styles = new Map();
  }

  /** Text that has been made visible already. */
  text(text) { if (text !== this.shown) this.node.nodeValue = this.shown = text; }

  hide(hides) { if (hides !== this.hides) this.element.hidden = this.hides = hides; }

  name(name) { if (name !== this.named) this.element.className = this.named = name; }

  title(title) { if (title !== this.titled) this.element.title = this.titled = title; }

  /** An attribute; null takes it away. */
  set(name, value) {
    if (this.attributes.get(name) === value) return;
    this.attributes.set(name, value);
    if (value === null) this.element.removeAttribute(name); else this.element.setAttribute(name, value);
  }

  style(name, value) {
    if (this.styles.get(name) === value) return;
    this.styles.set(name, value);
    this.element.style.setProperty(name, value);
  }
}
