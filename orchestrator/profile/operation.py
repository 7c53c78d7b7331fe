"""The model of an operation: what it takes, what to type, and how to read the reply. Pure data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from orchestrator import chat, promises
from orchestrator.document import Strict, describe
from orchestrator.faults.kinds import LIFTING, NETWORK, PROCESS

RAW = "raw"  # any line, as the step `type` types it
VERBS = (*chat.VERBS, RAW)
"""The names that a step or a check of the vocabulary `chat` uses."""

NOTICES = ("connected", "message", "delivered", "undelivered", "closed")
"""The notices of the vocabulary `chat`. The lab records any other kind by name."""

ENDS = "exit"  # what an operation means that ends the program
MEANINGS = (*promises.MEANINGS, ENDS)
"""What an operation or notice may mean, mostly to a promise: docs/checks.md."""

CHANGING = ("write", "cas", "add", "increment", "decrement", "enqueue", "dequeue", "generate",
            "acquire", "release", "broadcast", ENDS)  # fmt: skip
"""The meanings of operations that a step must not repeat."""

LAB_STEPS = ("type", "idle", "expect", "never", "eventually", "parallel", "repeat", "workload",
             "chaos", "schedule", *PROCESS, *NETWORK, *LIFTING)  # fmt: skip
"""The steps that any program can be given: no operation can have such a name."""

STEP_KEYS = ("at", "expect", "shows", "within", "save", "refused", "says", "nil", "answered",
             "may_fail")  # fmt: skip
"""The keys of a step besides the arguments of its operation."""

Kind = Literal["text", "integer", "number"]
"""The type of an argument or a result."""

Value = str | int | float  # of an argument or a result

_GROUP = re.compile(r"\(\?P<(\w+)>")
_OF_KIND: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
}
_EXPECTED = {"text": "text", "integer": "a whole number", "number": "a number"}


def _text_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _line_list(value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    return [{"type": item} if isinstance(item, str) else item for item in items]


def _kind(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


_ONE_OR_MORE = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Texts = Annotated[list[str], BeforeValidator(_text_list), WithJsonSchema(_ONE_OR_MORE)]
"""One text or several."""


class InputLine(Strict):
    """A line to type.

    Attributes:
        type: the line, with `{argument}` for each argument.
        after: pattern of the question to wait for before typing it, which need not end with a
            line break; None to type it at once.
    """

    type: str
    after: str | None = None


LINES = BeforeValidator(_line_list, json_schema_input_type=str | InputLine | list[str | InputLine])

InputLines = Annotated[list[InputLine], LINES, Field(min_length=1)]  # lines to type, in order


class Argument(Strict):
    """An argument of an operation.

    Attributes:
        type: `text`, `integer` or `number`.
        optional: whether a step may leave it out; nothing is typed in its place then.
    """

    type: Kind
    optional: bool = False


Arguments = dict[
    str, Annotated[Argument, BeforeValidator(_kind, json_schema_input_type=Kind | Argument)]
]
"""Arguments by name; a type alone is that of an argument that is required."""


class ConsoleOperation(Strict):
    """An operation: a command that the program understands.

    Attributes:
        takes: the arguments, each with its type; those of the vocabulary `chat` are known.
        send: the lines to type, with `{argument}` for each argument.
        first: an operation to send before every use, such as `list` before `terminate`.
        ok: patterns of a line that reports success; their named groups are the results.
        fail: patterns of a line that reports that it certainly did not happen, in addition to
            `errors`.
        info: patterns of a line that says that it may have happened or not, such as a timeout.
        nil: patterns of a line that reports success with the answer that there is nothing.
        row: pattern of a line of data, or of the lines that a row is spread over, each with parts
            of its own. One that does not begin with `^` may be found several times on a line.
        results: the types of named groups in `ok` and `row`; text by default.
        also: patterns of further lines of a reply, such as labels, which say neither yes nor no.
        silent: whether success may print nothing, or nothing but lines of `also`.
        ends: how a reply ends: at the `line` that matches `ok` or `fail`, or when the console is
            `quiet`.
        means: what the operation does, in the words of a promise that is checked, such as `write`
            for `register`.
        doubt: why what these patterns read may be wrong: no answer to it counts as read then, and
            what depends on it is unknown. `peerlab profile new` writes it; correct the patterns and
            take it out.
    """

    takes: Arguments = {}
    send: InputLines
    first: str | None = None
    ok: Texts = []
    fail: Texts = []
    info: Texts = []
    nil: Texts = []
    row: str | None = None
    results: dict[str, Kind] = {}
    also: Texts = []
    silent: bool = False
    ends: Literal["line", "quiet"] = "line"
    means: str = ""
    doubt: str = ""

    def patterns(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield every pattern of a reply with its place in the operation."""
        for key in ("ok", "fail", "info", "nil", "also"):
            yield from (((key, index), one) for index, one in enumerate(getattr(self, key)))
        if self.row:
            yield ("row",), self.row


def groups(patterns: Iterable[str]) -> set[str]:
    """Return the names of all groups in some patterns."""
    return {name for pattern in patterns for name in _GROUP.findall(pattern)}


def wrong_type(kind: Kind, value: object) -> str:
    """Return what is wrong with a value of this type in a file; empty if it is right."""
    if isinstance(value, _OF_KIND[kind]) and not isinstance(value, bool):
        return ""
    quotes = ": put it in quotes" if kind == "text" and isinstance(value, int | float) else ""
    return f"{_EXPECTED[kind]} is expected here, not {describe(value)}{quotes}"


def converted(kind: Kind, text: str) -> Value:
    """Return what a text says as a value of this type.

    Raises:
        ValueError: it says no such value.
    """
    if kind == "text":
        return text
    return int(text) if kind == "integer" else float(text)
