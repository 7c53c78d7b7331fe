"""Histories of registers, drawn by chance: small ones with any results, long ones of a store."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, Literal

from orchestrator.history.entries import Entry

MEANS = {"put": "write", "get": "read", "cas": "cas"}
Fault = Literal["", "stale", "lost"]
_PLACED = "ok", "ok", "ok", "info", "fail"


def began(clients: int, promise: str = "register") -> Entry:
    """Return the first line of a history."""
    peers = [f"c{number}" for number in range(clients)]
    return Entry(0.0, "lab", "", "began", 0, {"peers": peers, "promises": [promise],
                                              "means": MEANS})  # fmt: skip


def any_small(chance: random.Random, most: int = 6) -> list[Entry]:
    """Return the history of a few operations on one register, with any results whatever."""
    entries, at, number = [began(3)], 0.0, 0
    free = ["c0", "c1", "c2"]
    under_way = list[Entry]()
    for _ in range(2 * chance.randint(1, most)):
        at += 0.1
        if free and number < most and (not under_way or chance.random() < 0.5):
            number += 1
            under_way.append(_invoke(chance, at, free.pop(chance.randrange(len(free))), number))
            entries.append(under_way[-1])
        elif under_way:
            begun = under_way.pop(chance.randrange(len(under_way)))
            entries.append(_any_outcome(chance, at, begun))
            free.append(begun.peer)
    return [*entries, Entry(at + 0.1, "lab", "", "settled", 0, {})]


def _invoke(chance: random.Random, at: float, peer: str, number: int) -> Entry:
    verb = chance.choice(["put", "put", "get", "get", "cas"])
    values = [chance.randint(1, 3) for _ in range(2)]
    arguments: dict[str, Any] = {"put": {"value": values[0]}, "get": {}}.get(
        verb, {"old": values[0], "new": values[1]}
    )
    return Entry(at, "invoke", peer, verb, number, {"arguments": arguments})


def _any_outcome(chance: random.Random, at: float, begun: Entry) -> Entry:
    outcome: Any = chance.choice(_PLACED)
    fields = dict(begun.fields)
    if begun.verb == "get" and outcome == "ok":
        value = chance.choice([None, 1, 1, 2, 2, 3])
        fields |= {"nil": True} if value is None else {"results": {"value": value}}
    return Entry(at, outcome, begun.peer, begun.verb, begun.operation, fields)


@dataclass
class Workload:
    """What clients do at a key-value store, and how it is broken."""

    operations: int = 170
    clients: int = 5
    keys: int = 1
    values: int | None = 5  # how many different ones are written; None for a new one each time
    timeouts: float = 0.1  # which share of the operations has no answer
    reads: float = 0.4  # which share of them are reads
    sets: float = 0.3  # which share are compare-and-set
    fault: Fault = ""  # `stale`: some reads give an old value; `lost`: some writes are forgotten


@dataclass
class _Pending:
    """An operation under way at a store, and its answer once it has taken effect."""

    begun: Entry
    outcome: Any = ""
    answer: dict[str, Any] = field(default_factory=dict)


class Store:
    """A key-value store that clients use at the same time.

    Args:
        workload: what they do.
        chance: draws when what happens.
    """

    def __init__(self, workload: Workload, chance: random.Random) -> None:
        self._work, self._chance = workload, chance
        self._values = dict[str, list[Any]]()  # of each key, every value that it had
        self._written = 0

    def history(self) -> list[Entry]:
        """Return the history of a run."""
        entries, at, begun = [began(self._work.clients)], 0.0, 0
        pending = dict[str, _Pending]()
        free = [f"c{number}" for number in range(self._work.clients)]
        while begun < self._work.operations or pending:
            at += 0.001
            if free and begun < self._work.operations and self._chance.random() < 0.4:
                begun += 1
                peer = free.pop(self._chance.randrange(len(free)))
                pending[peer] = _Pending(self._invoke(at, peer, begun))
                entries.append(pending[peer].begun)
            elif pending:
                peer = self._chance.choice([*pending])
                if done := self._step(at, pending[peer]):
                    entries.append(done)
                    free.append(peer)
                    del pending[peer]
        return [*entries, Entry(at, "lab", "", "settled", 0, {})]

    def _invoke(self, at: float, peer: str, number: int) -> Entry:
        work, drawn = self._work, self._chance.random()
        key = f"k{self._chance.randrange(work.keys)}"
        if drawn < work.reads:
            verb, arguments = "get", {"key": key}
        elif drawn < work.reads + work.sets:
            old = self._values.get(key, [None])[-1] or "0"
            verb, arguments = "cas", {"key": key, "old": old, "new": self._value()}
        else:
            verb, arguments = "put", {"key": key, "value": self._value()}
        return Entry(at, "invoke", peer, verb, number, {"arguments": arguments})

    def _value(self) -> str:
        self._written += 1
        values = self._work.values
        return str(self._written if values is None else self._chance.randrange(values))

    def _step(self, at: float, pending: _Pending) -> Entry | None:
        """Let an operation take effect; or, if it has, return its outcome."""
        begun = pending.begun
        if pending.outcome:
            fields = {**begun.fields, **pending.answer}
            return Entry(at, pending.outcome, begun.peer, begun.verb, begun.operation, fields)
        is_lost = self._chance.random() < self._work.timeouts
        if not is_lost or self._chance.random() < 0.5:
            pending.outcome, pending.answer = self._take_effect(begun)
        if is_lost:
            pending.outcome, pending.answer = "info", {}
        return None

    def _take_effect(self, begun: Entry) -> tuple[str, dict[str, Any]]:
        arguments = begun.fields["arguments"]
        values = self._values.setdefault(arguments["key"], [None])
        is_broken = self._chance.random() < 0.1
        if begun.verb == "get":
            value = values[-1]
            if is_broken and self._work.fault == "stale":
                value = self._chance.choice(values[-4:])
            return "ok", {"nil": True} if value is None else {"results": {"value": value}}
        if begun.verb == "cas" and values[-1] != arguments["old"]:
            return "fail", {}
        if not (is_broken and self._work.fault == "lost"):
            values.append(arguments.get("new", arguments.get("value")))
        return "ok", {}
