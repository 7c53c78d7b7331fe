// What is known of the moment in words: what is nearest, which faults are active, and each peer's
// list beside the kernel's sockets.

const NEAR_LINES = 6;
const MOST_SIDES = 8; // peers whose lists and sockets are shown at once

function buildMoment(model, state) {
  const near = byId("near");
  const sides = byId("sides");
  state.on(["at", "filters", "item", "finding"], () => {
    near.replaceChildren(...nearLines(model, state));
    sides.replaceChildren(...sideTables(model, state));
  });
}

function nearLines(model, state) {
  const past = firstPast(model.items, (item) => item.from > state.at);
  const before = [];
  for (let i = past - 1; i >= 0 && before.length < NEAR_LINES; i--) {
    if (!model.items[i].isOwn && state.admits(model.items[i])) before.unshift(model.items[i]);
  }
  const faults = model.faultsAt(state.at).map((fault) =>
    el("li", { class: "fault" }, `active now: ${cut(fault.says || fault.name, 120)} (${faultWord(fault)})`));
  const workloads = model.workloadsAt(state.at).map((one) =>
    el("li", { class: "workload" }, `under way: ${workloadLabel(one)}`));
  return [...faults, ...workloads, ...before.map((item) => nearLine(item, model, state))];
}

function nearLine(item, model, state) {
  const isChosen = item === state.item;
  return el("li", { class: isChosen ? "chosen" : null },
    el("button", { class: "link", onclick: () => state.select(item), "aria-pressed": String(isChosen) },
      el("span", { class: "at" }, clock(item.from)), " ", el("bdi", {}, sentence(item, model, 90))));
}

/** A table of each peer: what its list says, what the kernel says, and whether they agree. */
function sideTables(model, state) {
  const { concerned, filters } = state;
  const peers = [...filters.peers].sort((one, other) => concerned.has(other) - concerned.has(one) || one - other);
  const tables = peers.slice(0, MOST_SIDES).map((peer) => sideTable(model, peer, state.at)).filter(Boolean);
  const more = peers.length - MOST_SIDES;
  if (more > 0) tables.push(el("p", { class: "dim" }, `and ${count(more, "more peer")}: choose some in the filters`));
  return tables;
}

function sideTable(model, peer, at) {
  const list = model.listAt(peer, at);
  const sockets = model.socketsAt(peer, at);
  if (!list && !sockets) return null;
  const hasLists = model.lists.length > 0; // a program that is no chat has none
  const rows = compared(model, list, sockets, canCompare(model, peer, list, sockets));
  const ages = [hasLists ? age("its list", list, at) : "", age("its sockets", sockets, at)].filter(Boolean);
  const caption = el("span", {}, el("strong", {}, model.name(peer)), `: ${ages.join(", ")}`);
  const heads = ["with", ...(hasLists ? ["its list"] : []), "the kernel", spokenText("do they agree")];
  const none = el("tr", {}, el("td", { colspan: "4", class: "dim" }, "none"));
  const body = el("tbody", {}, ...(rows.length ? rows.map((row) => sideRow(row, hasLists)) : [none]));
  return el("div", { class: "wide" }, table(caption, heads, body));
}

function age(what, known, at) {
  return known ? `${what} of ${clock(known.at)} (${span(at - known.at)} before)` : `${what} not known`;
}

function sideRow({ name, listed, held, agree }, hasLists) {
  const lines = (texts) => texts.map((text) => el("div", {}, text));
  return el("tr", { class: agree === false ? "differ" : null },
    el("th", { scope: "row" }, name),
    hasLists ? el("td", {}, ...lines(listed.length ? listed : ["–"])) : null,
    el("td", {}, ...lines(held.length ? held : ["–"])),
    el("td", {}, agree === null ? "" : agree ? "=" : "≠ they differ"));
}

/** Return whether a list and a reading can differ only if the program is wrong. */
function canCompare(model, peer, list, sockets) {
  if (!list || !sockets) return false;
  return !hasChanged(model, peer, Math.min(list.at, sockets.at), Math.max(list.at, sockets.at));
}

/** Return whether any of a peer's connections or sockets began or ended in between. */
function hasChanged(model, peer, from, to) {
  const isIn = (at) => at !== null && from < at && at < to;
  const isOf = (one) => one.peer === peer || one.other === peer;
  return model.connections.some((one) => isOf(one) && (isIn(one.from) || isIn(one.to)))
    || model.socketSpans.some((one) => one.peer === peer && one.remote && (isIn(one.from) || isIn(one.to)));
}

/** Return a row for each other peer that the list or the kernel knows; listening is left out. */
function compared(model, list, sockets, isComparable) {
  const rows = new Map();
  const row = (name) => {
    if (!rows.has(name)) rows.set(name, { name, listed: [], held: [], whole: 0 });
    return rows.get(name);
  };
  for (const [id, name, address] of list?.rows ?? []) {
    row(name ? plain(name) : "unknown peer").listed.push(plain(`${id}: ${address}`));
  }
  for (const { remote, local, state, other, unread, unsent } of sockets?.spans ?? []) {
    if (!remote) continue;
    const one = row(other >= 0 ? model.name(other) : "unknown peer");
    const rest = [unread && `${unread} bytes not read`, unsent && `${unsent} bytes not acknowledged`].filter(Boolean);
    one.held.push(plain([`${local} → ${remote} ${state}`, ...rest].join(", ")));
    one.whole += state === "ESTABLISHED";
  }
  for (const one of rows.values()) one.agree = isComparable ? one.listed.length > 0 === one.whole > 0 : null;
  return [...rows.values()];
}
