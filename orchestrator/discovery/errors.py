"""Patterns of complaints, inferred from all that were provoked. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
_LEAST_KINDS = 2  # different complaints with the same beginning


def beginnings(complaints: Sequence[str], others: Iterable[str]) -> list[str]:
    """Return with what complaints begin, and nothing else does.

    Args:
        complaints: lines.
        others: lines that are no complaints.
    """
    said = list(others)
    groups: dict[str, list[str]] = {}
    for line in complaints:
        first = _TOKEN.match(line)
        if first:
            groups.setdefault(first[0], []).append(line)
    found = []
    for group in groups.values():
        kinds = list(dict.fromkeys(group))
        if len(kinds) < _LEAST_KINDS:
            continue
        common = _common(kinds)
        if common and not any(line.startswith(common) for line in said):
            found.append(common)
    return found


def _common(lines: Sequence[str]) -> str:
    """Return with which tokens all of these begin; at a mark behind the first word, if any."""
    tokens = [_TOKEN.findall(line) for line in lines]
    common = []
    for several in zip(*tokens, strict=False):
        if len(set(several)) > 1:
            break
        common.append(several[0])
    whole = "".join(common)
    mark = re.match(r"^(\W*\w+\W*?[:\]!>)\-|]+\s*)", whole)
    return mark[1] if mark else whole


def escaped(text: str) -> str:
    """Return text as a regular expression has it."""
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text)
