// The consoles at the moment, side by side, each as a person would have seen it.

const AT_FIRST = 4; // consoles, unless all are asked for
const TYPED_LINES = 3;
const LEAST_ROWS = 8;

class Consoles {
  constructor(model, state) {
    Object.assign(this, { model, state, showsAll: false });
    this.place = byId("consoles");
    this.panels = model.consoles.map((console) => new Panel(console, model));
    byId("all-consoles").addEventListener("click", () => {
      this.showsAll = !this.showsAll;
      this.drawNow();
    });
    state.on(["at", "finding", "item", "filters"], () => this.drawNow());
    replayAll(this.panels.map((panel) => panel.replay), eachFrame(() => this.drawNow()));
  }

  /** Return the consoles to show: those of the finding or item first, programs' own output last. */
  get wanted() {
    const { concerned, filters } = this.state;
    const shown = this.panels.filter(({ peer }) => filters.peers.has(peer));
    const place = ({ peer, isLog }) => (concerned.has(peer) ? 0 : 2) + Number(isLog);
    shown.sort((one, other) => place(one) - place(other));
    return shown;
  }

  drawNow() {
    const wanted = this.wanted;
    const shown = this.showsAll ? wanted : wanted.slice(0, AT_FIRST);
    const figures = shown.map((panel) => panel.figure);
    const { children } = this.place;
    const isSame = figures.length === children.length && figures.every((one, i) => one === children[i]);
    if (!isSame) this.place.replaceChildren(...figures);
    const depth = Math.max(LEAST_ROWS, ...shown.map(({ replay }) => replay.depth));
    shown.forEach((panel) => panel.drawNow(this.state.at, depth));
    const button = byId("all-consoles");
    button.hidden = wanted.length <= AT_FIRST;
    button.textContent = this.showsAll ? `Show ${AT_FIRST} consoles` : `Show all ${wanted.length} consoles`;
  }
}

class Panel {
  constructor({ peer, log, pieces, cut: isCut }, model) {
    Object.assign(this, { peer, model, isLog: log, replay: new Replay(pieces) });
    this.title = log ? `${model.name(peer)}: the program's own output` : model.name(peer);
    this.rows = Array.from({ length: ROWS }, () => el("div", { class: "row" }));
    this.drawn = new Array(ROWS).fill("");
    this.status = el("span", { class: "status" });
    this.typed = el("div", { class: "typed" });
    this.screen = el("div", { class: "screen", role: "img", tabindex: "0", "aria-label": this.title }, ...this.rows);
    this.figure = el("figure", { class: "console" },
      el("figcaption", {}, el("strong", {}, this.title), " ", el("span", { class: "dim" }, plain(model.peers[peer].program)),
        isCut ? el("span", { class: "dim" }, "in part") : null, this.status),
      this.screen,
      this.typed);
  }

  /** Draw the screen, without the rows at its end that no console here ever used. */
  drawNow(at, depth) {
    const screen = this.replay.screenAt(at);
    this.rows.forEach((row, y) => { row.hidden = y >= depth; });
    for (let y = 0; y < ROWS; y++) this.drawRow(screen, y);
    this.screen.setAttribute("aria-label", `${this.title} at ${clock(at)}: ${spoken(screen)}`);
    this.status.textContent = this.model.runs(this.peer, at) ? "" : "not running";
    const typed = this.replay.typedBy(at, TYPED_LINES);
    const lines = typed.map(([when, , data]) => `${clock(when)} » ${cut(typedText(data), 120)}`);
    this.typed.replaceChildren(...lines.map((line) => el("div", {}, line)));
  }

  drawRow(screen, y) {
    const cursor = screen.modes.cursor && screen.y === y ? screen.x : -1;
    const runs = styleRuns(screen.lines[y], cursor);
    const key = JSON.stringify(runs);
    if (key === this.drawn[y]) return;
    this.drawn[y] = key;
    this.rows[y].replaceChildren(...runs.map(runElement));
  }
}

/** Return a row as stretches of one style; the cursor's cell is one of its own. */
function styleRuns({ chars, styles }, cursor) {
  const runs = [];
  for (let x = 0; x < chars.length; x++) {
    const last = runs.at(-1);
    const isCursor = x === cursor;
    const isWide = chars[x] !== "" && widthOf(chars[x]) === 2;
    const isAlone = isCursor || isWide || !last || last.isCursor || last.isWide;
    if (!isAlone && last.style === styles[x]) last.text += chars[x];
    else if (chars[x] !== "" || !last) runs.push({ text: chars[x], style: styles[x], isCursor, isWide });
    else if (isCursor) last.isCursor = true;
  }
  return runs;
}

function runElement({ text, style, isCursor, isWide }) {
  const classes = STYLE_CLASSES.filter((name) => style[name]);
  if (isCursor) classes.push("cursor");
  if (isWide) classes.push("double");
  const span = el("span", { class: classes.join(" ") || null });
  span.textContent = text; // a screen has no controls and no direction marks in its cells
  const [fg, bg] = [cssColour(style.fg, false), cssColour(style.bg, true)];
  const [ink, paper] = style.inverse ? [bg ?? "var(--screen)", fg ?? "var(--screen-ink)"] : [fg, bg];
  if (ink) span.style.color = ink;
  if (paper) span.style.backgroundColor = paper;
  return span;
}

const STYLE_CLASSES = ["bold", "dim", "italic", "underline", "blink", "hidden", "strike"];

/** Return the lines of a screen that have any text, for screen readers. */
function spoken(screen) {
  return screen.lines.map((row) => plain(row.text).trim()).filter(Boolean).join("\n") || "blank";
}

/** Return what was typed without the keys that edit a line. */
function typedText(latin) {
  return new TextDecoder().decode(bytesOf(latin)).replace(/[\0-\x1f\x7f]/g, "");
}
