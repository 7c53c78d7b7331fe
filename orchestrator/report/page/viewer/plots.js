// How long operations and messages took, and how many there were, over the time of the diagram.

const PLOT = 150; // pixels high
const MARGIN = { left: 64, right: 8, top: 8, bottom: 20 };
const FULL = PLOT - MARGIN.top - MARGIN.bottom; // height of the highest column

class Plots {
  constructor(model, state) {
    Object.assign(this, { model, state });
    this.latency = byId("latency");
    this.rate = byId("rate");
    byId("figures").append(figuresTable(model.figures));
    this.cursors = [this.latency, this.rate].map((canvas) => new Cursor(canvas.parentElement));
    state.on(["from", "to", "filters", "theme"], () => this.drawNow());
    state.on(["at"], () => this.cursors.forEach((cursor) => cursor.move(this.scale, state.at)));
    new ResizeObserver(eachFrame(() => this.drawNow())).observe(this.latency.parentElement);
  }

  drawNow() {
    const timed = this.timed();
    this.drawLatency(timed);
    this.drawRate(timed);
  }

  /** Return what took time, and how long; messages from sent to shown. */
  timed() {
    const { model, state } = this;
    return [...model.operations, ...model.messages].filter((item) =>
      item.to !== null && item.from >= state.from && item.from <= state.to && !item.isOwn && state.admits(item));
  }

  begin(canvas) {
    const width = canvas.parentElement.clientWidth;
    const density = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(PLOT * density);
    canvas.style.height = `${PLOT}px`;
    const context = canvas.getContext("2d");
    context.setTransform(density, 0, 0, density, 0, 0);
    context.font = SMALL;
    context.textBaseline = "middle";
    const across = Math.max(width - MARGIN.left - MARGIN.right, 10);
    const scale = new Scale(this.state.from, this.state.to, MARGIN.left, across);
    this.scale = scale;
    this.drawFrame(context, scale);
    this.cursors.forEach((cursor) => cursor.move(scale, this.state.at));
    return [context, scale];
  }

  drawFrame(context, scale) {
    const palette = colours();
    this.palette = palette;
    for (const { from, to } of this.model.faults) {
      const [x, end] = [from, to ?? scale.to].map((at) => between(scale.x(at), scale.left, scale.right));
      context.fillStyle = palette.fault;
      context.fillRect(x, MARGIN.top, end - x, FULL);
    }
    context.fillStyle = palette.dim;
    for (const { at, label } of scale.ticks(90)) context.fillText(label, scale.x(at), PLOT - 8);
  }

  drawLatency(timed) {
    const [context, scale] = this.begin(this.latency);
    const durations = timed.map((item) => Math.max(item.to - item.from, 1e-5));
    const least = Math.floor(Math.log10(smallest(durations, 1e-3)));
    const most = Math.max(least + 1, Math.ceil(Math.log10(largest(durations, 1))));
    const bottom = PLOT - MARGIN.bottom;
    const y = (seconds) => bottom - ((Math.log10(seconds) - least) / (most - least)) * (bottom - MARGIN.top);
    for (let power = least; power <= most; power++) this.level(context, scale, y(10 ** power), span(10 ** power));
    const drawn = new Set(); // spots of three pixels that have a point already
    timed.forEach((item, i) => {
      const [x, top] = [scale.x(item.from), y(durations[i])];
      const spot = `${item.kind} ${item.status} ${Math.round(x / 3)} ${Math.round(top / 3)}`;
      if (!drawn.has(spot) || item.found) this.point(context, item, x, top);
      drawn.add(spot);
    });
  }

  /** A message is a circle, an operation a square; what was not done or is not fine is hollow. */
  point(context, item, x, y) {
    const isFine = item.status === "ok" || item.status === "shown";
    const usual = item.kind === "message" ? this.palette.message : this.palette.good;
    const isWrong = item.found === "invalid" || (item.kind === "message" && !isFine);
    context.fillStyle = context.strokeStyle = isWrong ? this.palette.bad : isFine ? usual : this.palette.dim;
    context.beginPath();
    if (item.kind === "message") context.arc(x, y, 2.2, 0, 7);
    else context.rect(x - 2, y - 2, 4, 4);
    if (isFine) context.fill();
    else context.stroke();
  }

  level(context, scale, y, label) {
    context.fillStyle = this.palette.line;
    context.fillRect(scale.left, Math.round(y), scale.width, 1);
    context.fillStyle = this.palette.dim;
    context.fillText(label, 4, between(y, 8, PLOT - MARGIN.bottom - 4));
  }

  drawRate(timed) {
    const [context, scale] = this.begin(this.rate);
    const bins = new Array(Math.max(1, Math.floor(scale.width / 6))).fill(0);
    const seconds = (scale.to - scale.from) / bins.length;
    for (const { from } of timed) bins[between(Math.floor((from - scale.from) / seconds), 0, bins.length - 1)] += 1;
    const highest = Math.max(1, ...bins);
    const [bottom, width] = [PLOT - MARGIN.bottom, scale.width / bins.length];
    for (const share of [0, 0.5, 1]) {
      this.level(context, scale, bottom - share * FULL, `${+((share * highest) / seconds).toPrecision(2)}/s`);
    }
    context.fillStyle = this.palette.message;
    bins.forEach((number, bin) => {
      const height = (number / highest) * FULL;
      context.fillRect(scale.left + bin * width, bottom - height, width - 1, height);
    });
  }
}

function smallest(numbers, otherwise) {
  return numbers.length ? numbers.reduce((one, other) => Math.min(one, other)) : otherwise;
}

function largest(numbers, otherwise) {
  return numbers.length ? numbers.reduce((one, other) => Math.max(one, other)) : otherwise;
}

function figuresTable(figures) {
  const columns = ["operation", "ok", "fail", "open", "half within", "99% within", "a second"];
  const rows = figures.map(({ name, ok, fail, open, p50, p99, rate }) => {
    const cells = [ok, fail, open, span(p50), span(p99), rate === null ? "–" : rate.toFixed(1)];
    return el("tr", {}, el("th", { scope: "row" }, plain(name)), ...cells.map(cellOf));
  });
  return table("Operations by name: how they ended, how long they took", columns, el("tbody", {}, ...rows));
}
