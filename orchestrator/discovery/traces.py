"""Tracebacks in what a program prints: where they begin and end, in several languages. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

_TRACE = re.compile(r"^Traceback \(most recent call last\)|^Exception in thread ")
_END = re.compile(r"^[\w.]*([Ee]rror|Exception|Interrupt|Exit)\b")  # Python's last line

# Java and JavaScript print the exception first, and then where it was raised.
_FRAME = re.compile(r"^\s+at (?:.*\(.*\)|\S+:\d+:\d+)(?: \{)?$|^\s+\.\.\. \d+ more$")
_ABOVE = re.compile(r"^(?:Caused by: |Suppressed: )?[\w.$]*(?:[Ee]rror|Exception)\b")


def shows_trace(lines: Iterable[str]) -> bool:
    """Return whether there is a traceback among lines."""
    return any(_TRACE.match(line) or _FRAME.match(line) for line in lines)


def without_traces(lines: Iterable[str]) -> tuple[str, ...]:
    """Return lines without tracebacks, but with the exception above one that has it there."""
    kept, inside = list[str](), False
    for line in lines:
        if _FRAME.match(line):
            inside = False
        elif _TRACE.match(line):
            inside = True
        elif inside:
            inside = not (_END.match(line) or not line.startswith((" ", "\t")))
        else:
            kept.append(line)
    return tuple(kept)


def without_exceptions(lines: Sequence[str]) -> tuple[str, ...]:
    """Return lines without tracebacks and the exceptions above them."""
    above = {
        line
        for line, below in itertools.pairwise(lines)
        if _ABOVE.match(line) and _FRAME.match(below)
    }
    return tuple(line for line in without_traces(lines) if line not in above)
