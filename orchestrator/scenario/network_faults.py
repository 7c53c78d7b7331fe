"""The faults of the network that steps describe, and what steps need of an engine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from orchestrator.document import Problem
from orchestrator.faults import chaos
from orchestrator.faults.effect import FEATURES, Fault
from orchestrator.faults.kinds import NEEDS, NETWORK, PROCESS, PROCESSES_LACK
from orchestrator.scenario.fault_acts import Chaos, NetworkFault, Scoped
from orchestrator.scenario.rules import walk
from orchestrator.scenario.steps import FaultStep, Step, flatten


def network_fault(verb: str, act: NetworkFault, name: str, peers: Sequence[str]) -> Fault:
    """Return the fault of a step, with this name if the step gives none."""
    phrase = f"{act.scope}: {act.does}" if isinstance(act, Scoped) else act.scope
    return Fault(act.name or name, verb, act.links(peers), act.effect, phrase)


def drawn(act: Chaos, peers: Sequence[str], features: Collection[str]) -> list[chaos.Entry]:
    """Return the entries of a `schedule` that a chaos step draws."""
    kinds = act.faults or chaos.possible(features)
    return chaos.draw(act.seed, act.lasts, kinds, peers)


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
    for (place, _), step in zip(walk(raw["steps"]), flatten(steps), strict=True):
        entries = [((*place, "schedule", n), one) for n, one in enumerate(step.schedule or ())]
        for here, one in ((place, step), *entries):
            needed_here = _needs(one, peers)
            lacking = [feature for feature in needed_here if feature in PROCESSES_LACK]
            if lacking:
                why = f"not on the engine process: {PROCESSES_LACK[lacking[0]]}"
                yield Problem((*here, one.verb), why)


def _needs(step: FaultStep, peers: Sequence[str]) -> Iterator[str]:
    if step.verb in PROCESS:
        yield step.verb
    elif step.verb in NETWORK:
        yield from network_fault(step.verb, step.act, "", peers).effect.features
    elif isinstance(step.act, Chaos):
        for kind in step.act.faults or ():
            yield from (kind,) if kind in PROCESS else NEEDS[kind]
