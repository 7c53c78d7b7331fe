"""Write the first scenario for a program that is no chat: each of its operations once. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.discovery.draft import Draft
from orchestrator.discovery.trial.values import Values, is_about_a_peer
from orchestrator.discovery.wording import WORDS, removes
from orchestrator.profile import ENDS, ConsoleOperation

_AT, _OTHER = "alice", "bob"
_PLAIN = re.compile(r"[a-z][a-z0-9_]*")  # a text that needs no quotes, unless it is one of these:
_WORDS = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")


def first_steps(draft: Draft) -> tuple[list[str], list[str]]:
    """Return the peers and the steps of a scenario; no steps if no operation is known to succeed.

    What only succeeds after another one has been done comes behind that: a result that it takes is
    saved, and what removes something comes last.
    """
    found = {name: ConsoleOperation.model_validate(it)
             for name, it in draft.data["operations"].items()}  # fmt: skip
    usable = {name: it for name, it in found.items() if _is_usable(name, it, draft)}
    order = sorted(usable, key=lambda name: (bool(_taken(name, usable, draft)), removes(name)))
    peers = [_AT, _OTHER] if any(map(is_about_a_peer, usable.values())) else [_AT]
    return peers, [*_steps({name: usable[name] for name in order}, draft)]


def _is_usable(name: str, operation: ConsoleOperation, draft: Draft) -> bool:
    is_known = operation.ok or operation.row or operation.nil or operation.silent
    is_lab = name == draft.data["sync"] or name in WORDS["help"] or operation.means == ENDS
    return bool(is_known) and not is_lab


def _results(operation: ConsoleOperation) -> set[str]:
    """Return the results that an operation makes up: those that it was not given."""
    names = re.findall(r"\(\?P<(\w+)>", " ".join(operation.ok))
    return {*names} - {*operation.takes}


def _taken(name: str, operations: Mapping[str, ConsoleOperation], draft: Draft) -> dict[str, str]:
    """Return the arguments that are results, each with the operation that returns it."""
    found = {}
    for argument in draft.taken & {*operations[name].takes}:
        givers = (it for it in operations if it != name and argument in _results(operations[it]))
        if giver := next(givers, ""):
            found[argument] = giver
    return found


def _steps(operations: Mapping[str, ConsoleOperation], draft: Draft) -> Iterator[str]:
    values = Values({}, _OTHER)
    taken = {name: _taken(name, operations, draft) for name in operations}
    saved = {(giver, argument) for it in taken.values() for argument, giver in it.items()}
    written: dict[str, Any] = {}
    for name, operation in operations.items():
        given: dict[str, Any] = {"at": _AT, **values.arguments(name, operation, all_=False)}
        given |= {argument: f"{{{argument}}}" for argument in taken[name]}
        if kept := {argument: argument for giver, argument in saved if giver == name}:
            given["save"] = kept
        if operation.means == "write":
            written = {"value": given.get("value")}
        elif operation.means == "read" and written:
            given["expect"] = written
        if ("operations", name) in draft.doubts and "expect" not in given:
            given["may_fail"] = True
        yield f"{name}: {_AT}" if given == {"at": _AT} else f"{name}: {_shown(given)}"


def _shown(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(it)}" for key, it in value.items()) + "}"
    is_plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value not in _WORDS
    return value if is_plain else json.dumps(value)
