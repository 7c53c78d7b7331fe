"""The promises that can be judged: their names, and the meanings and fields that models read.

Pure data, below everything: profiles, scenarios and checks name the same things.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ALWAYS = ("expectations", "end states", "crashes")
"""The checks that judge every run, promised or not."""

CHAT = (
    "expectations", "delivery", "duplicates", "invention", "changes", "order", "senders", "lists",
    "ports", "sockets", "both ends", "ids", "receipts", "end states", "crashes",
)  # fmt: skip
"""The promises of the chat vocabulary, in the order in which people see them."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a model reads of an operation, or of a notice, with a meaning.

    A reply that says "nothing there" (nil) has none of the results and none of the rows.
    """

    takes: tuple[str, ...] = ()  # the arguments without which it cannot be judged
    may_take: tuple[str, ...] = ()  # the arguments that count if they are there
    gives: tuple[str, ...] = ()  # the results, or the fields of the notice, likewise
    may_give: tuple[str, ...] = ()  # those that count if they are there
    rows: tuple[str, ...] = ()  # what each row of its reply has
    may_be_notice: bool = False  # whether a notice can have it as well


MODELS: Mapping[str, Mapping[str, Meaning]] = {
    "register": {
        "write": Meaning(takes=("value",), may_take=("key",)),
        "read": Meaning(may_take=("key",), gives=("value",)),
        "cas": Meaning(takes=("old", "new"), may_take=("key",)),
    },
    "set": {
        "add": Meaning(takes=("value",)),
        "elements": Meaning(may_give=("values",), rows=("value",)),
    },
    "counter": {
        "increment": Meaning(may_take=("amount", "key")),
        "decrement": Meaning(may_take=("amount", "key")),
        "count": Meaning(may_take=("key",), gives=("value",)),
    },
    "queue": {
        "enqueue": Meaning(takes=("value",), may_take=("key",)),
        "dequeue": Meaning(may_take=("key",), gives=("value",)),
    },
    "unique-ids": {"generate": Meaning(gives=("id",))},
    "mutex": {"acquire": Meaning(may_take=("key",)), "release": Meaning(may_take=("key",))},
    "leader": {"leader": Meaning(gives=("term",), may_give=("leader",), may_be_notice=True)},
    "broadcast": {
        "broadcast": Meaning(takes=("value",)),
        "seen": Meaning(may_give=("value", "values"), rows=("value",), may_be_notice=True),
    },
    "membership": {"members": Meaning(may_give=("members",), rows=("member",))},
}
"""The classical models, each with the meanings that it judges."""

STATES = ("elements", "count", "seen", "members")
"""The meanings of operations that tell what a peer knows. The last answers are judged."""

NAMES = (*CHAT[:-2], *MODELS, *CHAT[-2:])
"""Every promise that comes with the lab, in the order in which people see the verdicts."""

MEANINGS: Mapping[str, Meaning] = {
    name: meaning for model in MODELS.values() for name, meaning in model.items()
}
"""Every meaning; no two models share a name."""

GROUP = "peerlab.checks"
"""The entry points by which installed packages bring checks."""


def is_in_file(promise: str) -> bool:
    """Return whether a promise is a function in a file: `path.py:function`."""
    return ".py:" in promise


def installed() -> dict[str, importlib.metadata.EntryPoint]:
    """Return the checks that installed packages bring, by name."""
    return {point.name: point for point in importlib.metadata.entry_points(group=GROUP)}


def missing(promise: str, home: Path) -> str:
    """Return why a promise cannot be judged; empty if it can. No code is run to find out.

    Args:
        promise: its name.
        home: the folder of the file that names it.
    """
    if is_in_file(promise):
        path = home / promise.rpartition(":")[0]
        return "" if path.is_file() else f"there is no file {path}"
    return "" if promise in NAMES or promise in installed() else f"there is no check {promise!r}"
