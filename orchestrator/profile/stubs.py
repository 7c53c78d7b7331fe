"""The operations of a profile as Python type stubs, for editors and type checkers. Pure."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping, Sequence

from orchestrator import chat
from orchestrator.profile.model import Profile
from orchestrator.profile.operation import CHANGING, RAW, ConsoleOperation, groups

_HIDES = "  # type: ignore[override]"  # a method of the class above
_NOTHING = "    ...\n"  # in a class
_TYPES = {"text": "str", "integer": "int", "number": "float"}
_OF_EVERY_RESULT = ("ok", "nil", "rows", "said")  # what any operation returns
_REPEATED_ENDS = (
    "expect: Mapping[str, Any] = ...", "shows: Mapping[str, Sequence[Any]] = ...",
    "nil: bool = ...", "refused: str | None = ...", "says: str | None = ...",
)  # fmt: skip
"""How an operation that is repeated must end, or must not: docs/pytest.md."""

_ENDS = (*_REPEATED_ENDS, "within: float = ...", "may_fail: bool = ...")
"""How any operation must end."""

_OF_REPEATING = {"every", "call", "notice", "sender"}  # no argument's, where one is repeated

_NEVER_SHOWN = """\
    def never(
        self,
        notice: str | None = ...,
        *,
        call: None = ...,
        sender: LabPeer | str | None = ...,
        **what: Any,
    ) -> AbstractContextManager[None]: ...
"""

_HEAD = """\
# What peers of the program {name} can be asked for. Do not edit: written by
# `peerlab profile stubs`.

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, overload

from orchestrator.pytest_plugin.lab_peer import CallResult, LabPeer
"""


def stubs(profile: Profile) -> str:
    """Return the text of a stub file with a class for the profile's peers."""
    title = _title(profile.name)
    known = chat.VERBS if profile.vocabulary == "chat" else ()
    own = {name: it for name, it in profile.operations.items() if name not in (*known, RAW)}
    results = "".join(_result(f"{title}{_title(name)}", it) for name, it in own.items())
    methods = "".join(_method(title, name, it) for name, it in own.items() if _is_name(name))
    read = {name: it for name, it in own.items()
            if it.means not in CHANGING and not _OF_REPEATING & it.takes.keys()}  # fmt: skip
    repeated = _eventually(title, read) + _never(read)
    peer = f"\nclass {title}Peer(LabPeer):\n{methods + repeated or _NOTHING}"
    return f"{_HEAD.format(name=repr(profile.name))}{results}{peer}"


def _result(title: str, operation: ConsoleOperation) -> str:
    named = sorted(groups(operation.ok) - {*_OF_EVERY_RESULT})
    lines = [f"    {name}: {_TYPES[operation.results.get(name, 'text')]}\n"
             for name in named if _is_name(name)]  # fmt: skip
    return f"\nclass {title}Result(CallResult):\n{''.join(lines) or _NOTHING}"


def _method(title: str, name: str, operation: ConsoleOperation) -> str:
    # Every peer has the methods of a chat, with other arguments.
    hides = _HIDES if name in chat.VERBS else ""
    keys = ["*", *_arguments(operation), *_ENDS]
    return _signature(name, keys, f"{title}{_title(name)}Result", hides)


def _eventually(title: str, operations: Mapping[str, ConsoleOperation]) -> str:
    """Return the method that repeats an operation, once for each operation."""
    return _overloads([
        _signature(
            "eventually",
            [f"operation: Literal[{name!r}]", "/", "*", *_arguments(operation), *_REPEATED_ENDS,
             "within: float | None = ...", "every: float | None = ..."],
            f"{title}{_title(name)}Result",
        )
        for name, operation in operations.items()
    ])  # fmt: skip


def _never(operations: Mapping[str, ConsoleOperation]) -> str:
    """Return the method that watches a peer: for an operation's end, or for what is shown."""
    calls = [
        _signature(
            "never",
            ["*", f"call: Literal[{name!r}]", *_arguments(operation), *_REPEATED_ENDS,
             "every: float | None = ..."],
            "AbstractContextManager[None]",
        )
        for name, operation in operations.items()
    ]  # fmt: skip
    return _overloads([*calls, _NEVER_SHOWN] if calls else [])


def _signature(name: str, keys: Sequence[str], returns: str, comment: str = "") -> str:
    listed = ",\n        ".join(["self", *keys])
    return f"    def {name}({comment}\n        {listed},\n    ) -> {returns}: ...\n"


def _overloads(methods: Sequence[str]) -> str:
    """Return variants of a method that every peer has with any arguments."""
    if len(methods) == 1:  # a type checker refuses a single overload
        return methods[0].replace("(", f"({_HIDES}", 1)
    hides = (_HIDES if number == 0 else "" for number in range(len(methods)))
    return "".join(
        f"    @overload{it}\n{method}" for it, method in zip(hides, methods, strict=True)
    )


def _arguments(operation: ConsoleOperation) -> Iterator[str]:
    for name, argument in operation.takes.items():
        if _is_name(name):
            default = " = ..." if argument.optional else ""
            yield f"{name}: {_TYPES[argument.type]}{default}"


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _title(name: str) -> str:
    """Return a name as classes are called: `key-value store` is KeyValueStore."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    title = "".join(word[:1].upper() + word[1:] for word in words)
    return title if title[:1].isalpha() else f"P{title}"
