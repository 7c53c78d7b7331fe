// Lines of consoles in which a text stands, also those that are no notice and no answer.

const MOST_LINES = 1_000; // that a search finds in a console
const SEQUENCES_IN_TEXT = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])/g;

class ConsoleSearch {
  constructor(model) {
    this.model = model;
    this.lines = null; // made when it is first asked for
  }

  /** Return the lines that have a text, given in lower case, as items in the order of time. */
  find(text) {
    if (!text) return [];
    this.lines ??= this.model.consoles.map(linesOf);
    const found = this.lines.flatMap((lines) => lines.filter(({ words }) => words.includes(text)).slice(0, MOST_LINES));
    return found.sort((one, other) => one.from - other.from);
  }
}

/** Return the lines that a console showed, each with the time at which it was complete. */
function linesOf({ peer, pieces }) {
  const decoder = new Decoder();
  const lines = [];
  let begun = "";
  for (const [at, typed, data] of pieces) {
    if (typed) continue;
    const parts = (begun + decoder.decode(data)).split("\n");
    begun = parts.pop();
    for (const part of parts) {
      const said = plain(part.replace(SEQUENCES_IN_TEXT, "").replace(/\r/g, "")).trim();
      if (said) lines.push({ kind: "line", peer, from: at, verb: "line", said, words: said.toLowerCase() });
    }
  }
  return lines;
}
