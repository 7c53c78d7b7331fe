"""What was typed at a program, by the exchanges that came of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.discovery import wording
from orchestrator.discovery.evidence import Exchange, is_prompt
from orchestrator.discovery.repeats import line_shape
from orchestrator.discovery.wording import Wording


def question_before(exchanges: Sequence[Exchange], rest: str) -> str:
    """Return what stood behind a greeting if it was a question, and not what waits for commands.

    It never comes again, and what was typed there was not answered as the same is later.
    """
    waits = [it.steps[0].rest for it in exchanges if it.steps[0].rest.strip()]
    later = {line_shape(line, it.typed) for it in exchanges[1:] for line in it.lines}
    if not wording.asks(rest) or not (waits or later) or any(it.ended for it in exchanges):
        return ""
    # a status may stand in front of the first prompt, on the same line
    if is_prompt(rest, waits) or any(rest.endswith(prompt) for prompt in waits):
        return ""
    first = exchanges[0]
    return "" if later & {line_shape(line, first.typed) for line in first.lines} else rest


def has_all(exchange: Exchange) -> bool:
    """Return whether all arguments were typed: a refusal may come before they are asked for."""
    typed = "\n".join(exchange.typed)
    return all(value in typed for value in exchange.given.values())


def wording_of(exchange: Exchange) -> Wording:
    """Return how a verb is typed, by an exchange in which it was."""
    word, _, rest = exchange.typed[0].strip().partition(" ")
    longest_first = sorted(exchange.given.items(), key=lambda it: -len(it[1]))

    def named(line: str) -> str:
        for name, value in longest_first:
            line = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", f"{{{name}}}", line, count=1)
        return line

    lines = (f"{word} {named(rest)}".rstrip(), *map(named, exchange.typed[1:]))
    return Wording(lines, ("", *(step.rest for step in exchange.steps[: len(lines) - 1])))
