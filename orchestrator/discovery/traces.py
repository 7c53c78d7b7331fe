"""Tracebacks in what a program prints: where they begin and end, in several languages. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

_TRACE = re.compile(r"^Traceback \(most recent call last\)|^Exception in thread ")
_END = re.compile(r"^[\w.]*([Ee]rror|Exception|Interrupt|Exit)\b")  # Python's last line

# Java and JavaScript print the exception first, and then where it was raised.
_FRAME = re.compile(r"^\s+at (?:.*\(.*\)|\S+:\d+:\d+)(?: \{)?$|^\s+\.\.\. \d+ more$")
_ABOVE = re.compile(r"^(?:Caused by: |Suppressed: )?[\w.$]*(?:[Ee]rror|Exception)\b")

# C++, Go, Rust and Ruby say that the program ends, or a thread, and why.
_DIES = re.compile(
    r"^terminate called (?:after throwing|without an active|recursively)"
    r"|^panic: |^goroutine \d+ \[[\w ,]+\]:$|^thread '[^']*'(?: \(\d+\))? panicked at "
    r"|^#<Thread:.*> terminated with exception|^\S+\.rb:\d+:in [`'].* \([\w:]+\)$"
)
_REASON_BELOW = re.compile(r"^thread '.* panicked at \S+:\d+:\d+:$")
_GO_FRAME = re.compile(r"^\s+\S+\.(?:go|s):\d+(?: \+0x[\da-f]+)?$")  # below the function
_DETAIL = re.compile(
    rf"{_GO_FRAME.pattern}|^\s+what\(\): |^\s+from \S+:\d+:in [`']"
    r"|^exit status \d+$|^\[signal \w|^created by \S|^note: run with `RUST_BACKTRACE"
)


def shows_trace(lines: Iterable[str]) -> bool:
    """Return whether there is a traceback among lines, or why the program ended."""
    return any(_TRACE.match(line) or _FRAME.match(line) or _DIES.match(line) for line in lines)


def without_traces(lines: Iterable[str]) -> tuple[str, ...]:
    """Return lines without tracebacks, but with the exception above one that has it there."""
    kept, inside = list[str](), False
    for line in _without_last_words(list(lines)):
        if _FRAME.match(line):
            inside = False
        elif _TRACE.match(line):
            inside = True
        elif inside:
            inside = not (_END.match(line) or not line.startswith((" ", "\t")))
        else:
            kept.append(line)
    return tuple(kept)


def _without_last_words(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines without those that say why a program ended, and where."""
    for before, line, below in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        is_function = line.endswith(")") and _GO_FRAME.match(below)
        is_reason = _REASON_BELOW.match(before)
        if not (is_function or is_reason or _DIES.match(line) or _DETAIL.match(line)):
            yield line


def without_exceptions(lines: Sequence[str]) -> tuple[str, ...]:
    """Return lines without tracebacks and the exceptions above them."""
    above = {
        line
        for line, below in itertools.pairwise(lines)
        if _ABOVE.match(line) and _FRAME.match(below)
    }
    return tuple(line for line in without_traces(lines) if line not in above)
