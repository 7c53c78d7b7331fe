"""Steps at a console: what peers do, and what is expected of the outcome. Pure data.

The docstrings become the descriptions in docs/scenario.schema.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

from orchestrator import patterns
from orchestrator.document import Strict, describe
from orchestrator.history.wanted import says
from orchestrator.profile import Seconds
from orchestrator.scenario import rules
from orchestrator.scenario.rules import Rule
from orchestrator.scenario.values import InputLine, PeerName, PeerOrAll

_LONGEST = 20_000  # characters of a generated text; more than the peer takes in one message

Wants = dict[str, Any]
"""The expected outcome of an operation, as the history records it: see docs/history.md."""


def enforce(rule: Rule) -> Any:
    """Return a validator that holds a model to a rule between its keys."""

    def check(self: Strict) -> Strict:
        for what in rule(self.model_dump(by_alias=True, exclude_unset=True)):
            raise ValueError(what)
        return self

    return model_validator(mode="after")(check)


# The types of values that only these steps have.


def _as_typed(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


def _number_or_any(value: Any) -> Any:
    """Refuse everything else in one sentence; a union would have one for each of its types."""
    if value != "any" and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"a whole number is expected here, or any, not {describe(value)}")
    return value


def _text_or_true(value: Any) -> Any:
    """Refuse everything else in one sentence."""
    if value is not True and not isinstance(value, str):
        quotes = "" if isinstance(value, list | dict) else ": put it in quotes"
        raise ValueError(
            f"text is expected here, or true for any text, not {describe(value)}{quotes}"
        )
    return value


_NUMBER_OR_TEXT = WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}]})
_Argument = Annotated[InputLine, BeforeValidator(_as_typed), _NUMBER_OR_TEXT]
"""What is typed as a port or an id."""

_Text = Annotated[str | Literal[True], BeforeValidator(_text_or_true)]

Status = Annotated[int | Literal["any"], BeforeValidator(_number_or_any)]
"""An exit status, or `any`."""

Receivers = Annotated[
    Annotated[PeerOrAll, Tag("one")] | Annotated[list[PeerName], Tag("several")],
    Discriminator(lambda value: "several" if isinstance(value, list) else "one"),
]
"""A peer, a list of peers, or `all` that the sender is connected to."""


MOST_WHEN_IDLE = 0.5
"""The share of one processor that a program may use while nothing is asked of it.

A loop that does not wait uses all of one; clocks and heartbeats use a tenth at most.
"""


# Steps.


class AtConsole(Strict):
    """A step at a console.

    Attributes:
        at: the peer whose console is used; `all` for every peer, all at once.
    """

    at: PeerOrAll


class Act(AtConsole):
    """An operation with an expected reply.

    Attributes:
        refused: the reply must be an error that contains this text.
        says: the reply must be a success that contains this text.
        answered: there must be a reply, whether success or error.
        may_fail: success and error are both fine.
    """

    refused: str | None = None
    says: str | None = None
    answered: Literal[True] | None = None
    may_fail: bool = False

    @property
    def wants(self) -> Wants:
        """The expected outcome."""
        if self.may_fail:
            return {}
        if self.answered:
            return {"answered": True}
        if self.refused is not None:
            return {"outcome": "fail", "says": self.refused}
        return {"outcome": "ok"} | ({} if self.says is None else {"says": self.says})

    _one_expectation = enforce(rules.of_reply)


class ConnectStep(Act):
    """Connect peer `at` to peer `to`, which may be itself.

    Attributes:
        to: the peer to dial; `all` for every other peer, one after the other.
        address: the address to type; by default that of `to`.
        port: the port to type; by default that of `to`.
        within: seconds within which it must succeed or fail.
    """

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["to"]}, {"required": ["address", "port"]}]}
    )

    to: PeerOrAll | None = None
    address: InputLine | None = None
    port: _Argument | None = None
    within: Seconds | None = None

    @property
    def wants(self) -> Wants:
        """The expected outcome."""
        return super().wants | ({} if self.within is None else {"within": self.within})

    _has_target = enforce(rules.of_connect)


class SendStep(Act):
    """Send `text` from peer `at` to peer `to`.

    Attributes:
        to: a peer, several, or `all` that it is connected to.
        id: the id to type instead of the one in the list; `last` for the last known id of `to`.
        text: one line.
        length: repeat the text up to this many characters, after its counters are filled in.
        times: send this many without waiting for the replies; `{n}` counts them from 1.
            With `all`, `{at}` and `{to}` name the two ends.
    """

    to: Receivers | None = None
    id: _Argument | None = None
    text: InputLine
    length: Annotated[int, Field(ge=1, le=_LONGEST)] | None = None
    times: Annotated[int, Field(ge=1, le=100_000)] = 1

    def at_length(self, text: str) -> str:
        """Return `text`, with its counters filled in, repeated up to `length`."""
        if self.length is None:
            return text
        often = -(-self.length // len(text))
        return (text * often)[: self.length]

    _repeatable = enforce(rules.of_send)
    _has_receiver = enforce(rules.of_id)


class TerminateStep(Act):
    """End the connection of peer `at` with peer `to`.

    Attributes:
        to: the peer at the other end; `all` for all its connections.
        id: the id to type instead of the one in the list; `last` for the last known id of `to`.
    """

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["to"]}, {"required": ["id"]}]}
    )

    to: PeerOrAll | None = None
    id: _Argument | None = None

    _has_target = enforce(rules.of_id)


class TypeStep(Act):
    """Type any line into the console of peer `at`.

    Attributes:
        line: the text to type.
    """

    line: InputLine


class HelpStep(AtConsole):
    """Ask peer `at` for its commands.

    Attributes:
        names: words that must be in the reply, in upper or lower case.
    """

    names: list[Annotated[str, Field(min_length=1)]] = []

    @property
    def wants(self) -> Wants:
        """The expected outcome."""
        return {"outcome": "ok"} | ({"names": self.names} if self.names else {})


class MyIpStep(AtConsole):
    """Ask peer `at` for its address, which must be one of its own."""


class MyPortStep(AtConsole):
    """Ask peer `at` for the port on which it listens."""


class IdleStep(AtConsole):
    """Ask nothing of peer `at` for a while; its program must use little of a processor then.

    Attributes:
        lasts: seconds.
    """

    lasts: Annotated[float, Field(ge=0.5, le=60, strict=False)] = Field(default=1.0, alias="for")

    @property
    def wants(self) -> Wants:
        """The expected outcome."""
        return {"outcome": "ok", "processor": MOST_WHEN_IDLE}


class ListStep(AtConsole):
    """List the connections of peer `at`.

    Attributes:
        shows: the peers that the list must show, in any order.
        within: seconds the list has to become so; 0 for at once.
    """

    shows: Annotated[list[PeerName] | None, Field(json_schema_extra={"uniqueItems": True})] = None
    within: Annotated[float, Field(ge=0, le=3600, strict=False)] = 0.0

    @property
    def wants(self) -> Wants:
        """The expected outcome."""
        return {"outcome": "ok"} | ({} if self.shows is None else {"shows": self.shows})


class ExitStep(AtConsole):
    """Exit peer `at`.

    Attributes:
        status: its expected exit status, or `any`.
        may_fail: it need not exit now; its state at the end is still checked.
    """

    status: Status = 0
    may_fail: bool = False

    @property
    def wants(self) -> Wants:
        """The expected outcome."""
        if self.may_fail:
            return {}
        return {"outcome": "ok"} | ({} if self.status == "any" else {"status": self.status})


ONE_THING: list[JsonValue] = [{"required": [kind]} for kind in rules.AWAITED]
"""That exactly one thing is awaited, in the words of JSON Schema."""


class Shown(Strict):
    """What a console shows unasked.

    Attributes:
        of: the peer it is about; any if left out.
        message: a message with this text; `true` for any text.
        connected: a new connection.
        closed: the end of a connection.
        delivered: the receipt of a message that was delivered.
        undelivered: the notice of a message that was not delivered.
        notice: any other notice, by its name in the profile.
        fields: values, or conditions, of named groups of that notice.
        line: a pattern of a line that is not part of a reply.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": ONE_THING,
            "dependentRequired": {"delivered": ["from"], "undelivered": ["from"]},
        }
    )

    of: PeerName | None = Field(default=None, alias="from")
    message: _Text | None = None
    connected: Literal[True] | None = None
    closed: Literal[True] | None = None
    delivered: Literal[True] | None = None
    undelivered: Literal[True] | None = None
    notice: str | None = None
    fields: dict[str, Any] = {}
    line: str | None = None

    @property
    def kind(self) -> str:
        """The kind of notice; empty for a line."""
        known = (kind for kind in rules.NOTICES if getattr(self, kind) is not None)
        return self.notice or next(known, "")

    @property
    def given(self) -> dict[str, Any]:
        """The conditions, as the history records them: see docs/history.md."""
        text = self.message if isinstance(self.message, str) else None
        given = {"kind": self.kind or "line", "of": self.of, "text": text, "line": self.line,
                 "fields": self.fields or None}  # fmt: skip
        return {key: value for key, value in given.items() if value is not None}

    def matches(self, kinds: Sequence[str], fields: Mapping[str, str], line: str) -> bool:
        """Return whether a console has shown such a thing, whichever peer it is about.

        Args:
            kinds: the notice's name, and its meaning; an empty name for any other line.
            fields: its named groups.
            line: as it was shown.
        """
        if self.line is not None:
            return patterns.compiled(self.line).search(line) is not None
        wanted = self.fields if self.notice else {}
        if isinstance(self.message, str) and self.message != fields.get("text"):
            return False
        return self.kind in kinds and all(says(wanted[key], fields.get(key)) for key in wanted)

    def named(self, fields: Mapping[str, str], line: str) -> dict[str, str]:
        """Return the named groups of what was shown: of the notice, or of the pattern of a line."""
        found = patterns.compiled(self.line).search(line) if self.line is not None else None
        given = found.groupdict() if found else fields
        return {name: text for name, text in given.items() if text is not None}

    @field_validator("line")
    @classmethod
    def _pattern(cls, value: str | None) -> str | None:
        try:
            patterns.compiled(value or "")
        except patterns.PatternError as error:
            raise ValueError(str(error)) from error
        return value


class ExpectStep(Shown, AtConsole):
    """Wait until peer `at` shows something. Each `expect` needs one of its own.

    Exactly one of `message`, `connected`, `closed`, `delivered`, `undelivered`, `notice`, `line`.

    Attributes:
        within: seconds to wait; by default `expect` of the `limits`.
        may_fail: it need not come, but is waited for.
        save: names under which named groups of the notice, or of the pattern of the line, are
            saved, by group.
    """

    within: Seconds | None = None
    may_fail: bool = False
    save: dict[str, str] = {}

    _one_thing = enforce(rules.of_expect)
