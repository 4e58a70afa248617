// Where everything of the graph is, in pixels: from left to right where there is room, else from top to bottom.

import { layers, along } from "/scripts/layout.js";

const CARD = { width: 214, height: 92 };
const NARROW = 700;

/** Places nodes: `at` by id, the size of it all, and how much it is scaled to fit. */
export function place(nodes, edges, width, height) {
  const joined = new Set(edges.flatMap((edge) => (edge.source === edge.target ? [] : [edge.source.id, edge.target.id])));
  const ids = nodes.map((node) => node.id).filter((id) => joined.has(id));
  const idle = nodes.map((node) => node.id).filter((id) => !joined.has(id)).sort();
  const pairs = edges.map((edge) => [edge.source.id, edge.target.id]);
  const found = layers(ids, pairs);
  return width < NARROW ? upright(found, idle, width) : lying(found, idle, width, height);
}

function lying(found, idle, width, height) {
  const names = new Set(found.rows.flatMap((row) => row.filter((id) => !id.includes(">"))));
  const gap = (id) => (names.has(id) ? CARD.height + 44 : 84);
  const steps = along(found, gap);
  const columns = Math.max(found.rows.length, 1);
  const wide = columns > 1 ? Math.min(520, Math.max(330, (width - CARD.width - 96) / (columns - 1))) : 0;
  const places = [...steps.values(), 0];
  const [low, high] = [Math.min(...places), Math.max(...places)];
  const across = Math.max(CARD.width + 80 + wide * (columns - 1), 480);
  const top = 48 + CARD.height / 2 - low;
  const graphHeight = found.rows.length ? high - low + CARD.height + 96 : 40;
  const at = new Map();
  found.rows.forEach((row, layer) => {
    const x = (across - wide * (columns - 1)) / 2 + layer * wide;
    for (const id of row) at.set(id, { x, y: top + steps.get(id), ...CARD });
  });
  const perRow = Math.max(1, Math.floor((across - 40) / (CARD.width + 24)));
  idle.forEach((id, index) => {
    const inRow = Math.min(perRow, idle.length - Math.floor(index / perRow) * perRow);
    const x = across / 2 + ((index % perRow) - (inRow - 1) / 2) * (CARD.width + 24);
    at.set(id, { x, y: graphHeight + 44 + CARD.height / 2 + Math.floor(index / perRow) * (CARD.height + 20), ...CARD });
  });
  const idleHeight = idle.length ? 64 + Math.ceil(idle.length / perRow) * (CARD.height + 20) : 0;
  const whole = graphHeight + idleHeight;
  const scale = Math.max(0.62, Math.min(1.3, width / across, (height - 8) / whole));
  // What is less high than there is room for is in the middle of it.
  const spare = Math.max(0, (height / scale - whole) / 2.4);
  for (const position of at.values()) position.y += spare;
  return { at, bends: found.bends, width: across, height: Math.max(whole + spare, height / scale), scale, isUpright: false, idleAt: idle.length ? graphHeight + 8 + spare : null };
}

/** On a phone: two in a row at most. */
function upright(found, idle, width) {
  const size = { width: Math.min(190, (width - 40) / 2), height: 92 };
  const at = new Map();
  let y = 20 + size.height / 2;
  const put = (ids, gap) => {
    for (let first = 0; first < ids.length; first += 2) {
      const row = ids.slice(first, first + 2);
      row.forEach((id, index) => at.set(id, { x: width / 2 + (index - (row.length - 1) / 2) * (size.width + 14), y, ...size }));
      y += size.height + (first + 2 < ids.length ? 40 : gap);
    }
  };
  for (const row of found.rows) put(row.filter((id) => !id.includes(">")), 84);
  const idleAt = idle.length ? y - size.height / 2 - 40 : null;
  if (idle.length) put(idle, 20);
  return { at, bends: new Map(), width, height: y, scale: 1, isUpright: true, idleAt };
}

/** The line of an edge: its path, points along it, its arrowhead, and where its label is. */
export function curve(edge, placed) {
  const [from, to] = [placed.at.get(edge.source.id), placed.at.get(edge.target.id)];
  const ghosts = (placed.bends.get(`${edge.source.id}>${edge.target.id}`) ?? []).map((id) => placed.at.get(id));
  const isBack = placed.isUpright ? to.y <= from.y : to.x <= from.x;
  const side = (box, sign) => (placed.isUpright ? { x: box.x, y: box.y + (sign * box.height) / 2 } : { x: box.x + (sign * box.width) / 2, y: box.y });
  const stops = [side(from, isBack ? -1 : 1), ...ghosts, side(to, isBack ? 1 : -1)];
  const end = stops.at(-1);
  const pull = isBack ? -1 : 1;
  const d = [`M${stops[0].x} ${stops[0].y}`];
  const points = [];
  for (let index = 1; index < stops.length; index++) {
    const [a, b] = [stops[index - 1], stops[index]];
    const reach = (placed.isUpright ? Math.max(36, Math.abs(b.y - a.y) / 2) : Math.max(60, Math.abs(b.x - a.x) / 2)) * pull;
    const c = placed.isUpright ? { x: a.x, y: a.y + reach } : { x: a.x + reach, y: a.y };
    const e = placed.isUpright ? { x: b.x, y: b.y - reach } : { x: b.x - reach, y: b.y };
    d.push(`C${c.x} ${c.y} ${e.x} ${e.y} ${b.x} ${b.y}`);
    for (let step = 0; step <= 24; step++) points.push(bezier(a, c, e, b, step / 24));
  }
  // Labels stand off the middle: there the lines of one service have parted. On a phone they are before the one called.
  const share = ghosts.length ? 0.3 : 0.56;
  const middle = placed.isUpright ? { x: end.x, y: end.y - 10 * pull } : points[Math.round((points.length - 1) * share)];
  return { d: d.join(""), points, head: arrow(end, placed.isUpright, pull), middle };
}

function bezier(a, c, e, b, t) {
  const u = 1 - t;
  const mix = (key) => u * u * u * a[key] + 3 * u * u * t * c[key] + 3 * u * t * t * e[key] + t * t * t * b[key];
  return { x: mix("x"), y: mix("y") };
}

function arrow({ x, y }, isUpright, pull) {
  const back = 8 * pull;
  return isUpright ? `M${x} ${y}l-5 ${-back}h10z` : `M${x} ${y}l${-back} -5v10z`;
}
