"""The words that every part of a scenario uses: names of peers, and which are declared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from orchestrator import document

ALL = "all"
"""Stands for every peer: as `at`, all of them at once; as `to`, everybody it is connected to."""

DECLARED = "peers"
"""Where the context of a validation has the names of the declared peers."""

NAME = r"^[a-z][a-z0-9-]{0,30}$"
"""What names of peers and scenarios look like."""

# NUL, the line breaks, and the keys that a terminal acts on whatever program runs there:
# Ctrl-C, Ctrl-Q, Ctrl-S, Ctrl-Z and Ctrl-\\. Nobody can type these as text.
_UNTYPABLE = re.compile(r"[\x00\n\r\x03\x11\x13\x1a\x1c]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MOST_NAMES = 8  # of the peers, where one is named that is none


class EngineName(StrEnum):
    """Where peers run: `auto` is Docker where it answers, processes elsewhere."""

    AUTO = "auto"
    DOCKER = "docker"
    PROCESS = "process"


def _a_name(name: str) -> str:
    if not re.fullmatch(NAME, name):
        raise ValueError(
            f"{name!r} is no name: small letters, digits and hyphens, a letter first, 31 at most"
        )
    return name


def _not_reserved(name: str) -> str:
    if name == ALL:
        raise ValueError(f"{ALL!r} stands for every peer: no peer can have that name")
    return name


def _one(name: str) -> str:
    if name == ALL:
        raise ValueError(f"one peer is expected here, not {ALL!r}")
    return name


def among(name: str, peers: Sequence[str]) -> str:
    """Return the end of a sentence that says of a name that no peer has it.

    Args:
        name: which.
        peers: the names that there are.
    """
    some = ", ".join(peers[:_MOST_NAMES]) + (", …" if len(peers) > _MOST_NAMES else "")
    return document.nearest(name, peers) or f": there are {some}"


def _declared(name: str, info: ValidationInfo) -> str:
    """Refuse a name that the scenario has not declared, as far as that is known."""
    peers = (info.context or {}).get(DECLARED)
    if peers and name not in peers and name != ALL:
        raise ValueError(f"no peer {name!r} here{among(name, peers)}")
    return name


def _one_line(text: str) -> str:
    if found := _UNTYPABLE.search(text):
        raise ValueError(f"what is typed is one line of keys: no {found.group()!r} in it")
    if found := _SURROGATE.search(text):
        raise ValueError(f"{found.group()!r} is half a character: nobody can type it")
    return text


Name = Annotated[
    str,
    Field(json_schema_extra={"pattern": NAME}),
    AfterValidator(_a_name),
    AfterValidator(_not_reserved),
]
"""A peer's name, where it is declared; a scenario's."""

Peer = Annotated[str, AfterValidator(_one), AfterValidator(_declared)]
"""A declared peer."""

Peers = Annotated[str, AfterValidator(_declared)]
"""A declared peer, or all of them."""

Line = Annotated[str, AfterValidator(_one_line)]
"""Text that can be typed."""
