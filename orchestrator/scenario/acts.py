"""What peers can be made to do, and what is expected of it. Pure data."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from orchestrator.document import Strict, found
from orchestrator.profile import Seconds
from orchestrator.scenario import rules
from orchestrator.scenario.rules import Rule
from orchestrator.scenario.words import Line, Peer, Peers

_LONGEST = 20_000  # characters of a generated text; more than the peer takes in one message

Wants = dict[str, Any]
"""How an operation must end, as the history records it: see docs/history.md."""


def ruled(rule: Rule) -> Any:
    """Return a validator that holds a model to a rule between its keys."""

    def hold(self: Strict) -> Strict:
        for what in rule(self.model_dump(by_alias=True, exclude_unset=True)):
            raise ValueError(what)
        return self

    return model_validator(mode="after")(hold)


class Act(Strict):
    """One act at a console, answered by a reply.

    Attributes:
        at: at whose console; `all` for every peer, all at once.
        refused: the reply must say no, and contain this text.
        says: the reply must say yes, and contain this text.
        answered: something must be printed in reply, be it yes or no.
        may_fail: whether it happens depends on chance, and either is right.
    """

    at: Peers
    refused: str | None = None
    says: str | None = None
    answered: Literal[True] | None = None
    may_fail: bool = False

    @property
    def wants(self) -> Wants:
        """How the operation must end."""
        if self.may_fail:
            return {}
        if self.answered:
            return {"answered": True}
        if self.refused is not None:
            return {"outcome": "fail", "says": self.refused}
        return {"outcome": "ok"} | ({} if self.says is None else {"says": self.says})

    _one_expectation = ruled(rules.of_reply)


def _as_typed(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


_NUMBER_OR_TEXT = WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}]})
_Port = Annotated[Line, BeforeValidator(_as_typed), _NUMBER_OR_TEXT]
_Id = _Port
"""Whatever is typed in the place of a port, or of an id."""


Receivers = Annotated[
    Annotated[Peers, Tag("one")] | Annotated[list[Peer], Tag("several")],
    Discriminator(lambda value: "several" if isinstance(value, list) else "one"),
]
"""A peer, a list of peers, or `all` that somebody is connected to."""


class Connect(Act):
    """Peer `at` dials peer `to`, which may be itself.

    Attributes:
        to: whom; `all` for every other peer, one after the other.
        address: what is typed in the place of an address; by default where `to` is.
        port: what is typed in the place of a port; by default the one of `to`.
        within: seconds in which it must have ended, in whatever way.
    """

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["to"]}, {"required": ["address", "port"]}]}
    )

    to: Peers | None = None
    address: Line | None = None
    port: _Port | None = None
    within: Seconds | None = None

    @property
    def wants(self) -> Wants:
        """How the operation must end."""
        return super().wants | ({} if self.within is None else {"within": self.within})

    _somewhere = ruled(rules.of_connect)


class Send(Act):
    """Peer `at` sends `text` to peer `to`.

    Attributes:
        to: a peer, several, or `all` that it is connected to.
        id: what is typed in the place of an id, whatever the list shows; `last` for the one that
            led to `to` last.
        text: one line.
        length: repeat the text until it has so many characters, its counters in place.
        times: send so many, without waiting for each reply; `{n}` counts them from 1.
            Where `all` stands, `{at}` and `{to}` name the two ends.
    """

    to: Receivers | None = None
    id: _Id | None = None
    text: Line
    length: Annotated[int, Field(ge=1, le=_LONGEST)] | None = None
    times: Annotated[int, Field(ge=1, le=100_000)] = 1

    def at_length(self, text: str) -> str:
        """Return the text, whose counters are in place, in the length that is asked for."""
        if self.length is None:
            return text
        often = -(-self.length // len(text))
        return (text * often)[: self.length]

    _repeatable = ruled(rules.of_send)
    _somebody = ruled(rules.of_id)


class Terminate(Act):
    """Peer `at` ends its connection with peer `to`.

    Attributes:
        to: with whom; `all` for each that it has.
        id: what is typed in the place of an id, whatever the list shows; `last` for the one that
            led to `to` last.
    """

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["to"]}, {"required": ["id"]}]}
    )

    to: Peers | None = None
    id: _Id | None = None

    _somebody = ruled(rules.of_id)


class Type(Act):
    """Somebody types any line at the console of peer `at`.

    Attributes:
        line: what is typed.
    """

    line: Line


class Help(Strict):
    """Peer `at` is asked what it can do.

    Attributes:
        at: at whose console; `all` for every peer, all at once.
        names: words that the answer must have, in upper or lower case.
    """

    at: Peers
    names: list[Annotated[str, Field(min_length=1)]] = []

    @property
    def wants(self) -> Wants:
        """How the operation must end."""
        return {"outcome": "ok"} | ({"names": self.names} if self.names else {})


class MyIp(Strict):
    """Peer `at` tells its address, which must be one of its own.

    Attributes:
        at: at whose console; `all` for every peer, all at once.
    """

    at: Peers


class MyPort(Strict):
    """Peer `at` tells the port on which it listens.

    Attributes:
        at: at whose console; `all` for every peer, all at once.
    """

    at: Peers


class List(Strict):
    """Peer `at` lists its connections.

    Attributes:
        at: at whose console; `all` for every peer, all at once.
        shows: the peers that must be shown, in any order.
        within: seconds in which the list may become so; 0 for at once.
    """

    at: Peers
    shows: Annotated[list[Peer] | None, Field(json_schema_extra={"uniqueItems": True})] = None
    within: Annotated[float, Field(ge=0, le=3600, strict=False)] = 0.0

    @property
    def wants(self) -> Wants:
        """How the operation must end."""
        return {"outcome": "ok"} | ({} if self.shows is None else {"shows": self.shows})


def _number_or_any(value: Any) -> Any:
    """Refuse in one sentence what is neither; a union would say that of each."""
    if value != "any" and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"a whole number is expected here, or any, not {found(value)}")
    return value


def _text_or_true(value: Any) -> Any:
    """Refuse in one sentence what is neither."""
    if value is not True and not isinstance(value, str):
        quotes = "" if isinstance(value, list | dict) else ": put it in quotes"
        raise ValueError(f"text is expected here, or true for any text, not {found(value)}{quotes}")
    return value


Status = Annotated[int | Literal["any"], BeforeValidator(_number_or_any)]
"""An exit status, or `any`."""

_Text = Annotated[str | Literal[True], BeforeValidator(_text_or_true)]


class Exit(Strict):
    """Peer `at` exits.

    Attributes:
        at: at whose console; `all` for every peer, all at once.
        status: the exit status that it must have, or `any`.
        may_fail: whether it need not end; how it must be at the end is as ever.
    """

    at: Peers
    status: Status = 0
    may_fail: bool = False

    @property
    def wants(self) -> Wants:
        """How the operation must end."""
        if self.may_fail:
            return {}
        return {"outcome": "ok"} | ({} if self.status == "any" else {"status": self.status})


_ONE_THING: list[JsonValue] = [{"required": [kind]} for kind in (*rules.NOTICES, "line")]


class Expect(Strict):
    """Peer `at` must show something, once for each such step.

    That is exactly one of `message`, `connected`, `closed`, `delivered`, `undelivered`, `line`.

    Attributes:
        at: at whose console; `all` for every peer, all at once.
        of: about which peer; any, as left out.
        message: a message with this text; `true` for one with any text.
        connected: that somebody has connected.
        closed: that a connection has ended.
        delivered: that a message was delivered.
        undelivered: that a message was not delivered.
        line: a pattern that some line which is no reply must match.
        within: seconds; by default as `limits` say.
        may_fail: whether it need not come; it is waited for all the same.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": _ONE_THING,
            "dependentRequired": {"delivered": ["from"], "undelivered": ["from"]},
        }
    )

    at: Peers
    of: Peer | None = Field(default=None, alias="from")
    message: _Text | None = None
    connected: Literal[True] | None = None
    closed: Literal[True] | None = None
    delivered: Literal[True] | None = None
    undelivered: Literal[True] | None = None
    line: str | None = None
    within: Seconds | None = None
    may_fail: bool = False

    @property
    def kind(self) -> str:
        """The kind of notice that is awaited; empty for any line."""
        return next((kind for kind in rules.NOTICES if getattr(self, kind) is not None), "")

    _one_thing = ruled(rules.of_expect)

    @field_validator("line")
    @classmethod
    def _pattern(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"not a pattern: {error}") from error
        return value
