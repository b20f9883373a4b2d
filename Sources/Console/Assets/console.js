// Starts the page: which view stands at which address, and the box for an id.

import { readTraceID } from "./format.js";
import { showCompare } from "./compare.js";
import { fill, h } from "./dom.js";
import { showGraph } from "./graph.js";
import { showServices } from "./services.js";
import { showTrace } from "./trace.js";
import { showTraces } from "./traces.js";

const pages = { "/": showTraces, "/services": showServices, "/graph": showGraph, "/compare": showCompare };
const main = document.getElementById("main");
const form = document.getElementById("find");
const box = document.getElementById("id");
const problem = document.getElementById("id-problem");
let leave = () => {};

function show() {
  leave();
  leave = () => {};
  const trace = location.pathname.match(/^\/trace\/([^/]+)\/?$/);
  const page = pages[location.pathname];
  for (const link of document.querySelectorAll(".pages a")) {
    if (link.getAttribute("href") === location.pathname) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  // The page of traces has a box of its own, which takes ids as well.
  if (page === showTraces) form.remove(); else if (!form.isConnected) document.querySelector(".top").append(form);
  if (page) leave = page(main);
  else if (trace) leave = showTrace(main, readTraceID(trace[1]), trace[1]);
  else fill(main, h("section.state", null, h("h1", null, "There is no such page"), h("p", null, h("a", { href: "/", "data-route": true }, "See recent traces"))));
}

export function go(path) {
  history.pushState(null, "", path);
  show();
  main.focus({ preventScroll: true });
}

addEventListener("popstate", show);
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-route]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const id = readTraceID(box.value);
  problem.textContent = id ? "" : "That is not a trace ID: it has 32 hexadecimal digits (or 16).";
  box.toggleAttribute("aria-invalid", !id);
  if (!id) return;
  box.value = "";
  go(`/trace/${id}`);
});
box.addEventListener("input", () => { problem.textContent = ""; box.removeAttribute("aria-invalid"); });
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.matches("input, textarea")) return;
  event.preventDefault();
  (document.getElementById("query") ?? box).focus();
});

show();
