// Draws a call graph on a canvas: boxes and edges of a scene, as a camera sees them. Knows nothing of events.

import { visible } from "./dom.js";
import { duration } from "./format.js";
import { CHANGES, errorText, isFailing, rateText } from "./graphModel.js";
import { SIZE } from "./layers.js";

const { width: W, height: H } = SIZE;
const NAMES = ["step0", "step1", "step2", "step3", "step4", "edge0", "edge1", "edge2", "edge3", "edge4", "surface", "raised", "ink", "soft", "line", "strong-line", "bad", "focus",
  "hatch", "diff-new", "diff-gone", "diff-slower", "diff-faster", "diff-more-errors", "diff-fewer-errors"];

/** The page's colours as they are now; text as the page writes it. */
export function readTheme(element) {
  const style = getComputedStyle(element);
  const theme = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim() || "#888888"]));
  theme.font = style.fontFamily;
  return theme;
}

/** How far a box can be told: 2 with figures, 1 with its name, 0 as a shape. */
export const detail = (zoom) => (zoom >= 0.5 ? 2 : zoom >= 0.2 ? 1 : 0);

export function paint(context, scene, camera, theme, size) {
  const { zoom } = camera;
  const seen = { left: camera.x, top: camera.y, right: camera.x + size.width / zoom, bottom: camera.y + size.height / zoom };
  context.save();
  context.scale(zoom, zoom);
  context.translate(-camera.x, -camera.y);
  edges(context, scene, camera, theme, seen);
  for (const box of scene.boxes) {
    if (box.x + W < seen.left || box.x - W > seen.right || box.y + H < seen.top || box.y - H > seen.bottom) continue;
    drawBox(context, box, scene, zoom, theme);
  }
  context.restore();
}

// Edges: cold ones first, so that hot ones lie on top; those of a chosen box last of all.

function edges(context, scene, camera, theme, seen) {
  const { zoom } = camera;
  const batches = new Map();
  const marked = [];
  for (const line of scene.lines) {
    if (line.right < seen.left || line.left > seen.right || line.bottom < seen.top || line.top > seen.bottom) continue;
    const isMarked = scene.lit && scene.lit.edges.has(line.edge.id);
    if (isMarked) marked.push(line);
    if (line.isWeak || isMarked) continue;
    const wide = Math.round(2 * line.wide) / 2 / Math.max(zoom, 0.45);
    const key = `${colourOf(line.edge, scene)} ${wide.toFixed(1)} ${line.isDashed ? 1 : 0} ${line.order}`;
    if (!batches.has(key)) batches.set(key, { colour: colourOf(line.edge, scene), wide, isDashed: line.isDashed, order: line.order, lines: [] });
    batches.get(key).lines.push(line);
  }
  const crowd = scene.lines.length > 4000 ? 0.35 : scene.lines.length > 600 ? 0.6 : 0.9;
  for (const batch of [...batches.values()].sort((a, b) => a.order - b.order)) {
    context.globalAlpha = scene.lit ? Math.min(0.16, crowd) : batch.order >= 3 ? Math.max(crowd, 0.55) : crowd;
    stroke(context, batch, theme, zoom);
  }
  context.globalAlpha = 1;
  for (const line of marked.sort((a, b) => a.order - b.order)) {
    stroke(context, { colour: colourOf(line.edge, scene), wide: (line.wide + 0.8) / Math.max(zoom, 0.45), isDashed: line.isDashed, lines: [line] }, theme, zoom);
  }
  if (zoom < 0.3) return;
  for (const line of scene.lines) {
    const isMarked = scene.lit?.edges.has(line.edge.id);
    if ((scene.lit || line.isWeak) && !isMarked) continue;
    if (line.right < seen.left || line.left > seen.right || line.bottom < seen.top || line.top > seen.bottom) continue;
    if (isMarked && zoom > 0.8 && scene.lit.edges.size <= 40) label(context, line, `${rateText(line.edge)}${line.edge.p95 === null ? "" : ` · ${duration(line.edge.p95)}`}`, theme, zoom);
    if (scene.isDiff ? line.edge.change && line.edge.change !== "same" : isFailing(line.edge)) sign(context, line.middle, scene.isDiff ? line.edge.change : "more-errors", theme, 8 / Math.max(zoom, 0.7));
  }
}

const colourOf = (value, scene) => (scene.isDiff ? (value.change === "same" || !value.change ? "strong-line" : `diff-${value.change}`) : `edge${value.step}`);

function stroke(context, { colour, wide, isDashed, lines }, theme, zoom) {
  context.strokeStyle = context.fillStyle = theme[colour];
  context.lineWidth = wide;
  context.setLineDash(isDashed ? [6 + wide, 4 + wide] : []);
  context.beginPath();
  // Of very many from very far, only where they lead can be seen.
  const isCrowd = zoom < 0.2 && lines.length > 500;
  for (const { points } of lines) {
    if (!isCrowd) { trace(context, points); continue; }
    context.moveTo(points[0], points[1]);
    context.lineTo(points.at(-2), points.at(-1));
  }
  context.stroke();
  context.setLineDash([]);
  if (zoom < 0.25 && lines.length > 200) return;
  context.beginPath();
  for (const line of lines) {
    const [x, y] = line.points.slice(-2);
    const long = Math.max(7, 2.6 * wide), side = line.isBack ? 1 : -1;
    context.moveTo(x, y);
    context.lineTo(x + side * long, y - long * 0.46);
    context.lineTo(x + side * long, y + long * 0.46);
    context.closePath();
  }
  context.fill();
}

/** A way through its points: level where it passes a column, bent in between. */
export function trace(context, points) {
  context.moveTo(points[0], points[1]);
  for (let at = 2; at < points.length; at += 2) {
    const [x0, y0, x1, y1] = [points[at - 2], points[at - 1], points[at], points[at + 1]];
    if (y0 === y1) context.lineTo(x1, y1);
    else context.bezierCurveTo(x0 + (x1 - x0) * 0.5, y0, x1 - (x1 - x0) * 0.5, y1, x1, y1);
  }
}

function label(context, line, text, theme, zoom) {
  const size = 11 / Math.max(zoom, 0.6);
  context.font = `600 ${size}px ${theme.font}`;
  const width = context.measureText(text).width;
  const [x, y] = line.middle;
  context.fillStyle = theme.surface;
  context.globalAlpha = 0.9;
  context.fillRect(x - width / 2 - 3, y + 3, width + 6, size + 4);
  context.globalAlpha = 1;
  context.fillStyle = theme.ink;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillText(text, x, y + 5);
  context.textAlign = "start";
}

function sign(context, [x, y], change, theme, radius) {
  context.fillStyle = theme.surface;
  context.strokeStyle = theme[`diff-${change}`];
  context.lineWidth = radius / 5;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
  context.fillStyle = theme[`diff-${change}`];
  context.font = `700 ${radius * 1.3}px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(CHANGES[change].sign, x, y + radius * 0.05);
  context.textAlign = "start";
}

// Boxes: a service is a box, a database a drum, a queue a pipe, an outside host a box with its corners cut, a group a pile.

function drawBox(context, box, scene, zoom, theme) {
  const { unit } = box;
  const isFaint = scene.lit && !scene.lit.units.has(unit.id);
  const isHit = scene.hits?.has(unit.id);
  const level = detail(zoom);
  context.globalAlpha = isFaint && !isHit ? 0.28 : 1;
  const left = box.x - W / 2, top = box.y - H / 2;
  const isGone = unit.change === "gone";
  const hue = scene.isDiff ? (unit.change && unit.change !== "same" ? theme[`diff-${unit.change}`] : theme["strong-line"]) : theme[`step${unit.step}`];
  const rim = scene.isDiff ? hue : theme[`edge${unit.step}`];
  if (unit.kind === "group") {
    for (const off of [8, 4]) {
      outline(context, "service", left + off, top + off, W, H);
      context.fillStyle = theme.surface;
      context.strokeStyle = rim;
      context.lineWidth = 1;
      context.fill();
      context.stroke();
    }
  }
  outline(context, unit.kind, left, top, W, H);
  context.fillStyle = theme.surface;
  context.fill();
  context.save();
  context.clip();
  context.fillStyle = hue;
  if (level === 0) context.fillRect(left, top, W, H);
  else {
    const faint = scene.isDiff && !(unit.change && unit.change !== "same") ? 0 : 0.16;
    const before = context.globalAlpha;
    context.globalAlpha = before * faint;
    context.fillRect(left, top, W, H);
    context.globalAlpha = before;
    context.fillRect(left, top, 10, H);
  }
  if (isFailing(unit) && !scene.isDiff) hatch(context, left, top, level === 0 ? W : 10, theme);
  context.restore();
  outline(context, unit.kind, left, top, W, H);
  context.strokeStyle = rim;
  context.lineWidth = 1.4 / Math.max(zoom, 0.5);
  context.setLineDash(isGone ? [6, 4] : []);
  context.stroke();
  context.setLineDash([]);
  lid(context, unit.kind, left, top, rim);
  if (isHit || unit.id === scene.chosen) {
    outline(context, "service", left - 5, top - 5, W + 10, H + 10);
    context.strokeStyle = theme.focus;
    context.lineWidth = (unit.id === scene.chosen ? 3 : 2) / Math.max(zoom, 0.4);
    context.setLineDash(unit.id === scene.chosen ? [] : [7, 4]);
    context.stroke();
    context.setLineDash([]);
  }
  if (level > 0) words(context, box, zoom, theme, level, scene);
  const change = scene.isDiff && unit.change && unit.change !== "same" ? unit.change : null;
  if (change) sign(context, [left + W - 4, top + 4], change, theme, 10 / Math.max(zoom, 0.6));
  else if (isFailing(unit) && !scene.isDiff) sign(context, [left + W - 4, top + 4], "more-errors", theme, 9 / Math.max(zoom, 0.6));
  context.globalAlpha = 1;
}

function outline(context, kind, x, y, w, h) {
  context.beginPath();
  if (kind === "database") {
    const bend = 9;
    context.moveTo(x, y + bend);
    context.bezierCurveTo(x, y - bend / 3, x + w, y - bend / 3, x + w, y + bend);
    context.lineTo(x + w, y + h - bend);
    context.bezierCurveTo(x + w, y + h + bend / 3, x, y + h + bend / 3, x, y + h - bend);
    context.closePath();
  } else if (kind === "queue" || kind === "message") {
    context.roundRect(x, y, w, h, h / 2);
  } else if (kind === "host") {
    const cut = 14;
    context.moveTo(x + cut, y);
    for (const [across, down] of [[w - cut, 0], [w, cut], [w, h - cut], [w - cut, h], [cut, h], [0, h - cut], [0, cut]]) context.lineTo(x + across, y + down);
    context.closePath();
  } else {
    context.roundRect(x, y, w, h, 9);
  }
}

/** The line that makes a drum of a box, or a pipe. */
function lid(context, kind, x, y, colour) {
  context.strokeStyle = colour;
  context.beginPath();
  if (kind === "database") {
    context.moveTo(x, y + 9);
    context.bezierCurveTo(x, y + 18, x + W, y + 18, x + W, y + 9);
  } else if (kind === "queue" || kind === "message") {
    context.moveTo(x + W - H / 2, y);
    context.bezierCurveTo(x + W - H / 2 - 12, y + 10, x + W - H / 2 - 12, y + H - 10, x + W - H / 2, y + H);
  } else return;
  context.stroke();
}

function hatch(context, x, y, w, theme) {
  context.beginPath();
  context.rect(x, y, w, H);
  context.clip();
  context.strokeStyle = theme.hatch;
  context.lineWidth = 3;
  context.beginPath();
  for (let at = -H; at < w + H; at += 8) {
    context.moveTo(x + at, y + H);
    context.lineTo(x + at + H, y);
  }
  context.stroke();
}

function words(context, { unit, x, y, cache }, zoom, theme, level, scene) {
  const isRound = unit.kind === "queue" || unit.kind === "message";
  const left = x - W / 2 + (isRound ? 26 : 22), room = W - (isRound ? 64 : 36);
  const drop = unit.kind === "database" ? 5 : 0;
  context.textBaseline = "middle";
  if (level === 1) {
    const size = Math.min(30, 11.5 / zoom);
    context.font = `600 ${size}px ${theme.font}`;
    context.fillStyle = theme.ink;
    context.fillText(clip(context, unit.label, room + 6, cache, `n${size.toFixed(1)}`), left, y + drop);
    return;
  }
  // From afar the words grow within their box, so that they can be read a little longer.
  const large = Math.max(14, Math.min(19, 11.5 / zoom)), small = Math.max(12, Math.min(14.5, 9 / zoom));
  context.font = `600 ${large}px ${theme.font}`;
  context.fillStyle = theme.ink;
  context.fillText(clip(context, unit.label, room, cache, `n${large.toFixed(1)}`), left, y - 11 + drop);
  context.font = `${small}px ${theme.font}`;
  context.fillStyle = isFailing(unit) && !scene.isDiff ? theme.bad : theme.soft;
  const figures = unit.kind === "group" ? `${unit.size.toLocaleString("en")} × ${rateText(unit)}` : rateText(unit);
  // Where there is no room for all three, errors and duration tell more than how often.
  const rest = [unit.errors > 0 && `✕ ${errorText(unit)}`, unit.p95 !== null && duration(unit.p95)].filter(Boolean).join("  ");
  const whole = [figures, rest].filter(Boolean).join("  ");
  const size = small.toFixed(1);
  const shown = rest && clip(context, whole, room + 10, cache, `f${size}`).endsWith("…") ? rest : whole;
  context.fillText(clip(context, shown, room + 10, cache, `r${size}`), left, y + 13 + drop);
}

/** As much of a text as fits, with `…`. Found once for each box and size. */
function clip(context, given, room, cache, key) {
  const kept = cache.get(key);
  if (kept && kept.given === given) return kept.text;
  let text = visible(given.slice(0, 120));
  if (context.measureText(text).width > room || given.length > 120) {
    let [low, high] = [0, text.length];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (context.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle; else high = middle - 1;
    }
    text = `${text.slice(0, low)}…`;
  }
  cache.set(key, { given, text });
  return text;
}
