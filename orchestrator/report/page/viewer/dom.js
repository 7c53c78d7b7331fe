// Elements, and text that is safe to read. Nothing in the page uses innerHTML.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element: attributes, `on…` listeners, and children that are elements or text. */
function el(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** The same for a shape of an SVG picture. */
function svg(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  return fill(element, ...children);
}

/** Append children to an element, without those that are null. */
function fill(element, ...children) {
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Return a text with its controls, invisible characters and direction marks made visible. */
function plain(text) {
  return String(text).replace(UNSEEN, (one) => {
    const code = one.charCodeAt(0);
    return code < 32 ? String.fromCharCode(0x2400 + code) : `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
  });
}

/** Return a text of at most `longest` characters, and how many it has in all. */
function cut(text, longest = 300) {
  if (text.length <= longest) return plain(text);
  return `${plain(text.slice(0, longest))}… (${figure(text.length)} characters)`;
}

/** Return a number with its noun: `1 peer`, `2 peers`. */
function count(number, noun) {
  return `${figure(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** Return a moment of the run, in seconds. */
function clock(at) {
  return at === null || at === undefined ? "–" : `${at.toFixed(3)} s`;
}

/** Return how long something took, in the unit that suits it. */
function span(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.1 ? 1 : 0)} ms`;
  return `${seconds.toFixed(seconds < 100 ? 2 : 0)} s`;
}

/** Return until when something lasted. */
function ending(at) {
  return at === null ? "the end" : clock(at);
}

/** Return how long something took that may not have ended. */
function took({ from, to }) {
  return to === null || to === undefined ? "–" : span(to - from);
}

/** Return a number as people read it: `12,345`. */
function figure(number) {
  return number.toLocaleString("en");
}

/** Return a table; its caption is text or an element, and so is each of its columns' heads. */
function table(caption, columns, body) {
  const heads = columns.map((head) => el("th", { scope: "col" }, head));
  return el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, ...heads)), body);
}

/** Return text for those who do not see the page. */
function spokenText(text) {
  return el("span", { class: "spoken" }, text);
}

/** Return a function that calls `draw` once, at the next frame, however often it is called. */
function eachFrame(draw) {
  let waits = false;
  return () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      draw();
    });
  };
}

/** Return the position of the first of `rows` for which `isPast` holds; they are in order. */
function firstPast(rows, isPast) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isPast(rows[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
