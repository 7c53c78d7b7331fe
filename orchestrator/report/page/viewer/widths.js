// How many columns a character takes on a terminal, and bytes that become characters.

// East Asian wide and full-width characters that are not emoji; unassigned gaps between them
// count as wide, as terminals have it.
const WIDE = [
  [0x1100, 0x115f], [0x2329, 0x232a], [0x2630, 0x2637], [0x268a, 0x268f], [0x2e80, 0x303e],
  [0x3041, 0x3247], [0x3250, 0x4dbf], [0x4dc0, 0xa4c6], [0xa960, 0xa97c], [0xac00, 0xd7a3],
  [0xf900, 0xfaff], [0xfe10, 0xfe19], [0xfe30, 0xfe6b], [0xff01, 0xff60], [0xffe0, 0xffe6],
  [0x16fe0, 0x191d2], [0x1aff0, 0x1b2fb], [0x1d300, 0x1d376], [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];
const EMOJI = /\p{Emoji_Presentation}/u;
const ZERO = /[\p{M}\p{Cf}\p{Zl}\p{Zp}\u1160-\u11ff\u3164\ud7b0-\ud7ff\uffa0]/u;
const SIGN_ABOVE = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]/u; // of Cf, but seen
const FIRST_UNUSUAL = 0x300; // below it every printable character takes one column
const known = new Map();

/** Return 0 for a character that joins the one before it, 2 for a wide one, 1 for others. */
function widthOf(character) {
  const code = character.codePointAt(0);
  if (code < FIRST_UNUSUAL && code !== 0xad) return 1;
  let width = known.get(code);
  if (width === undefined) {
    width = measure(character, code);
    known.set(code, width);
  }
  return width;
}

function measure(character, code) {
  if (code === 0xad || SIGN_ABOVE.test(character)) return 1;
  if (ZERO.test(character)) return 0;
  const isWide = WIDE.some(([first, last]) => code >= first && code <= last);
  return isWide || EMOJI.test(character) ? 2 : 1;
}

/** Return the bytes that a string of latin-1 characters stands for. */
function bytesOf(latin) {
  const bytes = new Uint8Array(latin.length);
  for (let i = 0; i < latin.length; i++) bytes[i] = latin.charCodeAt(i);
  return bytes;
}

/** Decodes UTF-8 whose characters may be split between pieces; what is wrong becomes U+FFFD. */
class Decoder {
  constructor(rest = "") {
    this.rest = rest; // the bytes of a character that is not complete yet
  }

  decode(latin) {
    if (!this.rest && !/[\x80-\xff]/.test(latin)) return latin;
    const data = this.rest + latin;
    const end = completeUntil(data);
    this.rest = data.slice(end);
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytesOf(data.slice(0, end)));
  }
}

/** Return where the last character begins if it is not complete, or the end. */
function completeUntil(data) {
  for (let back = 1; back <= Math.min(3, data.length); back++) {
    const byte = data.charCodeAt(data.length - back);
    if (byte >= 0xc0) return isStart(data.slice(data.length - back)) ? data.length - back : data.length;
    if (byte < 0x80) return data.length;
  }
  return data.length;
}

/** Return whether these bytes can become a character with more of them. */
function isStart(bytes) {
  const first = bytes.charCodeAt(0);
  const needed = first >= 0xf5 || first < 0xc2 ? 0 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (bytes.length >= needed) return false;
  if (bytes.length === 1) return true;
  const second = bytes.charCodeAt(1);
  const least = { 0xe0: 0xa0, 0xf0: 0x90 }[first] ?? 0x80;
  const most = { 0xed: 0x9f, 0xf4: 0x8f }[first] ?? 0xbf;
  return second >= least && second <= most;
}
