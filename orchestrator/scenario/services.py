"""Scenarios whose peers are the services of a user's own Compose file.

Such a file is spelt out before it is read further, as one with roles is: the peers are named, and
the name of a service with several containers stands for all of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator import document
from orchestrator.compose import stack, tool
from orchestrator.compose.stack import Stack
from orchestrator.document import Problem, Source
from orchestrator.errors import DocumentError, LabError
from orchestrator.scenario import roles
from orchestrator.scenario.values import ALL, NAME

LOG = "log"  # the profile of services that have none of their own
_THEIR_OWN = {
    "peers": "the services of the Compose file are the peers",
    "roles": "the services of the Compose file are the peers, and `scale` there makes several",
    "arguments": "the Compose file says how its services are started",
}


def load(path: Path) -> Stack:
    """Return the services of a Compose file.

    Raises:
        DocumentError: Compose refuses it, or some of them cannot be peers.
        LabError: there is no Compose here.
    """
    if not path.is_file():
        raise DocumentError(f"{path}: there is no such file")
    profiles = os.environ.get("COMPOSE_PROFILES", "").split(",")
    found = stack.of(path, tool.resolved(path), [name for name in profiles if name])
    if wrong := [*stack.problems(found), *_unnamable(found)]:
        raise DocumentError("\n".join(_placed(path, wrong)))
    return found


def _placed(path: Path, wrong: list[Problem]) -> list[str]:
    """Return problems with their places in a file; without, if only Compose can read it."""
    try:
        return document.load(path).placed(wrong)
    except DocumentError:
        return [f"{path}: {problem.what}" for problem in wrong]


def _unnamable(found: Stack) -> Iterator[Problem]:
    for service in found.services:
        if not re.fullmatch(NAME, service.peer) or service.peer == ALL:
            what = (
                f"{service.key!r} cannot be the name of a peer: letters, digits and hyphens, a"
                " letter first, 31 at most"
            )
            yield Problem(("services", service.name), what)


def located(name: str, home: Path) -> Path:
    """Return a Compose file's path: in the scenario's folder, or else in the working folder."""
    found = home / name if (home / name).is_file() else Path(name)
    return Path(os.path.normpath(found))  # Compose takes the folder of a link, not of its target


def spelt_out(source: Source) -> Source:
    """Return a document in which the services of its Compose file are the peers.

    Raises:
        DocumentError: the Compose file is wrong, or the document has keys of other peers.
        LabError: there is no Compose here.
    """
    raw = source.plain
    if not isinstance(raw, dict) or "compose" not in raw:
        return source
    if not isinstance(raw["compose"], str):
        what = "the path of a Compose file is expected here"
        raise DocumentError(*source.placed([Problem(("compose",), what)]))
    wrong = [
        Problem((key,), f"{why}: leave out `{key}`")
        for key, why in _THEIR_OWN.items()
        if key in raw
    ]
    path = located(raw["compose"], source.path.parent)
    if not path.is_file():
        wrong.append(Problem(("compose",), f"there is no file {raw['compose']}"))
    if raw.get("engine") == "process":
        what = "the services of a Compose file are containers: they need the engine docker"
        wrong.append(Problem(("engine",), what))
    if wrong:
        raise DocumentError("\n".join(source.placed(wrong)))
    return source.with_plain(raw | _changes(raw, _stack(source, path)))


def groups(raw: Any, home: Path) -> dict[str, list[str]]:
    """Return the peers of each service of a file that has several containers."""
    file = raw.get("compose") if isinstance(raw, dict) else None
    if not isinstance(file, str):
        return {}
    try:
        return load(located(file, home)).members
    except LabError:
        return {}  # it has been reported


def _stack(source: Source, path: Path) -> Stack:
    try:
        return load(path)
    except DocumentError as error:
        if error.what.startswith(f"{path}:"):
            raise
        raise DocumentError(*source.placed([Problem(("compose",), error.what)])) from error


def _changes(raw: dict[str, Any], found: Stack) -> dict[str, Any]:
    """Return the keys of a document that follow from its stack."""
    members = found.members
    changes: dict[str, Any] = {
        "peers": [service.peer for service in found.services],
        "profile": raw.get("profile", LOG),
        "steps": roles.in_steps(raw.get("steps"), members),
    }
    for key in ("profiles", "ends"):
        given = raw.get(key, {})
        if isinstance(given, dict):
            changes[key] = {
                peer: it for name, it in given.items() for peer in members.get(name, [name])
            }
    if isinstance(changes.get("ends"), dict):
        changes["ends"] = {job: {"exited": 0} for job in found.jobs} | changes["ends"]
    return changes
