"""The faults of the network that steps describe, and what steps need of an engine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from orchestrator.document import Problem
from orchestrator.faults import chaos
from orchestrator.faults.effect import FEATURES, Fault, Links
from orchestrator.faults.kinds import NEEDS, NETWORK, PROCESS, PROCESSES_LACK
from orchestrator.scenario.fault_acts import Chaos, NetworkFault, Scoped
from orchestrator.scenario.rules import walk
from orchestrator.scenario.steps import FaultStep, Step, flatten


def network_fault(verb: str, act: NetworkFault, name: str, peers: Sequence[str]) -> Fault:
    """Return the fault of a step, with this name if the step gives none."""
    phrase = f"{act.scope}: {act.does}" if isinstance(act, Scoped) else act.scope
    return Fault(act.name or name, verb, act.links(peers), act.effect, phrase)


def drawn(
    act: Chaos, peers: Sequence[str], features: Collection[str], shut: Links = frozenset()
) -> list[chaos.Entry]:
    """Return the entries of a `schedule` that a chaos step draws.

    Args:
        act: the step.
        peers: the names of all peers.
        features: what the engine can do.
        shut: the links on which nothing ever passes.
    """
    kinds = act.faults or chaos.possible(features)
    return chaos.draw(act.seed, act.lasts, kinds, peers, shut)


def needed(steps: Iterable[Step], peers: Sequence[str]) -> dict[str, str]:
    """Return what steps need of an engine.

    Args:
        steps: the steps; those in their blocks count, too.
        peers: the names of all peers.

    Returns:
        The ``FEATURES``, ``kill``, ``stop`` and ``pause`` that are needed, each with the phrase
        of the first step that needs it.
    """
    found: dict[str, str] = {}
    for step in flatten(steps):
        for feature in _needs(step, peers):
            found.setdefault(feature, step.phrase)
        for entry in step.schedule or ():
            for feature in _needs(entry, peers):
                found.setdefault(feature, entry.phrase)
    return {feature: found[feature] for feature in (*FEATURES, *PROCESS) if feature in found}


def impossible_on_processes(
    raw: Any, steps: Iterable[Step], peers: Sequence[str]
) -> Iterator[Problem]:
    """Yield the faults that the process engine does not support."""
    for place, one in _placed(raw, steps):
        needed_here = _needs(one, peers)
        lacking = [feature for feature in needed_here if feature in PROCESSES_LACK]
        if lacking:
            why = f"not on the engine process: {PROCESSES_LACK[lacking[0]]}"
            yield Problem(place, why)


def on_no_link(
    raw: Any, steps: Iterable[Step], peers: Sequence[str], shut: Links
) -> Iterator[Problem]:
    """Yield the faults of links on which nothing ever passes.

    Args:
        raw: the file as it stands.
        steps: its steps.
        peers: the names of all peers.
        shut: such links.
    """
    for place, one in _placed(raw, steps):
        if one.verb not in NETWORK:
            continue
        links = network_fault(one.verb, one.act, "", peers).links
        if links and links <= shut:
            what = "these peers share no network in the Compose file: there is no link to break"
            yield Problem(place, what)


def _placed(raw: Any, steps: Iterable[Step]) -> Iterator[tuple[tuple[Any, ...], FaultStep]]:
    """Yield the steps of a file and the entries of its schedules, each with its place."""
    for (place, _), step in zip(walk(raw["steps"]), flatten(steps), strict=True):
        yield (*place, step.verb), step
        for number, entry in enumerate(step.schedule or ()):
            yield (*place, "schedule", number, entry.verb), entry


def _needs(step: FaultStep, peers: Sequence[str]) -> Iterator[str]:
    if step.verb in PROCESS:
        yield step.verb
    elif step.verb in NETWORK:
        yield from network_fault(step.verb, step.act, "", peers).effect.features
    elif isinstance(step.act, Chaos):
        for kind in step.act.faults or ():
            yield from (kind,) if kind in PROCESS else NEEDS[kind]
