"""Make patterns of replies: a word that was typed once and comes back is a result. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.discovery.draft import one_or_all
from orchestrator.patterns import escape

_ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}"
_NUMBER = r"(?<![\w.])-?\d+(?![\w]|\.\d)"
_MOST_PATTERNS = 3  # alternatives for success
_KINDS = {"value": r"\S+", "integer": r"-?\d+", "address": r"[\w.:-]+", "word": r"\S+"}

Skeleton = tuple[tuple[str, str], ...]
"""The parts of a line: kind, and the text of a literal or the name of a group."""


@dataclass(frozen=True, slots=True)
class Said:
    """A reply.

    Attributes:
        lines: what the console said.
        given: what was typed for each argument.
        known: the name of each value that may come back, by value: own arguments, those of
            earlier commands, and what the lab knows of the peers.
    """

    lines: tuple[str, ...]
    given: Mapping[str, str]
    known: Mapping[str, str]


@dataclass(slots=True)
class Learnt:
    """How the replies to a command are read."""

    keys: dict[str, Any] = field(default_factory=dict)  # of the operation in a profile
    doubt: str = ""


def skeleton(line: str, known: Mapping[str, str]) -> Skeleton:
    """Return the parts of a line: values that are known, addresses, numbers and the rest."""
    values = sorted(known, key=len, reverse=True)
    alternatives = [rf"(?<!\w){re.escape(value)}(?!\w)" for value in values]
    pattern = "|".join([*alternatives, _ADDRESS, _NUMBER])
    parts: list[tuple[str, str]] = []
    end = 0
    for found in re.finditer(pattern, line):
        if found.start() > end:
            parts.append(("literal", line[end : found.start()]))
        parts.append(_part(found[0], known, line[end : found.start()], line[found.end() :]))
        end = found.end()
    if end < len(line):
        parts.append(("literal", line[end:]))
    return tuple(parts)


def _part(text: str, known: Mapping[str, str], before: str, behind: str) -> tuple[str, str]:
    if text in known:
        return ("integer" if text.lstrip("-").isdigit() else "value"), known[text]
    if re.fullmatch(_ADDRESS, text):
        return "address", "address"
    near = re.search(r"([A-Za-z_]+)\W*$", before) or re.match(r"\s*([A-Za-z_]+)", behind)
    is_word = near and near[1] not in known
    return "integer", near[1].lower() if near and is_word else "number"


def to_pattern(parts: Skeleton) -> tuple[str, dict[str, str]]:
    """Return a pattern for lines with these parts, and the types of results that are no text."""
    made, types = "", dict[str, str]()
    used: set[str] = set()
    for kind, text in parts:
        if kind == "literal":
            made += re.sub(r" {2,}", r"\\s+", escape(text))
        elif text in used:
            made += _KINDS[kind]
        else:
            used.add(text)
            made += f"(?P<{text}>{_KINDS[kind]})"
            if kind == "integer":
                types[text] = "integer"
    return f"^{made.rstrip()}$", types


def learn_success(replies: Sequence[Said]) -> Learnt:
    """Return how replies that succeeded are read; they came at different times."""
    learnt = Learnt()
    spoken = [reply for reply in replies if reply.lines]
    if not spoken:
        learnt.keys["silent"] = True
        learnt.doubt = "it printed nothing: silence is taken for success"
        return learnt
    if len(spoken) < len(replies):
        learnt.doubt = f"{len(replies) - len(spoken)} of {len(replies)} replies were empty"
    if any(len(reply.lines) > 1 for reply in spoken):
        _learn_lines(learnt, spoken)
    else:
        _learn_line(learnt, spoken)
    if len(replies) == 1:
        learnt.doubt = learnt.doubt or "seen once"
    return learnt


def _learn_line(learnt: Learnt, replies: Sequence[Said]) -> None:
    """Learn replies of one line."""
    shapes = Counter(skeleton(reply.lines[0], reply.known) for reply in replies)
    labels = {_label(shape[0]) for shape in shapes}
    if len(shapes) > 1 and len(labels) == 1 and (common := labels.pop()):
        learnt.keys["ok"] = f"^{escape(common)}(?P<values>.*)$"
        learnt.doubt = "only its beginning is always the same"
        return
    patterns, types = [], dict[str, str]()
    for shape, _ in shapes.most_common(_MOST_PATTERNS):
        pattern, of_pattern = to_pattern(shape)
        patterns.append(pattern)
        types |= of_pattern
    learnt.keys["ok"] = one_or_all(list(dict.fromkeys(patterns)))
    if len(shapes) > 1:
        learnt.doubt = f"its replies took {len(shapes)} forms"
    if types:
        learnt.keys["results"] = types


def _label(part: tuple[str, str]) -> str:
    """Return the text of a part that may stand in front of values; empty if it has no word."""
    kind, text = part
    return text.rstrip() if kind == "literal" and re.search(r"[A-Za-z]", text) else ""


def _learn_lines(learnt: Learnt, replies: Sequence[Said]) -> None:
    """Learn replies of several lines: rows, and a line that always ends them."""
    shapes = [[skeleton(line, reply.known) for line in reply.lines] for reply in replies]
    counts = Counter(shape for reply in shapes for shape in {*reply})
    repeated = {shape for reply in shapes for shape, n in Counter(reply).items() if n > 1}
    rows = [it for it in repeated if any(kind != "literal" for kind, _ in it)]
    last = shapes[-1][-1]
    is_closed = last not in rows and all(reply[-1] == last for reply in shapes)
    types = dict[str, str]()
    if is_closed:
        learnt.keys["ok"], of_ok = to_pattern(last)
        types |= of_ok
    if rows:
        row = max(rows, key=lambda it: counts[it])
        learnt.keys["row"], of_row = to_pattern(row)
        types |= of_row
    others = [it for it in dict.fromkeys(one for reply in shapes for one in reply)
              if it not in rows and not (is_closed and it == last)]  # fmt: skip
    if others:
        learnt.keys["also"] = one_or_all([to_pattern(it)[0] for it in others])
    if not is_closed:
        learnt.keys["ends"] = "quiet"
        learnt.doubt = "no line always ends its reply"
    if len(rows) > 1:
        learnt.doubt = "its rows took several forms"
    if types:
        learnt.keys["results"] = types
