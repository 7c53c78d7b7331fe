// The data of the page, read once: rows become objects, and what several views ask is derived.

/** Return the data: base64, then gzip, then JSON. */
async function readData(text) {
  const bytes = bytesOf(atob(text.trim()));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(unpacked).json();
}

const COLUMNS_OF = {
  operations: ["from", "to", "peer", "verb", "status", "asked", "said", "line", "isOwn", "number"],
  notices: ["from", "peer", "verb", "said"],
  messages: ["peer", "other", "sent", "to", "status", "said", "operation"],
  connections: ["peer", "other", "from", "to", "by"],
  sockets: ["at", "peer", "all", "opened", "closed"],
  lists: ["at", "peer", "rows"],
  marks: ["from", "peer", "verb", "said"],
  workloads: ["from", "to", "peers", "said", "operations"],
};
const ITEM_KINDS = {
  operations: "operation", notices: "notice", messages: "message", connections: "connection",
  marks: "mark", faults: "fault", workloads: "workload",
};

/** What happened, as objects; times in seconds, peers as indexes, -1 for none. */
class Model {
  constructor(data) {
    Object.assign(this, data);
    for (const [name, columns] of Object.entries(COLUMNS_OF)) {
      this[name] = (data[name] ?? []).map((row) => rowAsObject(columns, row));
    }
    this.faults = data.faults.map((fault) => ({ ...fault, peer: -1, verb: fault.kind, said: fault.says }));
    for (const one of this.workloads) Object.assign(one, { peer: -1, verb: "workload" });
    for (const [name, kind] of Object.entries(ITEM_KINDS)) {
      this[name].forEach((item, index) => Object.assign(item, { kind, index }));
    }
    for (const one of this.messages) one.from = one.sent ?? one.to ?? 0;
    this.duration = Math.max(data.duration, 0.001);
    for (const { word, operations } of this.findings) {
      for (const one of operations.map((index) => this.operations[index])) {
        if (one) one.found ??= word; // what is wrong comes before what is uncertain
      }
    }
    this.names = this.peers.map((peer) => plain(peer.name));
    this.items = Object.keys(ITEM_KINDS).flatMap((name) => this[name]);
    this.items.sort((one, other) => one.from - other.from);
    // programs may take long to start: what is shown first begins shortly before anything is done
    const first = this.operations[0]?.from ?? 0;
    this.begin = first > this.duration / 5 ? Math.max(0, first - (this.duration - first) / 20) : 0;
    this.socketSpans = socketSpans(this.sockets, this.duration);
    this.markSteps();
  }

  name(peer) {
    return this.names[peer] ?? (peer === -1 ? "the run" : "unknown peer");
  }

  /** Return who sent or got a message. */
  party(peer) {
    return peer < 0 ? "no peer of the run" : this.name(peer);
  }

  /** The moments at which anything happened, each once, in order. */
  markSteps() {
    const moments = this.items.flatMap((item) => [item.from, item.to ?? item.from]);
    moments.push(...this.consoles.flatMap((one) => one.pieces.map((piece) => piece[0])));
    this.moments = [...new Set(moments)].sort((one, other) => one - other);
  }

  /** Return the peers that an item is about. */
  peersOf(item) {
    if (item.peers) return item.peers; // a fault's, a workload's
    return [item.peer, item.other].filter((peer) => peer !== undefined && peer >= 0);
  }

  /** Return whether a peer's program ran at a moment. */
  runs(peer, at) {
    return this.peers[peer].lives.some(([from, to]) => from <= at && (to === null || at < to));
  }

  /** Return a peer's last list before a moment, of the life that it is in. */
  listAt(peer, at) {
    const born = Math.max(0, ...this.peers[peer].lives.map(([from]) => from).filter((from) => from <= at));
    return this.lists.findLast((list) => list.peer === peer && list.at <= at && list.at >= born) ?? null;
  }

  /** Return the sockets that the kernel had last listed of a peer, and when; null if never. */
  socketsAt(peer, at) {
    const read = this.sockets.findLast((one) => one.peer === peer && one.at <= at);
    if (!read) return null;
    const spans = this.socketSpans.filter((span) => span.peer === peer && span.from <= at && at < span.to);
    return { at: read.at, spans };
  }

  connectionsAt(at) {
    return this.connections.filter(({ from, to }) => from <= at && (to === null || at < to));
  }

  workloadsAt(at) {
    return this.workloads.filter(({ from, to }) => from <= at && (to === null || at < to));
  }

  /** Return the faults that are active; one that could not be done never is. */
  faultsAt(at) {
    const isActive = ({ from, to, status }) => status !== "not done" && from <= at && (to === null || at < to);
    return this.faults.filter(isActive);
  }
}

function rowAsObject(columns, row) {
  const item = {};
  for (let i = 0; i < columns.length; i++) item[columns[i]] = row[i];
  return item;
}

/** Return from when to when each socket was in each state, as far as the kernel was asked. */
function socketSpans(reads, duration) {
  const open = new Map();
  const spans = [];
  const end = (key, at) => {
    const span = open.get(key);
    if (span) span.to = at;
    open.delete(key);
  };
  for (const { at, peer, all, opened, closed } of reads) {
    if (all) endAll(open, peer, new Set(opened.map((row) => keyOf(peer, row))), end, at);
    for (const row of closed) end(keyOf(peer, row), at);
    for (const row of opened) {
      const [local, remote, state, other, unread, unsent] = row;
      const key = keyOf(peer, row);
      const before = open.get(key);
      if (before && before.state === state && before.unread === unread && before.unsent === unsent) continue;
      end(key, at);
      const span = { peer, other, local, remote, state, unread, unsent, from: at, to: duration + 1 };
      open.set(key, span);
      spans.push(span);
    }
  }
  return spans;
}

function endAll(open, peer, kept, end, at) {
  for (const [key, span] of open) {
    if (span.peer === peer && !kept.has(key)) end(key, at);
  }
}

function keyOf(peer, [local, remote]) {
  return `${peer} ${local} ${remote}`;
}
