// Bytes of a transcript become calls on a screen: UTF-8, controls, escape sequences.

const TEXT_RUN = /[^\0-\x1f\x7f-\x9f]+/y;
const LONGEST_PARAMETERS = 256; // characters; what is longer is no sequence of any program
const [CAN, SUB, ESC, DEL] = ["\x18", "\x1a", "\x1b", "\x7f"];
const [CSI_8_BIT, OSC_8_BIT, ST_8_BIT] = ["\x9b", "\x9d", "\x9c"];

const CONTROLS = {
  "\b": (screen) => screen.moveBy(-1),
  "\t": (screen) => screen.tab(),
  "\n": (screen) => screen.lineFeed(),
  "\v": (screen) => screen.lineFeed(),
  "\f": (screen) => screen.lineFeed(),
  "\r": (screen) => screen.carriageReturn(),
  "\x0e": (screen) => { screen.charset = 1; },
  "\x0f": (screen) => { screen.charset = 0; },
};

const ESCAPES = {
  7: (screen) => screen.save(),
  8: (screen) => screen.restore(),
  D: (screen) => screen.index(),
  E: (screen) => { screen.index(); screen.carriageReturn(); },
  H: (screen) => screen.setTab(),
  M: (screen) => screen.reverseIndex(),
  c: (screen) => screen.reset(),
};

/** The sequences that begin with ESC [: the screen, the first parameter (1 if absent), all. */
const SEQUENCES = {
  "@": (screen, n) => screen.insertCharacters(n),
  A: (screen, n) => screen.moveUp(n),
  B: (screen, n) => screen.moveDown(n),
  C: (screen, n) => screen.moveBy(n),
  D: (screen, n) => screen.moveBy(-n),
  E: (screen, n) => { screen.moveDown(n); screen.carriageReturn(); },
  F: (screen, n) => { screen.moveUp(n); screen.carriageReturn(); },
  G: (screen, n) => screen.moveTo(n - 1, screen.y),
  H: (screen, n, all) => screen.moveToGiven((all[1] || 1) - 1, n - 1),
  J: (screen, n, all) => screen.eraseInDisplay(all[0] || 0),
  K: (screen, n, all) => screen.eraseInLine(all[0] || 0),
  L: (screen, n) => screen.insertLines(n),
  M: (screen, n) => screen.deleteLines(n),
  P: (screen, n) => screen.deleteCharacters(n),
  S: (screen, n) => screen.scrollUp(n),
  T: (screen, n) => screen.scrollDown(n),
  X: (screen, n) => screen.eraseCharacters(n),
  b: (screen, n) => screen.repeat(n),
  d: (screen, n) => screen.moveToGiven(screen.x, n - 1),
  g: (screen, n, all) => screen.clearTabs(all[0] === 3),
  h: (screen, n, all) => setModes(screen, all, true),
  l: (screen, n, all) => setModes(screen, all, false),
  m: (screen, n, all) => { screen.style = styled(screen.style, all); },
  r: (screen, n, all) => screen.setRegion((all[0] || 1) - 1, (all[1] || screen.rows) - 1),
  s: (screen) => screen.save(),
  u: (screen) => screen.restore(),
};
Object.assign(SEQUENCES, {
  "`": SEQUENCES.G, a: SEQUENCES.C, e: SEQUENCES.B, f: SEQUENCES.H,
});

const PRIVATE_MODES = {
  6: (screen, on) => { screen.modes.origin = on; screen.moveToGiven(0, 0); },
  7: (screen, on) => { screen.modes.wrap = on; },
  25: (screen, on) => { screen.modes.cursor = on; },
  47: (screen, on) => screen.showAlternate(on, false),
  1047: (screen, on) => screen.showAlternate(on, false),
  1048: (screen, on) => (on ? screen.save() : screen.restore()),
  1049: (screen, on) => screen.showAlternate(on, true),
};
const MODES = {
  4: (screen, on) => { screen.modes.insert = on; },
  20: (screen, on) => { screen.modes.newline = on; },
};

function setModes(screen, numbers, on, modes = MODES) {
  for (const number of numbers) modes[number]?.(screen, on);
}

class Terminal {
  constructor(screen = new Screen()) {
    this.screen = screen;
    this.decoder = new Decoder();
    this.state = "text"; // or escape, designation, sequence, string
    this.given = ""; // what has come of the sequence
  }

  copy() {
    const copy = new Terminal(this.screen.copy());
    copy.decoder = new Decoder(this.decoder.rest);
    copy.state = this.state;
    copy.given = this.given;
    return copy;
  }

  /** Take bytes, given as latin-1 characters. */
  feed(latin) {
    const text = this.decoder.decode(latin);
    let at = 0;
    while (at < text.length) {
      TEXT_RUN.lastIndex = at;
      const run = this.state === "text" ? TEXT_RUN.exec(text) : null;
      if (run) {
        this.screen.draw(run[0]);
        at += run[0].length;
      } else this.take(text[at++]);
    }
  }

  take(character) {
    if (this.state === "string") this.takeString(character);
    else if (character === ESC) this.enter("escape");
    else if (character === CAN || character === SUB) this.state = "text";
    else if (character in CONTROLS) CONTROLS[character](this.screen);
    else if (character === CSI_8_BIT) this.enter("sequence");
    else if (character === OSC_8_BIT) this.enter("string");
    else if (character >= " " && character !== DEL) this[this.state]?.(character);
  }

  enter(state) {
    this.state = state;
    this.given = "";
  }

  escape(character) {
    if (character === "[") this.enter("sequence");
    else if ("]PX^_".includes(character)) this.enter("string");
    else if ("()*+-./ %#".includes(character)) {
      this.enter("designation");
      this.given = character;
    } else {
      this.state = "text";
      ESCAPES[character]?.(this.screen);
    }
  }

  designation(character) {
    this.state = "text";
    if (this.given === "#" && character === "8") this.screen.fill("E");
    const which = "()".indexOf(this.given);
    if (which >= 0) this.screen.charsets[which] = character;
  }

  sequence(character) {
    if (character < "@") {
      if (this.given.length < LONGEST_PARAMETERS) this.given += character;
      return;
    }
    this.state = "text";
    const [, mark, parameters, between] = /^([<=>?]?)([\d;:]*)(.*)$/.exec(this.given);
    const numbers = numbersIn(parameters, character === "m");
    if (between) return;
    if (mark === "?" && "hl".includes(character)) setModes(this.screen, numbers, character === "h", PRIVATE_MODES);
    else if (!mark || (mark === "?" && "JK".includes(character))) {
      SEQUENCES[character]?.(this.screen, Math.max(numbers[0] || 1, 1), numbers);
    }
  }

  /** Skip a string, such as a title, up to its end: BEL, ESC \ or, if another sequence begins, ESC. */
  takeString(character) {
    const isOver = this.given === ESC;
    this.given = character === ESC ? ESC : "";
    if (character === "\x07" || character === ST_8_BIT || character === CAN || character === SUB) this.state = "text";
    else if (isOver) {
      this.enter("escape");
      this.take(character);
    }
  }
}

/** Return the parameters of a sequence; in those of colours a colon may stand for a semicolon. */
function numbersIn(parameters, isStyle) {
  const given = isStyle ? withoutColons(parameters) : parameters;
  return given.split(";").map((one) => Math.min(parseInt(one, 10) || 0, 9999));
}

/** Return the parameters of a style as most programs write them: 4:3 is a wavy underline. */
function withoutColons(parameters) {
  return parameters
    .replace(/([34]8):2:\d*:(\d+:\d+:\d+)/g, "$1;2;$2")
    .replace(/(^|;)4:(\d+)/g, (_, before, kind) => before + (kind === "0" ? "24" : "4"))
    .replace(/:/g, ";");
}
