// Boxes and lines of a picture, from what is shown and where it stands; and which of them is at a point. No document.

import { SIZE } from "./layers.js";

/** `{ boxes, lines, boxOf, box }`. A box is `{ unit, x, y, layer }`, a line `{ edge, points, middle, wide }`. */
export function sceneOf({ units, edges, strong }, result) {
  const boxes = units.map((unit, index) => ({ unit, x: result.x[index], y: result.y[index], layer: result.layer[index], cache: new Map() }));
  const boxOf = new Map(boxes.map((box) => [box.unit.id, box]));
  const most = Math.log1p(edges.reduce((most, edge) => Math.max(most, edge.count), 1));
  const beside = new Map();
  const lines = edges.map((edge, index) => {
    const points = edge.from === edge.to ? loop(boxOf.get(edge.from)) : index >= strong ? direct(boxOf.get(edge.from), boxOf.get(edge.to)) : Array.from(result.points.subarray(2 * result.starts[index], 2 * result.starts[index + 1]));
    // Edges of several kinds between the same two run beside each other.
    const pair = `${edge.from}\n${edge.to}`;
    const place = beside.get(pair) ?? 0;
    beside.set(pair, place + 1);
    if (place) for (let at = 1; at < points.length; at += 2) points[at] += 7 * place;
    return {
      edge, points, isWeak: index >= strong, isBack: boxOf.get(edge.to).x <= boxOf.get(edge.from).x, isDashed: edge.isAsync || edge.change === "gone", order: edge.step + (edge.change && edge.change !== "same" ? 5 : 0),
      wide: 1.2 + 3.8 * (Math.log1p(edge.count) / most) ** 1.5, middle: middle(points), ...bounds(points),
    };
  });
  return { boxes, lines, boxOf, box: result.box, lit: null, hits: null, chosen: null, isDiff: edges.some((edge) => edge.change !== null) || units.some((unit) => unit.change !== null) };
}

/** The way of an edge that has none in the layout. */
function direct(from, to) {
  const side = to.x > from.x ? SIZE.width / 2 : -SIZE.width / 2;
  return [from.x + side, from.y, to.x - side, to.y];
}

function loop({ x, y }) {
  const [left, top] = [x + SIZE.width / 2, y - SIZE.height / 2];
  return [left - 30, top, left - 10, top - 16, left + 14, top, left, top + 18];
}

/** The middle of the longest stretch that bends or the only one. */
function middle(points) {
  let best = 0, length = -1;
  for (let at = 0; at + 3 < points.length; at += 2) {
    const long = Math.hypot(points[at + 2] - points[at], points[at + 3] - points[at + 1]);
    if (long > length) { length = long; best = at; }
  }
  return [(points[best] + points[best + 2]) / 2, (points[best + 1] + points[best + 3]) / 2];
}

function bounds(points) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (let at = 0; at < points.length; at += 2) {
    box.left = Math.min(box.left, points[at]);
    box.right = Math.max(box.right, points[at]);
    box.top = Math.min(box.top, points[at + 1]);
    box.bottom = Math.max(box.bottom, points[at + 1]);
  }
  return box;
}

/** The box at a point of the picture, else the edge within `reach` of it, else null. */
export function hit(scene, x, y, reach) {
  for (const box of scene.boxes) {
    if (Math.abs(box.x - x) <= SIZE.width / 2 && Math.abs(box.y - y) <= SIZE.height / 2) return { unit: box.unit };
  }
  let best = null, nearest = reach;
  for (const line of scene.lines) {
    if (line.isWeak && !scene.lit?.edges.has(line.edge.id)) continue;
    if (x < line.left - reach || x > line.right + reach || y < line.top - reach || y > line.bottom + reach) continue;
    const away = distance(line.points, x, y);
    if (away < nearest) { nearest = away; best = line.edge; }
  }
  return best && { edge: best };
}

/** From a point to a way as it is drawn, by eight steps for each bend. */
function distance(points, x, y) {
  let least = Infinity, [px, py] = points;
  for (let at = 2; at < points.length; at += 2) {
    const [x0, y0, x1, y1] = [points[at - 2], points[at - 1], points[at], points[at + 1]];
    const half = x0 + (x1 - x0) * 0.5;
    for (let step = 1; step <= 8; step++) {
      const t = step / 8, s = 1 - t;
      const qx = s ** 3 * x0 + 3 * s * s * t * half + 3 * s * t * t * half + t ** 3 * x1;
      const qy = s ** 3 * y0 + 3 * s * s * t * y0 + 3 * s * t * t * y1 + t ** 3 * y1;
      const [dx, dy] = [qx - px, qy - py];
      const along = Math.max(0, Math.min(1, ((x - px) * dx + (y - py) * dy) / (dx * dx + dy * dy || 1)));
      least = Math.min(least, Math.hypot(px + along * dx - x, py + along * dy - y));
      [px, py] = [qx, qy];
    }
  }
  return least;
}

/** A unit with its neighbours, or an edge with its ends: what stays bright when it is chosen. */
export function around(scene, chosen) {
  const units = new Set(), edges = new Set();
  for (const { edge } of scene.lines) {
    if (edge.id !== chosen && edge.from !== chosen && edge.to !== chosen) continue;
    edges.add(edge.id);
    units.add(edge.from).add(edge.to);
  }
  if (scene.boxOf.has(chosen)) units.add(chosen);
  return units.size ? { units, edges } : null;
}

/**
 * Where an arrow key leads from a box: along its busiest call to the right, its busiest caller to the left, its neighbour
 * above or below in the column. Null when there is none.
 */
export function next(scene, id, key) {
  const here = scene.boxOf.get(id);
  if (!here) return scene.boxes[0]?.unit.id ?? null;
  if (key === "ArrowRight" || key === "ArrowLeft") {
    const isForward = key === "ArrowRight";
    const others = scene.lines.map(({ edge }) => edge).filter((edge) => edge.from !== edge.to && (isForward ? edge.from : edge.to) === id)
      .sort((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1));
    return others.length ? (isForward ? others[0].to : others[0].from) : null;
  }
  const side = key === "ArrowDown" ? 1 : -1;
  let best = null, nearest = Infinity;
  for (const box of scene.boxes) {
    if (box.x !== here.x || (box.y - here.y) * side <= 0) continue;
    const away = Math.abs(box.y - here.y);
    if (away < nearest) { nearest = away; best = box.unit.id; }
  }
  return best;
}
