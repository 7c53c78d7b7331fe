// The strip behind the slider: how much happened when in the whole run, faults, workloads,
// findings, and which stretch the diagram shows.

const STRIP = 34; // pixels

class Overview {
  constructor(model, state) {
    Object.assign(this, { model, state });
    this.canvas = byId("overview");
    this.context = this.canvas.getContext("2d");
    state.on(["from", "to", "filters", "theme"], () => this.drawNow());
    new ResizeObserver(eachFrame(() => this.drawNow())).observe(this.canvas.parentElement);
  }

  drawNow() {
    const width = this.canvas.parentElement.clientWidth;
    if (!width) return;
    const density = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * density);
    this.canvas.height = Math.round(STRIP * density);
    this.context.setTransform(density, 0, 0, density, 0, 0);
    this.scale = new Scale(0, this.model.duration, 0, width);
    this.palette = colours();
    this.drawFaults();
    this.drawDensity(width);
    this.drawWorkloads();
    this.drawFindings();
    this.drawStretch(width);
  }

  drawFaults() {
    this.context.fillStyle = this.palette.fault;
    for (const { from, to } of this.model.faults) {
      const x = this.scale.x(from);
      this.context.fillRect(x, 0, Math.max(this.scale.x(to ?? this.model.duration) - x, 1), STRIP);
    }
  }

  drawWorkloads() {
    this.context.fillStyle = this.palette.good;
    for (const { from, to } of this.model.workloads) {
      const x = this.scale.x(from);
      this.context.fillRect(x, 0, Math.max(this.scale.x(to ?? this.model.duration) - x, 2), 3);
    }
  }

  drawDensity(width) {
    const bins = new Array(Math.max(1, Math.ceil(width / 3))).fill(0);
    const most = bins.length - 1;
    for (const item of this.model.items) {
      if (this.state.admits(item)) bins[between(Math.floor((item.from / this.model.duration) * most), 0, most)] += 1;
    }
    const highest = Math.max(1, ...bins);
    this.context.fillStyle = this.palette.message;
    bins.forEach((number, bin) => {
      const height = number ? 3 + (STRIP - 10) * Math.sqrt(number / highest) : 0;
      this.context.fillRect(bin * 3, STRIP - height, 2, height);
    });
  }

  drawFindings() {
    for (const { at, word } of this.model.findings) {
      this.context.fillStyle = word === "invalid" ? this.palette.bad : this.palette.warn;
      this.context.fillRect(this.scale.x(at) - 1, 0, 2.5, STRIP);
    }
  }

  drawStretch(width) {
    const [from, to] = [this.scale.x(this.state.from), this.scale.x(this.state.to)];
    this.context.fillStyle = this.palette.paper;
    this.context.globalAlpha = 0.6;
    this.context.fillRect(0, 0, from, STRIP);
    this.context.fillRect(to, 0, width - to, STRIP);
    this.context.globalAlpha = 1;
    this.context.strokeStyle = this.palette.dim;
    this.context.strokeRect(from + 0.5, 0.5, Math.max(to - from - 1, 2), STRIP - 1);
  }
}
