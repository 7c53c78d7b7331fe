"""The types of the fields in a history's lines: docs/history.md as a model.

A field that is not here is kept unread: later labs may write new ones.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from orchestrator.document import Strict, problem

_Number = Annotated[float, Field(allow_inf_nan=False)]
_Times = Annotated[list[_Number], Field(min_length=2, max_length=2)]
_Pair = Annotated[list[str], Field(min_length=2, max_length=2)]
_Port = int | str
_Text = dict[str, str]
_Objects = list[dict[str, Any]]


class _Row(TypedDict, total=False):
    """A row of a reply, such as that to `list`; its other parts may be anything."""

    id: str | int
    peer: str
    address: str
    port: _Port
    at: str


class _Socket(TypedDict, total=False):
    """A TCP socket."""

    local: str
    remote: str
    state: str
    peer: str
    unread: int
    unsent: int
    accepted: bool


class _Late(TypedDict):
    """A time when the lab's own timers were late."""

    since: _Number
    by: _Number


class _Crowd(TypedDict):
    """A time when more threads wanted to run than there are processors."""

    since: _Number
    until: _Number
    by: _Number


class _Canary(TypedDict, total=False):
    """What the canary found."""

    trips: int
    median: _Number
    late: list[_Late]


class _Wants(TypedDict, total=False):
    """How an operation or a peer must end."""

    outcome: Literal["ok", "fail", "nil"]
    says: str
    answered: bool
    shows: list[str]
    names: list[str]
    address: list[str]
    port: _Port
    within: _Number
    processor: _Number
    status: int
    state: str
    results: dict[str, Any]
    rows: dict[str, list[Any]]


_FIELDS: dict[str, Any] = {
    **dict.fromkeys(
        ("to", "of", "id", "text", "line", "kind", "said", "unread", "answer", "called", "address",
         "fault", "says", "scenario", "why", "profile", "engine", "file", "notice", "missed"), str),
    **dict.fromkeys(("answered", "may_fail", "warm", "chats", "quiet", "all", "nil"), bool),
    **dict.fromkeys(("count", "number", "format", "seed", "step", "workload"), int),
    **dict.fromkeys(("took", "gap", "for", "waited", "limit", "processor", "seen"), _Number),
    "rested": _Times,
    **dict.fromkeys(("peers", "notices", "lacks", "padded", "faults", "hidden", "promises",
                     "perhaps"),
                    list[str]),
    **dict.fromkeys(("means", "profiles"), _Text),
    **dict.fromkeys(("arguments", "results", "fields"), dict[str, Any]),
    "port": _Port, "status": int | None,
    "state": Literal["running", "paused", "exited", "removed"],
    **dict.fromkeys(("opened", "closed"), list[_Socket]),
    "rows": list[_Row], "wants": _Wants, "links": list[_Pair],
    "late": list[_Late], "canary": _Canary, "crowded": list[_Crowd],
    "proof": _Objects, "entries": _Objects,
}  # fmt: skip
_Fields = TypedDict("_Fields", _FIELDS, total=False)  # type: ignore[misc]
_CONFIG = ConfigDict(strict=True, extra="allow")
_Fields.__pydantic_config__ = _CONFIG  # type: ignore[attr-defined]


@functools.cache
def _adapter() -> TypeAdapter[Any]:
    """Return what validates fields; most commands do not."""
    return TypeAdapter(_Fields)


def mistakes(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each field with a value of a wrong type, and what is wrong with it."""
    try:
        _adapter().validate_python(fields)
    except ValidationError as error:
        for detail in error.errors():
            key, *inner = detail["loc"]
            place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in inner)
            yield str(key), f"{key}{place}: {problem(detail, Strict).what}"
