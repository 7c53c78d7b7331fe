"""Infer patterns of notices from what the other peer printed. Pure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.discovery.draft import Draft, one_or_all
from orchestrator.discovery.evidence import Exchange, Sample, notice_sample, without_flood
from orchestrator.discovery.notice_tails import list_lines
from orchestrator.discovery.templates import (
    GROUPS,
    Template,
    make_template,
    merge,
    merge_varying,
    reads,
    to_pattern,
)

_LONGEST_BLOCK = 6  # lines
_SURE = 2  # times that the kernel or another console saw something of which nothing was told
_MANY_FORMATS = 2  # more formats of one notice than this are doubtful

_SAYS_WHO = ("(?P<address>", "(?P<id>", "(?P<port>")  # in a pattern: whom a notice is about
_OCCASIONS = {
    "message": ("send",),  # first: others may look like one
    "connected": ("connect",),
    "closed": ("terminate", "exit", "kill"),
}
_WHY = {
    "connected": "it does not report new connections",
    "message": "it does not show messages",
    "closed": "it does not report ended connections",
    "delivered": "it has no receipts",
    "undelivered": "it has no receipts",
}


def infer_notices(
    draft: Draft, exchanges: Sequence[Exchange], prompts: Sequence[str]
) -> dict[str, list[list[str]]]:
    """Add notices and missing ones to a draft; return their patterns, line by line, by verb."""
    patterns: dict[str, list[list[str]]] = {}
    made: dict[str, list[list[str]]] = {}
    shown: dict[str, list[tuple[str, ...]]] = {}  # the lines that each was learned from
    written: dict[str, Any] = {}
    listed = list_lines(exchanges, prompts)
    for kind, verbs in _OCCASIONS.items():
        occasions = [exchange for exchange in exchanges if exchange.verb in verbs and exchange.to
                     and (exchange.worked or exchange.verb == "kill")]  # fmt: skip
        shown_then = [notice_sample(exchange, prompts) for exchange in occasions]
        whole = [dataclasses.replace(it, lines=without_flood(it.lines)) for it in shown_then]
        samples, tails = zip(*map(listed.split, whole), strict=True) if whole else ((), ())
        typed = next((" ⏎ ".join(it.typed) or it.verb for it in occasions), "")
        blocks = _blocks(kind, samples, made.get("message", []))
        if not blocks:
            times = sum(it.fact is True and it.to in it.others for it in occasions)
            is_sure = times >= _SURE and not any(sample.lines for sample in samples)
            draft.lacks(kind, _WHY[kind], doubt=not is_sure)
            doubt = "" if is_sure else _doubt_if_missing(occasions)
            draft.note(("lacks", kind), typed, "", _WHY[kind], doubt, seen=times)
            continue
        made[kind], shown[kind] = blocks, [sample.lines for sample in samples]
        lines = [line for block in blocks for line in block]
        patterns |= dict.fromkeys(verbs, blocks)
        written[kind] = _written(blocks, listed.patterns(tails))
        output = next(sample.lines for sample in whole if sample.lines)
        draft.note(("notices", kind), typed, "\n".join(output), "\n".join(lines),
                   _doubt(kind, samples, blocks),
                   seen=sum(bool(sample.lines) for sample in samples))  # fmt: skip
    draft.data["notices"] = {kind: written[kind] for kind in _specific_first(made, shown)}
    for kind in ("delivered", "undelivered"):
        draft.lacks(kind, _WHY[kind])
    return patterns


def _written(blocks: Sequence[Sequence[str]], also: Sequence[str]) -> Any:
    """Return a notice as a profile has it: its formats, and what may stand behind each."""
    if not also:
        items: list[Any] = [
            block[0] if len(block) == 1 else {"block": [*block]} for block in blocks
        ]
        return one_or_all(items)
    behind = {"also": one_or_all(also)}
    lines = [block[0] for block in blocks if len(block) == 1]
    made = [{"pattern": one_or_all(lines)} | behind] if lines else []
    return one_or_all(made + [{"block": [*block]} | behind for block in blocks if len(block) > 1])


def _specific_first(
    made: Mapping[str, Sequence[Sequence[str]]], shown: Mapping[str, Sequence[Sequence[str]]]
) -> list[str]:
    """Return the kinds of notices in the order in which a console should try them.

    One that would take the lines of another kind comes after it: where a message is
    `bob: hello`, its pattern reads `bob: gone` as well.
    """

    def takes(kind: str) -> int:
        others = [sample for other, samples in shown.items() if other != kind for sample in samples]
        return sum(any(reads(block, sample) for sample in others) for block in made[kind])

    usual = [*_WHY]
    return sorted(made, key=lambda kind: (takes(kind), usual.index(kind)))


def _doubt_if_missing(occasions: Sequence[Exchange]) -> str:
    if not occasions:
        return "there was no occasion to see it"
    return "nothing was ever printed; keep this only if that is by design"


def _doubt(kind: str, samples: Sequence[Sample], blocks: Sequence[Sequence[str]]) -> str:
    if len(samples) == 1 and samples[0].lines:
        return "seen only once"
    if kind == "message" and not any("?P<text>" in line for block in blocks for line in block):
        return "the text was not found in it"
    if len(blocks) > _MANY_FORMATS:
        return "its format was different each time"
    return ""


def _blocks(
    kind: str, samples: Sequence[Sample], messages: Sequence[Sequence[str]]
) -> list[list[str]]:
    """Return the patterns of a notice: a list of line patterns for each of its formats.

    A sample whose id was not found cannot say that a number in it is none. If only the other
    peer's name tells a notice from a message, the name is a group: a message may be any word. So
    it is if nothing else says whom a notice is about.
    """
    groups: tuple[str, ...] = GROUPS
    is_own = any(re.search(rf"\b{re.escape(it.at)}\b", "\n".join(it.lines)) for it in samples)
    if (
        not is_own
        and kind != "message"
        and any(reads(block, _shown(kind, it)) for block in messages for it in samples if it.lines)
    ):
        groups = (*GROUPS, "name")
    made = _with_groups(kind, samples, groups)
    is_named = any(group in line for group in _SAYS_WHO for block in made for line in block)
    return made if is_own or is_named else _with_groups(kind, samples, (*GROUPS, "name"))


def _with_groups(kind: str, samples: Sequence[Sample], groups: Sequence[str]) -> list[list[str]]:
    """Return the patterns of a notice with certain groups."""
    sure = [sample for sample in samples if sample.known.ids.get(sample.at)]
    made = _formats_of(kind, sure, groups)
    others = [lines for sample in samples if (lines := _shown(kind, sample))]
    is_all = all(any(len(it) == len(block) and reads(block, it) for block in made)
                 for it in others)  # fmt: skip
    return made if is_all else _formats_of(kind, samples, groups)


def _formats_of(kind: str, samples: Iterable[Sample], groups: Sequence[str]) -> list[list[str]]:
    by_length: dict[int, list[list[Template]]] = {}
    for sample in samples:
        if lines := _shown(kind, sample):
            block = [make_template(line, sample.known, sample.at) for line in lines]
            by_length.setdefault(len(block), []).append(block)
    return [block for blocks in by_length.values() for block in _formats(blocks, groups)]


def _shown(kind: str, sample: Sample) -> tuple[str, ...]:
    """Return the lines of one notice."""
    if kind == "message":
        return _once(sample.lines, sample.known.text)[:_LONGEST_BLOCK]
    return _without_repetition(sample)[:_LONGEST_BLOCK]


def _without_repetition(sample: Sample) -> tuple[str, ...]:
    """Return the lines of one notice, which came for each of several connections at once."""
    made = [make_template(line, sample.known, sample.at) for line in sample.lines]
    for length in range(1, len(made) // 2 + 1):
        again = zip(made, made[length:], strict=False)
        if len(made) % length == 0 and all(map(_say_the_same, again)):
            return sample.lines[:length]
    return sample.lines


def _say_the_same(lines: Sequence[Template]) -> bool:
    """Return whether lines have the same words, and differ in values at most."""
    found = merge(lines)
    return len(found) == 1 and not any(token.kind == "word" for token in found[0])


def _once(lines: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Return the lines that show a message once, although some programs show each twice.

    Each text is sent only once, so the distance between the lines that have it is the length of
    one block.
    """
    places = [index for index, line in enumerate(lines) if text in line]
    if len(places) > 1:
        return lines[: max(places[1] - places[0], places[0] + 1)]
    return lines if places else ()


def _formats(blocks: Sequence[Sequence[Template]], groups: Sequence[str]) -> list[list[str]]:
    """Return the patterns of blocks of equal length, of one format if they are alike."""
    columns = [merge_varying(merge(column)) for column in zip(*blocks, strict=True)]
    if all(len(column) == 1 for column in columns):
        return [_line_patterns([column[0] for column in columns], groups)]
    if len(columns) == 1:
        return [_line_patterns([template], groups) for template in columns[0]]
    made: list[list[str]] = []
    for block in blocks:
        if (patterns := _line_patterns(block, groups)) not in made:
            made.append(patterns)
    return made


def _line_patterns(block: Sequence[Template], groups: Sequence[str]) -> list[str]:
    left = [*groups]
    made = []
    for template in block:
        line = to_pattern(template, left)
        made.append(line)
        left = [name for name in left if f"(?P<{name}>" not in line]
    return made
