// Starts the page: which view stands at which address, and the box for an id.

import { fill, h } from "./dom.js";
import { readTraceID } from "./format.js";

// Each comes when it is first looked at; what the first one is made of, the document itself names (`ConsolePages`).
const pages = {
  "/": async () => (await import("./traces.js")).showTraces,
  "/services": async () => (await import("./services.js")).showServices,
  "/graph": async () => (await import("./graph.js")).showGraph,
  "/compare": async () => (await import("./compare.js")).showCompare,
};
const main = document.getElementById("main");
const form = document.getElementById("find");
const box = document.getElementById("id");
const problem = document.getElementById("id-problem");
let leave = () => {};
let shown = 0;

async function show() {
  leave();
  leave = () => {};
  const number = ++shown;
  const trace = location.pathname.match(/^\/trace\/([^/]+)\/?$/);
  const page = pages[location.pathname];
  for (const link of document.querySelectorAll(".pages a")) {
    if (link.getAttribute("href") === location.pathname) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  // The page of traces has a box of its own, which takes ids as well.
  if (location.pathname === "/") form.remove(); else if (!form.isConnected) document.querySelector(".top").append(form);
  try {
    const start = page ? await page() : trace ? await tracePage(trace[1]) : noPage;
    // Somebody may have gone on meanwhile.
    if (number === shown) leave = start(main);
  } catch (error) {
    console.error(error);
    if (number === shown) fill(main, unreachable(error));
  }
}

async function tracePage(given) {
  const { showTrace } = await import("./trace.js");
  return () => showTrace(main, readTraceID(given), given);
}

function noPage() {
  fill(main, h("section.state", null, h("h1", null, "There is no such page"), h("p", null, h("a", { href: "/", "data-route": true }, "See recent traces"))));
  return () => {};
}

function unreachable(error) {
  return h("section.state", { role: "alert" }, h("h1", null, "This page could not be loaded"),
    h("p", null, "The collector does not give what this page is made of. Is hms-collector still running?"), h("button", { type: "button", onclick: () => location.reload() }, "Load it again"));
}

/** Goes to an address of the console; the promise is kept once its page stands there. */
export function go(path) {
  history.pushState(null, "", path);
  const page = show();
  main.focus({ preventScroll: true });
  return page;
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
