// The keys of a trace's page, in a dialog.

import { h } from "./dom.js";

const GROUPS = [
  ["Rows", [["↑ ↓", "move"], ["PgUp PgDn", "a page"], ["Home End", "first, last"], ["← →", "close, open a subtree"], ["x X", "fold a run, all runs"], ["Enter", "details"], ["Esc", "close details"]]],
  ["What matters", [["s S", "next, previous slow span"], ["e E", "next, previous error"], ["o", "where the error begins"], ["f", "find in this trace"], ["n N", "next, previous found"]]],
  ["Time", [["+ −", "zoom in, out"], ["0", "the whole trace"], ["< >", "earlier, later"], ["c", "critical path on, off"], ["k", "correct clocks on, off"]]],
  ["Page", [["1 – 5", "waterfall, flame graph, call graph, table, events"], ["y", "copy the link"], ["r", "load again"], ["/", "another ID"], ["?", "this list"]]],
];

export function keysDialog() {
  const dialog = h("dialog.keylist", { "aria-label": "Keys" },
    h("header", null, h("h2", null, "Keys"), h("button.close", { type: "button", "aria-label": "Close", onclick: () => dialog.close() }, "✕")),
    h("div.groups", null, GROUPS.map(([title, keys]) => h("section", null, h("h3", null, title),
      h("dl", null, keys.map(([key, meaning]) => [h("dt", null, key.split(" ").map((each, number) => [number > 0 && " ", /[–]/.test(each) ? each : h("kbd", null, each)])), h("dd", null, meaning)]))))),
    h("p.sub", null, "With the wheel: Ctrl zooms, Shift moves in time. On the axis and the strip above: drag to choose a stretch of time."));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  return dialog;
}
