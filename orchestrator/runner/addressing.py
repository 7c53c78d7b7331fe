"""The messages of a step: to whom, and with which texts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.runner.calls import Counters, fill
from orchestrator.scenario import ALL, SendStep, Step


def recipients_of(step: Step, act: SendStep) -> Sequence[str]:
    """Return the peers that a step sends to from one console; one empty name if it names an id."""
    if act.to is None:
        return [""]  # the message goes to an id
    several = act.to if isinstance(act.to, list) else [act.to]
    return [name for name in several if name != act.at or step.act.at != ALL]


def messages_of(
    act: SendStep, recipients: Sequence[str], counters: Counters
) -> list[tuple[str, str]]:
    """Return each message as recipient and text, in the order in which they are sent."""
    made = []
    for count in range(1, act.times + 1):
        for to in recipients:
            known = {**counters, "to": to} if act.to == ALL else counters
            known = {**known, "n": str(count)} if act.times > 1 else known
            made.append((to, act.at_length(fill(act.text, known))))
    return made
