// The order of a picture's items within their layers, and how high each stands.

// Order within the layers.

function rowsOf(items) {
  const rows = Array.from({ length: items.layers }, () => []);
  for (let item = 0; item < items.total; item++) {
    if (item < items.count && items.loose[item]) continue;
    rows[items.layer[item] - items.lowest].push(item);
  }
  return rows;
}

export function orderBySweeps(graph, items, topological) {
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

export function straighten(items, rows, size) {
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
export function stack(items, y, size) {
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

export const laneName = (id, layer) => `${layer} ${id}`;

/** Where each item stood, or should stand: its neighbours' middle, or below all. */
export function places(graph, items, before, memory, size) {
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
  for (let item = 0; item < total; item++) if (Number.isNaN(y[item])) y[item] = lowest + 2 * size.height;
  return { y, isFixed };
}

export function orderByPlace(items, { y, isFixed }) {
  return rowsOf(items).map((row) => Int32Array.from(row).sort((a, b) => y[a] - y[b] || isFixed[b] - isFixed[a] || a - b));
}

export function settle(items, rows, size, { y: wanted, isFixed }) {
  const y = Float64Array.from(wanted);
  // A lane gives way to a node that stood there.
  const weight = Float64Array.from(wanted, (_, item) => (isFixed[item] ? (item < items.count ? 1e6 : 1e3) : 1));
  for (const row of rows) spread(items, row, 0, row.length, size, wanted, weight, y);
  return y;
}
