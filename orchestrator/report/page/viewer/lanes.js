// Where things stand in the diagram: a lane for each peer, a scale for time. Pure, no drawing.

const BAND = 8; // height of a band: the upper half is the consoles', the lower half the kernel's
const LANE_GAP = 16;
// By the most lanes for which it is used: pixels above the lifeline, for the operations; and how
// many bands a lane has, of which further peers share the last one.
const DENSITIES = [[4, 26, 6], [8, 26, 3], [16, 26, 2], [Infinity, 22, 1]];
const TIMES = 18; // height of the times at the top
const AXIS = TIMES + 18; // with the findings below them
const LABEL_ROW = 17; // height of the label of a fault or a workload
const MOST_LABEL_ROWS = 5;

class Lanes {
  constructor(model) {
    this.model = model;
    this.bandsOf = model.peers.map((_, peer) => bands(model, peer));
    this.labelRows = stacked([...model.faults, ...model.workloads]);
    this.labelsHeight = LABEL_ROW * (1 + Math.max(0, ...this.labelRows.values())) + 2;
  }

  /** Return each shown peer's lane: where it begins, its lifeline, its first band, its end. */
  layOut(shown) {
    const [, above, mostBands] = DENSITIES.find(([most]) => shown.length <= most);
    this.mostBands = mostBands;
    let top = AXIS + this.labelsHeight;
    this.places = new Map();
    for (const peer of shown) {
      const rows = Math.min(this.bandsOf[peer].size, mostBands);
      const line = top + above;
      const end = line + 8 + rows * (BAND + 2) + LANE_GAP;
      this.places.set(peer, { peer, top, line, bands: line + 8, end });
      top = end;
    }
    this.height = top + 4;
    return this.height;
  }

  lineOf(peer) {
    return this.places.get(peer)?.line;
  }

  /** Return the top of the band of one peer's lane that is about another. */
  bandOf(peer, other) {
    const place = this.places.get(peer);
    const row = this.bandsOf[peer].get(other);
    if (!place || row === undefined) return null;
    return place.bands + Math.min(row, this.mostBands - 1) * (BAND + 2);
  }
}

/** Return the row of each other peer with which a peer ever had a connection or a socket. */
function bands(model, peer) {
  const others = new Set();
  for (const one of model.connections) {
    if (one.peer === peer) others.add(one.other);
    if (one.other === peer) others.add(one.peer);
  }
  for (const one of model.socketSpans) {
    if (one.peer === peer && one.remote) others.add(one.other);
  }
  return new Map([...others].sort((one, other) => one - other).map((other, row) => [other, row]));
}

/** Return a row for the label of each item, so that none lies on another of the same time. */
function stacked(items) {
  const ends = [];
  const rows = new Map();
  for (const item of [...items].sort((one, other) => one.from - other.from)) {
    const free = ends.findIndex((end) => end <= item.from);
    const row = Math.min(free < 0 ? ends.length : free, MOST_LABEL_ROWS - 1);
    ends[row] = item.to ?? Infinity;
    rows.set(item, row);
  }
  return rows;
}

/** The scale between seconds and pixels of a diagram. */
class Scale {
  constructor(from, to, left, width) {
    Object.assign(this, { from, to, left, width });
    this.perSecond = width / (to - from);
  }

  x(at) {
    return this.left + (at - this.from) * this.perSecond;
  }

  at(x) {
    return this.from + (x - this.left) / this.perSecond;
  }

  get right() {
    return this.left + this.width;
  }

  /** Return moments for the axis, at least `apart` pixels from each other. */
  ticks(apart) {
    const step = niceStep(apart / this.perSecond);
    const first = Math.ceil(this.from / step);
    const last = Math.floor(this.to / step);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
      const at = (first + i) * step;
      return { at, label: `${at.toFixed(digits)} s` };
    });
  }
}

function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least) ?? 10 * power;
}

/** Return operations as bars: those of a lane that fall on the same pixels are one, with a count. */
function operationBars(operations, scale) {
  const bars = [];
  const last = new Map(); // of each lane
  for (const one of operations) {
    const x = scale.x(one.from);
    const end = Math.max(scale.x(one.to ?? scale.to), x + 2);
    if (end < scale.left || x > scale.right) continue;
    const before = last.get(one.peer);
    const isAlike = before && !one.found && !before.items[0].found && one.isOwn === before.isOwn;
    const isSame = isAlike && x < before.x + 3 && end - x < 4 && before.end - before.x < 6;
    if (isSame) {
      before.items.push(one);
      before.end = Math.max(before.end, end);
      if (badness(one) > badness({ status: before.status })) before.status = one.status;
    } else {
      const bar = { peer: one.peer, x, end, status: one.status, isOwn: one.isOwn, items: [one] };
      bars.push(bar);
      last.set(one.peer, bar);
    }
  }
  return bars;
}

const BADNESS = ["ok", "open", "info", "fail"];

function badness({ status }) {
  return BADNESS.indexOf(status);
}

/** Return messages as arrows: those between the same lanes at the same time are a bundle. */
function messageBundles(messages, scale) {
  const shown = messages.filter(({ from, to }) => from <= scale.to && (to ?? from) >= scale.from);
  const grain = shown.length > 60 ? 18 : 6; // pixels within which they are one
  const bundles = new Map();
  for (const one of shown) {
    const start = scale.x(one.from);
    const end = one.to === null ? start : scale.x(one.to);
    const key = `${one.peer} ${one.other} ${one.status} ${Math.floor(start / grain)} ${Math.floor(end / grain)}`;
    const bundle = bundles.get(key);
    if (bundle) {
      bundle.start += start;
      bundle.end += end;
      bundle.items.push(one);
    } else bundles.set(key, { peer: one.peer, other: one.other, status: one.status, start, end, items: [one] });
  }
  for (const bundle of bundles.values()) {
    bundle.start /= bundle.items.length;
    bundle.end /= bundle.items.length;
  }
  return [...bundles.values()];
}

const MOST_BUNDLES = 150; // that are drawn one by one
const BURST = 40; // pixels

/** Return what is drawn of many bundles: of each state one burst for what was sent at a time. */
function bursts(bundles) {
  const found = new Map();
  for (const { peer, other, status, start, items } of bundles) {
    const key = `${status} ${Math.floor(start / BURST)}`;
    const burst = found.get(key) ?? { status, start: 0, items: [], peers: new Set() };
    found.set(key, burst);
    burst.start += start * items.length;
    burst.items.push(...items);
    burst.peers.add(peer).add(other);
  }
  return [...found.values()].map((burst) => ({ ...burst, start: burst.start / burst.items.length }));
}
