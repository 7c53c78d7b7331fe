// Draws what a diagram is made of: lanes, lives, faults, bands, bars, arrows, bursts, marks.

const MESSAGE_MARKS = {
  late: "◷", lost: "✕", twice: "2×", "out of order": "⇄", open: "?", undelivered: "↩", changed: "≠",
  astray: "↯", invented: "✱", killed: "✖",
};
const MESSAGE_DASHES = { lost: [5, 4], undelivered: [5, 4], killed: [5, 4], open: [2, 4], late: [9, 3] };
const NEVER_SHOWN = new Set(["lost", "open", "undelivered", "killed"]);
const EXCUSED = new Set(["open", "undelivered", "killed", "late"]); // nothing wrong, but not as usual
const NO_LANE = 34; // pixels from a lane to where a message of no peer of the run begins or ends
const OPERATION_MARKS = { fail: "✕", info: "?", open: "…" };

class Drawing extends Brush {
  axis() {
    const { scale, colours: { dim, line } } = this;
    for (const { at, label } of scale.ticks(90)) {
      const x = Math.round(scale.x(at)) + 0.5;
      this.line(x, TIMES - 4, x, this.height, line);
      this.text(label, x + 3, TIMES / 2, dim);
    }
  }

  /** A lane: its name, and a line for as long as the peer's program ran. */
  lane(place) {
    const { scale, colours: { ink, line } } = this;
    this.text(cut(this.model.peers[place.peer].name, 14), 4, place.line, ink, `600 ${SMALL}`, scale.left - 10);
    this.line(0, place.end - LANE_GAP / 2 + 0.5, this.width, place.end - LANE_GAP / 2 + 0.5, line);
    this.clipped(() => this.model.peers[place.peer].lives.forEach((life, i, all) =>
      this.life(place, life, all[i + 1]?.[0] ?? Infinity)));
  }

  /** A life: a line, what ended it, and how, if there is room until the next one. */
  life(place, [from, to, how], next) {
    const { scale, colours: { ink, bad } } = this;
    const end = scale.x(to ?? this.model.duration);
    this.line(scale.x(from), place.line, end, place.line, ink, 2);
    if (from > 0) this.text("▶", scale.x(from) - 3, place.line, ink);
    if (to === null) return;
    this.text("✖", end - 5, place.line, bad, `700 13px system-ui`);
    this.text(cut(how, 40), end + 9, place.line - 1, bad, SMALL, Math.max(0, scale.x(next) - end - 14));
    this.hit(end - 6, place.line - 7, 13, 14, [], `${this.model.name(place.peer)} ended: ${plain(how)}`);
  }

  /** A fault: the lanes of its peers shaded, and a label that says whether it was proven. */
  fault(fault) {
    const { fault: shade, hatch, faultInk } = this.colours;
    const stretch = this.stretch(fault);
    if (!stretch) return;
    const { x, width } = stretch;
    for (const place of this.placesOf(fault)) {
      const height = place.end - place.top - LANE_GAP / 2;
      this.context.fillStyle = shade;
      this.context.fillRect(x, place.top, width, height);
      this.hatch(x, place.top, width, height, hatch);
    }
    const label = `${faultWord(fault)[0]} ${cut(fault.says || fault.name, 60)}`;
    this.label(fault, stretch, label, faultInk, fault.status === "proven" ? [] : [4, 3]);
  }

  /** A workload: a label, and a line through the lanes of its peers where it begins and ends. */
  workload(workload) {
    const { scale, context, colours: { good } } = this;
    const stretch = this.stretch(workload);
    if (!stretch) return;
    const ends = [workload.from, workload.to].filter((at) => at !== null).map((at) => scale.x(at));
    context.setLineDash([2, 3]);
    for (const place of this.placesOf(workload)) {
      for (const x of ends) this.line(x, place.top, x, place.end - LANE_GAP / 2, good);
    }
    context.setLineDash([]);
    this.label(workload, stretch, workloadLabel(workload), good);
  }

  /** Return where on the canvas something with a length is; null if it is not there. */
  stretch({ from, to }) {
    const { scale } = this;
    const x = Math.max(scale.x(from), scale.left);
    const end = Math.min(scale.x(to ?? scale.to), scale.right);
    return end < scale.left || x > scale.right ? null : { x, width: Math.max(end - x, 2) };
  }

  /** Return the lanes of an item's peers; all of them if it names none. */
  placesOf({ peers }) {
    return [...this.lanes.places.values()].filter(({ peer }) => !peers.length || peers.includes(peer));
  }

  /** The label of a fault or a workload, below the times. */
  label(item, { x, width }, text, ink, dashes = []) {
    const { context, colours: { paper } } = this;
    const y = AXIS + this.lanes.labelRows.get(item) * LABEL_ROW;
    context.fillStyle = paper;
    context.fillRect(x, y, width, LABEL_ROW - 2);
    context.strokeStyle = ink;
    context.lineWidth = 1;
    context.setLineDash(dashes);
    context.strokeRect(x + 0.5, y + 0.5, Math.max(width - 1, 1), LABEL_ROW - 3);
    context.setLineDash([]);
    if (width > 30) this.text(text, x + 4, y + LABEL_ROW / 2 - 1, ink, SMALL, width - 8);
    this.hit(x, y, width, LABEL_ROW - 2, [item]);
  }

  /** A connection in both lanes: the upper half of a band, or the lower if only sockets show it. */
  connection(one) {
    const isShown = one.by !== "sockets";
    const [offset, colour] = isShown ? [0, this.colours.band] : [BAND / 2, this.colours.socket];
    for (const [peer, other] of [[one.peer, one.other], [one.other, one.peer]]) {
      this.band(peer, other, one.from, one.to, offset, colour, [one], true);
    }
  }

  /** A socket, as the kernel listed it: the lower half, whole only where both ends hold it. */
  socket(span) {
    const isWhole = span.state === "ESTABLISHED";
    const colour = isWhole ? this.colours.socket : this.colours.warn;
    const ends = `${plain(span.local)} → ${plain(span.remote)}`;
    const says = `${this.model.name(span.peer)}'s kernel: ${ends} ${plain(span.state)}`;
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

  bar(bar, place, hasMark) {
    const { context, colours: palette } = this;
    const width = Math.max(bar.end - bar.x, 2);
    const y = place.line - 17;
    const found = bar.items.find((item) => item.found)?.found;
    const usual = { ok: palette.good, fail: palette.dim }[bar.status] ?? palette.warn;
    const colour = found === "invalid" ? palette.bad : found ? palette.warn : usual;
    context.fillStyle = colour;
    context.strokeStyle = colour;
    if (bar.status === "ok") context.fillRect(bar.x, y, width, 12);
    else this.hollow(bar, y, width, colour, hasMark);
    if (found) this.line(bar.x, y + 14, bar.x + Math.max(width, 8), y + 14, colour, 3);
    this.hit(bar.x - 1, y - 2, width + 2, 16, bar.items);
  }

  /** What the lab asked by itself: small, and without a label. */
  ownBar(bar, place) {
    const { context, colours: { dim, bad, warn } } = this;
    const found = bar.items.find((item) => item.found)?.found;
    context.fillStyle = found === "invalid" ? bad : found ? warn : dim;
    const width = Math.max(bar.end - bar.x, 1.5);
    context.fillRect(bar.x, place.line - 9, width, found ? 6 : 3);
    this.hit(bar.x - 1, place.line - 10, width + 2, 6, bar.items);
  }

  /** An operation that was not done, or may not have been: its mark is inside, or above. */
  hollow(bar, y, width, colour, hasMark) {
    const isInside = width >= 14;
    this.context.lineWidth = 1;
    this.context.strokeRect(bar.x + 0.5, y + 0.5, Math.max(width - 1, 1), 11);
    if (!isInside) this.hatch(bar.x, y, width, 12, colour);
    const mark = OPERATION_MARKS[bar.status] ?? "";
    if (isInside || hasMark) this.text(mark, bar.x + width / 2 - 4, isInside ? y + 6.5 : y - 5, colour, `700 ${SMALL}`);
  }

  barLabel(bar, place, room) {
    const label = bar.items.length > 1 ? `${bar.items.length}×` : bar.items[0].verb;
    const shift = bar.status === "ok" || bar.end - bar.x >= 14 ? 0 : 10; // behind its mark
    if (room < 30 + shift) return;
    this.text(cut(label, 30), bar.x + shift, place.line - 23, this.colours.dim, SMALLER, room - 4 - shift);
  }

  messageColour(status) {
    const { message, warn, bad } = this.colours;
    return status === "shown" ? message : EXCUSED.has(status) ? warn : bad;
  }

  /** Return the lines from which and to which a message goes; one of no peer is next to the other. */
  endsOf(peer, other) {
    const [from, to] = [this.lanes.lineOf(peer), this.lanes.lineOf(other)];
    return [peer < 0 ? to - NO_LANE : from, other < 0 ? from + NO_LANE : to];
  }

  /** Messages from lane to lane. What went wrong has a mark of its own at its end. */
  bundle({ peer, other, status, start, end, items }, hasBadge) {
    const { context } = this;
    const [from, to] = this.endsOf(peer, other);
    if (from === undefined || to === undefined) return;
    const isFine = status === "shown";
    const colour = this.messageColour(status);
    const stops = NEVER_SHOWN.has(status) || items[0].to === null;
    const [x, y] = stops ? [start + 10, from + (to - from) * 0.62] : [end, to];
    context.setLineDash(MESSAGE_DASHES[status] ?? []);
    this.line(start, from, x, y, colour, (isFine ? 1 : 1.8) + Math.log2(items.length) * 0.7);
    context.setLineDash([]);
    if (!stops) this.head(start, from, x, y, colour);
    const label = bundleLabel(status, items);
    if (!isFine) this.badge(label, x, stops ? y : y - Math.sign(to - from) * 14, colour);
    else if (label && hasBadge) this.badge(label, (start + x) / 2, (from + y) / 2, colour);
    this.hits.push({ line: [start, from, x, y], items });
  }

  /** What many peers sent at a time: one line over their lanes, with a count. */
  burst({ status, start, items, peers }, place) {
    const { context } = this;
    const lines = [...peers].map((peer) => this.lanes.lineOf(peer)).filter((line) => line !== undefined);
    if (!lines.length) return;
    const [from, to] = [Math.min(...lines), Math.max(...lines)];
    const colour = this.messageColour(status);
    context.setLineDash(MESSAGE_DASHES[status] ?? []);
    context.globalAlpha = status === "shown" ? 0.45 : 1;
    this.line(start, from, start, to, colour, 1 + Math.log2(items.length) * 0.7);
    context.globalAlpha = 1;
    context.setLineDash([]);
    const label = status === "shown" ? `${items.length}` : `${MESSAGE_MARKS[status] ?? "?"} ${items.length}`;
    this.badge(label, start, between(from + 16 + 19 * place, from, to), colour);
    this.hits.push({ line: [start, from, start, to], items });
  }

  /** A notice or a mark: a dot at the lifeline, or a square for what the lab noted. */
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

  finding(finding, isCurrent, hasBadge) {
    const { scale, colours: palette } = this;
    const x = scale.x(finding.at);
    if (x < scale.left || x > scale.right) return;
    const colour = finding.word === "invalid" ? palette.bad : palette.warn;
    this.line(x, AXIS - 2, x, isCurrent ? this.height : AXIS + this.lanes.labelsHeight, colour, isCurrent ? 2 : 1.5);
    if (hasBadge) this.badge(VERDICT_MARKS[finding.word] ?? "?", x, TIMES + 8, colour);
    this.hit(x - 8, TIMES, 16, 17, [], plain(finding.says), finding);
  }
}

const LONG = 1; // seconds from which an arrow says how long it took

/** Return what an arrow says: its mark, how many it stands for, and how long they took at most. */
function bundleLabel(status, items) {
  const number = items.length > 1 ? `${items.length}` : "";
  const arrived = items.filter(({ sent, to }) => sent !== null && to !== null);
  const longest = largest(arrived.map(({ sent, to }) => to - sent), 0);
  const mark = status === "shown" ? "" : MESSAGE_MARKS[status] ?? "?";
  return [[mark, number].filter(Boolean).join(" "), longest >= LONG ? span(longest) : ""].filter(Boolean).join(", ");
}
