// Who is connected to whom at the moment: as consoles say, as the kernel says, and which links
// a fault has cut or impaired.

const SIZE = 260;
const CENTRE = SIZE / 2;
const RADIUS = 92;

function buildGraph(model, state) {
  const place = byId("graph");
  state.on(["at", "filters"], () => place.replaceChildren(graphAt(model, state)));
}

function graphAt(model, state) {
  const peers = [...model.peers.keys()].filter((peer) => state.filters.peers.has(peer));
  const spots = new Map(peers.map((peer, i) => [peer, spot(i, peers.length)]));
  const pairs = connectedPairs(model, state.at);
  const shapes = [];
  for (const pair of pairs.values()) {
    if (spots.has(pair.one) && spots.has(pair.other)) shapes.push(...edge(pair, spots));
  }
  for (const link of brokenLinks(model, state.at)) {
    if (spots.has(link.one) && spots.has(link.other)) shapes.push(...brokenMark(link, spots));
  }
  for (const [peer, { x, y }] of spots) shapes.push(node(model, peer, x, y, state.at, peers.length));
  const label = `Connections at ${clock(state.at)}: ${graphInWords(model, pairs)}`;
  return svg("svg", { viewBox: `-20 0 ${SIZE + 40} ${SIZE}`, role: "img", "aria-label": label }, ...shapes);
}

function spot(position, number) {
  if (number === 1) return { x: CENTRE, y: CENTRE };
  const angle = (2 * Math.PI * position) / number - (number === 2 ? Math.PI : Math.PI / 2);
  return { x: CENTRE + RADIUS * Math.cos(angle), y: CENTRE + RADIUS * Math.sin(angle) };
}

/** Return the pairs that are connected, and who says so. */
function connectedPairs(model, at) {
  const pairs = new Map();
  const note = (one, other, who) => {
    if (other < 0 || one === other) return;
    const [first, second] = [Math.min(one, other), Math.max(one, other)];
    const key = `${first} ${second}`;
    const pair = pairs.get(key) ?? { one: first, other: second, console: false, kernel: 0 };
    if (who === "console") pair.console = true;
    else pair.kernel |= one < other ? 1 : 2;
    pairs.set(key, pair);
  };
  for (const { peer, other, by } of model.connectionsAt(at)) {
    if (by !== "sockets") note(peer, other, "console");
  }
  for (const span of model.socketSpans) {
    const isOpen = span.from <= at && at < span.to && span.state === "ESTABLISHED";
    if (isOpen && span.remote) note(span.peer, span.other, "kernel");
  }
  return pairs;
}

function edge({ one, other, console, kernel }, spots) {
  const [from, to] = [spots.get(one), spots.get(other)];
  const line = (kind, shift) => {
    const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
    const [dx, dy] = [(-(to.y - from.y) / length) * shift, ((to.x - from.x) / length) * shift];
    return svg("line", { class: kind, x1: from.x + dx, y1: from.y + dy, x2: to.x + dx, y2: to.y + dy });
  };
  const kernelKind = kernel === 3 ? "kernel" : "kernel half";
  return [console && line("console", -2), kernel && line(kernelKind, 2)].filter(Boolean);
}

const CUTTING = new Set(["partition", "isolate"]); // other faults of links let something through

/** Return the links that a fault is active on, each once, and whether it cuts them. */
function brokenLinks(model, at) {
  const links = new Map();
  for (const { verb, links: given } of model.faultsAt(at)) {
    for (const [from, to] of given) {
      const [one, other] = [Math.min(from, to), Math.max(from, to)];
      const isCut = CUTTING.has(verb) || links.get(`${one} ${other}`)?.isCut;
      links.set(`${one} ${other}`, { one, other, isCut });
    }
  }
  return links.values();
}

function brokenMark({ one, other, isCut }, spots) {
  const [from, to] = [spots.get(one), spots.get(other)];
  const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2 + 6];
  return [
    svg("line", { class: "gone", x1: from.x, y1: from.y, x2: to.x, y2: to.y }),
    svg("text", { class: isCut ? "cut" : "impaired", x, y }, isCut ? "✕" : "≈"),
  ];
}

function node(model, peer, x, y, at, number) {
  const runs = model.runs(peer, at);
  const radius = number > 14 ? 5 : 8;
  const side = x < CENTRE - 5 ? -1 : 1;
  const spot = number === 2
    ? { x, y: y + 24, "text-anchor": "middle" }
    : { x: x + 12 * side, y: y + 4, "text-anchor": side < 0 ? "end" : "start" };
  const label = `${cut(model.peers[peer].name, 12)}${runs ? "" : " ✖"}`;
  return svg("g", { class: runs ? "node" : "node ended" },
    svg("circle", { cx: x, cy: y, r: radius }),
    svg("text", spot, label));
}

function graphInWords(model, pairs) {
  const words = [...pairs.values()].map(({ one, other, console, kernel }) => {
    const who = console && kernel ? "both agree" : console ? "only their consoles say so" : "only the kernel says so";
    return `${model.name(one)} and ${model.name(other)} (${who})`;
  });
  return words.join(", ") || "none";
}
