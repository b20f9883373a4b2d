// Graph.

import { fill, h } from "./dom.js";

/** Shows the page in `main`; the function returned puts everything away. */
export function showGraph(main) {
  document.title = "Graph · HMS-OPS";
  fill(main, h("section.state", null, h("h1", null, "Graph")));
  return () => {};
}
