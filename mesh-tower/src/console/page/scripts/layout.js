// Places the services of a graph: callers before those they call, and as few crossings as a few sweeps find. The same
// graph is always placed the same.

/** In layers: ids in the order of each, long edges bent around what is between. `pairs` are `[from, to]`. */
export function layers(ids, pairs) {
  const sorted = [...ids].sort();
  const forward = withoutCycles(sorted, pairs);
  const depth = depths(sorted, forward);
  const rows = [];
  const put = (layer, id) => (rows[layer] ??= []).push(id);
  for (const id of sorted) put(depth.get(id), id);
  const bends = new Map();
  const short = [];
  for (const [from, to] of forward) {
    let last = from;
    const ghosts = [];
    for (let layer = depth.get(from) + 1; layer < depth.get(to); layer++) {
      const ghost = `${from}>${to}@${layer}`;
      ghosts.push(ghost);
      put(layer, ghost);
      short.push([last, ghost]);
      last = ghost;
    }
    short.push([last, to]);
    bends.set(`${from}>${to}`, ghosts);
  }
  for (let sweep = 0; sweep < 6; sweep++) sort(rows, short, sweep % 2 === 0);
  return { rows, bends, short };
}

/** The edges without those that close a circle. */
function withoutCycles(ids, pairs) {
  const after = new Map(ids.map((id) => [id, []]));
  for (const [from, to] of [...pairs].sort()) if (from !== to) after.get(from)?.push(to);
  const entered = new Set(pairs.filter(([from, to]) => from !== to).map(([, to]) => to));
  const [open, done, kept] = [new Set(), new Set(), []];
  const visit = (id) => {
    open.add(id);
    for (const next of after.get(id)) {
      if (open.has(next)) continue;
      kept.push([id, next]);
      if (!done.has(next)) visit(next);
    }
    open.delete(id);
    done.add(id);
  };
  // Those whom nobody calls first: circles are then cut where they close.
  for (const id of [...ids.filter((id) => !entered.has(id)), ...ids]) if (!done.has(id)) visit(id);
  return kept;
}

function depths(ids, pairs) {
  const depth = new Map(ids.map((id) => [id, 0]));
  for (let round = 0; round < ids.length; round++) {
    let isStill = true;
    for (const [from, to] of pairs) {
      if (depth.get(to) <= depth.get(from)) {
        depth.set(to, depth.get(from) + 1);
        isStill = false;
      }
    }
    if (isStill) break;
  }
  return depth;
}

/** Orders each layer by where its neighbours in the layer before, or after, are. */
function sort(rows, pairs, isDown) {
  const order = isDown ? rows.map((_, at) => at) : rows.map((_, at) => rows.length - 1 - at);
  for (const layer of order.slice(1)) {
    const place = new Map(rows[layer + (isDown ? -1 : 1)].map((id, at) => [id, at]));
    const centre = new Map(
      rows[layer].map((id, at) => {
        const near = pairs.map(([from, to]) => (isDown ? to === id && from : from === id && to)).filter((other) => place.has(other));
        return [id, near.length ? near.reduce((sum, other) => sum + place.get(other), 0) / near.length : at];
      }),
    );
    rows[layer].sort((a, b) => centre.get(a) - centre.get(b) || a.localeCompare(b));
  }
}

/**
 * How far along its layer each id is, `gap` apart at least, near those it is joined to; around 0.
 */
export function along({ rows, short }, gap) {
  const at = new Map();
  for (const row of rows) row.forEach((id, place) => at.set(id, (place - (row.length - 1) / 2) * gap(id)));
  for (let round = 0; round < 24; round++) {
    const layersNow = round % 2 ? [...rows].reverse() : rows;
    for (const row of layersNow) {
      const wanted = row.map((id) => {
        const near = short.flatMap(([from, to]) => (from === id ? [to] : to === id ? [from] : []));
        return near.length ? near.reduce((sum, other) => sum + at.get(other), 0) / near.length : at.get(id);
      });
      spread(row, wanted, gap).forEach((place, index) => at.set(row[index], place));
    }
  }
  const all = [...at.values()];
  const middle = (Math.min(...all) + Math.max(...all)) / 2;
  for (const [id, place] of at) at.set(id, place - middle);
  return at;
}

/** Places as near to the wanted ones as their distances let them be. */
function spread(row, wanted, gap) {
  const room = (index) => (gap(row[index - 1]) + gap(row[index])) / 2;
  const first = [...wanted];
  for (let index = 1; index < row.length; index++) first[index] = Math.max(first[index], first[index - 1] + room(index));
  const last = [...wanted];
  for (let index = row.length - 2; index >= 0; index--) last[index] = Math.min(last[index], last[index + 1] - room(index + 1));
  return first.map((place, index) => (place + last[index]) / 2);
}
