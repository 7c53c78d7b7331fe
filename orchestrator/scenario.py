"""Scenario files: who takes part, and what they do, step by step. Pure data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from orchestrator import document
from orchestrator.document import Problem, Strict
from orchestrator.profile import Seconds

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
# NUL, the line breaks, and the keys that a terminal acts on whatever program runs there:
# Ctrl-C, Ctrl-Q, Ctrl-S, Ctrl-Z and Ctrl-\\. Nobody can type these as text.
_UNTYPABLE = re.compile(r"[\x00\n\r\x03\x11\x13\x1a\x1c]")

Name = Annotated[str, Field(pattern=rf"^{_NAME.pattern}$")]


class Act(Strict):
    """One act of one peer; `refused` expects a reply that says no and contains this text."""

    refused: str | None = None

    @property
    def wanted(self) -> Literal["ok", "fail"]:
        """How the operation must end."""
        return "ok" if self.refused is None else "fail"


class Connect(Act):
    """Peer `at` dials peer `to`."""

    at: Name
    to: Name


class Send(Act):
    """Peer `at` sends `text` to peer `to`."""

    at: Name
    to: Name
    text: str

    @field_validator("text")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if found := _UNTYPABLE.search(value):
            raise ValueError(f"a message is one line that can be typed: no {found.group()!r} in it")
        return value


class Terminate(Act):
    """Peer `at` ends its connection with peer `to`."""

    at: Name
    to: Name


class Show(Strict):
    """Peer `at` lists its connections, which must be those with the peers `shows`."""

    at: Name
    shows: list[Name] | None = None


class Leave(Strict):
    """Peer `at` exits, with this status."""

    at: Name
    status: int = 0


class Expect(Strict):
    """Peer `at` must show something within `within` seconds: a message or a notice.

    Exactly one of `message` (its text), `connected`, `closed` and `delivered` (true).
    """

    at: Name
    of: Name = Field(alias="from")
    message: str | None = None
    connected: bool = False
    closed: bool = False
    delivered: bool = False
    within: Seconds = 5.0

    @property
    def kind(self) -> str:
        """The kind of notice that is awaited."""
        kinds = {
            "connected": self.connected, "closed": self.closed, "delivered": self.delivered,
        }  # fmt: skip
        return next((name for name, wanted in kinds.items() if wanted), "message")

    @model_validator(mode="after")
    def _one_thing(self) -> Expect:
        wanted = [self.message is not None, self.connected, self.closed, self.delivered]
        if sum(wanted) != 1:
            raise ValueError("expect exactly one of message, connected, closed, delivered")
        return self


class Step(Strict):
    """One step: exactly one key, the act."""

    connect: Connect | None = None
    send: Send | None = None
    expect: Expect | None = None
    list: Show | None = None
    terminate: Terminate | None = None
    exit: Leave | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        """`list: alice` and `exit: alice` name the peer alone."""
        if not isinstance(value, dict) or len(value) != 1:
            raise ValueError(f"a step has exactly one of {', '.join(cls.model_fields)}")
        ((verb, argument),) = value.items()
        if argument is None:
            raise ValueError(f"{verb} of what? The step is empty")
        return {verb: {"at": argument}} if isinstance(argument, str) else value

    @property
    def verb(self) -> str:
        """What is done."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    @property
    def act(self) -> Connect | Send | Expect | Show | Terminate | Leave:
        """By whom, to whom, and how."""
        act: Connect | Send | Expect | Show | Terminate | Leave = getattr(self, self.verb)
        return act


class Scenario(Strict):
    """A script: `why` says in a sentence what it is for."""

    name: Name
    why: str
    profile: str = "peerlab"
    peers: Annotated[list[Name], Field(min_length=1, max_length=200)]
    steps: list[Step]


def load(path: Path) -> Scenario:
    """Return the scenario in the file `path`.

    Raises:
        DocumentError: it cannot be read, or is wrong; each mistake with line and column.
    """
    return document.read(path, Scenario, _problems)


def _problems(scenario: Scenario) -> Iterator[Problem]:
    for index, name in enumerate(scenario.peers):
        if name in scenario.peers[:index]:
            yield Problem(("peers", index), f"peer {name!r} is named twice")
    for index, step in enumerate(scenario.steps):
        for key, name in _names(step):
            if name not in scenario.peers:
                hint = document.nearest(name, scenario.peers)
                yield Problem(("steps", index, step.verb, key), f"no peer {name!r} here{hint}")


def _names(step: Step) -> Iterator[tuple[str, str]]:
    for key, field in type(step.act).model_fields.items():
        value = getattr(step.act, key)
        if key in ("at", "to", "of"):
            yield field.alias or key, value
        elif key == "shows":
            yield from (("shows", name) for name in value or ())
