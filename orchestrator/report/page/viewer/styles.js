// What SGR sequences make of a style, and the colours of a terminal.

const STYLE_CODES = {
  1: ["bold", true], 2: ["dim", true], 3: ["italic", true], 4: ["underline", true],
  5: ["blink", true], 7: ["inverse", true], 8: ["hidden", true], 9: ["strike", true],
  21: ["underline", true], 23: ["italic", false], 24: ["underline", false], 25: ["blink", false],
  27: ["inverse", false], 28: ["hidden", false], 29: ["strike", false],
  39: ["fg", null], 49: ["bg", null],
};

/** Return a style after an SGR sequence: codes, with the colours that follow 38 and 48. */
function styled(style, codes) {
  let changed = { ...style };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) changed = { ...PLAIN_STYLE };
    else if (code === 22) Object.assign(changed, { bold: false, dim: false });
    else if (code === 38 || code === 48) {
      const [colour, taken] = givenColour(codes, i + 1);
      if (colour !== null) changed[code === 38 ? "fg" : "bg"] = colour;
      i += taken;
    } else if (code in STYLE_CODES) changed[STYLE_CODES[code][0]] = STYLE_CODES[code][1];
    else Object.assign(changed, basicColour(code));
  }
  return changed;
}

function basicColour(code) {
  const [tens, ones] = [Math.floor(code / 10), code % 10];
  if (ones > 7) return {};
  return { 3: { fg: ones }, 4: { bg: ones }, 9: { fg: ones + 8 }, 10: { bg: ones + 8 } }[tens] ?? {};
}

function givenColour(codes, at) {
  if (codes[at] === 5) {
    const isKnown = at + 1 < codes.length && codes[at + 1] < 256;
    return [isKnown ? codes[at + 1] : null, 2];
  }
  if (codes[at] !== 2) return [null, 1];
  const parts = codes.slice(at + 1, at + 4);
  if (parts.length < 3) return [null, 4];
  return [`#${parts.map((part) => Math.min(part, 255).toString(16).padStart(2, "0")).join("")}`, 4];
}

// The console is dark in both colour schemes. The first eight are light enough to be read on it,
// black is a grey.
const PALETTE = [
  "#8b939c", "#ff7b80", "#5fd38d", "#e5b94e", "#82b1ff", "#d59bf6", "#56c8d8", "#d8dce0",
  "#a3abb3", "#ff9ea2", "#86e3a9", "#f3d07c", "#a9cbff", "#e5bdfa", "#86dbe7", "#ffffff",
];
const BACKGROUNDS = [
  "#000000", "#8c1d23", "#14653a", "#6b4e00", "#1c4a99", "#67318e", "#0c5c69", "#5b636b",
];

/** Return a colour for CSS; null is the terminal's own. */
function cssColour(colour, isBackground) {
  if (colour === null || typeof colour === "string") return colour;
  if (isBackground && colour < 8) return BACKGROUNDS[colour];
  if (colour < 16) return PALETTE[colour];
  if (colour >= 232) return grey(8 + 10 * (colour - 232));
  const level = (step) => (step ? 55 + 40 * step : 0);
  const cube = colour - 16;
  return `rgb(${level(Math.floor(cube / 36))},${level(Math.floor(cube / 6) % 6)},${level(cube % 6)})`;
}

function grey(level) {
  return `rgb(${level},${level},${level})`;
}
