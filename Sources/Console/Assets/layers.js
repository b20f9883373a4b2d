// Lays a directed graph out in layers, callers left of what they call. Pure: no document, no clock; runs in a worker as well.
//
// What it keeps to: the same graph gives the same picture, in whatever order it comes. Given the memory of an earlier layout,
// whoever stood in a column stays in it and in the same order, and moves only as far as newcomers need room.
// Nothing recurses, and what is added for long edges is bounded: all long edges into one node share one lane.

import { adjacency, isKnown, layers, LOOSE, withoutCycles } from "./layerOf.js";
import { laneName, orderByPlace, orderBySweeps, places, settle, stack, straighten } from "./layerRows.js";

export const SIZE = { width: 204, height: 64, gapX: 70, gapY: 26, lane: 14, between: 56 };

const GRID_COLUMNS = 6;
const MOST_STEPS = 500_000; // layers that all edges together pass by their lanes; longer edges run straight

/**
 * `ids` names the nodes (each once), `from` and `to` hold indexes into it, `memory` comes from the layout before.
 * Gives `x`, `y` (centres) and `layer` by node; for edge e the points of its way in `points[2 * starts[e] ..< 2 * starts[e + 1]]`
 * (none for a node's edge to itself), `back[e]` 1 where it leads against the layers; `box`; and the `memory` for the next time.
 */
export function layout({ ids, from, to, memory = null, size = SIZE }) {
  const graph = sorted(ids, from, to);
  const before = remembered(graph, memory);
  const direction = withoutCycles(graph, before.layer);
  const { layer, topological } = layers(graph, direction, before.layer);
  const loose = looseNodes(graph, before.layer);
  const items = withLanes(graph, direction, layer, loose);
  const old = memory ? places(graph, items, before, memory, size) : null;
  const rows = old ? orderByPlace(items, old) : orderBySweeps(graph, items, topological);
  const y = old ? settle(items, rows, size, old) : straighten(items, rows, size);
  if (!old) stack(items, y, size);
  return written(graph, items, layer, y, loose, before, memory, size);
}

// The graph by name, so that the order in which it came means nothing.

function sorted(ids, from, to) {
  const count = ids.length;
  const byRank = Int32Array.from({ length: count }, (_, index) => index)
    .sort((a, b) => (ids[a] < ids[b] ? -1 : ids[a] > ids[b] ? 1 : 0));
  const rank = new Int32Array(count);
  byRank.forEach((index, place) => { rank[index] = place; });
  const keys = new Float64Array(from.length);
  for (let edge = 0; edge < from.length; edge++) keys[edge] = rank[from[edge]] * count + rank[to[edge]];
  const unique = Float64Array.from(keys).sort();
  let kept = 0;
  for (let at = 0; at < unique.length; at++) {
    const key = unique[at];
    if ((at && key === unique[at - 1]) || Math.floor(key / count) === key % count) continue;
    unique[kept++] = key;
  }
  const tail = new Int32Array(kept), head = new Int32Array(kept);
  for (let edge = 0; edge < kept; edge++) {
    tail[edge] = Math.floor(unique[edge] / count);
    head[edge] = unique[edge] % count;
  }
  return { ids: Array.from(byRank, (index) => ids[index]), count, rank, byRank, from, to, tail, head, out: adjacency(count, tail), in: adjacency(count, head) };
}

function remembered(graph, memory) {
  const layer = new Int32Array(graph.count).fill(LOOSE - 1); // not known
  const x = new Float64Array(graph.count), y = new Float64Array(graph.count);
  if (memory) {
    graph.ids.forEach((id, node) => {
      const place = memory.nodes.get(id);
      if (place) [layer[node], x[node], y[node]] = place;
    });
  }
  return { layer, x, y };
}

/** Nodes that have no edge and had no place in a layer: they stand in a grid below the rest. */
function looseNodes({ count, out, in: into }, before) {
  const loose = new Uint8Array(count);
  for (let node = 0; node < count; node++) {
    loose[node] = out.start[node + 1] === out.start[node] && into.start[node + 1] === into.start[node] && !isKnown(before[node]) ? 1 : 0;
  }
  return loose;
}

// Lanes: an edge over several layers passes each of them at a place that all long edges into the same node share, so there
// are at most nodes x layers of these and not edges x layers. Beyond a budget, edges run straight.

function withLanes(graph, direction, layer, loose) {
  const { count, tail, head } = graph;
  const earliest = new Float64Array(count).fill(Infinity);
  for (let edge = 0; edge < tail.length; edge++) {
    const [a, b] = direction[edge] < 0 ? [head[edge], tail[edge]] : [tail[edge], head[edge]];
    if (layer[b] - layer[a] > 1) earliest[b] = Math.min(earliest[b], layer[a]);
  }
  const length = (node) => layer[node] - earliest[node] - 1;
  const wanting = [];
  for (let node = 0; node < count; node++) if (Number.isFinite(earliest[node])) wanting.push(node);
  wanting.sort((a, b) => length(a) - length(b) || a - b);
  const laneStart = new Int32Array(count).fill(-1); // the item of the lane's leftmost place
  const itemLayer = [], lanes = [];
  for (let node = 0; node < count; node++) itemLayer.push(layer[node]);
  let budget = 2000 + 4 * count;
  for (const node of wanting) {
    budget -= length(node);
    if (budget < 0) break;
    laneStart[node] = itemLayer.length;
    for (let at = earliest[node] + 1; at < layer[node]; at++) { itemLayer.push(at); lanes.push(node); }
  }
  const total = itemLayer.length;
  const segments = [];
  const add = (a, b) => { segments.push(a, b); };
  for (const node of wanting) {
    if (laneStart[node] < 0) continue;
    for (let item = laneStart[node]; item < laneStart[node] + length(node); item++) add(item, item + 1 < laneStart[node] + length(node) ? item + 1 : node);
  }
  for (let edge = 0; edge < tail.length; edge++) {
    const [a, b] = direction[edge] < 0 ? [head[edge], tail[edge]] : [tail[edge], head[edge]];
    if (layer[b] - layer[a] === 1) add(a, b);
    else if (laneStart[b] >= 0) add(a, laneStart[b] + layer[a] - earliest[b]);
  }
  const left = new Int32Array(segments.length / 2), right = new Int32Array(segments.length / 2);
  for (let at = 0; at < left.length; at++) { left[at] = segments[2 * at]; right[at] = segments[2 * at + 1]; }
  const toRight = neighbours(total, left, right), toLeft = neighbours(total, right, left);
  let lowest = Infinity, highest = -Infinity;
  for (let item = 0; item < total; item++) {
    if (item < count && loose[item]) continue;
    lowest = Math.min(lowest, itemLayer[item]);
    highest = Math.max(highest, itemLayer[item]);
  }
  if (!Number.isFinite(lowest)) [lowest, highest] = [0, -1];
  return {
    count, total, lowest, layers: highest - lowest + 1, layer: Int32Array.from(itemLayer), lanes, laneStart, earliest, loose, direction,
    toLeft, toRight, part: parts(total, count, left, right, loose),
  };
}

function neighbours(count, ends, others) {
  const { start, list } = adjacency(count, ends);
  return { start, list: list.map((segment) => others[segment]) };
}

/** The number of the connected part of each item, the largest part first. */
function parts(total, count, left, right) {
  const root = Int32Array.from({ length: total }, (_, item) => item);
  const find = (item) => {
    while (root[item] !== item) item = root[item] = root[root[item]];
    return item;
  };
  for (let at = 0; at < left.length; at++) {
    const [a, b] = [find(left[at]), find(right[at])];
    if (a !== b) root[Math.max(a, b)] = Math.min(a, b);
  }
  const sizes = new Map();
  for (let item = 0; item < count; item++) sizes.set(find(item), (sizes.get(find(item)) ?? 0) + 1);
  const rank = new Map([...sizes].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([item], place) => [item, place]));
  return Int32Array.from({ length: total }, (_, item) => rank.get(find(item)) ?? 0);
}

// What is given back.

function written(graph, items, layer, heights, loose, before, memory, size) {
  const { count, rank, byRank, ids } = graph;
  const column = size.width + size.gapX;
  const nodes = new Map(), lanes = new Map();
  const x = new Float64Array(count), y = new Float64Array(count), layerOut = new Int32Array(count);
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  const put = (node, across, down, at) => {
    const index = byRank[node];
    [x[index], y[index], layerOut[index]] = [across, down, at];
    nodes.set(ids[node], [at, across, down]);
    box.left = Math.min(box.left, across - size.width / 2);
    box.right = Math.max(box.right, across + size.width / 2);
    box.top = Math.min(box.top, down - size.height / 2);
    box.bottom = Math.max(box.bottom, down + size.height / 2);
  };
  const height = heights.map(Math.round);
  for (let node = 0; node < count; node++) if (!loose[node]) put(node, layer[node] * column, height[node], layer[node]);
  for (let item = count; item < items.total; item++) lanes.set(laneName(ids[items.lanes[item - count]], items.layer[item]), height[item]);

  const pitch = size.height + size.gapY;
  let gridTop = (Number.isFinite(box.bottom) ? box.bottom + size.between : 0) + size.height / 2;
  if (memory && memory.gridTop !== null) gridTop = Math.max(gridTop, memory.gridTop);
  const isTaken = new Set(), waiting = [];
  for (let node = 0; node < count; node++) {
    if (!loose[node]) continue;
    if (before.layer[node] !== LOOSE) { waiting.push(node); continue; }
    const [across, down] = [Math.round(before.x[node] / column), Math.round((before.y[node] - memory.gridTop) / pitch)];
    isTaken.add(down * GRID_COLUMNS + across);
    put(node, across * column, gridTop + down * pitch, LOOSE);
  }
  let slot = 0;
  for (const node of waiting) {
    while (isTaken.has(slot)) slot++;
    put(node, (slot % GRID_COLUMNS) * column, gridTop + Math.floor(slot / GRID_COLUMNS) * pitch, LOOSE);
    slot++;
  }
  const gone = { left: 0, top: 0, right: 0, bottom: 0 };
  const ways = routes(graph, items, layer, height, x, y, size);
  return { x, y, layer: layerOut, ...ways, box: count ? box : gone, lanes: items.total - count,
    memory: { nodes, lanes, gridTop: isTaken.size || waiting.length ? gridTop : null }, rank };
}

/** Over how many layers edges may go by their lanes, so that all ways together have a bounded number of points. */
function longestWay(rank, from, to, layer) {
  const length = Int32Array.from(from, (_, edge) => Math.abs(layer[rank[to[edge]]] - layer[rank[from[edge]]])).sort();
  let sum = 0;
  for (const layers of length) {
    sum += layers;
    if (sum > MOST_STEPS) return layers - 1;
  }
  return Infinity;
}

/** Edges go from the right side of one node to the left side of the other, and straight through the columns between. */
function routes({ rank, from, to }, items, layer, height, x, y, size) {
  const starts = new Int32Array(from.length + 1), back = new Uint8Array(from.length);
  const points = [];
  const half = size.width / 2, column = size.width + size.gapX;
  const longest = longestWay(rank, from, to, layer);
  for (let edge = 0; edge < from.length; edge++) {
    starts[edge] = points.length / 2;
    if (from[edge] === to[edge]) continue;
    const turned = layer[rank[from[edge]]] > layer[rank[to[edge]]];
    const [a, b] = turned ? [to[edge], from[edge]] : [from[edge], to[edge]];
    const [low, high] = [rank[a], rank[b]];
    // An edge that leads back runs a little lower, beside the one that leads forth.
    const aside = turned ? 12 : 0;
    const way = [x[a] + half, y[a] + aside];
    if (items.laneStart[high] >= 0 && layer[high] - layer[low] <= longest) {
      for (let at = layer[low] + 1; at < layer[high]; at++) {
        const down = height[items.laneStart[high] + at - items.earliest[high] - 1] + aside / 2;
        // Straight on through several columns takes two points, not two a column.
        if (way.length > 2 && way.at(-1) === down) way[way.length - 2] = at * column + half;
        else way.push(at * column - half, down, at * column + half, down);
      }
    }
    way.push(x[b] - half, y[b] + aside);
    if (turned) {
      back[edge] = 1;
      for (let at = way.length - 2; at >= 0; at -= 2) points.push(way[at], way[at + 1]);
    } else {
      for (const value of way) points.push(value);
    }
  }
  starts[from.length] = points.length / 2;
  return { starts, points: Float64Array.from(points), back };
}
