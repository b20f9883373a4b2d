// Puts the nodes of a large graph into groups: by the words their names begin with, and by kind. No document.

import { KINDS, together } from "./graphModel.js";

const MANY = 300; // more than these are grouped without being asked
const LEAST = 3; // fewer than these are no group
const WIDEST = 100; // a group with more members than these is cut into stretches of the alphabet
const DENSE = 4; // edges for each box from which only the busiest are drawn
const BUSIEST = 2;
const DEEPEST = 6;
const LONGEST = 256;

/** Whether a graph of so many nodes is grouped when nobody said. */
export const isGroupedAnyway = (count) => count > MANY;

/**
 * The tree of groups: `{ id, label, kind, leaves, children }`, where children are groups or nodes of the model. `by` is
 * "prefix", "kind" or "none".
 */
export function groupTree(nodes, by) {
  const root = { id: "group:", label: "everything", leaves: nodes, children: nodes };
  if (by === "none") return root;
  const kinds = new Map();
  for (const node of nodes) {
    if (!kinds.has(node.kind)) kinds.set(node.kind, []);
    kinds.get(node.kind).push(node);
  }
  root.children = [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([kind, members]) => {
    const group = { id: `group:${kind}`, label: `${KINDS[kind]}s`, of: kind, leaves: members, children: members, depth: 0, prefix: "" };
    divide(group);
    // By name, services need no group around them; by kind everything has one.
    return by === "kind" ? small(group) : kind === "service" || kinds.size === 1 ? group.children : small(group);
  });
  return root;
}

const small = (group) => (group.leaves.length < LEAST ? group.leaves : [group]);

/** Gives groups below `group` by the next word of the names; a list of work to do instead of recursion. */
function divide(first) {
  const waiting = [first];
  while (waiting.length) {
    const group = waiting.pop();
    let { depth } = group;
    let words = byWord(group.leaves, depth);
    // A word that all share tells nothing.
    while (words.size === 1 && depth < DEEPEST) words = byWord(group.leaves, ++depth);
    if (words.size === 1 || (words.size === group.leaves.length && words.size <= WIDEST)) {
      group.children = stretches(group, group.leaves.map((leaf) => [leaf]));
      continue;
    }
    const children = [...words].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([word, leaves]) => {
      if (leaves.length < LEAST) return leaves;
      const child = { id: `group:${group.of}/${word}`, label: `${word}…`, of: group.of, leaves, children: leaves, depth: depth + 1 };
      if (depth + 1 < DEEPEST) waiting.push(child);
      return [child];
    });
    group.children = stretches(group, children);
  }
}

/** The leaves by the beginnings of their names up to a number of words. */
function byWord(leaves, depth) {
  const words = new Map();
  for (const leaf of leaves) {
    const parts = leaf.label.slice(0, LONGEST).match(/[^-._/: ]*[-._/: ]*/g) ?? [];
    const word = parts.slice(0, depth + 1).join("") || leaf.label.slice(0, LONGEST);
    if (!words.has(word)) words.set(word, []);
    words.get(word).push(leaf);
  }
  return words;
}

function stretches(group, children) {
  const flat = children.flat();
  if (flat.length <= WIDEST) return flat;
  const size = Math.ceil(flat.length / Math.min(WIDEST, Math.ceil(flat.length / LEAST)));
  const parts = [];
  for (let at = 0; at < flat.length; at += size) {
    const members = flat.slice(at, at + size);
    if (members.length < LEAST) { parts.push(...members); continue; }
    const leaves = members.flatMap((member) => member.leaves ?? [member]);
    parts.push({ id: `group:${group.of}/${members[0].id}`, label: `${members[0].label} to ${members.at(-1).label}`, of: group.of, leaves, children: members });
  }
  return parts;
}

/**
 * What is drawn: of the groups that are in `open` their members, of the others one box. Gives
 * `{ units, edges, strong, unitOf, within }`: boxes, edges between boxes of which the first `strong` are always drawn, the box of
 * each node, and the open group that each box is in.
 */
export function shownGraph(model, root, open) {
  const units = [], unitOf = new Map(), within = new Map();
  const waiting = root.children.toReversed().map((child) => [child, null]);
  while (waiting.length) {
    const [child, inside] = waiting.pop();
    if (child.leaves && open.has(child.id)) {
      for (const member of child.children.toReversed()) waiting.push([member, child.id]);
      continue;
    }
    if (inside) within.set(child.id, inside);
    if (!child.leaves) { units.push(child); unitOf.set(child.id, child.id); continue; }
    units.push({ ...together(child.leaves), id: child.id, label: child.label, kind: "group", of: child.of, size: child.leaves.length, members: child.leaves });
    for (const leaf of child.leaves) unitOf.set(leaf.id, child.id);
  }
  const edges = [], bundles = new Map(), inner = new Map();
  const number = new Map(units.map((unit, index) => [unit.id, index]));
  for (const edge of model.edges) {
    const from = unitOf.get(edge.from), to = unitOf.get(edge.to);
    if (from === edge.from && to === edge.to) { edges.push(edge); continue; }
    if (from === to) { inner.set(from, (inner.get(from) ?? 0) + 1); continue; }
    const key = 2 * (number.get(from) * units.length + number.get(to)) + (edge.isAsync ? 1 : 0);
    const bundle = bundles.get(key);
    if (bundle) bundle.list.push(edge); else bundles.set(key, { from, to, list: [edge] });
  }
  for (const { from, to, list } of bundles.values()) {
    const { isAsync } = list[0];
    const kind = list.length === 1 ? list[0].kind : isAsync ? "message" : "call";
    edges.push({ ...(list.length === 1 ? list[0] : together(list)), id: `${from}\n${to}\n${kind}`, from, to, kind, isAsync, size: list.length });
  }
  for (const unit of units) if (inner.has(unit.id)) unit.inner = inner.get(unit.id);
  return { units, ...(bundles.size && edges.length > DENSE * units.length ? backbone(units, edges) : { edges, strong: edges.length }), unitOf, within };
}

/**
 * Where nearly every group calls every other, the busiest calls of each box make the picture; the `strong` ones stand first in
 * `edges`. The others are drawn when one of their ends is chosen.
 */
function backbone(units, edges) {
  const kept = new Set(), taken = new Map(units.map((unit) => [unit.id, [0, 0]]));
  for (const edge of edges.toSorted((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1))) {
    const out = taken.get(edge.from), into = taken.get(edge.to);
    if (out[0] >= BUSIEST && into[1] >= BUSIEST) continue;
    out[0]++;
    into[1]++;
    kept.add(edge);
  }
  return { edges: [...edges.filter((edge) => kept.has(edge)), ...edges.filter((edge) => !kept.has(edge))], strong: kept.size };
}

/** The groups around a node, from the outside in. */
export function groupsAround(root, id) {
  const around = [];
  let level = root;
  while (level) {
    const next = level.children.find((child) => child.leaves?.some((leaf) => leaf.id === id));
    if (!next) return around;
    around.push(next.id);
    level = next;
  }
  return around;
}
