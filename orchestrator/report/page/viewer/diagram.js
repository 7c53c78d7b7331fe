// The diagram: every lane, arrow, band and fault of a stretch of time, to zoom, pan and point at.

const WIDE_GUTTER = 92; // pixels for the names of peers
const NARROW_GUTTER = 62;
const FEW_BADGES = 22; // pixels between the counts of bundles
const FEW_MARKS = 12; // pixels between marks of operations

class Diagram {
  constructor(model, state) {
    Object.assign(this, { model, state });
    this.canvas = byId("diagram");
    this.lanes = new Lanes(model);
    this.drawing = new Drawing(this.canvas, model, this.lanes);
    this.tip = byId("tip");
    this.draw = eachFrame(() => this.drawNow());
    this.cursor = new Cursor(this.canvas.parentElement);
    state.on(["from", "to", "item", "finding", "filters", "theme"], () => this.drawNow());
    state.on(["at"], () => this.cursor.move(this.scale, state.at));
    new ResizeObserver(() => this.draw()).observe(this.canvas.parentElement);
    this.listen();
  }

  get shownPeers() {
    return [...this.model.peers.keys()].filter((peer) => this.state.filters.peers.has(peer));
  }

  drawNow() {
    const width = this.canvas.parentElement.clientWidth;
    if (!width) return;
    const height = this.lanes.layOut(this.shownPeers);
    const gutter = width < 600 ? NARROW_GUTTER : WIDE_GUTTER;
    this.scale = new Scale(this.state.from, this.state.to, gutter, width - gutter - 8);
    this.drawing.begin(width, height, this.scale);
    this.drawAll();
    this.cursor.move(this.scale, this.state.at);
    this.describe();
  }

  drawAll() {
    const { drawing, state, model } = this;
    const admitted = (items) => items.filter((item) => state.admits(item));
    drawing.axis();
    drawing.clipped(() => admitted(model.faults).forEach((fault) => drawing.fault(fault)));
    drawing.clipped(() => admitted(model.workloads).forEach((one) => drawing.workload(one)));
    for (const place of this.lanes.places.values()) drawing.lane(place);
    drawing.clipped(() => {
      admitted(this.visible(model.connections)).forEach((one) => drawing.connection(one));
      if (state.filters.kinds.has("socket")) this.drawSockets();
      this.drawBundles(admitted(model.messages));
      this.drawBars(admitted(this.visible(model.operations)));
      this.drawDots(admitted(this.visible(model.notices)));
      this.drawDots(admitted(this.visible(model.marks)));
      this.drawFindings();
      for (const item of this.chosen) drawing.outline(item);
    });
  }

  /** What is selected: an item, or the operations of a finding. */
  get chosen() {
    const { state, model } = this;
    if (state.item) return [state.item];
    return (model.findings[state.finding]?.operations ?? []).map((index) => model.operations[index]).filter(Boolean);
  }

  visible(items) {
    const { from, to } = this.state;
    return items.filter((item) => item.from <= to && (item.to === undefined ? item.from : item.to ?? Infinity) >= from);
  }

  drawSockets() {
    const ends = new Map(); // of what was drawn last of each state in each band
    for (const span of this.visible(this.model.socketSpans)) {
      const key = `${span.peer} ${span.other} ${span.state}`;
      const end = this.scale.x(Math.min(span.to, this.state.to));
      if (!span.remote || end < (ends.get(key) ?? -Infinity) + 0.5) continue; // seen already
      ends.set(key, end);
      this.drawing.socket(span);
    }
  }

  drawBundles(messages) {
    const bundles = messageBundles(messages, this.scale);
    if (bundles.length > MOST_BUNDLES) this.drawBursts(bursts(bundles));
    else this.drawArrows(bundles);
  }

  drawBursts(found) {
    const statuses = [...new Set(["shown", ...found.map(({ status }) => status)])];
    const place = ({ status }) => statuses.indexOf(status);
    found.sort((one, other) => place(one) - place(other));
    found.forEach((burst) => this.drawing.burst(burst, place(burst)));
  }

  drawArrows(bundles) {
    const badges = new Map();
    bundles.sort((one, other) => (one.status !== "shown") - (other.status !== "shown") || one.start - other.start);
    for (const bundle of bundles) {
      const way = `${bundle.peer} ${bundle.other}`;
      const hasBadge = bundle.start - (badges.get(way) ?? -Infinity) > FEW_BADGES;
      if (hasBadge && bundle.items.length > 1) badges.set(way, bundle.start);
      this.drawing.bundle(bundle, hasBadge);
    }
  }

  drawBars(operations) {
    const bars = operationBars(operations, this.scale);
    const next = new Map(); // where the label of each lane must end
    const marks = new Map(); // where the last mark of each lane is
    for (const bar of bars.reverse()) {
      const place = this.lanes.places.get(bar.peer);
      if (!place) continue;
      if (bar.isOwn) {
        this.drawing.ownBar(bar, place);
        continue;
      }
      const hasMark = (marks.get(bar.peer) ?? Infinity) - bar.x > FEW_MARKS;
      if (hasMark && bar.status !== "ok") marks.set(bar.peer, bar.x);
      this.drawing.bar(bar, place, hasMark);
      this.drawing.barLabel(bar, place, (next.get(bar.peer) ?? this.scale.right) - bar.x);
      next.set(bar.peer, bar.x);
    }
  }

  /** Draw the mark of each finding that is not too close to another; that of the current one, always. */
  drawFindings() {
    const { findings } = this.model;
    const current = findings[this.state.finding];
    let last = current ? this.scale.x(current.at) : -Infinity;
    for (const finding of [...findings].sort((one, other) => one.at - other.at)) {
      const x = this.scale.x(finding.at);
      const hasBadge = finding === current || Math.abs(x - last) > FEW_BADGES;
      if (hasBadge && finding !== current) last = x;
      this.drawing.finding(finding, finding === current, hasBadge);
    }
  }

  drawDots(items) {
    const last = new Map();
    for (const item of items) {
      const place = this.lanes.places.get(item.peer);
      const x = Math.round(this.scale.x(item.from));
      if (!place || last.get(item.peer) === x) continue;
      last.set(item.peer, x);
      this.drawing.dot(item, place);
    }
  }

  describe() {
    const { from, to } = this.state;
    const operations = this.visible(this.model.operations).length;
    const messages = this.visible(this.model.messages).length;
    const shown = `${count(operations, "operation")} and ${count(messages, "message")}`;
    this.canvas.setAttribute("aria-label", `Diagram from ${clock(from)} to ${clock(to)}: ${shown}` +
      ` of ${count(this.shownPeers.length, "peer")}. The tables below have the same.`);
  }

  // Pointing

  listen() {
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.onDown(event));
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    canvas.addEventListener("pointerup", (event) => this.onUp(event));
    canvas.addEventListener("pointercancel", () => { this.drag = null; });
    canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    canvas.addEventListener("dblclick", (event) => this.state.zoom(0.4, this.scale.at(event.offsetX)));
  }

  onWheel(event) {
    const isPan = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!isPan && !event.ctrlKey && !event.altKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    if (isPan) this.pan((event.deltaX || event.deltaY) / this.scale.perSecond);
    else this.state.zoom(Math.exp(event.deltaY * 0.003), this.scale.at(event.offsetX));
  }

  pan(seconds) {
    this.state.show(this.state.from + seconds, this.state.to + seconds);
  }

  onDown(event) {
    if (event.button !== 0) return;
    this.drag = { x: event.offsetX, from: this.state.from, to: this.state.to, isMoved: false };
    this.canvas.setPointerCapture(event.pointerId);
  }

  onMove(event) {
    if (!this.drag) {
      this.hover(event);
      return;
    }
    const moved = this.drag.x - event.offsetX;
    this.drag.isMoved ||= Math.abs(moved) > 4;
    if (!this.drag.isMoved) return;
    const seconds = moved / this.scale.perSecond;
    this.state.show(this.drag.from + seconds, this.drag.to + seconds);
  }

  onUp(event) {
    const wasClick = this.drag && !this.drag.isMoved;
    this.drag = null;
    if (!wasClick) return;
    const hit = this.drawing.find(event.offsetX, event.offsetY);
    if (hit?.finding) this.state.selectFinding(this.model.findings.indexOf(hit.finding));
    else if (hit?.items.length) this.state.select(hit.items[0]);
    else if (event.offsetX >= this.scale.left) {
      this.state.change({ item: null });
      this.state.goTo(this.scale.at(event.offsetX));
    }
  }

  hover(event) {
    const hit = this.drawing.find(event.offsetX, event.offsetY);
    this.canvas.style.cursor = hit ? "pointer" : "crosshair";
    this.tip.hidden = !hit;
    if (!hit) return;
    this.tip.replaceChildren(...tipLines(hit, this.model).map((line) => el("div", {}, line)));
    const { clientWidth } = this.canvas.parentElement;
    this.tip.style.left = `${between(event.offsetX + 14, 0, Math.max(0, clientWidth - this.tip.offsetWidth))}px`;
    this.tip.style.top = `${event.offsetY + 18}px`;
  }
}

/** Return what a person reads at the pointer: an item, or how many of which kind. */
function tipLines({ items, says }, model) {
  if (says || !items.length) return [cut(says, 240)];
  if (items.length <= 3) return items.map((item) => `${clock(item.from)}  ${sentence(item, model)}`);
  const statuses = new Map();
  for (const { status } of items) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const parts = [...statuses].map(([status, number]) => `${number} ${status}`).join(", ");
  return [
    `${count(items.length, items[0].kind)}: ${parts}`,
    `${clock(items[0].from)} to ${clock(items.at(-1).from)}`,
    `the first: ${sentence(items[0], model)}`,
  ];
}

/** Return an item in a sentence. */
function sentence(item, model, longest = 160) {
  const said = cut(item.said ?? "", longest);
  switch (item.kind) {
    case "operation":
      return `${model.name(item.peer)}: ${cut(item.asked || item.verb, longest)} → ${item.status}` +
        (said ? `: ${said}` : "");
    case "message":
      return `${model.party(item.peer)} → ${model.party(item.other)}, ${item.status}` +
        `${item.to === null || item.sent === null ? "" : ` after ${span(item.to - item.from)}`}: ${said}`;
    case "connection":
      return `${model.name(item.peer)} and ${model.name(item.other)} connected until ${ending(item.to)},` +
        ` known from ${item.by === "both" ? "consoles and sockets" : item.by}`;
    case "fault":
      return `${cut(item.says || item.name, 160)}: ${faultWord(item)}`;
    case "workload":
      return `${workloadLabel(item)}, until ${ending(item.to)}`;
    default:
      return `${model.name(item.peer)}: ${plain(item.verb)}: ${said}`;
  }
}
