"""How long a scenario takes at least, by what its steps say."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.scenario.steps import Entry, Step


def least_seconds(steps: Iterable[Step]) -> float:
    """Return the seconds that steps take at least: faults with a time, and rounds with a pace."""
    return sum(map(_of_step, steps))


def _of_step(step: Step) -> float:
    if step.repeat:
        inner = least_seconds(step.repeat.steps)
        # Nobody waits behind the last round.
        return inner + (step.repeat.times - 1) * max(inner, step.repeat.every or 0.0)
    if step.parallel:
        return max(map(least_seconds, step.parallel))
    if step.chaos:
        return step.chaos.lasts
    if step.schedule:
        return max(map(_of_entry, step.schedule))
    during = getattr(step.act, "during", None) or ()
    return max(getattr(step.act, "lasts", None) or 0.0, least_seconds(during))


def _of_entry(entry: Entry) -> float:
    return entry.when + (getattr(entry.act, "lasts", None) or 0.0)
