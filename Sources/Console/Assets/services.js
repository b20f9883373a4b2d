// Services.

import { fill, h } from "./dom.js";

/** Shows the page in `main`; the function returned puts everything away. */
export function showServices(main) {
  document.title = "Services · HMS-OPS";
  fill(main, h("section.state", null, h("h1", null, "Services")));
  return () => {};
}
