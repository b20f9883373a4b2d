// Attributes and their values: whole, however long, and on the way to other traces that have the same.

import { copyButton, h } from "./dom.js";
import { count, cut } from "./format.js";
import { condition, searchAddress } from "./queryText.js";

const LONG = 800; // characters of a value that are shown at first
const MANY = 150; // attributes, or elements, that are
const MORE = 2000; // of any list that come at once after those

/** Values one below the other: names and contents. */
export function facts(list) {
  return h("dl", null, list.filter(Boolean).map(([name, ...content]) => [h("dt", null, name), h("dd", null, content)]));
}

/** Attributes by key; with `asks` each leads to the traces that have the same. */
export function pairs(list, asks = false) {
  if (!list?.length) return null;
  const sorted = [...list].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const entry = (attribute) => [h("dt", null, h("code", null, cut(attribute.key || "(empty key)", 300))), h("dd.pair", null, value(attribute), acts(attribute, asks))];
  return many(sorted, h("dl"), entry, MANY);
}

/** `holder` with what `item` makes of the `first` of a list; the rest comes on demand, no more at once than a page can bear. */
export function many(list, holder, item, first) {
  let shown = 0;
  const more = h("button", { type: "button", onclick: () => add(MORE) });
  const add = (number) => {
    holder.append(...list.slice(shown, shown + number).flatMap(item));
    shown = Math.min(list.length, shown + number);
    const left = list.length - shown;
    if (left === 0) more.remove();
    else more.textContent = left <= MORE ? `Show all ${list.length.toLocaleString("en")}` : `Show ${MORE.toLocaleString("en")} more of ${list.length.toLocaleString("en")}`;
  };
  add(first);
  return shown < list.length ? [holder, more] : holder;
}

/** A value as text; a list of texts stands one below the other. */
export function value(attribute) {
  if (attribute.type === "array" && attribute.value.length && attribute.value.every((element) => element.type === "string"))
    return h("ul.values", null, attribute.value.slice(0, MANY).map((element) => h("li", null, long(element.value, "string"))),
      attribute.value.length > MANY && h("li.sub", null, `and ${count(attribute.value.length - MANY, "value")} more`));
  return long(shown(attribute), attribute.type);
}

/** Text that is cut when it is long, with a way to see all of it. */
function long(text, type) {
  const holder = h(`span.value.${type}`, { title: type }, text.length > LONG ? `${text.slice(0, LONG)}…` : text);
  if (text.length <= LONG) return holder;
  const more = h("button.quiet", { type: "button", onclick: () => {
    const box = h("pre.whole", { tabindex: "0", "aria-label": "The whole value" }, text);
    holder.replaceWith(box);
    more.remove();
  } }, `Show all ${text.length.toLocaleString("en")} characters`);
  return h("span", null, holder, " ", more);
}

/** What one can do with a value. */
export function acts(attribute, asks, what = "value") {
  const elements = attribute.type === "array" ? attribute.value : [attribute];
  const queries = asks ? [...new Set(elements.slice(0, 20).map((element) => condition(attribute.key, element)).filter(Boolean))] : [];
  return h("span.acts", null, copyButton(attribute.type === "string" ? attribute.value : shown(attribute), what),
    queries.map((query) => h("a", { href: searchAddress(query), "data-route": true, title: `Find traces: ${cut(query, 200)}` }, asks === "find" ? "Find traces with this" : "Filter by this")));
}

export function shown(attribute, inner = false) {
  let text = "";
  // Within arrays and maps; what is deeper than any reader follows is left out.
  const write = ({ type, value: held }, within, depth) => {
    if (text.length > 4e6) return;
    if (depth > 40) { text += "…"; return; }
    switch (type) {
      case "string": text += within ? JSON.stringify(held) : held; break;
      case "array": text += "["; held.forEach((element, at) => { if (at) text += ", "; write(element, true, depth + 1); }); text += "]"; break;
      case "map": text += "{"; held.forEach((pair, at) => { if (at) text += ", "; text += `${pair.key}: `; write(pair, true, depth + 1); }); text += "}"; break;
      case "bytes": text += `base64 ${held}`; break;
      case "empty": text += "(empty)"; break;
      default: text += String(held);
    }
  };
  write(attribute, inner, 0);
  return text;
}
