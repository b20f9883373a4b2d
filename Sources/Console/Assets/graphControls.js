// The row above the call graph: which time, compared with what, which part, grouped how; and the box that finds.

import { fill, h } from "./dom.js";
import { DIFFS, WINDOWS } from "./graphQuestion.js";

/** `actions`: ask(change), refresh(), find(text), next(step), regroup(by), arrange(), widen(). */
export function graphControls(question, actions) {
  const chip = (label, title, action) => h("button.timechip", { type: "button", title, onclick: action }, label);
  const windows = WINDOWS.map(([key, label]) => [key, chip(label, `The last ${label}`, () => actions.ask({ window: key, from: "", to: "" }))]);
  const own = chip("Own…", "Any time", () => { times.hidden = !times.hidden; own.setAttribute("aria-expanded", String(!times.hidden)); if (!times.hidden) from.focus(); });
  const from = h("input", { type: "datetime-local", "aria-label": "From", step: "1" }), to = h("input", { type: "datetime-local", "aria-label": "To", step: "1" });
  const wrong = h("span.problemtext", { role: "alert" });
  const times = h("form.graphtimes", { hidden: true, onsubmit: (event) => {
    event.preventDefault();
    const [a, b] = [new Date(from.value), new Date(to.value)];
    const text = Number.isNaN(+a) || Number.isNaN(+b) ? "Give both times." : a >= b ? "The first time has to be before the second." : "";
    wrong.textContent = text;
    if (!text) actions.ask({ window: "own", from: a.toISOString(), to: b.toISOString() });
  } }, from, h("span", { "aria-hidden": "true" }, "to"), to, h("button", { type: "submit" }, "Show"), wrong);
  const select = (options, label, action) => h("select", { "aria-label": label, onchange: (event) => action(event.target.value) }, options.map(([value, text]) => h("option", { value }, text)));
  const diff = select(DIFFS, "Compare with", (value) => actions.ask({ diff: value }));
  const group = select([["", "by itself"], ["none", "not at all"], ["prefix", "by name"], ["kind", "by kind"]], "Group", actions.regroup);
  const query = h("input", { type: "search", placeholder: "all traces", "aria-label": "Only traces that match a query", spellcheck: "false", autocomplete: "off" });
  const only = h("form.graphonly", { onsubmit: (event) => { event.preventDefault(); actions.ask({ q: query.value.trim(), trace: "", diff: "" }); } },
    h("label", null, h("span", null, "Of"), query));
  const box = h("input", { type: "search", placeholder: "Find a service", "aria-label": "Find a service", spellcheck: "false", autocomplete: "off", "aria-describedby": "graphhits" });
  const hits = h("span.sub", { id: "graphhits", role: "status" });
  box.addEventListener("input", () => actions.find(box.value.trim()));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); actions.next(event.shiftKey ? -1 : 1); }
    if (event.key === "Escape" && box.value) { event.preventDefault(); event.stopPropagation(); box.value = ""; actions.find(""); }
  });
  const picture = h("button", { type: "button", role: "tab", id: "tab-picture", "aria-controls": "graphbody", onclick: () => actions.ask({ view: "" }, false) }, "Picture");
  const table = h("button", { type: "button", role: "tab", id: "tab-table", "aria-controls": "graphbody", onclick: () => actions.ask({ view: "table" }, false) }, "Table");
  const tally = h("span.sub"), near = h("p.graphnear", { hidden: true }), trace = h("p.graphnear", { hidden: true });
  const element = h("div.graphcontrols", null,
    h("div.graphrow", null,
      h("div.timechips", { role: "group", "aria-label": "Time" }, windows.map(([, button]) => button), own), times,
      h("label.graphlabel", null, h("span", null, "Compare with"), diff), h("label.graphlabel", null, h("span", null, "Group"), group), only,
      h("button", { type: "button", title: "Ask the collector now (r)", onclick: actions.refresh }, "Refresh")),
    h("div.graphrow", null,
      h("div.graphtabs", { role: "tablist", "aria-label": "Form" }, picture, table),
      h("div.graphfind", null, box, hits), tally,
      h("button.quiet", { type: "button", title: "Lay the picture out anew, without regard to where things stood", onclick: actions.arrange }, "Arrange anew"), near, trace));

  const controls = {
    element,
    update(asked) {
      for (const [key, button] of windows) button.setAttribute("aria-pressed", String(asked.window === key && !asked.trace));
      own.setAttribute("aria-pressed", String(asked.window === "own"));
      if (asked.window === "own") { from.value = local(asked.from); to.value = local(asked.to); times.hidden = false; } else times.hidden = true;
      own.setAttribute("aria-expanded", String(!times.hidden));
      diff.value = asked.diff;
      diff.disabled = Boolean(asked.trace || asked.q);
      group.value = asked.group;
      query.value = asked.q;
      trace.hidden = !asked.trace;
      if (asked.trace) {
        fill(trace, h("span", null, "Of one trace: ", h("a", { href: `/trace/${encodeURIComponent(asked.trace)}`, "data-route": true }, h("code", null, asked.trace.slice(0, 64)))),
          h("button.quiet", { type: "button", onclick: () => actions.ask({ trace: "" }) }, "Whole system"));
      }
    },
    nearby(part) {
      near.hidden = !part;
      if (part) {
        const what = part.side === "both" ? `${part.hops} ${part.hops === 1 ? "call" : "calls"} around` : part.side === "callers" ? "What leads to" : "What follows from";
        fill(near, h("span", null, what, " ", h("b", null, part.label.length > 80 ? `${part.label.slice(0, 80)}…` : part.label)), h("button.quiet", { type: "button", title: "Back to the whole graph (Backspace)", onclick: actions.widen }, "Show all"));
      }
    },
    shows(isTable) {
      picture.setAttribute("aria-selected", String(!isTable));
      table.setAttribute("aria-selected", String(isTable));
    },
    tally(text) { tally.textContent = text; },
    hits(text) { hits.textContent = text; },
    focusFind() { box.focus(); box.select(); },
  };
  controls.update(question);
  controls.shows(question.view === "table");
  return controls;
}

/** A moment as an input of local time wants it. */
function local(text) {
  const date = new Date(text);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
