// Keys for everything that the pointer can do; `?` lists them.

const PAN = 0.2; // of the stretch shown
const ZOOM = 0.6;

/** Return the keys: what they are called, what they do in words, and what they do. */
function keyBindings(model, state, controls) {
  const pan = (share) => {
    const by = share * (state.to - state.from);
    state.show(state.from + by, state.to + by);
  };
  const step = (key, event) => state.step((key === "ArrowLeft" ? -1 : 1) * (event.shiftKey ? 10 : 1));
  const edge = (key) => state.goTo(key === "Home" ? 0 : model.duration);
  const finding = (key) => state.selectFinding(state.finding + (key === "n" ? 1 : -1));
  return [
    [["ArrowLeft", "ArrowRight"], "← →", "the event before, the next event; ten with Shift", step],
    [["Home", "End"], "Home End", "the beginning, the end of the run", edge],
    [["n", "p"], "n p", "the next finding, the one before", finding],
    [[" "], "Space", "play and pause", () => controls.play()],
    [["+", "=", "-"], "+ −", "zoom in and out around the moment", (key) => state.zoom(key === "-" ? 1 / ZOOM : ZOOM)],
    [["0"], "0", "the whole run", () => state.show(0, model.duration)],
    [["[", "]"], "[ ]", "move the stretch that is shown", (key) => pan(key === "[" ? -PAN : PAN)],
    [["/"], "/", "search; Enter goes to the next match, Shift+Enter to the one before", () => byId("search").focus()],
    [["f"], "f", "filters", () => { byId("filters").open = !byId("filters").open; }],
    [["t"], "t", "dark or light", () => controls.switchTheme()],
    [["?"], "?", "this list", () => controls.help()],
    [["Escape"], "Esc", "close this list, leave the search, select nothing", () => controls.escape()],
  ];
}

function listenToKeys(bindings) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (isTaken(event)) return;
    const found = bindings.find(([keys]) => keys.includes(event.key));
    if (!found) return;
    event.preventDefault();
    found[3](event.key, event);
  });
}

/** Return whether the focused element needs a key itself. */
function isTaken({ key, target }) {
  if (key === "Escape") return false;
  if (document.querySelector("dialog[open]")) return key !== "?";
  if (target.matches("input[type=search], select, textarea")) return true;
  if (key === " ") return target.matches("button, summary, a, input");
  return false;
}

function helpTable(bindings) {
  const rows = bindings.map(([, name, does]) =>
    el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, name)), el("td", {}, does)));
  return table("Keys", ["key", "does"], el("tbody", {}, ...rows));
}
