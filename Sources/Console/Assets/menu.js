// A button that opens something below it.

import { h } from "./dom.js";

/** `content` may be a function, called when the menu is first opened. */
export function menu(title, content, label) {
  const holder = h("div.drop", null, typeof content === "function" ? null : content);
  const details = h("details.menu", null, h("summary", { "aria-label": label, title: label }, title), holder);
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    if (!holder.firstChild) holder.append(content());
    for (const other of document.querySelectorAll("details.menu[open]")) if (other !== details) other.open = false;
  });
  details.addEventListener("focusout", (event) => { if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false; });
  return details;
}
