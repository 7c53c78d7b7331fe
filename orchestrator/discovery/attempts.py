"""What the lab tries on programs: texts that are sent once, and what should be refused. Pure.

Each kind of mistake that a test of the suite makes is made here too, so that the refusal is known.
"""

from __future__ import annotations

import random
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orchestrator.discovery.trio import CLOSED_PORT, NAMES, UNKNOWN_ID

_, _BOB, _CAROL = NAMES
BAD_WORD = "vkbj"  # for what has to be a number


@dataclass(frozen=True)
class Attempt:
    """Something that carol tries."""

    what: str  # in a few words
    verb: str
    given: Mapping[str, object]  # its arguments
    right: bool | None  # whether it should work; None if programs differ
    to: str = ""  # the peer that it concerns; empty if there is none


def attempts(
    alice: Mapping[str, object], bob: Mapping[str, object], carol: Mapping[str, object], text: str
) -> list[Attempt]:
    """Return mistakes, and what some programs refuse, by where the three listen.

    Carol is not connected to alice. Some programs take every port of a peer that they are connected
    to for a second connection, and refuse it before they notice that nothing listens there.
    """
    closed = {**alice, "port": CLOSED_PORT}
    longer = {**alice, "address": "1.2.3.4.5"}
    return [
        Attempt("connect to a closed port", "connect", closed, False),
        Attempt("connect to a bad address", "connect", {**alice, "address": "999.1.1.1"}, False),
        Attempt("connect to a bad port", "connect", {**alice, "port": BAD_WORD}, False),
        Attempt("connect to too long an address", "connect", longer, False),
        Attempt("connect to port 70000", "connect", {**alice, "port": 70_000}, False),
        Attempt("connect to port -1", "connect", {**alice, "port": -1}, False),
        Attempt("connect to itself", "connect", carol, None, to=_CAROL),
        Attempt("connect once", "connect", bob, True, to=_BOB),
        Attempt("connect twice", "connect", bob, None, to=_BOB),
        Attempt("send to an unused id", "send", {"id": UNKNOWN_ID, "text": text}, False),
        Attempt("send to a bad id", "send", {"id": BAD_WORD, "text": text}, False),
        Attempt("send an empty text", "send", {"id": UNKNOWN_ID, "text": ""}, None),
        Attempt("terminate an unused id", "terminate", {"id": UNKNOWN_ID}, False),
        Attempt("terminate a bad id", "terminate", {"id": BAD_WORD}, False),
        # some count from the last one, as Python does
        Attempt("send to id -1", "send", {"id": -1, "text": text}, None, to=_BOB),
        Attempt("terminate id -1", "terminate", {"id": -1}, None, to=_BOB),
    ]


def after_an_end(number: str, text: str) -> list[Attempt]:
    """Return what should be refused once the only connection of carol has ended."""
    return [
        Attempt("terminate an ended connection", "terminate", {"id": number}, False),
        Attempt("send on an ended connection", "send", {"id": number, "text": text}, False),
    ]


def texts(words: int = 2) -> Iterator[str]:
    """Yield texts of so many words without end, the same each time, no word twice."""
    chosen = random.Random(5 + words)  # noqa: S311 - the same texts each time
    while True:
        made = ("".join(chosen.choices(string.ascii_lowercase, k=chosen.randint(5, 9)))
                 for _ in range(words))  # fmt: skip
        yield " ".join(made)
