// A console at any moment: its pieces, fed to a terminal, with a copy of the terminal kept every
// so many bytes, so that no moment is far from a copy.

const APART = 16_384; // bytes between two copies
const SLICE = 8; // milliseconds of work at a time, so that the page stays quick

class Replay {
  /** `pieces`: of a console, each with its time, 0 for shown or 1 for typed, and bytes. */
  constructor(pieces) {
    this.shown = pieces.filter(([, typed]) => !typed);
    this.typed = pieces.filter(([, typed]) => typed);
    const terminal = new Terminal();
    terminal.screen.modes.newline = lacksReturns(this.shown);
    this.copies = [{ position: 0, terminal }];
    this.latest = { position: 0, terminal: terminal.copy(), since: 0 };
    this.current = { position: 0, terminal: terminal.copy() };
  }

  get isComplete() {
    return this.latest.position === this.shown.length;
  }

  /** How many rows were ever used, as far as is known. */
  get depth() {
    return Math.max(this.latest.terminal.screen.deepest, this.latest.terminal.screen.y) + 1;
  }

  /** Feed pieces up to `position`, and keep copies, until it is done or the time is over. */
  advance(position, deadline = Infinity) {
    const { latest } = this;
    while (latest.position < position && performance.now() < deadline) {
      const data = this.shown[latest.position][2];
      latest.terminal.feed(data);
      latest.position += 1;
      latest.since += data.length;
      if (latest.since < APART) continue;
      latest.since = 0;
      this.copies.push({ position: latest.position, terminal: latest.terminal.copy() });
    }
  }

  /** Return the screen at a moment, until the next call. */
  screenAt(at) {
    const position = firstPast(this.shown, ([when]) => when > at);
    this.advance(position);
    const past = firstPast(this.copies, (copy) => copy.position > position);
    const copy = this.copies[past - 1];
    const isAhead = this.current.position > position || this.current.position < copy.position;
    if (isAhead) this.current = { position: copy.position, terminal: copy.terminal.copy() };
    while (this.current.position < position) this.current.terminal.feed(this.shown[this.current.position++][2]);
    return this.current.terminal.screen;
  }

  /** Return the last lines that were typed by a moment. */
  typedBy(at, most) {
    const end = firstPast(this.typed, ([when]) => when > at);
    return this.typed.slice(Math.max(0, end - most), end);
  }
}

/** Return whether lines end without a carriage return, as in what was printed into a pipe. */
function lacksReturns(pieces) {
  const first = pieces.find(([, , data]) => data.includes("\n"));
  return Boolean(first) && !pieces.some(([, , data]) => data.includes("\r\n"));
}

/** Feed all consoles in the background, a slice at a time; call `done` behind each of them. */
function replayAll(replays, done) {
  const waiting = replays.filter((replay) => !replay.isComplete);
  if (waiting.length < replays.length) done();
  if (!waiting.length) return;
  setTimeout(() => {
    waiting[0].advance(waiting[0].shown.length, performance.now() + SLICE);
    replayAll(waiting, done);
  });
}
