"""Patterns of notices, inferred from what came at the other end. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import Exchange
from orchestrator.discovery.samples import Sample, told
from orchestrator.discovery.templates import Template, merged, pattern, template

_LONGEST_BLOCK = 6  # lines

_OCCASIONS = {
    "connected": ("connect",),
    "message": ("send",),
    "closed": ("terminate", "exit", "kill"),
}
_WHY = {
    "connected": "it does not tell that somebody has connected",
    "message": "it does not show messages",
    "closed": "it does not tell that somebody has left",
    "delivered": "it knows no receipts",
    "undelivered": "it knows no receipts",
}


def infer(draft: Draft, exchanges: Sequence[Exchange], prompts: Sequence[str]) -> list[str]:
    """Put the notices into a profile; return the patterns of their lines."""
    patterns: list[str] = []
    draft.data["notices"], lacks = {}, {}
    for kind, verbs in _OCCASIONS.items():
        found = [each for each in exchanges if each.verb in verbs and each.to and
                 (each.right or each.verb == "kill")]  # fmt: skip
        samples = [told(each, prompts) for each in found]
        blocks = _blocks(kind, samples)
        if not blocks:
            lacks[kind] = _WHY[kind]
            draft.learn(("lacks", kind), _typed(found), "", _WHY[kind], _doubt_of_none(found))
            continue
        patterns += [line for block in blocks for line in block]
        draft.data["notices"][kind] = _document(blocks)
        came = next(each.lines for each in samples if each.lines)
        draft.learn(("notices", kind), _typed(found), "\n".join(came),
                    "\n".join(line for block in blocks for line in block),
                    _doubt(kind, samples, blocks))  # fmt: skip
    lacks |= {kind: _WHY[kind] for kind in ("delivered", "undelivered")}
    draft.data["lacks"] = lacks
    return patterns


def _doubt_of_none(found: Sequence[Exchange]) -> str:
    if not found:
        return "there was no occasion to see it"
    return "nothing was ever printed; say so here only if the program is not meant to"


def _doubt(kind: str, samples: Sequence[Sample], blocks: Sequence[Sequence[str]]) -> str:
    said = sum(bool(each.lines) for each in samples)
    if said == 1 and len(samples) == 1:
        return "seen once only"
    if kind == "message" and not any("?P<text>" in line for block in blocks for line in block):
        return "the text was not found in it"
    if len(blocks) > 2:  # noqa: PLR2004
        return "it looked different each time"
    return ""


def _blocks(kind: str, samples: Iterable[Sample]) -> list[list[str]]:
    """Return the patterns of a notice, block by block."""
    by_length: dict[int, list[list[Template]]] = {}
    for sample in samples:
        lines = _relevant(kind, sample)
        if lines:
            made = [template(line, sample.facts, sample.at) for line in lines]
            by_length.setdefault(len(made), []).append(made)
    blocks: list[list[str]] = []
    for several in by_length.values():
        blocks += _of_one_length(several)
    return blocks


def _of_one_length(several: Sequence[Sequence[Template]]) -> list[list[str]]:
    columns = [merged(column) for column in zip(*several, strict=True)]
    if all(len(column) == 1 for column in columns):
        return [_patterns([column[0] for column in columns])]
    if len(columns) == 1:
        return [_patterns([one]) for one in columns[0]]
    return [_patterns(one) for one in _distinct(several)]


def _distinct(several: Sequence[Sequence[Template]]) -> list[list[Template]]:
    kept: list[list[Template]] = []
    for one in several:
        patterns = _patterns(one)
        if all(_patterns(each) != patterns for each in kept):
            kept.append(list(one))
    return kept


def _relevant(kind: str, sample: Sample) -> Sequence[str]:
    """Return the lines of a notice; of a message no further than its text."""
    lines = sample.lines[:_LONGEST_BLOCK]
    if kind == "message":
        last = [number for number, line in enumerate(lines) if sample.facts.text in line]
        return lines if last else ()
    return lines


def _patterns(block: Sequence[Template]) -> list[str]:
    """Return a pattern for each line; each name is given once in the block."""
    left = ["address", "port", "id", "text"]
    made = []
    for one in block:
        line = pattern(one, left)
        made.append(line)
        left = [name for name in left if f"(?P<{name}>" not in line]
    return made


def _document(blocks: Sequence[Sequence[str]]) -> Any:
    made = [each[0] if len(each) == 1 else {"block": list(each)} for each in blocks]
    return made[0] if len(made) == 1 else made


def _typed(found: Sequence[Exchange]) -> str:
    return next((" ⏎ ".join(each.typed) or each.verb for each in found), "")


def is_notice(line: str, patterns: Iterable[str]) -> bool:
    """Tell whether a line is a notice's."""
    return any(re.search(each, line) for each in patterns)
