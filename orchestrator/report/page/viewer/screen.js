// The cells of a terminal's screen, and what moves, draws and erases them. No bytes, no DOM.
//
// A row that was copied is shared and never changed again: a copy of a screen takes a few
// references, so that the replay can keep hundreds of them.

const COLUMNS = 80;
const ROWS = 24;
const MOST_IN_A_CELL = 16; // characters: a letter and what joins it
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const GRAPHICS = "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"; // of the VT100, for ` to ~

const PLAIN_STYLE = Object.freeze({
  fg: null, bg: null, bold: false, dim: false, italic: false, underline: false,
  blink: false, inverse: false, hidden: false, strike: false,
});

class Row {
  constructor(chars, styles) {
    this.chars = chars; // one text a cell; empty in the second cell of a wide character
    this.styles = styles;
    this.isShared = false;
  }

  static blank(columns, style = PLAIN_STYLE) {
    return new Row(new Array(columns).fill(" "), new Array(columns).fill(style));
  }

  copy() {
    return new Row(this.chars.slice(), this.styles.slice());
  }

  get text() {
    return this.chars.join("");
  }
}

class Screen {
  constructor(columns = COLUMNS, rows = ROWS) {
    this.columns = columns;
    this.rows = rows;
    this.reset();
  }

  reset() {
    this.lines = Array.from({ length: this.rows }, () => Row.blank(this.columns));
    this.main = null; // the lines of the main screen while the alternate one is shown
    this.x = 0;
    this.y = 0;
    this.isFull = false; // the last column was drawn: the next character begins a new line
    this.style = PLAIN_STYLE;
    this.saved = null;
    this.top = 0;
    this.bottom = this.rows - 1;
    this.tabs = Array.from({ length: Math.ceil(this.columns / 8) - 1 }, (_, i) => 8 * (i + 1));
    this.modes = { wrap: true, insert: false, origin: false, newline: false, cursor: true };
    this.charsets = ["B", "B"];
    this.charset = 0;
    this.deepest = 0; // the lowest row that was ever drawn on
    this.last = ""; // the character drawn last, for REP
  }

  copy() {
    for (const lines of [this.lines, this.main?.lines ?? []]) {
      for (const row of lines) row.isShared = true;
    }
    const copy = Object.assign(Object.create(Screen.prototype), this);
    copy.lines = this.lines.slice();
    copy.main = this.main && { ...this.main, lines: this.main.lines.slice() };
    copy.modes = { ...this.modes };
    copy.tabs = this.tabs.slice();
    copy.charsets = this.charsets.slice();
    return copy;
  }

  own(y) {
    if (this.lines[y].isShared) this.lines[y] = this.lines[y].copy();
    return this.lines[y];
  }

  get erased() {
    return this.style.bg === null ? PLAIN_STYLE : { ...PLAIN_STYLE, bg: this.style.bg };
  }

  // Drawing

  draw(text) {
    for (const character of text) {
      const width = widthOf(character);
      if (width === 0) this.join(character);
      else this.put(this.charsets[this.charset] === "0" ? graphic(character) : character, width);
    }
  }

  put(character, width) {
    if (this.isFull || this.x + width > this.columns) this.wrap(width);
    if (this.modes.insert) this.insertCharacters(width);
    const row = this.own(this.y);
    this.split(row, this.x);
    this.split(row, this.x + width);
    row.chars[this.x] = character;
    row.styles[this.x] = this.style;
    if (width === 2) {
      row.chars[this.x + 1] = "";
      row.styles[this.x + 1] = this.style;
    }
    this.last = character;
    this.deepest = Math.max(this.deepest, this.y);
    this.x += width;
    this.isFull = this.x >= this.columns;
    if (this.isFull) this.x = this.columns - 1;
  }

  wrap(width) {
    this.isFull = false;
    if (this.modes.wrap) {
      this.x = 0;
      this.index();
    } else this.x = this.columns - width;
  }

  /** Blank both halves of a wide character whose second half is at `x`. */
  split(row, x) {
    if (x <= 0 || x >= this.columns || row.chars[x] !== "") return;
    row.chars[x - 1] = " ";
    row.chars[x] = " ";
  }

  join(character) {
    let x = this.isFull ? this.x : this.x - 1;
    if (x > 0 && this.lines[this.y].chars[x] === "") x -= 1;
    if (x < 0 || BIDI.test(character)) return;
    const row = this.own(this.y);
    if (row.chars[x].length < MOST_IN_A_CELL) row.chars[x] = (row.chars[x] + character).normalize("NFC");
  }

  repeat(times) {
    for (let i = 0; i < Math.min(times, this.columns * this.rows) && this.last; i++) {
      this.put(this.last, widthOf(this.last));
    }
  }

  // Moving

  moveTo(x, y) {
    this.isFull = false;
    this.x = between(x, 0, this.columns - 1);
    this.y = between(y, 0, this.rows - 1);
  }

  /** Move to a position that the program gave: in origin mode it counts from the region. */
  moveToGiven(x, y) {
    if (this.modes.origin) this.moveTo(x, between(y + this.top, this.top, this.bottom));
    else this.moveTo(x, y);
  }

  moveBy(columns) {
    this.moveTo(this.x + columns, this.y);
  }

  moveUp(rows) {
    this.moveTo(this.x, Math.max(this.y - rows, this.y >= this.top ? this.top : 0));
  }

  moveDown(rows) {
    this.moveTo(this.x, Math.min(this.y + rows, this.y <= this.bottom ? this.bottom : this.rows - 1));
  }

  carriageReturn() {
    this.moveTo(0, this.y);
  }

  index() {
    if (this.y === this.bottom) this.scrollUp(1);
    else this.moveDown(1);
    this.isFull = false;
  }

  reverseIndex() {
    if (this.y === this.top) this.scrollDown(1);
    else this.moveUp(1);
    this.isFull = false;
  }

  lineFeed() {
    this.index();
    if (this.modes.newline) this.x = 0;
  }

  tab() {
    this.moveTo(this.tabs.find((stop) => stop > this.x) ?? this.columns - 1, this.y);
  }

  setTab() {
    this.tabs = [...new Set([...this.tabs, this.x])].sort((one, other) => one - other);
  }

  clearTabs(all) {
    this.tabs = all ? [] : this.tabs.filter((stop) => stop !== this.x);
  }

  save() {
    const { x, y, isFull, style, charset } = this;
    this.saved = { x, y, isFull, style, charset, charsets: [...this.charsets], origin: this.modes.origin };
  }

  restore() {
    if (!this.saved) {
      this.modes.origin = false;
      this.moveTo(0, 0);
      return;
    }
    const { origin, charsets, ...rest } = this.saved;
    Object.assign(this, rest, { charsets: [...charsets] });
    this.modes.origin = origin;
  }

  // Erasing, inserting, deleting, scrolling

  eraseCells(y, from, to) {
    this.isFull = false;
    const row = this.own(y);
    this.split(row, from);
    this.split(row, to);
    row.chars.fill(" ", from, to);
    row.styles.fill(this.erased, from, to);
  }

  eraseInLine(how) {
    const [from, to] = [[this.x, this.columns], [0, this.x + 1], [0, this.columns]][how] ?? [0, 0];
    if (to) this.eraseCells(this.y, from, to);
  }

  eraseInDisplay(how) {
    this.isFull = false;
    const [from, to] = [[this.y + 1, this.rows], [0, this.y], [0, this.rows], [0, this.rows]][how] ?? [0, 0];
    for (let y = from; y < to; y++) this.lines[y] = Row.blank(this.columns, this.erased);
    if (how < 2) this.eraseInLine(how);
  }

  eraseCharacters(times) {
    this.eraseCells(this.y, this.x, Math.min(this.x + times, this.columns));
  }

  insertCharacters(times) {
    this.shift((cells, blanks) => {
      cells.splice(this.x, 0, ...blanks);
      cells.length = this.columns;
    }, times);
  }

  deleteCharacters(times) {
    this.shift((cells, blanks) => {
      cells.splice(this.x, blanks.length);
      cells.push(...blanks);
    }, times);
  }

  shift(move, times) {
    this.isFull = false;
    const row = this.own(this.y);
    const blanks = Math.min(times, this.columns - this.x);
    this.split(row, this.x);
    move(row.chars, new Array(blanks).fill(" "));
    move(row.styles, new Array(blanks).fill(this.erased));
    if (row.chars[this.x] === "") row.chars[this.x] = " "; // half of what was deleted
    const last = this.columns - 1;
    if (row.chars[last] !== "" && widthOf(row.chars[last]) === 2) row.chars[last] = " ";
  }

  insertLines(times) {
    if (this.y < this.top || this.y > this.bottom) return;
    this.replaceLines(this.bottom, this.y, times);
    this.carriageReturn();
  }

  deleteLines(times) {
    if (this.y < this.top || this.y > this.bottom) return;
    this.replaceLines(this.y, this.bottom, times);
    this.carriageReturn();
  }

  scrollUp(times) {
    this.replaceLines(this.top, this.bottom, times);
  }

  scrollDown(times) {
    this.replaceLines(this.bottom, this.top, times);
  }

  /** Take lines out at one place, and put as many blank ones in at another. */
  replaceLines(out, at, times) {
    for (let i = 0; i < Math.min(times, Math.abs(at - out) + 1); i++) {
      this.lines.splice(out, 1);
      this.lines.splice(at, 0, Row.blank(this.columns, this.erased));
    }
  }

  setRegion(top, bottom) {
    if (bottom <= top) return;
    this.top = Math.max(top, 0);
    this.bottom = Math.min(bottom, this.rows - 1);
    this.moveToGiven(0, 0);
  }

  fill(character) {
    for (let y = 0; y < this.rows; y++) this.own(y).chars.fill(character);
  }

  /** Show the alternate screen, blank, or the main one again as it was. */
  showAlternate(isWanted, keepsCursor) {
    if (isWanted === Boolean(this.main)) return;
    if (isWanted) {
      if (keepsCursor) this.save();
      this.main = { lines: this.lines, saved: this.saved };
      this.lines = Array.from({ length: this.rows }, () => Row.blank(this.columns, this.erased));
      return;
    }
    this.lines = this.main.lines;
    this.saved = this.main.saved;
    this.main = null;
    if (keepsCursor) this.restore();
  }
}

function between(value, least, most) {
  return Math.max(least, Math.min(value, most));
}

function graphic(character) {
  return GRAPHICS[character.charCodeAt(0) - 0x60] ?? character;
}
