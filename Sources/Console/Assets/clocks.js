// How the clocks of the hosts differ, as far as requests and their answers tell.

import { h } from "./dom.js";
import { count, duration } from "./format.js";

/** A time with its sign. */
export const signed = (ns) => (ns < 0 ? `−${duration(-ns)}` : ns > 0 ? `+${duration(ns)}` : "0");

export const wrongClocks = (overview) => (overview.hosts ?? []).filter((host) => host.shiftNs);

/** The table of bounds, for each host that has some. */
export function clockTable(hosts) {
  const known = hosts.filter((host) => host.lowNs !== undefined && host.lowNs !== null);
  return h("div.clocks", null,
    h("p.sub", null, "A request cannot arrive before it was sent, nor its answer before that: each pair bounds by how much one clock differs from the other. ",
      "The correction moves each host by the middle of its bounds, in this view only; the times in the details stay as they came."),
    h("div.scrolls", { tabindex: "0", role: "region", "aria-label": "Clocks of the hosts" }, h("table", null,
      h("thead", null, h("tr", null, ["Host", "Service", "Differs by", "Against", "Pairs", "Moved by"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, known.slice(0, 200).map((host) => h("tr", null,
        h("th", { scope: "row" }, host.name || "unnamed"), h("td", null, host.service || ""),
        h("td.number", null, `${signed(host.lowNs)} … ${signed(host.highNs)}`),
        h("td", null, host.reference ?? ""), h("td.number", null, String(host.pairs ?? 0)),
        h("td.number", null, host.shiftNs ? signed(host.shiftNs) : "not moved")))))),
    known.length > 200 && h("p.sub", null, `and ${count(known.length - 200, "host")} more`),
    known.length < hosts.length && h("p.sub", null, `Of ${count(hosts.length - known.length, "host")} nothing is known: no request went between them and others.`));
}
