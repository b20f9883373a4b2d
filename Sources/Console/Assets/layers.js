// Lays a directed graph out in layers, callers left of what they call. Pure: no document, no clock; runs in a worker as well.
//
// What it keeps to: the same graph gives the same picture, in whatever order it comes. Given the memory of an earlier layout,
// whoever stood in a column stays in it and in the same order, and moves only as far as newcomers need room.
// Nothing recurses, and what is added for long edges is bounded: all long edges into one node share one lane.

export const SIZE = { width: 204, height: 64, gapX: 70, gapY: 26, lane: 14, between: 56 };

const LOOSE = -32768; // the layer of a node that nothing calls and that calls nothing
const GRID_COLUMNS = 6;

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
  const old = memory ? places(graph, items, before, memory) : null;
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

/** The numbers of edges by their end: those of node v are `list[start[v] ..< start[v + 1]]`. */
function adjacency(count, ends) {
  const start = new Int32Array(count + 1);
  for (const end of ends) start[end + 1]++;
  for (let node = 0; node < count; node++) start[node + 1] += start[node];
  const list = new Int32Array(ends.length);
  const next = start.slice();
  for (let edge = 0; edge < ends.length; edge++) list[next[ends[edge]]++] = edge;
  return { start, list };
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

const isKnown = (layer) => layer > LOOSE;

// Cycles. Edges that led backwards before do so again; what is still in a ring is cut where least leads back.

/** For each edge 1, or -1 where it has to be turned round so that no ring is left. Meanwhile 0: taken out. */
function withoutCycles(graph, before) {
  const { tail, head } = graph;
  const direction = new Int8Array(tail.length).fill(1);
  const ring = rings(graph, direction);
  for (let edge = 0; edge < tail.length; edge++) {
    const [a, b] = [tail[edge], head[edge]];
    if (ring[a] === ring[b] && isKnown(before[a]) && isKnown(before[b]) && before[a] > before[b]) direction[edge] = 0;
  }
  const left = rings(graph, direction);
  const order = greedyOrder(graph, direction, left);
  for (let edge = 0; edge < tail.length; edge++) {
    if (direction[edge] && left[tail[edge]] === left[head[edge]] && order[tail[edge]] > order[head[edge]]) direction[edge] = 0;
  }
  // No ring is left. Of what was taken out, some leads forward in the layers of the rest after all; the other is turned.
  const { layer, topological } = layers(graph, direction, before);
  const place = new Int32Array(graph.count);
  topological.forEach((node, at) => { place[node] = at; });
  const isForward = (a, b) => (layer[a] === layer[b] ? place[a] < place[b] : layer[a] < layer[b]);
  for (let edge = 0; edge < tail.length; edge++) if (!direction[edge]) direction[edge] = isForward(tail[edge], head[edge]) ? 1 : -1;
  return direction;
}

/** The number of each node's strongly connected component (Tarjan's algorithm with a stack of its own). */
function rings({ count, head, out }, direction) {
  const number = new Int32Array(count).fill(-1), low = new Int32Array(count), ring = new Int32Array(count).fill(-1);
  const next = out.start.slice(0, count), path = [], waiting = [];
  let seen = 0, found = 0;
  for (let root = 0; root < count; root++) {
    if (number[root] >= 0) continue;
    path.push(root);
    while (path.length) {
      const node = path[path.length - 1];
      if (number[node] < 0) { number[node] = low[node] = seen++; waiting.push(node); }
      let deeper = -1;
      while (next[node] < out.start[node + 1]) {
        const edge = out.list[next[node]];
        if (!direction[edge]) { next[node]++; continue; }
        const other = head[edge];
        if (number[other] < 0) { deeper = other; break; }
        if (ring[other] < 0) low[node] = Math.min(low[node], low[other]);
        next[node]++;
      }
      if (deeper >= 0) { path.push(deeper); continue; }
      path.pop();
      if (low[node] === number[node]) {
        let member;
        do { member = waiting.pop(); ring[member] = found; } while (member !== node);
        found++;
      }
    }
  }
  return ring;
}

/** An order of the nodes in which few edges within a ring lead back: those with more calls out than in come first (Eades, Lin, Smyth). */
function greedyOrder({ count, tail, head, out, in: into }, direction, ring) {
  const outs = new Int32Array(count), ins = new Int32Array(count), outside = new Uint8Array(count);
  for (let edge = 0; edge < tail.length; edge++) {
    if (!direction[edge]) continue;
    if (ring[tail[edge]] === ring[head[edge]]) { outs[tail[edge]]++; ins[head[edge]]++; } else outside[head[edge]] = 1;
  }
  const order = new Int32Array(count);
  const taken = new Uint8Array(count);
  const members = [];
  for (let node = 0; node < count; node++) if (outs[node]) members.push(node); else taken[node] = 1;
  const buckets = new Map();
  // Where a ring is entered from outside is where people begin to read it.
  const worth = (node) => outs[node] - ins[node] + (outside[node] ? 1000 : 0);
  let best = -Infinity;
  const push = (node) => {
    const key = !ins[node] ? 1e6 : !outs[node] ? -1e6 : worth(node);
    if (!buckets.has(key)) buckets.set(key, []);
    buckets.get(key).push(node);
    if (key > best) best = key;
  };
  members.toReversed().forEach(push);
  let first = 0, last = count, left = members.length;
  const keyOf = (node) => (!ins[node] ? 1e6 : !outs[node] ? -1e6 : worth(node));
  const pop = (key) => {
    const list = buckets.get(key);
    while (list?.length) {
      const node = list.pop();
      if (!taken[node] && keyOf(node) === key) return node;
    }
    buckets.delete(key);
    return -1;
  };
  const release = (node) => {
    taken[node] = 1;
    left--;
    for (let at = out.start[node]; at < out.start[node + 1]; at++) {
      const edge = out.list[at], other = head[edge];
      if (direction[edge] && ring[other] === ring[node] && !taken[other]) { ins[other]--; push(other); }
    }
    for (let at = into.start[node]; at < into.start[node + 1]; at++) {
      const edge = into.list[at], other = tail[edge];
      if (direction[edge] && ring[other] === ring[node] && !taken[other]) { outs[other]--; push(other); }
    }
  };
  while (left > 0) {
    const end = pop(-1e6);
    if (end >= 0) { order[end] = --last; release(end); continue; }
    let start = -1;
    while (start < 0 && buckets.size) {
      if (!buckets.has(best)) best = Math.max(...buckets.keys());
      start = pop(best);
    }
    if (start < 0) break;
    order[start] = first++;
    release(start);
  }
  return order;
}

function topologicalOrder({ count, tail, head, out, in: into }, direction) {
  const missing = new Int32Array(count);
  const ends = (edge) => (direction[edge] < 0 ? [head[edge], tail[edge]] : [tail[edge], head[edge]]);
  for (let edge = 0; edge < tail.length; edge++) if (direction[edge]) missing[direction[edge] < 0 ? tail[edge] : head[edge]]++;
  const order = new Int32Array(count);
  let known = 0;
  for (let node = 0; node < count; node++) if (!missing[node]) order[known++] = node;
  for (let at = 0; at < known; at++) {
    const node = order[at];
    for (const list of [out, into]) {
      for (let place = list.start[node]; place < list.start[node + 1]; place++) {
        const edge = list.list[place];
        if (!direction[edge]) continue;
        const [a, b] = ends(edge);
        if (a === node && --missing[b] === 0) order[known++] = b;
      }
    }
  }
  return order.subarray(0, known);
}

// Layers: as many steps from the left as the longest way takes, and near to what is called.

function layers(graph, direction, before) {
  const { count, tail, head } = graph;
  const topological = topologicalOrder(graph, direction);
  const used = direction.every(Boolean) ? null : Int32Array.from(direction.keys()).filter((edge) => direction[edge]);
  const ends = (turned, other) => {
    const end = (edge) => (direction[edge] < 0 ? turned[edge] : other[edge]);
    return used ? used.map(end) : Int32Array.from(tail, (_, edge) => end(edge));
  };
  const low = ends(head, tail), high = ends(tail, head);
  const above = adjacency(count, high), below = adjacency(count, low);
  const fresh = new Int32Array(count);
  for (const node of topological) {
    for (let at = above.start[node]; at < above.start[node + 1]; at++) fresh[node] = Math.max(fresh[node], fresh[low[above.list[at]]] + 1);
  }
  for (let at = count - 1; at >= 0; at--) {
    const node = topological[at];
    const [ins, outs] = [above.start[node + 1] - above.start[node], below.start[node + 1] - below.start[node]];
    if (!outs || outs <= ins) continue;
    let nearest = Infinity;
    for (let place = below.start[node]; place < below.start[node + 1]; place++) nearest = Math.min(nearest, fresh[high[below.list[place]]]);
    fresh[node] = nearest - 1;
  }
  if (!before.some(isKnown)) return { layer: fresh, topological };

  // Whoever has a place keeps it as long as its callers are left of it. A new caller of something known stands just before that.
  const latest = new Float64Array(count).fill(Infinity);
  for (let at = count - 1; at >= 0; at--) {
    const node = topological[at];
    if (isKnown(before[node])) { latest[node] = before[node]; continue; }
    for (let place = below.start[node]; place < below.start[node + 1]; place++) latest[node] = Math.min(latest[node], latest[high[below.list[place]]] - 1);
  }
  const layer = new Int32Array(count);
  for (const node of topological) {
    let earliest = -Infinity;
    for (let at = above.start[node]; at < above.start[node + 1]; at++) earliest = Math.max(earliest, layer[low[above.list[at]]] + 1);
    if (isKnown(before[node])) layer[node] = Math.max(before[node], earliest);
    else if (earliest > -Infinity) layer[node] = earliest;
    else layer[node] = Number.isFinite(latest[node]) ? latest[node] : fresh[node];
  }
  return { layer, topological };
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

// Order within the layers.

function rowsOf(items) {
  const rows = Array.from({ length: items.layers }, () => []);
  for (let item = 0; item < items.total; item++) {
    if (item < items.count && items.loose[item]) continue;
    rows[items.layer[item] - items.lowest].push(item);
  }
  return rows;
}

function orderBySweeps(graph, items, topological) {
  const { toLeft, toRight, part, total } = items;
  // At first as a walk from the left meets them, by name.
  const met = new Int32Array(total).fill(-1);
  let clock = 0;
  const path = [];
  for (const begin of Array.from(topological).sort((a, b) => part[a] - part[b] || items.layer[a] - items.layer[b] || a - b)) {
    path.push(begin);
    while (path.length) {
      const item = path.pop();
      if (met[item] >= 0) continue;
      met[item] = clock++;
      for (let at = toRight.start[item + 1] - 1; at >= toRight.start[item]; at--) if (met[toRight.list[at]] < 0) path.push(toRight.list[at]);
    }
  }
  let rows = rowsOf(items).map((row) => Int32Array.from(row).sort((a, b) => part[a] - part[b] || met[a] - met[b]));
  const position = new Int32Array(total);
  const number = () => { for (const row of rows) for (let at = 0; at < row.length; at++) position[row[at]] = at; };
  number();
  const key = new Float64Array(total);
  const sweep = (row, reference, side) => {
    for (let at = 0; at < row.length; at++) {
      const item = row[at];
      const [begin, end] = [side.start[item], side.start[item + 1]];
      let sum = 0;
      for (let place = begin; place < end; place++) sum += position[side.list[place]];
      key[item] = end > begin ? sum / (end - begin) : (at / row.length) * reference.length;
    }
    row.sort((a, b) => part[a] - part[b] || key[a] - key[b] || position[a] - position[b]);
    for (let at = 0; at < row.length; at++) position[row[at]] = at;
  };
  const rounds = total > 20000 ? 4 : total > 4000 ? 8 : 16;
  let best = rows.map((row) => row.slice()), fewest = crossings(items, rows, position), idle = 0;
  for (let round = 0; round < rounds && fewest > 0 && idle < 4; round++) {
    for (let at = 1; at < rows.length; at++) sweep(rows[at], rows[at - 1], toLeft);
    for (let at = rows.length - 2; at >= 0; at--) sweep(rows[at], rows[at + 1], toRight);
    if (total < 1500) swap(items, rows, position);
    const now = crossings(items, rows, position);
    if (now < fewest) { fewest = now; idle = 0; best = rows.map((row) => row.slice()); } else idle++;
  }
  return best;
}

/** How often lines between neighbouring layers cross: inversions, counted with a Fenwick tree. */
function crossings(items, rows, position) {
  let sum = 0;
  for (let at = 0; at + 1 < rows.length; at++) {
    const width = rows[at + 1].length;
    const tree = new Int32Array(width + 1);
    let drawn = 0;
    for (const item of rows[at]) {
      const [begin, end] = [items.toRight.start[item], items.toRight.start[item + 1]];
      for (let place = begin; place < end; place++) {
        let below = 0;
        for (let node = position[items.toRight.list[place]] + 1; node > 0; node -= node & -node) below += tree[node];
        sum += drawn - below;
      }
      for (let place = begin; place < end; place++) {
        for (let node = position[items.toRight.list[place]] + 1; node <= width; node += node & -node) tree[node]++;
      }
      drawn += end - begin;
    }
  }
  return sum;
}

/** Exchanges neighbours in a row as long as that leaves fewer crossings. */
function swap(items, rows, position) {
  const { toLeft, toRight, part } = items;
  const between = (side, a, b) => {
    let sum = 0;
    for (let at = side.start[a]; at < side.start[a + 1]; at++) {
      for (let other = side.start[b]; other < side.start[b + 1]; other++) sum += Math.sign(position[side.list[at]] - position[side.list[other]]);
    }
    return sum; // above 0: a's lines end after b's
  };
  for (let again = true, round = 0; again && round < 6; round++) {
    again = false;
    for (const row of rows) {
      for (let at = 0; at + 1 < row.length; at++) {
        const [a, b] = [row[at], row[at + 1]];
        if (part[a] !== part[b] || between(toLeft, a, b) + between(toRight, a, b) <= 0) continue;
        [row[at], row[at + 1], position[a], position[b]] = [b, a, at + 1, at];
        again = true;
      }
    }
  }
}

// Heights.

const halfOf = (items, size, item) => (item < items.count ? (size.height + size.gapY) / 2 : size.lane / 2);

/**
 * The heights nearest to the ones wanted that keep the order and the distances: least squares by pooling neighbours that
 * are in each other's way.
 */
function spread(items, row, begin, end, size, wanted, weight, y) {
  const blocks = [];
  let offset = 0;
  for (let at = begin; at < end; at++) {
    const item = row[at];
    if (at > begin) offset += halfOf(items, size, row[at - 1]) + halfOf(items, size, item);
    let block = { sum: (wanted[item] - offset) * weight[item], weight: weight[item], count: 1 };
    while (blocks.length && blocks.at(-1).sum * block.weight >= block.sum * blocks.at(-1).weight) {
      const before = blocks.pop();
      block = { sum: before.sum + block.sum, weight: before.weight + block.weight, count: before.count + block.count };
    }
    blocks.push(block);
  }
  offset = 0;
  let at = begin;
  for (const block of blocks) {
    for (let step = 0; step < block.count; step++, at++) {
      if (at > begin) offset += halfOf(items, size, row[at - 1]) + halfOf(items, size, row[at]);
      y[row[at]] = block.sum / block.weight + offset;
    }
  }
}

/** What an item's neighbours would have it at. Lanes pull each other hardest, so that long edges are straight. */
function pull(items, sides, item, y, wanted, weight) {
  let sum = 0, pulls = 0;
  for (const side of sides) {
    for (let at = side.start[item]; at < side.start[item + 1]; at++) {
      const other = side.list[at];
      const strength = (item >= items.count ? 1 : 0) + (other >= items.count ? 1 : 0);
      const force = strength === 2 ? 8 : strength === 1 ? 2 : 1;
      sum += force * y[other];
      pulls += force;
    }
  }
  wanted[item] = pulls ? sum / pulls : y[item];
  weight[item] = pulls || 0.05;
}

function straighten(items, rows, size) {
  const { total, part, toLeft, toRight } = items;
  const y = new Float64Array(total), wanted = new Float64Array(total), weight = new Float64Array(total).fill(1);
  for (const row of rows) spread(items, row, 0, row.length, size, wanted, weight, y);
  const align = (row, sides) => {
    for (const item of row) pull(items, sides, item, y, wanted, weight);
    for (let begin = 0, end; begin < row.length; begin = end) {
      end = begin + 1;
      while (end < row.length && part[row[end]] === part[row[begin]]) end++;
      spread(items, row, begin, end, size, wanted, weight, y);
    }
  };
  const rounds = total > 20000 ? 2 : total > 4000 ? 4 : 10;
  for (let round = 0; round < rounds; round++) {
    for (let at = 1; at < rows.length; at++) align(rows[at], [toLeft]);
    for (let at = rows.length - 2; at >= 0; at--) align(rows[at], [toRight]);
  }
  for (let round = 0; round < 2; round++) for (const row of rows) align(row, [toLeft, toRight]);
  return y;
}

/** Sets the connected parts one below the other. */
function stack(items, y, size) {
  const top = [], bottom = [];
  for (let item = 0; item < items.total; item++) {
    if (item < items.count && items.loose[item]) continue;
    const part = items.part[item];
    top[part] = Math.min(top[part] ?? Infinity, y[item] - halfOf(items, size, item));
    bottom[part] = Math.max(bottom[part] ?? -Infinity, y[item] + halfOf(items, size, item));
  }
  const shift = [];
  let below = 0;
  top.forEach((_, part) => {
    shift[part] = below - top[part];
    below += bottom[part] - top[part] + size.between - size.gapY;
  });
  for (let item = 0; item < items.total; item++) if (!(item < items.count && items.loose[item])) y[item] += shift[items.part[item]];
}

// With a memory: those who have a place keep it.

const laneName = (id, layer) => `${layer} ${id}`;

/** Where each item stood, or should stand: its neighbours' middle, or below all. */
function places(graph, items, before, memory) {
  const { total, count, toLeft, toRight } = items;
  const y = new Float64Array(total).fill(NaN), isFixed = new Uint8Array(total);
  let lowest = 0;
  for (let item = 0; item < total; item++) {
    let place;
    if (item < count) place = before.layer[item] === items.layer[item] && !items.loose[item] ? before.y[item] : undefined;
    else place = memory.lanes.get(laneName(graph.ids[items.lanes[item - count]], items.layer[item]));
    if (place === undefined) continue;
    y[item] = place;
    isFixed[item] = 1;
    lowest = Math.max(lowest, place);
  }
  for (let round = 0; round < 4; round++) {
    for (let item = 0; item < total; item++) {
      if (isFixed[item]) continue;
      let sum = 0, known = 0;
      for (const side of [toLeft, toRight]) {
        for (let at = side.start[item]; at < side.start[item + 1]; at++) if (!Number.isNaN(y[side.list[at]])) { sum += y[side.list[at]]; known++; }
      }
      if (known) y[item] = sum / known;
    }
  }
  for (let item = 0; item < total; item++) if (Number.isNaN(y[item])) y[item] = lowest + 2 * SIZE.height;
  return { y, isFixed };
}

function orderByPlace(items, { y, isFixed }) {
  return rowsOf(items).map((row) => Int32Array.from(row).sort((a, b) => y[a] - y[b] || isFixed[b] - isFixed[a] || a - b));
}

function settle(items, rows, size, { y: wanted, isFixed }) {
  const y = Float64Array.from(wanted);
  // A lane gives way to a node that stood there.
  const weight = Float64Array.from(wanted, (_, item) => (isFixed[item] ? (item < items.count ? 1e6 : 1e3) : 1));
  for (const row of rows) spread(items, row, 0, row.length, size, wanted, weight, y);
  return y;
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

/** Edges go from the right side of one node to the left side of the other, and straight through the columns between. */
function routes({ rank, from, to }, items, layer, height, x, y, size) {
  const starts = new Int32Array(from.length + 1), back = new Uint8Array(from.length);
  const points = [];
  const half = size.width / 2, column = size.width + size.gapX;
  for (let edge = 0; edge < from.length; edge++) {
    starts[edge] = points.length / 2;
    if (from[edge] === to[edge]) continue;
    const turned = layer[rank[from[edge]]] > layer[rank[to[edge]]];
    const [a, b] = turned ? [to[edge], from[edge]] : [from[edge], to[edge]];
    const [low, high] = [rank[a], rank[b]];
    // An edge that leads back runs a little lower, beside the one that leads forth.
    const aside = turned ? 12 : 0;
    const way = [x[a] + half, y[a] + aside];
    if (items.laneStart[high] >= 0) {
      for (let at = layer[low] + 1; at < layer[high]; at++) {
        const down = height[items.laneStart[high] + at - items.earliest[high] - 1] + aside / 2;
        way.push(at * column - half, down, at * column + half, down);
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
