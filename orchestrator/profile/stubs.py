"""The operations of a profile as Python type stubs, for editors and type checkers. Pure."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator

from orchestrator import chat
from orchestrator.profile.model import Profile
from orchestrator.profile.operation import RAW, ConsoleOperation, groups

_NOTHING = "    ...\n"  # in a class
_TYPES = {"text": "str", "integer": "int", "number": "float"}
_OF_EVERY_RESULT = ("ok", "nil", "rows", "said")  # what any operation returns
_ENDS = (
    "expect: Mapping[str, Any] = ...", "shows: Mapping[str, Sequence[Any]] = ...",
    "nil: bool = ...", "within: float = ...", "refused: str | None = ...",
    "says: str | None = ...", "may_fail: bool = ...",
)  # fmt: skip
"""How any operation must end: docs/pytest.md."""

_HEAD = """\
# What peers of the program {name} can be asked for. Do not edit: written by
# `peerlab profile stubs`.

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.pytest_plugin.lab_peer import CallResult, LabPeer
"""


def stubs(profile: Profile) -> str:
    """Return the text of a stub file with a class for the profile's peers."""
    title = _title(profile.name)
    known = chat.VERBS if profile.vocabulary == "chat" else ()
    own = {name: it for name, it in profile.operations.items() if name not in (*known, RAW)}
    results = "".join(_result(f"{title}{_title(name)}", it) for name, it in own.items())
    methods = "".join(_method(title, name, it) for name, it in own.items() if _is_name(name))
    peer = f"\nclass {title}Peer(LabPeer):\n{methods or _NOTHING}"
    return f"{_HEAD.format(name=repr(profile.name))}{results}{peer}"


def _result(title: str, operation: ConsoleOperation) -> str:
    named = sorted(groups(operation.ok) - {*_OF_EVERY_RESULT})
    lines = [f"    {name}: {_TYPES[operation.results.get(name, 'text')]}\n"
             for name in named if _is_name(name)]  # fmt: skip
    return f"\nclass {title}Result(CallResult):\n{''.join(lines) or _NOTHING}"


def _method(title: str, name: str, operation: ConsoleOperation) -> str:
    keys = ",\n        ".join(["self", "*", *_arguments(operation), *_ENDS])
    # Every peer has the methods of a chat, with other arguments.
    hides = "  # type: ignore[override]" if name in chat.VERBS else ""
    return f"    def {name}({hides}\n        {keys},\n    ) -> {title}{_title(name)}Result: ...\n"


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
