// Compare.

import { fill, h } from "./dom.js";

/** Shows the page in `main`; the function returned puts everything away. */
export function showCompare(main) {
  document.title = "Compare · HMS-OPS";
  fill(main, h("section.state", null, h("h1", null, "Compare")));
  return () => {};
}
