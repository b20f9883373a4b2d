// In which layer of a picture each node of a directed graph stands: rings are cut, then every edge leads to a later layer.

export const LOOSE = -32768; // the layer of a node that nothing calls and that calls nothing
export const isKnown = (layer) => layer > LOOSE;

/** The numbers of edges by their end: those of node v are `list[start[v] ..< start[v + 1]]`. */
export function adjacency(count, ends) {
  const start = new Int32Array(count + 1);
  for (const end of ends) start[end + 1]++;
  for (let node = 0; node < count; node++) start[node + 1] += start[node];
  const list = new Int32Array(ends.length);
  const next = start.slice();
  for (let edge = 0; edge < ends.length; edge++) list[next[ends[edge]]++] = edge;
  return { start, list };
}

// Cycles. Edges that led backwards before do so again; what is still in a ring is cut where least leads back.

/** For each edge 1, or -1 where it has to be turned round so that no ring is left. Meanwhile 0: taken out. */
export function withoutCycles(graph, before) {
  const { tail, head } = graph;
  const direction = new Int8Array(tail.length).fill(1);
  const ring = rings(graph, direction);
  let isCut = false;
  for (let edge = 0; edge < tail.length; edge++) {
    const [a, b] = [tail[edge], head[edge]];
    if (ring[a] === ring[b] && isKnown(before[a]) && isKnown(before[b]) && before[a] > before[b]) { direction[edge] = 0; isCut = true; }
  }
  const left = isCut ? rings(graph, direction) : ring;
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
  for (let edge = 0; edge < tail.length; edge++) if (direction[edge]) missing[direction[edge] < 0 ? tail[edge] : head[edge]]++;
  const order = new Int32Array(count);
  let known = 0;
  for (let node = 0; node < count; node++) if (!missing[node]) order[known++] = node;
  for (let at = 0; at < known; at++) {
    const node = order[at];
    for (const list of [out, into]) {
      for (let place = list.start[node]; place < list.start[node + 1]; place++) {
        const edge = list.list[place];
        // An edge leads on from here if this is its end in the direction it has.
        if (!direction[edge] || (direction[edge] > 0) !== (list === out)) continue;
        const other = list === out ? head[edge] : tail[edge];
        if (--missing[other] === 0) order[known++] = other;
      }
    }
  }
  return order.subarray(0, known);
}

// Layers: as many steps from the left as the longest way takes, and near to what is called.

export function layers(graph, direction, before) {
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
