"""Faults at random, drawn from a seed: the same on every machine, and in every run."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from orchestrator.faults import effect
from orchestrator.faults.effect import Links
from orchestrator.faults.kinds import NEEDS, PROCESS

Entry = dict[str, Any]
"""An entry of a `schedule`: `{"when": 1.5, "pause": {"at": "bob", "for": 2.0}}`."""

_LENGTHS = {
    "kill": (1.0, 4.0),
    "stop": (1.0, 4.0),
    "pause": (1.0, 4.0),
    "partition": (2.0, 8.0),
    "isolate": (2.0, 8.0),
    "impair": (2.0, 8.0),
    "stream": (2.0, 6.0),
}
"""Seconds for which each kind is active, least and most."""

_FIRST = 0.5  # seconds until the first fault
_APART = (2.0, 3.0)  # seconds from one fault to the next
_TRIES = 5  # to draw a possible fault of a kind
_REST = 1.0  # seconds that a peer runs between two faults of its own

_T = TypeVar("_T")


def possible(features: Collection[str]) -> tuple[str, ...]:
    """Return the kinds of faults that an engine with these features supports."""
    return tuple(kind for kind, needs in NEEDS.items() if set(needs) <= set(features))


def draw(
    seed: int,
    seconds: float,
    kinds: Sequence[str],
    peers: Sequence[str],
    shut: Links = frozenset(),
) -> list[Entry]:
    """Return faults in the order of their times, all of them lifted within `seconds`.

    No peer has two faults of its own at once, no link two, and at least half of the peers run
    at any time. Every possible kind comes once before one comes again.

    Args:
        seed: the same arguments give the same faults.
        seconds: how long the schedule takes.
        kinds: of ``NEEDS``.
        peers: two or more names.
        shut: links on which nothing ever passes: a fault on no other link is not drawn.
    """
    return _Draw(_Dice(seed), seconds, tuple(dict.fromkeys(kinds)), tuple(peers), shut).all()


class _Dice:
    """A source of chance that is the same in every version of Python, as only `random()` is."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret depends on it

    def between(self, least: float, most: float, digits: int = 1) -> float:
        return round(least + (most - least) * self._random.random(), digits)

    def one(self, among: Sequence[_T]) -> _T:
        return among[int(self._random.random() * len(among))]

    def shuffled(self, among: Sequence[_T]) -> list[_T]:
        left, found = list(among), []
        while left:
            found.append(left.pop(int(self._random.random() * len(left))))
        return found

    def often(self, share: float) -> bool:
        return self._random.random() < share


@dataclass
class _Draw:
    dice: _Dice
    seconds: float
    kinds: tuple[str, ...]
    peers: tuple[str, ...]
    shut: Links
    down: list[tuple[float, float, str]] = field(default_factory=list)  # from, until, peer
    ended: list[tuple[float, float, str]] = field(default_factory=list)  # not paused
    broken: list[tuple[float, float, Links]] = field(default_factory=list)  # from, until, links

    def all(self) -> list[Entry]:
        """Draw until time is up."""
        found: list[Entry] = []
        deck: list[str] = []
        when = min(_FIRST, self.seconds / 10)
        while when < self.seconds:
            when = round(when, 1)
            if not deck:
                deck = self.dice.shuffled(self.kinds)
            entry = self._first_possible(deck, when)
            if entry is None and len(deck) < len(self.kinds):
                deck += self.dice.shuffled([kind for kind in self.kinds if kind not in deck])
                entry = self._first_possible(deck, when)
            if entry:
                found.append(entry)
            when += self.dice.between(*_APART)
        return found

    def _first_possible(self, deck: list[str], when: float) -> Entry | None:
        """Take the first kind of a deck that is possible now."""
        for kind in list(deck):
            tries = (self._act(kind, when) for _ in range(_TRIES))
            act = next(filter(None, tries), None)
            if act is not None:
                deck.remove(kind)
                return {"when": when, kind: act}
        return None

    def _act(self, kind: str, when: float) -> Entry | None:
        least, most = _LENGTHS[kind]
        left = self.seconds - when
        if left < least:
            return None
        length = self.dice.between(least, min(most, left))
        length = min(length, int(left * 10) / 10)
        if kind in PROCESS:
            act = self._of_peer(when, length)
            if act and kind != "pause":
                self.ended.append((when, when + length, act["at"]))
            return act
        return self._of_network(kind, when, length)

    def _of_network(self, kind: str, when: float, length: float) -> Entry | None:
        """Return a fault of links that have no other fault meanwhile.

        A fault that another one hides cannot be proven, nor one of a peer that does not run.
        """
        act = self._of_links(kind)
        about = {act.get("at"), act.get("from"), act.get("to"), *act.get("between", ())}
        if any(peer in about and when < until + _REST for _, until, peer in self.ended):
            return None
        links = self._links(act) - self.shut
        if not links:
            return None
        end = when + length + _REST
        if any(
            since < end and until + _REST > when and links & taken
            for since, until, taken in self.broken
        ):
            return None
        self.broken.append((when, when + length, links))
        return {**act, "for": length}

    def _links(self, act: Entry) -> Links:
        if groups := act.get("groups"):
            return effect.partition_links(groups)
        if "at" in act:
            return effect.links_at(act["at"], self.peers)
        return effect.links_between(act.get("between") or [act["from"], act["to"]])

    def _of_peer(self, when: float, length: float) -> Entry | None:
        begin, end = when - _REST, when + length + _REST
        busy = {peer for since, until, peer in self.down if since < end and until > begin}
        free = [name for name in self.peers if name not in busy]
        if not free or len(busy) >= len(self.peers) // 2:
            return None
        peer = self.dice.one(free)
        self.down.append((when, when + length, peer))
        return {"at": peer, "for": length}

    def _of_links(self, kind: str) -> Entry:
        match kind:
            case "partition":
                return self._partition()
            case "isolate":
                return {"at": self.dice.one(self.peers)}
            case "impair":
                return {**self._scope(), **self._impairment()}
        return {**self._scope(), **self._stream()}

    def _partition(self) -> Entry:
        order = self.dice.shuffled(self.peers)
        first = 1 + int(self.dice.between(0, 0.999, 6) * (len(order) - 1))
        groups = [sorted(order[:first]), sorted(order[first:])]
        return {"groups": groups, "one_way": True} if self.dice.often(0.25) else {"groups": groups}

    def _scope(self) -> Entry:
        one, other = self.dice.shuffled(self.peers)[:2]
        scopes: list[Entry] = [{"from": one, "to": other}, {"between": [one, other]}, {"at": one}]
        return self.dice.one(scopes)

    def _impairment(self) -> Entry:
        slow: Entry = {"bandwidth": f"{self.dice.one((16, 32, 64, 128, 256))} kB/s"}
        late: Entry = {"delay": self.dice.between(0.05, 0.3, 2)}
        loss: Entry = {"loss": f"{int(self.dice.between(5, 30, 0))}%"}
        found = self.dice.one([slow, late, loss, slow | late])
        if "delay" in found and self.dice.often(0.5):
            found["jitter"] = round(found["delay"] / 4, 3)
        return found

    def _stream(self) -> Entry:
        ways: list[Entry] = [
            {"pieces": self.dice.one((1, 2, 3, 5, 10))},
            {"hold": self.dice.between(0.1, 0.5, 2)},
            {"delay": self.dice.between(0.05, 0.3, 2)},
            {"reset": int(self.dice.between(100, 2000, 0))},
        ]
        return self.dice.one(ways)
