"""Histories of programs with operations of any name, written line by line."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator import checks
from orchestrator.checks import Judgement, Verdict
from orchestrator.history.entries import Entry
from tests.orchestrator.checks.story import NAMES
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID

__all__ = ["INVALID", "UNKNOWN", "VALID", "Recorded", "judged", "verdict_of"]


@dataclass
class Recorded:
    """The history of a run in which one model is promised.

    Time passes by itself, a tenth of a second a line.
    """

    promise: str
    means: dict[str, str]
    peers: Sequence[str] = NAMES[:3]
    entries: list[Entry] = field(default_factory=list)
    at: float = 0.0

    def __post_init__(self) -> None:
        self._operations = 0
        self.lab("began", peers=list(self.peers), promises=[self.promise], means=self.means,
                 profile="p", format=1)  # fmt: skip
        for number, peer in enumerate(self.peers, 1):
            self.lab("ready", peer, address=f"10.0.0.{number}", port=5000)

    def _now(self) -> float:
        self.at = round(self.at + 0.1, 3)
        return self.at

    def lab(self, verb: str, peer: str = "", **fields: Any) -> None:
        self.entries.append(Entry(self._now(), "lab", peer, verb, 0, fields))

    def begin(self, peer: str, verb: str, /, **arguments: Any) -> Entry:
        """Write the invocation of an operation of the vocabulary."""
        return self._invoke(peer, verb, {"arguments": arguments})

    def _invoke(self, peer: str, verb: str, fields: dict[str, Any]) -> Entry:
        self._operations += 1
        begun = Entry(self._now(), "invoke", peer, verb, self._operations, fields)
        self.entries.append(begun)
        return begun

    def end(self, begun: Entry, outcome: Any = "ok", /, **fields: Any) -> None:
        """Write an outcome."""
        both = {**begun.fields, **fields}
        self.entries.append(
            Entry(self._now(), outcome, begun.peer, begun.verb, begun.operation, both)
        )

    def call(self, peer: str, verb: str, outcome: Any = "ok", /, **arguments: Any) -> Entry:
        """Write an operation without results."""
        begun = self.begin(peer, verb, **arguments)
        self.end(begun, outcome)
        return begun

    def get(
        self, peer: str, verb: str, /, value: Any = None, name: str = "value", **arguments: Any
    ) -> None:
        """Write an operation that gave one result, or found nothing."""
        fields = {"nil": True} if value is None else {"results": {name: value}}
        self.end(self.begin(peer, verb, **arguments), **fields)

    def rows(self, peer: str, verb: str, column: str, *values: Any) -> None:
        """Write an operation whose reply has rows of one column."""
        self.end(self.begin(peer, verb), rows=[{column: value} for value in values])

    def notice(self, peer: str, kind: str, **fields: str) -> None:
        self.entries.append(Entry(self._now(), "notice", peer, kind, 0, fields))

    def fault(self, verb: str, peer: str = "", **fields: Any) -> None:
        """Write a fault, or the end of one, that took effect."""
        self.end(self._invoke(peer, verb, fields))
        if verb == "start":
            self.lab("ready", peer, address="10.0.0.9", port=5000)

    def type(self, peer: str, line: str) -> None:
        self.end(self._invoke(peer, "type", {"line": line}), answered=True)

    def wait(self, seconds: float) -> None:
        self.at += seconds

    def settle(self) -> list[Entry]:
        """Write that the run settled; return the history."""
        self.lab("settled", quiet=True)
        return self.entries

    def verdict(self) -> Verdict:
        """Judge the run, once it has settled."""
        return verdict_of(self.settle(), self.promise)


def verdict_of(entries: Sequence[Entry], name: str) -> Verdict:
    """Return the verdict of one check that is promised."""
    return next(verdict for verdict in checks.judge(entries) if verdict.check == name)


def judged(entries: Sequence[Entry], name: str) -> Judgement:
    return verdict_of(entries, name).judgement


def unreadable(entries: list[Entry], chance: random.Random, *verbs: str) -> list[Entry]:
    """Return a history in which the lab could not read the answer of one operation."""
    places = [i for i, e in enumerate(entries) if e.type == "ok" and e.verb in verbs]
    place = chance.choice(places)
    fields = {key: value for key, value in entries[place].fields.items() if key == "arguments"}
    other = dataclasses.replace(entries[place], type="info", fields={**fields, "unread": "what?"})
    return [*entries[:place], other, *entries[place + 1 :]]
