"""Mistakes that a model of one value cannot see, found in a file as it is.

They are found whatever else is wrong with the file, so that all mistakes are reported at once;
hence every function here accepts values of any type.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator import definition
from orchestrator.document import Problem
from orchestrator.scenario import fault_problems, rules, topology
from orchestrator.scenario.rules import FAULTS, Location, blocks, walk
from orchestrator.scenario.values import ALL

_COUNT_AT_MOST = 1_000


def declared(raw: Any) -> list[str]:
    """Return the names of the peers that a scenario declares, as far as they can be read."""
    peers = raw.get("peers") if isinstance(raw, dict) else None
    if isinstance(peers, int) and 0 < peers <= _COUNT_AT_MOST:
        return definition.names(peers)
    return [name for name in peers if isinstance(name, str)] if isinstance(peers, list) else []


def find(raw: Any) -> Iterator[Problem]:
    """Yield the mistakes in a scenario as it is in its file."""
    if not isinstance(raw, dict):
        return
    peers = declared(raw)
    if isinstance(raw.get("peers"), list):
        yield from _named_twice(raw["peers"])
    if peers:
        yield from topology.problems(raw.get("connections"), peers)
    for place, step in walk(raw.get("steps")):
        yield from (Problem(place, what) for what in rules.of_step(step))
        for verb, act in step.items():
            if isinstance(act, dict) and None not in act.values():  # else that is reported
                wrong = (what for rule in rules.OF_VERB.get(verb, ()) for what in rule(act))
                yield from (Problem((*place, verb), what) for what in wrong)
        yield from _overlaps(step.get("parallel"), (*place, "parallel"), peers)
        if isinstance(repeat := step.get("repeat"), dict):
            yield from _counted_twice(repeat, (*place, "repeat"))
        yield from fault_problems.in_schedule(step.get("schedule"), (*place, "schedule"))
    yield from fault_problems.find(raw.get("steps"), peers)


def _named_twice(peers: list[Any]) -> Iterator[Problem]:
    for index, name in enumerate(peers):
        if name in peers[:index]:
            yield Problem(("peers", index), f"peer {name!r} is named twice")


def _counted_twice(repeat: dict[str, Any], place: Location) -> Iterator[Problem]:
    """Yield the repeats inside one that use its counter's name: they hide the outer count."""
    name = repeat.get("counter", "n")
    for inside, step in walk(repeat.get("steps"), (*place, "steps")):
        inner = step.get("repeat")
        if isinstance(inner, dict) and inner.get("counter", "n") == name:
            what = f"{{{name}}} is the counter of an outer repeat: use another `counter`"
            yield Problem((*inside, "repeat"), what)


def _overlaps(branches: Any, place: Location, peers: list[str]) -> Iterator[Problem]:
    """Yield the parallel branches that share a console: it takes one line at a time."""
    busy: set[str] = set()
    for number, branch in enumerate(branches if isinstance(branches, list) else ()):
        acting = _acting(branch, peers)
        if both := sorted(acting & busy):
            what = f"{both[0]} is used in an earlier branch: a console takes part in one"
            yield Problem((*place, number), what)
        busy |= acting


def _acting(steps: Any, peers: list[str]) -> set[str]:
    """Return the peers whose consoles some steps use."""
    found: set[str] = set()
    for step in steps if isinstance(steps, list) else ():
        for verb, act in step.items() if isinstance(step, dict) else ():
            at = act.get("at") if isinstance(act, dict) else act
            if isinstance(at, str) and verb not in FAULTS:
                found |= set(peers) if at == ALL else {at}
        for _, block in blocks(step) if isinstance(step, dict) else ():
            found |= _acting(block, peers)
    return found
