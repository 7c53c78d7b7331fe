// The same as the diagram, as tables: for screen readers, for print, and to look things up.

const PAGE = 200; // rows at a time

const TABLES = [
  {
    name: "operations", title: "Operations",
    columns: ["number", "at", "took", "peer", "asked", "outcome", "answer", "line"],
    row: (one, model) => [
      one.number, clock(one.from), took(one), model.name(one.peer), one.asked || one.verb, one.status,
      one.said, one.line || "",
    ],
  },
  {
    name: "messages", title: "Messages", columns: ["sent", "from", "to", "shown after", "state", "text"],
    row: (one, model) => [
      one.sent === null ? "never" : clock(one.sent), model.party(one.peer), model.party(one.other),
      one.sent === null ? "–" : took(one), one.status, one.said,
    ],
  },
  {
    name: "notices", title: "Notices: what consoles showed unasked", columns: ["at", "peer", "kind", "line"],
    row: (one, model) => [clock(one.from), model.name(one.peer), one.verb, one.said],
  },
  {
    name: "connections", title: "Connections", columns: ["from", "until", "peer", "peer", "known from"],
    row: (one, model) => [clock(one.from), ending(one.to), model.name(one.peer), model.name(one.other), one.by],
  },
  {
    name: "faults", title: "Faults and their proof", columns: ["from", "until", "fault", "proof", "measured"],
    row: (one) => [
      clock(one.from), ending(one.to), one.says || one.name, faultWord(one), one.proof.join("\n"),
    ],
  },
  {
    name: "workloads", title: "Workloads", columns: ["from", "until", "workload", "peers", "operations"],
    row: (one, model) => [
      clock(one.from), ending(one.to), one.said, one.peers.map((peer) => model.name(peer)).join(", "), one.operations,
    ],
  },
  {
    name: "marks", title: "What the lab noted", columns: ["at", "peer", "kind", "note"],
    row: (one, model) => [clock(one.from), model.name(one.peer), one.verb, one.said],
  },
];

function buildTables(model, state) {
  byId("tables").append(checksTable(model), peersTable(model));
  const tables = TABLES.filter(({ name }) => model[name].length).map((kind) => new PagedTable(kind, model, state));
  byId("tables").append(...tables.map((table) => table.details));
  state.on(["filters"], () => tables.forEach((table) => table.drawNow()));
}

function foldedTable(title, columns, rows) {
  const body = el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map(cellOf))));
  const whole = table(spokenText(title), columns, body);
  return el("details", {}, el("summary", {}, title), el("div", { class: "wide" }, whole));
}

function cellOf(value) {
  const text = typeof value === "number" ? figure(value) : cut(String(value ?? ""), 1_000);
  return el("td", {}, el("bdi", {}, text));
}

function checksTable(model) {
  const rows = model.checks.map(({ name, word, says, promise }) =>
    [name, `${VERDICT_MARKS[word] ?? "?"} ${word}`, says, promise ?? ""]);
  return foldedTable(`Checks (${rows.length})`, ["check", "judgement", "says", "promise"], rows);
}

function peersTable(model) {
  const life = ([from, to, how]) => `${clock(from)} to ${ending(to)}${to === null ? "" : `: ${how}`}`;
  const rows = model.peers.map(({ name, address, program, lives }) =>
    [name, address, program, lives.map(life).join("\n")]);
  return foldedTable(`Peers (${rows.length})`, ["peer", "address", "program", "ran"], rows);
}

/** A table of one kind of item, drawn when it is opened, some rows at a time. */
class PagedTable {
  constructor(kind, model, state) {
    Object.assign(this, { kind, model, state, shown: PAGE });
    this.body = el("tbody");
    this.summary = el("summary");
    this.more = el("button", { onclick: () => { this.shown += PAGE; this.drawNow(); } });
    this.details = el("details", { id: `table-${kind.name}`, ontoggle: () => this.drawNow() },
      this.summary,
      el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": kind.title },
        table(spokenText(kind.title), kind.columns, this.body)),
      this.more);
    this.drawNow();
  }

  drawNow() {
    const all = this.model[this.kind.name];
    const items = all.filter((item) => this.state.admits(item));
    const number = items.length === all.length ? figure(all.length) : `${figure(items.length)} of ${figure(all.length)}`;
    this.summary.textContent = `${this.kind.title} (${number})`;
    this.more.hidden = items.length <= this.shown;
    this.more.textContent = `Show ${Math.min(PAGE, items.length - this.shown)} more`;
    if (this.details.open) this.body.replaceChildren(...items.slice(0, this.shown).map((item) => this.row(item)));
  }

  /** A row; its first cell is a button that shows the moment. */
  row(item) {
    const [first, ...cells] = this.kind.row(item, this.model);
    const show = el("button", { class: "link", onclick: () => this.show(item) }, String(first));
    const status = item.status && `status-${item.status.replaceAll(" ", "-")}`;
    const classes = [status, item.found && `found-${item.found}`].filter(Boolean).join(" ");
    return el("tr", { class: classes || null }, el("th", { scope: "row" }, show), ...cells.map(cellOf));
  }

  show(item) {
    this.state.select(item);
    this.state.scrollToMoment();
  }
}
