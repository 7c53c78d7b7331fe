"""Once things are quiet, the sockets that a program has are those that its console speaks of.

Consoles say which connections there are; the kernel knows. Judged at the end, for peers that run,
by the last list of each and by its sockets before and behind it. Invalid when

- two peers list each other and have no connection, while others that list each other do, even if
  they have been silent for as long: some programs dial when they have something to send;
- two that do not list each other have as many connections as others that do, or have all that they
  had when a `terminate` was confirmed;
- a `connect` that was refused, to a peer that was connected already or to itself, has left another
  connection;
- one end of a connection is closed, and the other, which is not listed, is not;
- a program has ended and another process still has a socket of it, such as its port;
- a program that was started again does not listen, as its port was still taken by a connection of
  its last run that the kernel finishes: it has to set SO_REUSEADDR.

Each must last longer than any program takes to notice. A program may have other sockets besides,
dial for each message, or list the connections alone that it dialled itself: the number of
connections of a pair is compared with that of others, or with its own before. What one end lists
and the other does not is judged by `lists`. Unknown when the run did not settle, when a fault came
between the two until shortly before, when it has not lasted that long yet, and when the machine
gave the programs too little time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import inf

from orchestrator.checks import punctuality, redialling
from orchestrator.checks.final_lists import final
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.invocations import LONGEST, Operation
from orchestrator.checks.index.sockets import Socket
from orchestrator.checks.phrases import both, quoted, when
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.text import count

NAME = "sockets"

_TELLING = ("connect", "connected", "terminate", "closed")


@dataclass(frozen=True, slots=True)
class _Suspicion:
    """What console and kernel do not agree on, and since when."""

    peers: tuple[str, str]
    says: str
    since: float
    operation: int = 0  # the number of the one that it is about; 0 for none


def check(index: HistoryIndex) -> Verdict:
    """Judge the sockets at the end."""
    end = _End(index)
    if not end.whole:
        says = "not judged: the history says nothing of sockets at the end"
        return conclude(NAME, says, [], index.unsettled, judged=False)
    wrong, unsure, seen = list[Finding](), list[Finding](), set[frozenset[str]]()
    for one in _suspicions(end):
        if frozenset(one.peers) in seen:
            continue  # one cause, one finding
        seen.add(frozenset(one.peers))
        lasts = end.until - one.since > LONGEST
        late = punctuality.of_absence(index, one.since, end.until)
        is_sure = lasts and not late and index.is_quiet(*one.peers, end.until)
        says, peers = one.says + late, both(*one.peers)
        finding = Finding(says, end.until, peers, operation=one.operation)
        (wrong if is_sure else unsure).append(finding)
    for finding, is_sure in _taken(index):
        (wrong if is_sure else unsure).append(finding)
    held = sum(bool(end.held(*pair)) for pair in end.listed)
    says = f"{count(len(end.whole), 'peer')}, {count(held, 'connection')} as listed"
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled], judged=index.ends)


def _suspicions(end: _End) -> Iterator[_Suspicion]:
    yield from _left_behind(end)
    yield from _unbacked(end)
    yield from _left_open(end)
    yield from _refused(end)
    yield from _unlisted(end)
    yield from _half_closed(end)


class _End:
    """The peers that run at the end, what they list, and their sockets then."""

    def __init__(self, index: HistoryIndex) -> None:
        self.index = index
        settled = inf if index.settled is None else index.settled
        # the peers whose sockets were read at the end
        whole = index.sockets.whole
        self.whole = [peer for peer, at in whole.items() if at > settled and index.chats(peer)]
        lists = final(index)
        self.lists = {peer: lists[peer] for peer in self.whole if peer in lists}
        self.start = min((one.position for one in self.lists.values()), default=0)
        last = [one.last.at for one in self.lists.values()]
        self.until = max([*last, *(entry.at for entry in index.marks("sockets")[-1:])], default=0.0)

    def now(self, peer: str, other: str) -> list[Socket]:
        """Return a peer's connected sockets with another one as last read."""
        return self.index.sockets.between(peer, other, len(self.index.entries))

    def lasting(self, peer: str, other: str) -> list[Socket]:
        """Return those that were there before the lists were read, and still are."""
        return [s for s in self.now(peer, other) if s.since <= self.start and s.is_accepted]

    def perhaps(self, peer: str, other: str) -> list[Socket]:
        """Return those that were there before or after."""
        before = self.index.sockets.between(peer, other, self.start)
        return list(dict.fromkeys([*before, *self.now(peer, other)]))

    def held(self, one: str, other: str) -> int:
        """Return how many connections two peers have, both their ends open."""
        return min(len(self.lasting(one, other)), len(self.lasting(other, one)))

    def has_listed(self, peer: str, other: str) -> bool:
        """Return whether a peer lists another one, or may in a row that cannot be read."""
        listing = self.lists[peer]
        return bool(listing.listed[other]) or bool(listing.last.text("unread"))

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Two peers each that run."""
        names = [*self.lists]
        return [(one, other) for place, one in enumerate(names) for other in names[place + 1 :]]

    @cached_property
    def listed(self) -> list[tuple[str, str]]:
        """The pairs that list each other."""
        return [
            (one, other)
            for one, other in self.pairs
            if self.lists[one].listed[other] and self.lists[other].listed[one]
        ]

    @cached_property
    def _usual(self) -> dict[frozenset[str], int]:
        usual: dict[frozenset[str], int] = {}
        for pair in self.listed:
            if number := self.held(*pair):
                programs = self._programs(*pair)
                usual[programs] = min(number, usual.get(programs, number))
        return usual

    def usual(self, one: str, other: str) -> int:
        """Return the least number of connections of two such programs that list each other.

        0 if none that list each other have any: then connections are not what they list.
        """
        return self._usual.get(self._programs(one, other), 0)

    def keeps_open(self, one: str, other: str) -> bool:
        """Return whether such programs keep connections that are silent, as far as others show."""
        programs = self._programs(one, other)
        alike = [pair for pair in self.listed if self._programs(*pair) == programs]
        others = {pair: self.lasting(*pair) for pair in alike if self.held(*pair)}
        return redialling.keeps_open(self.index, (one, other), others)

    def _programs(self, one: str, other: str) -> frozenset[str]:
        return frozenset((self.index.program(one), self.index.program(other)))

    def told(self, peer: str, other: str) -> str:
        """Return what a console said last of its connection with a peer, to end a sentence."""
        for entry in reversed(self.index.entries):
            about = entry.text("of") if entry.type == "notice" else entry.text("to")
            said = entry.text("said")
            is_told = entry.verb in _TELLING and entry.type in ("notice", "ok")
            if is_told and entry.peer == peer and about == other and said:
                return f"; {peer} said {quoted(said)} at {when(entry.at)}"
        return ""

    def kernel(self, peer: str, other: str) -> str:
        """Return what the kernel says of a peer's sockets with another one."""
        return f"{peer} has {_quoted(self.now(peer, other))} with {other}"


def _quoted(sockets: Iterable[Socket]) -> str:
    return ", ".join(one.phrase for one in sockets) or "no socket"


def _left_behind(end: _End) -> Iterator[_Suspicion]:
    """Yield what is left of programs that have ended."""
    for peer in end.whole:
        ended = end.index.incarnations.last(peer).ended
        left = end.index.sockets.of(peer)
        if ended is not None and left:
            says = f"{peer} had ended at {when(ended)}, but a process of it still has"
            yield _Suspicion((peer, peer), f"{says} {_quoted(left)} at {when(end.until)}", ended)


def _taken(index: HistoryIndex) -> Iterator[tuple[Finding, bool]]:
    """Yield the starts at a port that was still taken and stays closed, and whether they count."""
    starts = [
        one
        for one in index.operations
        if one.verb == "start" and one.done and index.chats(one.peer)
    ]
    blocked = [one for one in starts if one.last.fields.get("blocked")]
    able = {index.program(one.peer) for one in blocked if _listens(index, one)}
    for one in blocked:
        if index.program(one.peer) not in able:
            by = ", ".join(map(str, one.last.fields["blocked"]))
            says = f"at {when(one.at)}, {one.peer} was started again and does not listen: its port"
            says += f" was still taken by {by}, and it does not set SO_REUSEADDR"
            has_ended = one.last.fields.get("state") in ("exited", "removed")
            late = "" if has_ended else punctuality.of_operation(index, one)
            at, peers = one.last.at, (one.peer,)
            yield Finding(says + late, at, peers, operation=one.number), not late


def _listens(index: HistoryIndex, start: Operation) -> bool:
    """Return whether a program that was started again listens, then or later."""
    if start.status == "ok" and start.last.fields.get("listens") is not False:
        return True
    port = str(start.last.fields["blocked"][0]).partition(" ")[0].rpartition(":")[2]
    opened = [one for one in index.sockets.of(start.peer) if one.state == "LISTEN"]
    return any(one.ends[0].endswith(f":{port}") for one in opened)


def _unbacked(end: _End) -> Iterator[_Suspicion]:
    """Yield pairs that list each other without a connection, as other pairs have one."""
    for one, other in end.listed:
        missing = not end.perhaps(one, other) or not end.perhaps(other, one)
        unknown = end.perhaps(one, "") or end.perhaps(other, "")
        if not missing or unknown or not end.usual(one, other):
            continue
        gone = redialling.gone_at(end.index, (one, other))
        redials = _spoke(end.index, one, other, gone) or not end.keeps_open(one, other)
        if not redials:
            says = f"at {when(end.until)}, {one} and {other} list each other without a connection"
            kernel = f"{end.kernel(one, other)}, {end.kernel(other, one)}"
            told = end.told(one, other) or end.told(other, one)
            yield _Suspicion((one, other), f"{says}: {kernel}{told}", gone)


def _gone_at(end: _End, one: str, other: str) -> float:
    """Return when two peers had a connection last, or else when they were connected."""
    entries = end.index.entries
    ends = end.index.sockets.last_between(one, other), end.index.sockets.last_between(other, one)
    gone = [entries[int(socket.until)].at for socket in ends if socket and socket.until < inf]
    told = [e.at for e in end.index.ends if {e.peer, e.other} == {one, other} and not e.closed]
    return max([*gone, *told], default=0.0)


def _spoke(index: HistoryIndex, one: str, other: str, since: float) -> bool:
    """Return whether a message came through since a time: then they dial for each."""
    return any(
        {shown.receiver, shown.sender} == {one, other} and shown.at > since for shown in index.shown
    )


def _left_open(end: _End) -> Iterator[_Suspicion]:
    """Yield connections that were terminated and still are as they were."""
    for done in end.index.operations:
        pair = done.peer, done.to
        if done.verb != "terminate" or done.status != "ok" or not _run(end, *pair):
            continue
        before = {one.ends for one in end.index.sockets.between(*pair, done.position)}
        now = {one.ends for one in end.lasting(*pair)}
        new = bool(end.has_listed(*pair) or end.has_listed(*reversed(pair)))
        if before and before <= now and end.held(*pair) >= len(before) + new:
            says = _still(end, done, "its connection is still there")
            yield _Suspicion(pair, says, done.last.at, done.number)


def _refused(end: _End) -> Iterator[_Suspicion]:
    """Yield connections that were made by a `connect` that was refused."""
    operations: dict[str, list[Operation]] = {}
    for one in end.index.operations:
        operations.setdefault(one.peer, []).append(one)
    for peer in end.lists:
        for done, following in pairwise([*operations[peer], end.lists[peer]]):
            pair = peer, done.to
            if done.verb != "connect" or not _is_refused(done) or not _run(end, *pair):
                continue
            before = end.index.sockets.between(*pair, done.position)
            lasting = end.lasting(*pair)
            new = [s for s in lasting if done.position < s.since < following.position]
            is_extra = peer == done.to or (before and set(before) <= set(lasting))
            if new and is_extra and end.held(*pair) > len(before):
                says = "it has left a connection"
                yield _Suspicion(pair, _still(end, done, says), done.last.at, done.number)


def _is_refused(done: Operation) -> bool:
    """Return whether a `connect` failed as it was to: around these, sockets are always read."""
    return done.status == "fail" and done.last.mapping("wants").get("outcome") == "fail"


def _run(end: _End, one: str, other: str) -> bool:
    return one in end.lists and other in end.lists


def _still(end: _End, done: Operation, what: str) -> str:
    """Return what a console said of an operation, and what the kernel says at the end."""
    pair = done.peer, done.to
    kernel = [end.kernel(*pair), *([end.kernel(*reversed(pair))] if len({*pair}) > 1 else [])]
    said = f"at {when(done.at)}, `{done.verb}` of {pair[0]} with {pair[1]} said"
    return f"{said} {quoted(done.said)}, but at {when(end.until)} {what}: {', '.join(kernel)}"


def _unlisted(end: _End) -> Iterator[_Suspicion]:
    """Yield pairs that do not list each other, but have what others that do have."""
    for one, other in end.pairs:
        if end.has_listed(one, other) or end.has_listed(other, one):
            continue
        usual = end.usual(one, other)
        if usual and end.held(one, other) >= usual:
            says = f"at {when(end.until)}, neither {one} nor {other} lists the other, but they are"
            kernel = f"connected: {end.kernel(one, other)}, {end.kernel(other, one)}"
            since = max(socket.at for socket in end.lasting(one, other))
            told = end.told(one, other) or end.told(other, one)
            yield _Suspicion((one, other), f"{says} {kernel}{told}", since)


def _half_closed(end: _End) -> Iterator[_Suspicion]:
    """Yield connections that are closed at one end alone, and not listed at the other."""
    for peer in end.lists:
        for other in end.index.peers:
            open_here = end.lasting(peer, other)
            if not open_here or other == peer or not _is_known(end, other):
                continue
            open_there = end.perhaps(other, peer) if other in end.lists else []
            left = _left(end, peer, other, open_here)
            if left and len(open_there) < len(open_here):
                says = (
                    f"at {when(end.until)}, a connection with {peer} is closed at {other} and not"
                )
                says += f" listed any more, but {end.kernel(peer, other)}"
                gone = max(_gone_at(end, peer, other), *(socket.at for socket in left))
                yield _Suspicion((peer, other), says + end.told(peer, other), gone)


def _left(end: _End, peer: str, other: str, open_here: list[Socket]) -> list[Socket]:
    """Return the sockets of a peer that its list does not speak of any more."""
    if not end.has_listed(peer, other):
        return open_here
    closed = [socket for socket in open_here if socket.state == "CLOSE_WAIT"]
    return closed if len(closed) < len(open_here) else []  # else a row may be about them


def _is_known(end: _End, peer: str) -> bool:
    """Return whether it is known which connections a peer has at the end: none if it has ended."""
    if peer in end.lists:
        return not end.perhaps(peer, "")
    return end.index.incarnations.last(peer).ended is not None
