"""The steps of a scenario as it stands in a file, those in blocks as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.scenario.verbs import FAULTS

Place = tuple[int | str, ...]
"""Where something stands in a file: keys and indices from the top."""


def walk(steps: Any, place: Place = ("steps",)) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield every step, also those in blocks, and its place."""
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, dict):
            continue
        here = (*place, index)
        yield here, step
        for inside, block in blocks(step):
            yield from walk(block, (*here, *inside))


def blocks(step: dict[str, Any]) -> Iterator[tuple[Place, Any]]:
    """Yield the lists of steps in a step, each with its place there."""
    if isinstance(repeat := step.get("repeat"), dict):
        yield ("repeat", "steps"), repeat.get("steps")
    branches = step.get("parallel")
    for number, branch in enumerate(branches if isinstance(branches, list) else ()):
        yield ("parallel", number), branch
    for verb in FAULTS:
        if isinstance(act := step.get(verb), dict) and "during" in act:
            yield (verb, "during"), act["during"]
