// What is selected, in full: an operation, a message, a notice, a fault, a connection, a note.

/** Show the selected item with everything that is known of it. */
function buildItem(model, state) {
  const place = byId("item");
  state.on(["item"], () => {
    const { item } = state;
    place.hidden = !item;
    place.replaceChildren();
    if (!item) return;
    const facts = factsOf(item, model).filter(([, value]) => value || value === 0);
    const close = () => state.change({ item: null });
    place.append(
      el("button", { class: "close", "aria-label": "Select nothing", onclick: close }, "×"),
      el("strong", {}, titleOf(item)),
      factList("known", facts.map(([name, value]) => [name, cut(String(value), 5_000)])));
  });
}

function titleOf(item) {
  if (item.kind === "operation") return `Operation ${item.number}: ${plain(item.verb)}`;
  if (item.kind === "line") return "A line of a console";
  const kind = `${item.kind[0].toUpperCase()}${item.kind.slice(1)}`;
  return item.kind === "notice" || item.kind === "mark" ? `${kind}: ${plain(item.verb)}` : kind;
}

/** Return what is known of an item: names and values. */
function factsOf(item, model) {
  switch (item.kind) {
    case "operation":
      return [
        ["at", model.name(item.peer)], ["asked", item.asked], ["from", clock(item.from)], ["took", took(item)],
        ["outcome", item.status], ["answer", item.said], ["line of the scenario", item.line || ""],
        ["asked by", item.isOwn ? "the lab itself" : ""],
      ];
    case "message":
      return [
        ["from", model.party(item.peer)], ["to", model.party(item.other)],
        ["sent", item.sent === null ? "never" : clock(item.sent)], ["shown", clock(item.to)],
        ["after", item.sent === null ? "" : took(item)], ["state", item.status], ["text", item.said],
      ];
    case "fault":
      return [
        ["what", item.says], ["from", clock(item.from)], ["until", ending(item.to)],
        ["proof", faultWord(item)], ["measured", item.proof.join("\n")],
      ];
    case "workload":
      return [
        ["what", item.said], ["from", clock(item.from)], ["until", ending(item.to)], ["took", took(item)],
        ["at", item.peers.map((peer) => model.name(peer)).join(", ")], ["operations", figure(item.operations)],
      ];
    case "connection":
      return [
        ["of", `${model.name(item.peer)} and ${model.name(item.other)}`], ["from", clock(item.from)],
        ["until", ending(item.to)], ["known from", item.by],
      ];
    default:
      return [["at", model.name(item.peer)], ["time", clock(item.from)], ["says", item.said]];
  }
}
