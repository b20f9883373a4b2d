// How a view of a trace is written into the address of its page, so that whoever opens it sees the same.

const MOST = 300; // stretches; an address has to stay one that can be sent

/** { view, from, to, closed, opened, nodes, find, path, clocks } as a query text, empty when nothing differs from the start. */
export function writeView(state) {
  const parts = new URLSearchParams();
  if (state.view && state.view !== "waterfall") parts.set("view", state.view);
  if (state.from !== undefined) { parts.set("from", String(Math.round(state.from))); parts.set("to", String(Math.round(state.to))); }
  const closed = state.closed.slice(0, MOST);
  const opened = state.opened.slice(0, MOST);
  if (closed.length || opened.length) {
    let before = 0;
    const step = (index) => { const text = (index - before).toString(36); before = index; return text; };
    if (closed.length) parts.set("closed", closed.map(([index, nodes]) => `${step(index)}_${nodes.toString(36)}`).join("."));
    before = 0;
    if (opened.length) parts.set("open", opened.map(step).join("."));
    // Places are counted in the tree as it is: of a trace that has grown since, they say nothing.
    parts.set("of", state.nodes.toString(36));
  }
  if (state.find) parts.set("find", state.find);
  if (state.path === false) parts.set("path", "off");
  if (state.clocks) parts.set("clocks", "corrected");
  const text = parts.toString();
  return text ? `?${text}` : "";
}

/** The reverse. What cannot be read is left out. */
export function readView(text, nodes) {
  const parts = new URLSearchParams(text);
  const moment = (name) => (/^\d{1,20}$/.test(parts.get(name) ?? "") ? Number(parts.get(name)) : undefined);
  const [from, to] = [moment("from"), moment("to")];
  const digits = (word) => (/^[0-9a-z]{1,7}$/.test(word) ? parseInt(word, 36) : NaN);
  const list = (name) => (parts.get(name) ?? "").split(".").filter(Boolean).slice(0, MOST);
  const same = parts.get("of") === nodes.toString(36);
  let before = 0;
  const closed = !same ? [] : list("closed").map((entry) => {
    const [step, size] = entry.split("_");
    before += digits(step);
    return [before, digits(size ?? "")];
  }).filter(([index, size]) => index >= 0 && size > 1 && index + size <= nodes);
  before = 0;
  const opened = !same ? [] : list("open").map((step) => { before += digits(step); return before; }).filter((index) => index < nodes);
  return {
    view: parts.get("view") ?? "waterfall", from, to: from !== undefined && to > from ? to : undefined, closed, opened,
    find: (parts.get("find") ?? "").slice(0, 500), path: parts.get("path") !== "off", clocks: parts.get("clocks") === "corrected",
    outdated: parts.has("of") && !same,
  };
}
