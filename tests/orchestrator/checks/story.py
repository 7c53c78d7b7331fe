"""Right histories, made up: peers that keep every promise, and a lab that reads their consoles.

What a console shows waits until the lab reads that console, as in a real run, so that lines of
two peers may stand out of order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.history.entries import Entry

NAMES = ("alice", "bob", "carol", "dave")
_SOON = 4.0  # seconds that what is shown may take
KINDS = ("connected", "closed", "message", "delivered", "undelivered")


@dataclass(eq=False)
class Link:
    """A connection: its id at each end, and what is under way from each."""

    ids: dict[str, str]
    numbers: dict[str, int]
    under_way: dict[str, deque[str]]
    confirmed: dict[str, int]
    port: int = 0  # that the first of the two has dialled from

    def other(self, peer: str) -> str:
        return next(other for other in self.ids if other != peer)


@dataclass
class Story:
    """The history of a run, written step by step."""

    peers: Sequence[str] = ("alice", "bob")
    notices: Sequence[str] = KINDS
    first_id: int = 1
    entries: list[Entry] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    paused: set[str] = field(default_factory=set)
    parted: dict[str, set[frozenset[str]]] = field(default_factory=dict)
    had_faults: bool = False

    def __post_init__(self) -> None:
        self._at, self._operations = 0.0, 0
        self._next_id = dict.fromkeys(self.peers, self.first_id)
        self._waiting: dict[str, deque[Entry]] = {peer: deque() for peer in self.peers}
        self._frozen: dict[str, deque[Entry]] = {peer: deque() for peer in self.peers}
        self._unreported: list[tuple[frozenset[str], Entry]] = []
        self.lab("began", peers=list(self.peers), notices=list(self.notices), profile="p")
        for peer in self.peers:
            self.lab("ready", peer, address=f"10.0.0.{len(peer)}", port=5000)

    # Writing

    def _now(self) -> float:
        self._at += 0.001
        return self._at

    def lab(self, verb: str, peer: str = "", **fields: Any) -> None:
        self.entries.append(Entry(self._now(), "lab", peer, verb, 0, fields))

    def invoke(self, peer: str, verb: str, **fields: Any) -> Entry:
        self._operations += 1
        begun = Entry(self._now(), "invoke", peer, verb, self._operations, fields)
        self.entries.append(begun)
        return begun

    def end(self, begun: Entry, outcome: Any = "ok", **fields: Any) -> None:
        """Write an outcome, behind what the console showed before it."""
        self.read(begun.peer)
        both = {**begun.fields, **fields}
        done = Entry(self._now(), outcome, begun.peer, begun.verb, begun.operation, both)
        self.entries.append(done)

    def do(self, peer: str, verb: str, outcome: Any = "ok", /, **fields: Any) -> None:
        """Write an operation whose outcome is wanted."""
        self.end(self.invoke(peer, verb, wants={"outcome": outcome}, **fields), outcome)

    def show(self, peer: str, kind: str, **fields: Any) -> None:
        """Show a notice at a console; the lab reads it later. A paused peer shows it later, too."""
        shown = self._frozen[peer] if peer in self.paused else self._waiting[peer]
        shown.append(Entry(self._now(), "notice", peer, kind, 0, fields))

    def read(self, *peers: str) -> None:
        for peer in peers or self.peers:
            self.entries.extend(self._waiting[peer])
            self._waiting[peer].clear()

    # Acting

    def _links_of(self, peer: str) -> list[Link]:
        return [link for link in self.links if peer in link.ids]

    def link(self, one: str, other: str) -> Link | None:
        return next((link for link in self.links if {one, other} == set(link.ids)), None)

    def connect(self, one: str, other: str) -> Link:
        begun = self.invoke(one, "connect", to=other, wants={"outcome": "ok"})
        link = Link({one: self._give(one), other: self._give(other)}, {one: 0, other: 0},
                    {one: deque(), other: deque()}, {one: 0, other: 0})  # fmt: skip
        link.port = 40_000 + self._operations
        self.links.append(link)
        self.show(other, "connected", id=link.ids[other], of=one, called=one)
        self.end(begun, id=link.ids[one])
        return link

    def _give(self, peer: str) -> str:
        self._next_id[peer] += 1
        return str(self._next_id[peer] - 1)

    def send(self, one: str, other: str, text: str, *, arrives: bool = True) -> None:
        link = self.link(one, other)
        assert link
        begun = self.invoke(one, "send", to=other, text=text, wants={"outcome": "ok"})
        link.numbers[one] += 1
        link.under_way[one].append(text)
        self.end(begun, id=link.ids[one], said=f"ok: sent {link.ids[one]} #{link.numbers[one]}")
        if arrives:
            self.arrive(link, one, len(link.under_way[one]))

    def arrive(self, link: Link, sender: str, count: int) -> None:
        """Show the first messages under way, confirmed with one receipt."""
        if self.is_disturbed(*link.ids):
            return
        count = min(count, len(link.under_way[sender]))
        for _ in range(count):
            self._message(link, sender, link.under_way[sender].popleft())
        if count:
            self._report(link, sender, "delivered", count)

    def _message(self, link: Link, sender: str, text: str) -> None:
        other = link.other(sender)
        self.show(other, "message", id=link.ids[other], of=sender, called=sender, text=text)

    def _report(self, link: Link, sender: str, kind: str, count: int, **fields: Any) -> None:
        first = link.confirmed[sender] + 1
        link.confirmed[sender] += count
        self.show(sender, kind, id=link.ids[sender], of=link.other(sender), number=first,
                  count=count, **fields)  # fmt: skip

    def _finish(self, link: Link, shown: int) -> None:
        """Report what is under way as undelivered; the first few arrived all the same."""
        self.links.remove(link)
        for sender, texts in link.under_way.items():
            for place, text in enumerate(texts):
                if place < shown and link.other(sender) not in self.gone:
                    self._message(link, sender, text)
                self._report(link, sender, "undelivered", 1, text=text)

    def _closed(self, link: Link, peer: str) -> None:
        other = link.other(peer)
        fields = {"id": link.ids[peer], "of": other, "called": other}
        if self.is_parted(peer, other):
            self._unreported.append(
                (frozenset(link.ids), Entry(0.0, "notice", peer, "closed", 0, fields))
            )
        else:
            self.show(peer, "closed", **fields)

    def terminate(self, one: str, other: str, *, shown: int = 0, both: bool = False) -> None:
        link = self.link(one, other)
        assert link
        begun = [self.invoke(one, "terminate", to=other)]
        if both:
            begun.append(self.invoke(other, "terminate", to=one))
        self._finish(link, shown)
        if not both:
            self._closed(link, other)
        for invoked in begun:
            self.end(invoked, id=link.ids[invoked.peer])

    def cut(self, link: Link, shown: int = 0) -> None:
        """Break a connection: both ends report it."""
        self._finish(link, shown)
        for peer in link.ids:
            self._closed(link, peer)

    def exit(self, peer: str, status: int = 0) -> None:
        wants = {"outcome": "ok", "status": status}
        begun = self.invoke(peer, "exit", wants=wants)
        for link in self._links_of(peer):
            self._finish(link, 0)
            self._closed(link, link.other(peer))
        self.end(begun, state="exited", status=status)
        self.gone.add(peer)
        self._forget(peer)

    # Faults

    def is_parted(self, one: str, other: str) -> bool:
        return any({one, other} in pairs for pairs in self.parted.values())

    def is_disturbed(self, one: str, other: str) -> bool:
        return bool({one, other} & self.paused) or self.is_parted(one, other)

    def fault(self, verb: str, peer: str = "", outcome: Any = "ok", /, **fields: Any) -> None:
        """Write an operation of the lab on the network or on a program."""
        self.had_faults = True
        self._done(self.invoke(peer, verb, wants={"outcome": "ok"}, **fields), outcome)

    def _done(self, begun: Entry, outcome: Any = "ok") -> None:
        """Write an outcome without reading the console."""
        at, fields = self._now(), dict(begun.fields)
        self.entries.append(Entry(at, outcome, begun.peer, begun.verb, begun.operation, fields))

    def kill(self, peer: str, *, shown: int = 0, lost: int = 0, late: bool = False) -> None:
        """End a peer without warning; the last lines that it was to show are lost.

        Args:
            peer: it.
            shown: how many of the messages under way arrive.
            lost: how many lines are not shown any more.
            late: whether the lab reads the rest behind the kill.
        """
        self.had_faults = True
        begun = self.invoke(peer, "kill", wants={"outcome": "ok"})
        for link in self._links_of(peer):
            self._break(link, peer, shown)
        waiting = self._waiting[peer]
        for _ in range(lost):
            if waiting and waiting[-1].at > self._at - _SOON:
                waiting.pop()
        self._frozen[peer].clear()
        self.paused.discard(peer)
        if not late:
            self.read(peer)
        self._done(begun)
        self.read(peer)
        self.gone.add(peer)
        self._forget(peer)

    def _break(self, link: Link, peer: str, shown: int) -> None:
        """End a connection with one peer, which reports nothing any more."""
        self.links.remove(link)
        other = link.other(peer)
        reach = not self.is_disturbed(peer, other)
        for sender, texts in link.under_way.items():
            for place, text in enumerate(texts):
                if place < shown and reach:
                    self._message(link, sender, text)
                if sender == other:
                    self._report(link, sender, "undelivered", 1, text=text)
        self._closed(link, other)

    def _forget(self, peer: str) -> None:
        """Drop the notices of a peer that is gone."""
        self._unreported = [pending for pending in self._unreported if pending[1].peer != peer]

    def stop(self, peer: str) -> None:
        """End a peer politely: it reports what it can."""
        self.had_faults = True
        begun = self.invoke(peer, "stop", wants={"outcome": "ok"})
        for link in self._links_of(peer):
            self._finish(link, 0)
            self._closed(link, link.other(peer))
        self.end(begun, state="exited", status=0)
        self.gone.add(peer)
        self._forget(peer)

    def start(self, peer: str) -> None:
        """Start a peer again: its ids start again, too."""
        begun = self.invoke(peer, "start", wants={"outcome": "ok"})
        self._next_id[peer] = self.first_id
        self.gone.discard(peer)
        self.lab("ready", peer, address="10.0.0.9", port=5000)
        self.end(begun)

    def pause(self, peer: str) -> None:
        self.read(peer)
        self.fault("pause", peer)
        self.paused.add(peer)

    def resume(self, peer: str) -> None:
        self.fault("resume", peer)
        self.paused.discard(peer)
        for entry in self._frozen[peer]:
            self._waiting[peer].append(replace(entry, at=self._now()))
        self._frozen[peer].clear()

    def partition(self, name: str, *pairs: tuple[str, str]) -> None:
        links = [[*pair] for one, other in pairs for pair in ((one, other), (other, one))]
        self.fault("partition", fault=name, says=" | ".join(pairs[0]), links=links)
        self.parted[name] = {frozenset(pair) for pair in pairs}

    def heal(self, name: str) -> None:
        """Lift a partition; what could not be reported meanwhile is reported now."""
        self.fault("heal", fault=name)
        self.parted.pop(name)
        waiting, self._unreported = self._unreported, []
        for pair, entry in waiting:
            if self.is_parted(*pair):
                self._unreported.append((pair, entry))
            else:
                self.show(entry.peer, entry.verb, **entry.fields)

    def fall_silent(self, link: Link) -> None:
        """Report a dead link at both ends, each for itself."""
        self._finish(link, 0)
        for peer in link.ids:
            other = link.other(peer)
            self.show(peer, "closed", id=link.ids[peer], of=other, called=other)

    def wait(self, seconds: float) -> None:
        """Pass some time, in which everything arrives that can."""
        for link in self.links:
            for sender in link.ids:
                self.arrive(link, sender, len(link.under_way[sender]))
        self._at += seconds

    def lift_all(self) -> None:
        """Lift every fault, and pass as much time as anything may take."""
        for peer in sorted(self.paused):
            self.resume(peer)
        for name in [*self.parted]:
            self.heal(name)
        if self.had_faults:
            self.wait(2 * self._at + 6)

    def rows(self, peer: str) -> list[dict[str, str]]:
        return [{"id": link.ids[peer], "peer": link.other(peer), "address": "10.0.0.9",
                 "port": "5000", "at": "listening"} for link in self._links_of(peer)]  # fmt: skip

    def show_list(self, peer: str) -> None:
        rows = self.rows(peer)
        shows = sorted(row["peer"] for row in rows)
        self.end(self.invoke(peer, "list", wants={"outcome": "ok", "shows": shows}), rows=rows)

    def sockets(self, peer: str) -> list[dict[str, Any]]:
        """Return the sockets that a peer has, as the history lists them."""
        own = [{"local": self.endpoint(peer), "state": "LISTEN"}] if peer not in self.gone else []
        return own + [self.socket(link, peer) for link in self._links_of(peer)]

    def socket(self, link: Link, peer: str, state: str = "ESTABLISHED") -> dict[str, Any]:
        """Return a peer's socket of a connection."""
        dialler, dialled = link.ids
        ends = {dialler: self.endpoint(dialler, link.port), dialled: self.endpoint(dialled)}
        other = link.other(peer)
        listens = other if other == dialled else ""  # others learn it from the other end
        return {"local": ends[peer], "remote": ends[other], "state": state, "peer": listens}

    def endpoint(self, peer: str, port: int = 5000) -> str:
        return f"10.0.1.{[*self.peers].index(peer)}:{port}"

    def read_sockets(self, *peers: str, **changed: list[dict[str, Any]]) -> None:
        """Write which sockets peers have; those of some may be others."""
        for peer in peers or self.peers:
            opened = changed.get(peer, self.sockets(peer))
            self.lab("sockets", peer, all=True, opened=opened)

    # The end

    def settle(self) -> Story:
        for link in self.links:
            for sender in link.ids:
                self.arrive(link, sender, len(link.under_way[sender]))
        self.read()
        self.lab("settled", quiet=True)
        return self

    def finish(self, **sockets: list[dict[str, Any]]) -> list[Entry]:
        """Write the end of a run that came to its end; return the history.

        Some peers may have other sockets than they should.
        """
        self.lift_all()
        self.settle()
        self.read_sockets(**sockets)
        for peer in self.running:
            self.end(self.invoke(peer, "list"), rows=self.rows(peer))
        self.read_sockets(**sockets)
        for peer in self.peers:
            ended_peers = {"state": "exited", "status": 0}
            state = ended_peers if peer in self.gone else {"state": "running", "status": None}
            wants = ended_peers if peer in self.gone else {"state": "running"}
            self.lab("ended", peer, **state, wants=wants)
        self.lab("over")
        return self.entries

    @property
    def running(self) -> list[str]:
        return [peer for peer in self.peers if peer not in self.gone]
