"""Give the values in a line their names: the argument that they were, or the word beside. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.templates import (
    Template,
    Token,
    combine,
    make_template,
    merge,
    merge_varying,
    shape,
    to_pattern,
)
from orchestrator.profile.operation import Kind

_NUMBERS = ("number", "amount", "port", "id")
_UNNAMED = "number"  # what a number is called beside which no word stands
_JOINS = " :=#'\"<("  # what may stand between a word and its value
_ID = r"(?=.*\d)[0-9a-f-]{12,}"  # a UUID, or another long hexadecimal number
_UNIT = r"[mnuµ]?s|sec(ond)?s?|min(ute)?s?|[kMG]i?B"
_ENDS = ",.;)]}"  # what may stand behind a word that a number counts


def template_of(line: str, known: Mapping[str, str]) -> Template:
    """Split a line into tokens; the `known` values have names, as the numbers get later."""
    made: list[Token] = []
    for token in make_template(line, KnownValues(named=known)):
        before = made[-2].text if len(made) > 1 else " "
        is_signed = made and made[-1].text == "-" and not before[-1:].isalnum()
        if is_signed and token.kind in _NUMBERS:
            made[-1] = replace(token, text=f"-{token.text}")
        else:
            made.append(token)
    return tuple(made)


def kinds_of(templates: Iterable[Template]) -> list[Template]:
    """Return templates, one for each kind of line, the most frequent first.

    Lines are of one kind if they differ in times, numbers and blanks, or in a word that is new
    each time.
    """
    given = [*templates]
    merged = merge(given, words=False)
    for length in {len(it) for it in merged}:
        for place in range(length):
            merged = _merged_at(merged, place, length)
    counts = [sum(is_of(kind, it) for it in given) for kind in merged]
    order = sorted(range(len(merged)), key=lambda at: -counts[at])
    return [merged[at] for at in order]


def _merged_at(templates: Sequence[Template], place: int, length: int) -> list[Template]:
    """Combine templates that have a new word in one place each time."""
    alike: dict[tuple[str, ...], list[Template]] = {}
    others = []
    for it in templates:
        if len(it) == length:
            alike.setdefault(shape((*it[:place], *it[place + 1 :])), []).append(it)
        else:
            others.append(it)
    return [*others, *(one for group in alike.values() for one in merge_varying(group))]


def is_of(kind: Template, template: Template) -> bool:
    """Return whether a line is of a kind."""
    if len(kind) != len(template):
        return False
    words = [at for at, token in enumerate(kind) if token.kind == "word"]
    filled = tuple(kind[at] if at in words and token.text.isalnum() else token
                   for at, token in enumerate(template))  # fmt: skip
    return combine(kind, filled, words=False) is not None


def named(template: Template) -> Template:
    """Return a template whose numbers, new words, addresses and ports have names."""
    made = []
    for at, token in enumerate(template):
        name = token.name
        if token.kind in ("address", "port"):
            name = name or token.kind
        elif token.kind == "word" or re.fullmatch(_ID, token.text):
            name = name or _word_before(template, at)
        elif token.kind in _NUMBERS and not _has_unit(token, template[at + 1 : at + 3]):
            name = name or _word_behind(template, at) or _word_before(template, at) or _UNNAMED
        made.append(replace(token, name=name))
    return tuple(made)


def _has_unit(number: Token, behind: Template) -> bool:
    """Return whether a number is an amount that is another each time: `5.2ms`, `5.2 s`."""
    unit = behind[1].text if len(behind) > 1 and behind[0].text.isspace() else ""
    is_plain = re.fullmatch(r"-?\d+(\.\d+)?", number.text)
    return not is_plain or (number.kind == "amount" and bool(re.fullmatch(_UNIT, unit)))


def _word_before(template: Template, at: int) -> str:
    """Return the word in front of a value, such as `id` in `id: 5`; empty if there is none."""
    before = at - 1
    while before >= 0 and template[before].text and not template[before].text.strip(_JOINS):
        before -= 1
    return _as_name(template[before]) if 0 <= before < at - 1 else ""


def _word_behind(template: Template, at: int) -> str:
    """Return the word that a number counts, such as `waiting` in `3 waiting, 2 running`."""
    behind = [*template[at + 1 : at + 4], *[Token("literal", "")] * 3][:3]
    is_last = behind[2].text in ("", *_ENDS)
    is_named = at > 1 and template[at - 1].text in ("=", ":", "#")
    is_beside = behind[0].text.isspace() and is_last and not is_named
    return _as_name(behind[1]) if is_beside else ""


def _as_name(token: Token) -> str:
    is_word = token.is_literal and re.fullmatch(r"[A-Za-z]\w*", token.text)
    return token.text.lower() if is_word else ""


def pattern_of(kind: Template) -> str:
    """Return the pattern of a kind of line, with a group for each value that has a name."""
    made = named(kind)
    return to_pattern(made, [it.name for it in made if it.name])


def bare_pattern(kind: Template) -> str:
    """Return the pattern of a kind of line without groups."""
    return to_pattern(named(kind), ())


def types_of(kind: Template) -> dict[str, Kind]:
    """Return the types of the values in a kind of line that are no text."""
    types: dict[str, Kind] = {}
    for token in named(kind):
        if token.name and token.name not in types and token.kind in _NUMBERS:
            types[token.name] = "number" if token.kind == "amount" else "integer"
    return types


def values_of(kind: Template, template: Template) -> dict[str, str]:
    """Return the named values of a line of a kind."""
    pairs = zip(named(kind), template, strict=True)
    return {it.name: token.text for it, token in pairs if it.name}
