"""A prompt that a program does not flush: it comes with the next line that is printed. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from orchestrator.discovery.evidence import ConsoleOutput, Exchange, without_prompts

# such as `>> ` or `chat> `
_FRONT = re.compile(r"([^\w\s]{1,3}|[\w@.~/-]{1,20}[>$#%]{1,3})(?: +(?=\S)|$)")
_MOST = 0.8  # of the replies begin with it, and so many of their further lines do not
_FEWEST = 4  # replies that show it, and further lines that do not


def held_prompt(exchanges: Iterable[Exchange]) -> str:
    """Return what stands like a prompt in front of every reply, and not of its further lines.

    It is empty if there is none.

    A program whose prompt stands where it waits for input has none that is held back.
    """
    known = [exchange for exchange in exchanges if exchange.lines]
    if any(step.rest.strip() for exchange in known for step in exchange.steps):
        return ""
    first = [_front(exchange.lines[0]) for exchange in known]
    further = [_front(line) for exchange in known for line in exchange.lines[1:]]
    for front in {*first} - {""}:
        others = len(further) - further.count(front)
        is_first = _is_most(first.count(front), first)
        if is_first and _is_most(others, further):
            return f"{front} "
    return ""


def without_held(lines: Sequence[str], prompts: Iterable[str]) -> tuple[str, ...]:
    """Return lines without prompts in front of them."""
    return without_prompts(ConsoleOutput(tuple(lines)), prompts).lines


def _front(line: str) -> str:
    found = _FRONT.match(line)
    return found[1] if found else ""


def _is_most(count: int, of: Collection[str]) -> bool:
    return count >= max(_FEWEST, _MOST * len(of))
