// Builds elements. Text from outside only ever becomes a text node, and links only ever lead to paths given here.

// Control characters and those that turn the direction of text: a name could use them to look like another.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Text as it is, with what cannot be seen written out. */
export const visible = (text) => text.replace(UNSEEN, (unseen) => `\u27e8U+${unseen.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`);

const nodes = (children) => children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
  .map((child) => (child instanceof Node ? child : visible(String(child))));

/** Makes an element: `h("a.row", { href: "/x", onclick: f }, "text", child)`. */
export function h(selector, properties, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "href" && !/^\/(?!\/)/.test(value)) continue;
    else element.setAttribute(name, value === true ? "" : visible(String(value)));
  }
  element.append(...nodes(children));
  return element;
}

/** Replaces what `parent` holds. */
export function fill(parent, ...children) {
  parent.replaceChildren(...nodes(children));
}

/** A button that copies `text` and says that it did. */
export function copyButton(text, what) {
  const label = `Copy ${what}`;
  const button = h("button.copy", { type: "button", title: label, "aria-label": label }, "Copy");
  button.addEventListener("click", async (event) => {
    event.stopPropagation();
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return button;
}
