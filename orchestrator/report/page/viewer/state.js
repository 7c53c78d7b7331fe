// What is shown: the moment, the stretch of time, what is selected, the filters. One place to
// change it, and everything that draws is told. The fragment of the address says the same.

const KINDS = {
  operation: "operations", own: "what the lab asked by itself", message: "messages", notice: "notices",
  connection: "connections", socket: "sockets", fault: "faults", workload: "workloads", mark: "the lab's notes",
};
const ADDRESS_AFTER = 150; // milliseconds
const CLOSE_UP = 10; // seconds shown around a finding of a long run

/** Return filters that leave everything in. */
function everything(model) {
  return { peers: new Set(model.peers.keys()), kinds: new Set(Object.keys(KINDS)), verbs: null, text: "" };
}

class State {
  constructor(model) {
    this.model = model;
    this.at = model.duration;
    this.from = model.begin;
    this.to = model.duration;
    this.finding = -1;
    this.item = null;
    this.filters = everything(model);
    this.admitsAll = true;
    this.listeners = [];
    this.changed = new Set();
    this.tell = eachFrame(() => this.tellNow());
  }

  /** Call `listener` at the next frame after one of these parts has changed. */
  on(parts, listener) {
    this.listeners.push([parts, listener]);
  }

  change(changes) {
    Object.assign(this, changes);
    Object.keys(changes).forEach((part) => this.changed.add(part));
    this.tell();
  }

  tellNow() {
    const changed = this.changed;
    this.changed = new Set();
    for (const [parts, listener] of this.listeners) {
      if (parts.some((part) => changed.has(part))) listener();
    }
    if (changed.has("at") || changed.has("item") || changed.has("finding")) this.noteAddress();
  }

  /** The peers of the finding and the item that are selected. */
  get concerned() {
    const { finding, item, model } = this;
    return new Set([...(item ? model.peersOf(item) : []), ...(model.findings[finding]?.peers ?? [])]);
  }

  /** Scroll to what is shown of the moment, once all of it is drawn. */
  scrollToMoment() {
    this.tellNow();
    byId("moment").scrollIntoView({ block: "start" });
  }

  goTo(at) {
    const moment = between(at, 0, this.model.duration);
    this.change({ at: moment });
    const half = (this.to - this.from) / 2;
    if (moment < this.from || moment > this.to) this.show(moment - half, moment + half);
  }

  /** Show a stretch of time: within the run, and not shorter than a tenth of a millisecond. */
  show(from, to) {
    const { duration } = this.model;
    const length = between(to - from, Math.min(0.0001, duration), duration);
    const begin = between(from, 0, duration - length);
    this.change({ from: begin, to: begin + length });
  }

  zoom(factor, around = this.at) {
    const kept = between(around, this.from, this.to);
    this.show(kept - (kept - this.from) * factor, kept + (this.to - kept) * factor);
  }

  /** Select a finding; the operations behind it are shown with it, so no item is. */
  selectFinding(index) {
    const finding = this.model.findings[index];
    if (!finding) return;
    this.change({ finding: index, item: null });
    this.closeUp(finding.at);
    this.goTo(finding.at);
  }

  select(item) {
    this.change({ item });
    if (item) this.goTo(item.from);
  }

  closeUp(at) {
    if (this.model.duration > 2 * CLOSE_UP) this.show(at - CLOSE_UP / 2, at + CLOSE_UP / 2);
  }

  /** Go to the next moment at which anything happened, or the one before. */
  step(by) {
    const { moments } = this.model;
    const past = firstPast(moments, (moment) => moment > this.at);
    const here = moments[past - 1] === this.at ? past - 1 : past - 0.5;
    const next = by > 0 ? Math.floor(here + by) : Math.ceil(here + by);
    if (moments.length) this.goTo(moments[between(next, 0, moments.length - 1)]);
  }

  /** Return whether the filters leave an item in. */
  admits(item) {
    if (this.admitsAll) return true;
    const { peers, kinds, verbs, text } = this.filters;
    if (!kinds.has(item.kind) || (item.isOwn && !kinds.has("own"))) return false;
    if (verbs && item.kind === "operation" && !verbs.has(item.verb)) return false;
    const concerned = this.model.peersOf(item);
    if (concerned.length && !concerned.some((peer) => peers.has(peer))) return false;
    return !text || this.hasText(item, text);
  }

  hasText(item, text) {
    const names = () => this.model.peersOf(item).map((peer) => this.model.name(peer));
    const texts = () => [item.verb, item.asked, item.said, item.status, ...names()];
    item.words ??= texts().filter(Boolean).join("\n").toLowerCase();
    return item.words.includes(text);
  }

  filter(changes) {
    const filters = { ...this.filters, ...changes };
    const { peers, kinds, verbs, text } = filters;
    const hasAll = peers.size === this.model.peers.length && kinds.size === Object.keys(KINDS).length;
    this.admitsAll = hasAll && !verbs && !text;
    this.change({ filters });
  }

  /** Write the address once nothing has moved for a moment: browsers refuse to do it often. */
  noteAddress() {
    clearTimeout(this.addressTimer);
    this.addressTimer = setTimeout(() => this.writeFragment(), ADDRESS_AFTER);
  }

  writeFragment() {
    const parts = [`t=${+this.at.toFixed(4)}`];
    if (this.finding >= 0) parts.push(`finding=${this.finding + 1}`);
    if (this.item?.kind === "operation") parts.push(`op=${this.item.number}`);
    const fragment = `#${parts.join("&")}`;
    if (fragment !== location.hash) history.replaceState(null, "", fragment);
  }

  /** Show what the fragment names; return whether it names anything that there is. */
  readFragment() {
    const given = new URLSearchParams(location.hash.slice(1));
    const number = (key) => (given.has(key) && Number.isFinite(Number(given.get(key))) ? Number(given.get(key)) : null);
    const [at, finding, operation] = [number("t"), number("finding"), number("op")];
    const operated = this.model.operations.find((one) => one.number === operation);
    if (this.model.findings[finding - 1]) this.selectFinding(finding - 1);
    if (operated) this.select(operated);
    if (at !== null) this.goTo(at);
    return at !== null || Boolean(operated ?? this.model.findings[finding - 1]);
  }
}
