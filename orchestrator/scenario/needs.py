"""What a scenario's steps need of a profile."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from orchestrator.document import Problem
from orchestrator.profile import Profile
from orchestrator.scenario import ALL, Scenario, problems, rules
from orchestrator.scenario.steps import every
from orchestrator.scenario.walk import Place, walk

_VERBS = {
    "help": ("help",),
    "myip": ("myip",),
    "myport": ("myport",),
    "connect": ("connect",),
    "send": ("list", "send"),  # the id of a connection is read from the list
    "list": ("list",),
    "terminate": ("list", "terminate"),
    "exit": ("exit",),
    "type": ("raw",),
}
_BY_ID = ("send", "terminate")  # no list where the id is given


_CONNECTIONS = ("connect", "list")  # both ends must list each other before the first step


def missing(script: Scenario, profile: Profile, peers: Collection[str] | None = None) -> list[str]:
    """Return the verbs and notices that a scenario uses and a profile does not have.

    Args:
        script: the scenario.
        profile: what the peers are.
        peers: who is meant, where others run another program.
    """
    used: list[str] = []
    for dialler, other in script.pairs:  # both ends must list each other before the first step
        used += ["connect"] * (peers is None or dialler in peers)
        used += ["list"] * (peers is None or dialler in peers or other in peers)
    for step in every(script.steps):
        if peers is not None and getattr(step.act, "at", ALL) not in (ALL, *peers):
            continue
        used += _verbs(step.verb, step.act)
        if step.verb == "expect" and step.act.kind:
            used.append(step.act.kind)
    known = {*profile.verbs, *profile.notices}
    return [name for name in dict.fromkeys(used) if name not in known]


def _verbs(step: str, act: Any) -> tuple[str, ...]:
    """Return the verbs that a step is made of."""
    number = act.get("id") if isinstance(act, Mapping) else getattr(act, "id", None)
    if step in _BY_ID and number not in (None, rules.LAST):
        return (step,)
    return _VERBS.get(step, ())


def lacking(
    raw: Any, look: Profile | None, others: Mapping[str, Profile | None] | None = None
) -> Iterator[Problem]:
    """Yield what a scenario, as it stands in a file, asks for and a profile does not know.

    Args:
        raw: the scenario.
        look: the profile of its peers; None where that is wrong.
        others: the same of the peers that run another program.
    """
    if not isinstance(raw, dict):
        return
    looks = {"": look, **dict.fromkeys(problems.declared(raw), look), **(others or {})}
    if raw.get("connections", "none") != "none":
        for profile in _profiles(ALL, looks):
            for verb in _CONNECTIONS:
                if verb not in profile.verbs:
                    yield Problem(("connections",), _no_verb(verb, profile))
    for place, step in walk(raw.get("steps")):
        for key, act in step.items():
            at = act.get("at") if isinstance(act, dict) else act
            for profile in _profiles(at, looks):
                yield from _lacking((*place, key), key, act, profile)


def _profiles(at: Any, looks: Mapping[str, Profile | None]) -> list[Profile]:
    """Return each profile of who acts, once; that of all others where nobody knows who does."""
    names = [name for name in looks if name] if at == ALL else []
    known = at if isinstance(at, str) and at in looks else ""
    found: list[Profile] = []
    for name in names or [known]:
        profile = looks[name]
        if profile and profile not in found:
            found.append(profile)
    return found


def _lacking(place: Place, key: str, act: Any, profile: Profile) -> Iterator[Problem]:
    for verb in _verbs(key, act):
        if verb not in profile.verbs:
            yield Problem(place, _no_verb(verb, profile))
    for kind in act if key == "expect" and isinstance(act, dict) else ():
        if kind in rules.NOTICES and kind not in profile.notices:
            yield Problem((*place, kind), _no_notice(kind, profile))


def _no_verb(verb: str, profile: Profile) -> str:
    return f"the profile {profile.name!r} has no verb {verb!r}, which this needs"


def _no_notice(kind: str, profile: Profile) -> str:
    return f"the profile {profile.name!r} cannot read the notice {kind!r}"
