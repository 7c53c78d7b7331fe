"""Samples of what a program said, sorted by what they are samples of. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.discovery.evidence import Exchange, Facts

_TRACE = re.compile(r"^Traceback \(most recent call last\)|^Exception in thread |^\s+at .*\(.*\)$")
_TRACE_END = re.compile(r"^[\w.]*([Ee]rror|Exception|Interrupt|Exit)\b")


@dataclass(frozen=True, slots=True)
class Sample:
    """Lines that came together.

    Attributes:
        lines: themselves.
        facts: what the lab knew.
        at: the peer that showed them.
    """

    lines: tuple[str, ...]
    facts: Facts
    at: str


def untraced(lines: Iterable[str]) -> tuple[str, ...]:
    """Return lines without the tracebacks among them."""
    kept, inside = [], False
    for line in lines:
        if _TRACE.match(line):
            inside = True
        elif inside:
            inside = not (_TRACE_END.match(line) or not line.startswith((" ", "\t")))
        else:
            kept.append(line)
    return tuple(kept)


def traced(found: Exchange) -> bool:
    """Tell whether a program complained with a traceback, and lived on."""
    return not found.ended and any(_TRACE.match(line) for line in found.lines)


def reply(found: Exchange, prompts: Sequence[str]) -> Sample:
    """Return what came in reply."""
    lines = [line for line in found.lines if line not in prompts]
    questions = {step.rest.strip() for step in found.steps} - {""}
    bare = [_without(line, questions) for line in untraced(lines)]
    return Sample(tuple(line for line in bare if line.strip()), found.facts, found.at)


def _without(line: str, questions: Iterable[str]) -> str:
    for each in questions:
        if line.startswith(each):
            return line[len(each) :].lstrip()
    return line


def told(found: Exchange, prompts: Sequence[str]) -> Sample:
    """Return what came at the other end."""
    shown = found.others.get(found.to)
    lines = [line for line in shown.lines if line not in prompts] if shown else []
    return Sample(untraced(lines), found.facts, found.to)
