"""Faults of the network, made of steps, and what steps need of the place where peers run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from orchestrator.document import Problem
from orchestrator.faults import schedule, scope
from orchestrator.faults.effect import FEATURES, Effect, Fault
from orchestrator.faults.kinds import NEEDS, NETWORK, PROCESS, PROCESSES_LACK
from orchestrator.scenario.fault_acts import Chaos, Impair, Isolate, Partition, Scoped, Stream
from orchestrator.scenario.rules import walk
from orchestrator.scenario.steps import FaultStep, Step, flatten
from orchestrator.scenario.values import ALL

if TYPE_CHECKING:
    from orchestrator.scenario import Scenario


def network_fault(verb: str, act: Any, name: str, peers: Sequence[str]) -> Fault:
    """Return the fault of a step.

    Args:
        verb: ``partition``, ``isolate``, ``impair`` or ``stream``.
        act: what the step says.
        name: of the fault, where the step gives none.
        peers: the names of all peers.
    """
    phrase = f"{act.scope}: {act.does}" if isinstance(act, Scoped) else act.scope
    return Fault(act.name or name, verb, _links(act, peers), _effect(act), phrase)


def _links(act: Any, peers: Sequence[str]) -> scope.Links:
    match act:
        case Partition():
            return scope.partition_links(act.groups, one_way=act.one_way)
        case Isolate():
            return scope.links_at(act.at, peers)
        case Scoped(source=str(source), to=str(to)):
            return scope.links_one_way(
                peers if source == ALL else [source], peers if to == ALL else [to]
            )
        case Scoped(between=list(between)):
            return scope.links_between(between)
        case Scoped(at=at) if at != ALL:
            return scope.links_at(at or "", peers)
    return scope.links_between(peers)


def _effect(act: Any) -> Effect:
    if isinstance(act, Impair):
        return Effect(loss=act.loss or 0.0, bandwidth=act.bandwidth, delay=act.delay or 0.0,
                      jitter=act.jitter or 0.0)  # fmt: skip
    if isinstance(act, Stream):
        return Effect(lag=act.delay or 0.0, jitter=act.jitter or 0.0, pieces=act.pieces,
                      hold=act.hold or 0.0, reset=act.reset)  # fmt: skip
    return Effect(cut=True)


def drawn(act: Chaos, peers: Sequence[str], features: Collection[str]) -> list[schedule.Entry]:
    """Return what a chaos step stands for, as a `schedule` has it.

    Args:
        act: says the seed, for how long, and which kinds.
        peers: the names of all peers.
        features: what the place where they run can do to their network.
    """
    kinds = act.faults or schedule.possible(features)
    return schedule.draw(act.seed, act.lasts, kinds, peers)


def needed(steps: Iterable[Step], peers: Sequence[str]) -> dict[str, str]:
    """Return what steps need of the place where peers run: of what, the first step that does.

    Args:
        steps: also those in their blocks are looked at.
        peers: the names of all peers.

    Returns:
        Of ``FEATURES``, and of ``kill``, ``stop`` and ``pause``, each with a step's phrase.
    """
    found: dict[str, str] = {}
    for step in flatten(steps):
        for feature in _needs(step, peers):
            found.setdefault(feature, step.phrase)
        for entry in step.schedule or ():
            for feature in _needs(entry, peers):
                found.setdefault(feature, entry.phrase)
    return {each: found[each] for each in (*FEATURES, *PROCESS) if each in found}


def impossible(raw: Any, script: Scenario) -> Iterator[Problem]:
    """Yield the faults that cannot be done on the engine that a scenario says it runs on.

    Args:
        raw: the scenario as it stands in a file.
        script: the same, read.
    """
    if script.engine != "process":
        return
    for (place, _), step in zip(walk(raw["steps"]), flatten(script.steps), strict=True):
        entries = [((*place, "schedule", n), one) for n, one in enumerate(step.schedule or ())]
        for here, one in ((place, step), *entries):
            lacking = [each for each in _needs(one, script.peers) if each in PROCESSES_LACK]
            if lacking:
                why = f"not on the engine {script.engine}: {PROCESSES_LACK[lacking[0]]}"
                yield Problem((*here, one.verb), why)


def _needs(step: FaultStep, peers: Sequence[str]) -> Iterator[str]:
    if step.verb in PROCESS:
        yield step.verb
    elif step.verb in NETWORK:
        yield from network_fault(step.verb, step.act, "", peers).effect.features
    elif isinstance(step.act, Chaos):
        for kind in step.act.faults or ():
            yield from (kind,) if kind in PROCESS else NEEDS[kind]
