// Where a box or an edge of the call graph leads: to the traces that went through it, and to its service.

const PEER_KEYS = { database: ["db.system.name", "db.system"], queue: ["messaging.destination.name", "messaging.system"], host: ["peer.service", "server.address", "net.peer.name"] };

/** Text of the query language (docs/QueryLanguage.md). */
const text = (value) => `"${value.replace(/[\\"]/g, (mark) => `\\${mark}`).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (mark) => `\\u{${mark.codePointAt(0).toString(16)}}`)}"`;

/** A query that finds spans of a box: null for a group. */
export function queryOf(unit) {
  const keys = PEER_KEYS[unit.kind === "message" ? "queue" : unit.kind];
  if (unit.kind === "service") return `service = ${text(unit.label)}`;
  return keys ? `kind in (client, producer) and (${keys.map((key) => `${key} = ${text(unit.label)}`).join(" or ")})` : null;
}

/** A query that finds the spans of an edge, on the called side where that sends spans. */
export function queryOfEdge(from, to, kind) {
  if (from.kind !== "service" || kind === "link") return null;
  const asked = queryOf(to);
  if (to.kind === "service") return `${asked} and parent { service = ${text(from.label)} }`;
  return asked && `service = ${text(from.label)} and ${asked}`;
}

/** The address of the traces that a query finds, if it is not too long for one. */
export const tracesAt = (query) => (query && query.length < 4000 ? `/?q=${encodeURIComponent(query)}` : null);

export const serviceAt = (unit) => (unit.kind === "service" && unit.label.length < 2000 ? `/services?service=${encodeURIComponent(unit.label)}` : null);
