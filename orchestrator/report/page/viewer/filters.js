// Which peers, kinds, operations and words are shown, in the diagram and in the tables.

class Filters {
  constructor(model, state) {
    Object.assign(this, { model, state });
    const verbs = [...new Set(model.operations.map(({ verb }) => verb))].sort();
    this.search = byId("search");
    this.consoles = new ConsoleSearch(model);
    byId("filter-boxes").append(
      this.group("Peers", model.names.map((name, peer) => [name, peer]), "peers"),
      this.group("Kinds", Object.entries(KINDS).map(([kind, label]) => [label, kind]), "kinds"),
      this.group("Operations", verbs.map((verb) => [plain(verb), verb]), "verbs"));
    this.search.addEventListener("input", () => this.find());
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.next(event.shiftKey ? -1 : 1);
    });
    byId("search-next").addEventListener("click", () => this.next(1));
    byId("search-before").addEventListener("click", () => this.next(-1));
    byId("filter-reset").addEventListener("click", () => this.reset());
    state.on(["filters"], () => this.count());
  }

  group(title, entries, part) {
    const boxes = entries.map(([label, value]) => {
      const box = el("input", { type: "checkbox", onchange: () => this.apply(part) });
      box.checked = true;
      box.value = value;
      return [box, el("label", {}, box, el("bdi", {}, label)), value];
    });
    this[part] = boxes.map(([box, , value]) => ({ box, value }));
    const button = (word, isWanted) =>
      el("button", { onclick: () => this.setAll(part, isWanted) }, word, spokenText(` ${title.toLowerCase()}`));
    const labels = boxes.map(([, label]) => label);
    return el("fieldset", {}, el("legend", {}, title), button("all", true), button("none", false), ...labels);
  }

  setAll(part, isWanted) {
    for (const { box } of this[part]) box.checked = isWanted;
    this.apply(part);
  }

  apply(part) {
    const wanted = this[part].filter(({ box }) => box.checked).map(({ value }) => value);
    const isAll = wanted.length === this[part].length;
    this.state.filter({ [part]: part === "verbs" && isAll ? null : new Set(wanted) });
  }

  find() {
    this.state.filter({ text: this.search.value.trim().toLowerCase() });
  }

  /** Go to the next item that the filters admit, or the one before. */
  next(by) {
    const { model, state } = this;
    const lines = this.consoles.find(state.filters.text).filter(({ peer }) => state.filters.peers.has(peer));
    const found = [...model.items.filter((item) => state.admits(item)), ...lines];
    found.sort((one, other) => one.from - other.from);
    if (!found.length) return;
    const here = found.indexOf(state.item);
    const past = firstPast(found, (item) => item.from > state.at);
    const next = here >= 0 ? here + by : by > 0 ? past : past - 1;
    state.select(found[(next + found.length) % found.length]);
  }

  count() {
    const { model, state } = this;
    const found = model.items.filter((item) => state.admits(item)).length;
    const lines = this.consoles.find(state.filters.text).length;
    const parts = found === model.items.length ? [] : [`${figure(found)} of ${figure(model.items.length)} shown`];
    if (lines) parts.push(`${count(lines, "line")} of consoles`);
    byId("found").textContent = parts.join(", ");
  }

  reset() {
    this.search.value = "";
    for (const part of ["peers", "kinds", "verbs"]) this[part].forEach(({ box }) => { box.checked = true; });
    this.state.filter(everything(this.model));
  }
}
