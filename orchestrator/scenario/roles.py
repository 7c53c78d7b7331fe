"""Roles: groups of peers that run the same program, under a name that stands for all of them.

A file with roles is spelt out before it is read further: the peers are named, and a role's name is
replaced by its peers. Pure; values may be of any type, for mistakes are reported later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import Field

from orchestrator.document import Source, Strict
from orchestrator.scenario.rules import POLLING
from orchestrator.scenario.values import Groups

MOST_PEERS = 200


class Role(Strict):
    """Peers that run the same program.

    Attributes:
        count: how many there are; those of the role `servers` are server1, server2 and so on.
        profile: their program, if it is not that of the scenario.
    """

    count: Annotated[int, Field(ge=1, le=MOST_PEERS)]
    profile: str | None = None


def spelt_out(source: Source) -> Source:
    """Return a document in which every role is replaced by its peers."""
    raw = source.plain
    roles = raw.get("roles") if isinstance(raw, dict) else None
    if not isinstance(roles, dict):
        return source
    members = groups(raw)
    peers = raw.get("peers", [])
    named = [name for names in members.values() for name in names]
    profiles = raw.get("profiles", {})
    changes: dict[str, Any] = {
        "peers": [*peers, *named] if isinstance(peers, list) else peers,
        "steps": in_steps(raw.get("steps"), members),
    }
    own = _profiles(roles, members)
    if own and isinstance(profiles, dict):
        changes["profiles"] = own | profiles
    return source.with_plain(raw | changes)


def groups(raw: Any) -> dict[str, list[str]]:
    """Return the peers of each role of a file."""
    roles = raw.get("roles") if isinstance(raw, dict) else None
    given = roles.items() if isinstance(roles, dict) else ()
    return {role: _names(role, it) for role, it in given}


def _names(role: str, given: Any) -> list[str]:
    count = given.get("count") if isinstance(given, dict) else None
    if not isinstance(count, int) or not 1 <= count <= MOST_PEERS:
        return []  # the model reports it
    singular = role[:-1] if role.endswith("s") and len(role) > 1 else role
    return [f"{singular}{number}" for number in range(1, count + 1)]


def _profiles(roles: Mapping[str, Any], members: Groups) -> dict[str, Any]:
    return {
        name: given["profile"]
        for role, given in roles.items()
        if isinstance(given, dict) and given.get("profile") is not None
        for name in members[role]
    }


def in_steps(steps: Any, members: Groups) -> Any:
    """Return the steps of a file with the peers of each role in place of its name."""
    if not isinstance(steps, list):
        return steps
    return [_step(step, members) for step in steps]


def _step(step: Any, members: Groups) -> Any:
    """Return a step with its roles replaced: at several peers, it is done at once."""
    if not isinstance(step, dict) or len(step) != 1:
        return step
    ((key, act),) = step.items()
    if key in POLLING and isinstance(act, dict):
        return {key: _polling(act, POLLING[key], members)}
    at = act.get("at") if isinstance(act, dict) else act
    act = _replaced(act, members)
    names = members.get(at) if isinstance(at, str) else None
    if not names:
        return {key: act}
    if key == "workload":
        return {key: {**act, "at": [*names]}}
    given = act if isinstance(act, dict) else {}
    branches = [[{key: {**given, "at": name}}] for name in names]
    return {"parallel": branches} if len(branches) > 1 else branches[0][0]


def _polling(act: Mapping[str, Any], own: Collection[str], members: Groups) -> Any:
    """Return a `never` or `eventually` with its roles replaced: it takes several peers itself."""

    def placed(given: Mapping[str, Any]) -> dict[str, Any]:
        at = given.get("at")
        names = members.get(at) if isinstance(at, str) else None
        return {**given, "at": [*names]} if names else {**given}

    operations = {key: placed(one) for key, one in act.items()
                  if key not in own and isinstance(one, dict)}  # fmt: skip
    return _replaced(placed({**act, **operations}), members)


def _replaced(value: Any, members: Groups) -> Any:
    """Return a value with the peers of a role in place of its name in every list, and steps."""
    if isinstance(value, dict):
        return {
            key: in_steps(one, members) if key in ("steps", "during") else _replaced(one, members)
            for key, one in value.items()
        }
    if not isinstance(value, list):
        return value
    if value and all(isinstance(one, list) and one and isinstance(one[0], dict) for one in value):
        return [in_steps(branch, members) for branch in value]  # of a `parallel`
    named: list[Any] = []
    for one in value:
        several = members.get(one) if isinstance(one, str) else None
        named += several or [_replaced(one, members)]
    return named
