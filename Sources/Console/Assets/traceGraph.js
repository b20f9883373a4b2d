// The call graph of one trace, for a part of another page.

import { get } from "./api.js";
import { Arranger } from "./arrange.js";
import { fill, h } from "./dom.js";
import { graphLegend } from "./graphLegend.js";
import { modelOf } from "./graphModel.js";
import { groupTree, isGroupedAnyway, shownGraph } from "./graphGroups.js";
import { empty, failure, loading } from "./graphStates.js";
import { GraphTable } from "./graphTable.js";
import { GraphView } from "./graphView.js";

/**
 * Shows who called whom in a trace, in `container`. `onChoose` is called with `{ service, kind }` for a box, `{ from, to }`
 * (names) for an edge, and null when nothing is chosen any more. The function returned puts everything away.
 */
export function graphOfTrace(container, traceId, { onChoose = () => {} } = {}) {
  const stop = new AbortController();
  const arranger = new Arranger();
  const said = h("p.hidden", { role: "status", "aria-live": "polite" });
  const open = new Set();
  let model, shown;
  const label = (id) => shown.units.find((unit) => unit.id === id)?.label ?? id;
  const choose = (what) => onChoose(what?.unit ? (what.unit.kind === "group" ? null : { service: what.unit.label, kind: what.unit.kind })
    : what?.edge ? { from: label(what.edge.from), to: label(what.edge.to) } : null);
  const view = new GraphView({ choose, open: (unit) => { open.add(unit.id); build(); }, say: (text) => { said.textContent = text; } });
  const table = new GraphTable({
    choose(id) {
      const unit = shown.units.find((one) => one.id === id), edge = shown.edges.find((one) => one.id === id);
      view.mark(id);
      choose(unit ? { unit } : edge ? { edge } : null);
    },
  });
  const ask = () => { location.assign("/graph"); };

  async function load() {
    fill(container, loading());
    try {
      model = modelOf(await get(`/api/v1/graph?trace=${encodeURIComponent(traceId)}`, stop.signal), 0);
      if (!model.edges.length) return fill(container, empty({ trace: traceId }, ask));
      await build();
    } catch (error) {
      if (error.name !== "AbortError") fill(container, failure(error, { trace: traceId }, load, ask));
    }
  }

  async function build() {
    shown = shownGraph(model, groupTree(model.nodes, isGroupedAnyway(model.nodes.length) ? "prefix" : "none"), open);
    let result, trouble = null;
    try {
      result = await arranger.place(shown.units, shown.edges.slice(0, shown.strong), "trace");
    } catch (error) {
      trouble = failure({ message: "The picture could not be laid out.", hint: `${error.message}. The table shows the same.` }, { trace: traceId }, build, ask);
    }
    if ((!result && !trouble) || stop.signal.aborted) return;
    if (result) view.show(shown, result, false);
    table.show(model, () => true, false);
    fill(container, h("div.tracegraph", null, graphLegend(model, false, shown), h("div.graphbody", null, trouble ?? view.element),
      h("details", { open: trouble !== null }, h("summary", null, "The same as a table"), table.element), said));
  }

  view.start();
  load();
  return () => { stop.abort(); view.stop(); arranger.stop(); };
}
