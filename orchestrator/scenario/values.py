"""The types of single values in a scenario: names, lines of text, quantities with a unit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema

from orchestrator import document
from orchestrator.text import not_typable

ALL = "all"
"""Every peer: as `at`, all of them at once; as `to`, all that the sender is connected to."""

DECLARED = "peers"  # the key of a validation's context that holds the names of the declared peers
GROUPS = "groups"  # the key of that which holds the peers behind each name of several
LINES = "lines"  # the key of that which holds the line of each step, by the identity of its mapping
HOMES = "homes"  # the key of that which holds the folders to which the paths of runs are relative
NAME = r"^[a-z][a-z0-9-]{0,30}$"  # the pattern of the names of peers, scenarios and faults

_MOST_NAMES = 8  # listed after a name that no peer has


Groups = Mapping[str, Sequence[str]]
"""The peers behind each name that stands for several: of a role, or a service."""


class EngineName(StrEnum):
    """Where peers run: `auto` is Docker if it answers, else processes."""

    AUTO = "auto"
    DOCKER = "docker"
    PROCESS = "process"


# Names and lines.


def valid_name(name: str) -> str:
    """Return `name`.

    Raises:
        ValueError: it does not match `NAME`.
    """
    if not re.fullmatch(NAME, name):
        raise ValueError(
            f"{name!r} is not a name: use small letters, digits and hyphens, a letter first,"
            " 31 at most"
        )
    return name


def _not_reserved(name: str) -> str:
    if name == ALL:
        raise ValueError(f"{ALL!r} means every peer: no peer can have that name")
    return name


def _not_all(name: str) -> str:
    if name == ALL:
        raise ValueError(f"one peer is expected here, not {ALL!r}")
    return name


def among(name: str, peers: Sequence[str], groups: Groups | None = None) -> str:
    """Return a clause to end the message that no peer is called `name`: the nearest, or all.

    Args:
        name: the wrong name.
        peers: the right ones.
        groups: the names that stand for several of them. Such a name is meant rather than one of
            its peers, `server` rather than `server3`.
    """
    names = _with_groups(peers, groups or {})
    some = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    return document.nearest(name, [*names, *peers]) or f": there are {some}"


def _with_groups(peers: Sequence[str], groups: Groups) -> list[str]:
    """Return names with that of each group in place of its peers."""
    group_of = {peer: name for name, members in groups.items() for peer in members}
    return [*dict.fromkeys(group_of.get(peer, peer) for peer in peers)]


def _declared(name: str, info: ValidationInfo) -> str:
    """Refuse a peer that is not declared, if the declared peers are known."""
    context = info.context or {}
    peers, groups = context.get(DECLARED), context.get(GROUPS, {})
    if peers and name not in peers and name != ALL:
        if several := groups.get(name):
            raise ValueError(f"{name!r} is {len(several)} peers, and one is expected here")
        raise ValueError(f"no peer {name!r} here{among(name, peers, groups)}")
    return name


def _typable(text: str) -> str:
    if wrong := not_typable(text):
        raise ValueError(wrong)
    return text


Name = Annotated[
    str,
    Field(json_schema_extra={"pattern": NAME}),
    AfterValidator(valid_name),
    AfterValidator(_not_reserved),
]
"""The name of a scenario, or of a peer where it is declared."""

PeerName = Annotated[str, AfterValidator(_not_all), AfterValidator(_declared)]  # a declared peer

PeerOrAll = Annotated[str, AfterValidator(_declared)]  # a declared peer, or `all`

InputLine = Annotated[str, AfterValidator(_typable)]  # text that can be typed into a console


# Quantities.

_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_LOSS = rf"^{_NUMBER} ?%$"
_UNITS = {"bit/s": 1 / 8, "kbit/s": 125, "Mbit/s": 125_000, "B/s": 1, "kB/s": 1000, "MB/s": 10**6}
_RATE = rf"^{_NUMBER} ?(bit|kbit|Mbit|B|kB|MB)/s$"
_LEAST_LOSS = 1  # per cent; two thousand packets cannot distinguish less from none
_SLOWEST, _FASTEST = 4_000, 1_250_000  # bytes a second; no other rate can be proven
LEAST_TIME = 0.01  # seconds; a shorter delay looks like a busy machine


def _loss(value: Any) -> float:
    found = re.fullmatch(_LOSS, value) if isinstance(value, str) else None
    if not found:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        example = f": {value:g}%" if is_number else ", such as 20%"
        raise ValueError(f"loss is a percentage of all packets{example}")
    if not _LEAST_LOSS <= float(found[1]) <= 100:  # noqa: PLR2004 - of a hundred
        raise ValueError(f"loss is {_LEAST_LOSS}% to 100%, not {value}: less cannot be proven")
    return float(found[1]) / 100


def _bandwidth(value: Any) -> int:
    found = re.fullmatch(_RATE, value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"bandwidth is a number and a unit, such as 64 kB/s{_unit_hint(value)}")
    rate = round(float(found[1]) * _UNITS[f"{found[2]}/s"])
    if not _SLOWEST <= rate <= _FASTEST:
        limits = f"{as_rate(_SLOWEST)} to {as_rate(_FASTEST)}"
        raise ValueError(f"bandwidth is {limits}, not {value}: nothing else can be proven")
    return rate


def _unit_hint(value: Any) -> str:
    unit = re.sub(r"^[0-9. ]+", "", value) if isinstance(value, str) else ""
    same = [known for known in _UNITS if known.lower() == unit.lower()]
    hint = document.nearest(unit, same or _UNITS) if unit else ""
    return hint or f": one of {', '.join(_UNITS)}"


def as_percent(share: float) -> str:
    """Return a share (0 to 1) as files write it: `20%`."""
    return f"{round(share * 100, 4):g}%"


def as_rate(rate: float) -> str:
    """Return bytes a second as files write them: `64 kB/s`."""
    for unit, size in (("MB/s", 10**6), ("kB/s", 1000)):
        if rate >= size:
            return f"{round(rate / size, 4):g} {unit}"
    return f"{rate:g} B/s"


Loss = Annotated[
    float, BeforeValidator(_loss), WithJsonSchema({"type": "string", "pattern": _LOSS})
]
"""A share, 0 to 1; a percentage in files."""

Bandwidth = Annotated[
    int, BeforeValidator(_bandwidth), WithJsonSchema({"type": "string", "pattern": _RATE})
]
"""Bytes a second; with a unit in files."""

Time = Annotated[float, Field(ge=LEAST_TIME, le=10, strict=False)]  # seconds of delay
