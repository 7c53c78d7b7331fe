// Draws the diagram on a canvas, and notes where everything is, so that it can be pointed at.

const MESSAGE_MARKS = {
  late: "◷", lost: "✕", twice: "2×", "out of order": "⇄", open: "?", undelivered: "↩", changed: "≠",
  astray: "↯", invented: "✱", killed: "✖",
};
const MESSAGE_DASHES = { lost: [5, 4], undelivered: [5, 4], killed: [5, 4], open: [2, 4], late: [9, 3] };
const NEVER_SHOWN = new Set(["lost", "open", "undelivered", "killed"]);
const EXCUSED = new Set(["open", "undelivered", "killed", "late"]); // nothing wrong, but not as usual
const OPERATION_MARKS = { fail: "✕", info: "?", open: "…" };
const SMALL = "11px system-ui, sans-serif";

class Drawing {
  constructor(canvas, model, lanes) {
    Object.assign(this, { canvas, model, lanes });
    this.context = canvas.getContext("2d");
  }

  /** Begin: fit the canvas to its place and clear it. */
  begin(width, height, scale) {
    const density = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * density)) this.canvas.width = Math.round(width * density);
    if (this.canvas.height !== Math.round(height * density)) this.canvas.height = Math.round(height * density);
    this.canvas.style.height = `${height}px`;
    this.context.setTransform(density, 0, 0, density, 0, 0);
    this.context.clearRect(0, 0, width, height);
    Object.assign(this, { width, height, scale, hits: [], colours: colours() });
    this.context.font = SMALL;
    this.context.textBaseline = "middle";
  }

  axis() {
    const { context, scale, colours: { dim, line } } = this;
    for (const { at, label } of scale.ticks(90)) {
      const x = Math.round(scale.x(at)) + 0.5;
      this.line(x, AXIS - 4, x, this.height, line);
      this.text(label, x + 3, AXIS / 2, dim);
    }
    context.globalAlpha = 1;
  }

  clipped(draw) {
    const { context, scale } = this;
    context.save();
    context.beginPath();
    context.rect(scale.left, 0, scale.width, this.height);
    context.clip();
    draw();
    context.restore();
  }

  /** A lane: its name, and a line for as long as the peer's program ran. */
  lane(place) {
    const { scale, colours: { ink, line } } = this;
    this.text(cut(this.model.peers[place.peer].name, 14), 4, place.line, ink, `600 ${SMALL}`, scale.left - 10);
    this.line(0, place.end - LANE_GAP / 2 + 0.5, this.width, place.end - LANE_GAP / 2 + 0.5, line);
    this.clipped(() => this.model.peers[place.peer].lives.forEach((life) => this.life(place, life)));
  }

  life(place, [from, to, how]) {
    const { scale, colours: { ink, bad } } = this;
    const end = scale.x(to ?? this.model.duration);
    this.line(scale.x(from), place.line, end, place.line, ink, 2);
    if (from > 0) this.text("▶", scale.x(from) - 3, place.line, ink);
    if (to === null) return;
    this.text("✖", end - 5, place.line, bad, `700 13px system-ui`);
    this.text(cut(how, 40), end + 9, place.line - 1, bad);
    this.hit(end - 6, place.line - 7, 13, 14, [], `${this.model.name(place.peer)} ended: ${plain(how)}`);
  }

  fault(fault, row) {
    const { context, scale, colours: palette } = this;
    const x = Math.max(scale.x(fault.from), scale.left);
    const end = Math.min(scale.x(fault.to ?? scale.to), scale.right);
    if (end < scale.left || x > scale.right) return;
    const width = Math.max(end - x, 2);
    const isReal = fault.status === "proven";
    for (const place of this.lanes.places.values()) {
      if (fault.peers.length && !fault.peers.includes(place.peer)) continue;
      context.fillStyle = palette.fault;
      context.fillRect(x, place.top, width, place.end - place.top - LANE_GAP / 2);
      this.hatch(x, place.top, width, place.end - place.top - LANE_GAP / 2, palette.hatch);
    }
    context.fillStyle = palette.paper;
    context.fillRect(x, AXIS, width, FAULT_LABELS - 3);
    context.strokeStyle = palette.faultInk;
    context.setLineDash(isReal ? [] : [4, 3]);
    context.strokeRect(x + 0.5, AXIS + 0.5, Math.max(width - 1, 1), FAULT_LABELS - 4);
    context.setLineDash([]);
    if (width > 40) this.text(`${faultWord(fault)[0]} ${cut(fault.says || fault.name, 60)}`, x + 4, AXIS + FAULT_LABELS / 2 - 1, palette.faultInk, SMALL, width - 8);
    this.hit(x, AXIS, width, FAULT_LABELS, [fault]);
  }

  hatch(x, y, width, height, colour) {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.beginPath();
    for (let at = x - height; at < x + width; at += 9) {
      context.moveTo(at, y + height);
      context.lineTo(at + height, y);
    }
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.stroke();
    context.restore();
  }

  /** A connection, as consoles showed it: the upper half of a band in both lanes. */
  connection(one) {
    for (const [peer, other] of [[one.peer, one.other], [one.other, one.peer]]) {
      this.band(peer, other, one.from, one.to, 0, this.colours.band, [one], true);
    }
  }

  /** A socket, as the kernel listed it: the lower half, whole only where both ends hold it. */
  socket(span) {
    const isWhole = span.state === "ESTABLISHED";
    const colour = isWhole ? this.colours.socket : this.colours.warn;
    const says = `${this.model.name(span.peer)}'s kernel: ${plain(span.local)} → ${plain(span.remote)} ${plain(span.state)}`;
    this.band(span.peer, span.other, span.from, span.to, BAND / 2, colour, [], isWhole, says);
  }

  band(peer, other, from, to, offset, colour, items, isWhole, says = "") {
    const { context, scale } = this;
    const y = this.lanes.bandOf(peer, other);
    const x = scale.x(from);
    const end = Math.min(scale.x(to ?? this.model.duration), scale.right);
    if (y === null || end < scale.left || x > scale.right) return;
    const begin = Math.max(x, scale.left);
    context.fillStyle = colour;
    context.fillRect(begin, y + offset, Math.max(end - begin, 1), BAND / 2 - 0.5);
    if (!isWhole) this.hatch(begin, y + offset, Math.max(end - begin, 1), BAND / 2 - 0.5, this.colours.paper);
    this.hit(begin, y + offset, Math.max(end - begin, 3), BAND / 2, items, says);
  }

  bar(bar, place) {
    const { context, colours: palette } = this;
    const width = Math.max(bar.end - bar.x, 2);
    const y = place.line - 17;
    const found = bar.items.find((item) => item.found)?.found;
    const colour = found === "invalid" ? palette.bad : found ? palette.warn : { ok: palette.good, fail: palette.dim }[bar.status] ?? palette.warn;
    context.fillStyle = colour;
    context.strokeStyle = colour;
    if (bar.status === "ok") context.fillRect(bar.x, y, width, 12);
    else {
      context.strokeRect(bar.x + 0.5, y + 0.5, Math.max(width - 1, 1), 11);
      this.hatch(bar.x, y, width, 12, colour);
      this.text(OPERATION_MARKS[bar.status] ?? "", bar.x + width / 2 - 4, y - 5, colour, `700 ${SMALL}`);
    }
    if (found) this.line(bar.x, y + 14, bar.x + Math.max(width, 8), y + 14, colour, 3);
    this.hit(bar.x - 1, y - 2, width + 2, 16, bar.items);
  }

  barLabel(bar, place, room) {
    const label = bar.items.length > 1 ? `${bar.items.length}×` : bar.items[0].verb;
    if (room < 30) return;
    this.text(cut(label, 30), bar.x, place.line - 23, this.colours.dim, "10px system-ui, sans-serif", room - 4);
  }

  /** Messages from lane to lane. What went wrong has a mark of its own at its end. */
  bundle({ peer, other, status, start, end, items }, hasBadge) {
    const { context, colours: palette } = this;
    const [from, to] = [this.lanes.lineOf(peer), this.lanes.lineOf(other)];
    if (from === undefined || to === undefined) return;
    const isFine = status === "shown";
    const colour = isFine ? palette.message : EXCUSED.has(status) ? palette.warn : palette.bad;
    const stops = NEVER_SHOWN.has(status) || items[0].to === null;
    const [x, y] = stops ? [start + 10, from + (to - from) * 0.62] : [end, to];
    context.setLineDash(MESSAGE_DASHES[status] ?? []);
    this.line(start, from, x, y, colour, (isFine ? 1 : 1.8) + Math.log2(items.length) * 0.7);
    context.setLineDash([]);
    if (!stops) this.head(start, from, x, y, colour);
    const number = items.length > 1 ? `${items.length}` : "";
    if (!isFine) this.badge(`${MESSAGE_MARKS[status] ?? "?"} ${number}`.trim(), x, stops ? y : y - Math.sign(to - from) * 14, colour);
    else if (number && hasBadge) this.badge(number, (start + x) / 2, (from + y) / 2, colour);
    this.hits.push({ line: [start, from, x, y], items });
  }

  head(x, y, toX, toY, colour) {
    const { context } = this;
    const angle = Math.atan2(toY - y, toX - x);
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(toX, toY);
    for (const turn of [2.7, -2.7]) context.lineTo(toX + 8 * Math.cos(angle + turn), toY + 8 * Math.sin(angle + turn));
    context.fill();
  }

  badge(label, x, y, colour) {
    const { context, colours: { paper } } = this;
    const width = context.measureText(label).width + 8;
    context.fillStyle = paper;
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(x - width / 2, y - 8, width, 16, 7);
    context.fill();
    context.stroke();
    this.text(label, x - width / 2 + 4, y + 0.5, colour, `700 ${SMALL}`);
  }

  /** A notice or a mark: a dot at the lifeline, or a triangle for what the lab noted. */
  dot(item, place) {
    const { context, scale, colours: palette } = this;
    const x = scale.x(item.from);
    if (x < scale.left || x > scale.right) return;
    context.fillStyle = item.kind === "mark" ? palette.warn : palette.ink;
    context.beginPath();
    if (item.kind === "mark") context.roundRect(x - 3, place.line - 3, 6, 6, 1);
    else context.arc(x, place.line, 2.6, 0, 7);
    context.fill();
    this.hit(x - 4, place.line - 4, 8, 8, [item]);
  }

  finding(finding, isCurrent) {
    const { scale, colours: palette } = this;
    const x = scale.x(finding.at);
    if (x < scale.left || x > scale.right) return;
    const colour = finding.word === "invalid" ? palette.bad : palette.warn;
    this.line(x, AXIS, x, this.height, colour, isCurrent ? 2 : 1);
    this.badge(VERDICT_MARKS[finding.word] ?? "?", x, AXIS - 9, colour);
    this.hit(x - 8, AXIS - 18, 16, 18, [], plain(finding.says), finding);
  }

  outline(item) {
    const { context, colours: { accent } } = this;
    context.strokeStyle = accent;
    context.lineWidth = 2;
    for (const { x, y, width, height, items, line } of this.hits) {
      if (!items.includes(item)) continue;
      if (line) this.line(...line, accent, 4);
      else context.strokeRect(x - 1, y - 1, width + 2, height + 2);
    }
  }

  line(x, y, toX, toY, colour, width = 1) {
    const { context } = this;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(toX, toY);
    context.stroke();
  }

  text(text, x, y, colour, font = SMALL, most = undefined) {
    const { context } = this;
    context.font = font;
    context.fillStyle = colour;
    context.fillText(fitted(context, text, most), x, y);
    context.font = SMALL;
  }

  hit(x, y, width, height, items, says = "", finding = null) {
    this.hits.push({ x, y, width, height, items, says, finding });
  }

  /** Return what is at a point: the last drawn, or the nearest arrow. */
  find(x, y) {
    const boxes = this.hits.filter((hit) => !hit.line && x >= hit.x - 2 && x <= hit.x + hit.width + 2 && y >= hit.y - 2 && y <= hit.y + hit.height + 2);
    if (boxes.length) return boxes.at(-1);
    return this.hits.findLast((hit) => hit.line && distance(x, y, ...hit.line) < 5) ?? null;
  }
}

function fitted(context, text, most) {
  if (most === undefined || context.measureText(text).width <= most) return text;
  let length = text.length;
  while (length > 0 && context.measureText(`${text.slice(0, length)}…`).width > most) length = Math.floor(length * 0.85);
  return length ? `${text.slice(0, length)}…` : "";
}

function distance(x, y, x1, y1, x2, y2) {
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
  const along = length ? between(((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length, 0, 1) : 0;
  return Math.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1));
}

/** The line of the moment over a canvas: an element of its own, so that moving it draws nothing. */
class Cursor {
  constructor(place) {
    this.line = el("div", { class: "moment-line" });
    place.append(this.line);
  }

  move(scale, at) {
    if (!scale) return;
    this.line.hidden = at < scale.from || at > scale.to;
    this.line.style.transform = `translateX(${scale.x(at) - 1}px)`;
  }
}

/** Return the page's colours, which follow its colour scheme. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ink", "dim", "paper", "line", "good", "bad", "warn", "accent", "message", "band", "socket", "fault", "hatch", "fault-ink"];
  return Object.fromEntries(names.map((name) => [name.replace("-i", "I"), style.getPropertyValue(`--${name}`).trim()]));
}
