// Shapes on a canvas, and a note of where each is, so that it can be pointed at.

const SMALL = "11px system-ui, sans-serif";
const SMALLER = "10px system-ui, sans-serif";

class Brush {
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

  clipped(draw) {
    const { context, scale } = this;
    context.save();
    context.beginPath();
    context.rect(scale.left, 0, scale.width, this.height);
    context.clip();
    draw();
    context.restore();
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
    x = between(x, this.scale.left + width / 2 + 1, this.scale.right - width / 2 - 1);
    context.fillStyle = paper;
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(x - width / 2, y - 8, width, 16, 7);
    context.fill();
    context.stroke();
    this.text(label, x - width / 2 + 4, y + 0.5, colour, `700 ${SMALL}`);
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
    const isWithin = (at, from, length) => at >= from - 2 && at <= from + length + 2;
    const isOver = (hit) => !hit.line && isWithin(x, hit.x, hit.width) && isWithin(y, hit.y, hit.height);
    const isNear = (hit) => hit.line && distance(x, y, ...hit.line) < 5;
    return this.hits.findLast(isOver) ?? this.hits.findLast(isNear) ?? null;
  }
}

function fitted(context, text, most) {
  if (most === undefined || context.measureText(text).width <= most) return text;
  let length = text.length;
  const isTooLong = () => context.measureText(`${text.slice(0, length)}…`).width > most;
  while (length > 0 && isTooLong()) length = Math.floor(length * 0.85);
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
    this.place = place;
    this.line = el("div", { class: "moment-line" });
    place.append(this.line);
  }

  move(scale, at) {
    if (!scale) return;
    this.line.hidden = at < scale.from || at > scale.to;
    // a share of the width, because a canvas on paper is scaled
    this.line.style.left = `${(100 * scale.x(at)) / this.place.clientWidth}%`;
  }
}

const COLOURS = [
  "ink", "dim", "paper", "line", "good", "bad", "warn", "accent", "message", "band", "socket",
  "fault", "hatch", "fault-ink",
];

/** Return the page's colours, which follow its colour scheme. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const named = COLOURS.map((name) => [name.replace("-i", "I"), style.getPropertyValue(`--${name}`).trim()]);
  return Object.fromEntries(named);
}
