"""Lines made into patterns: what is known in them becomes groups. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.discovery.evidence import Facts

_ADDRESS = r"(?:::ffff:)?\d{1,3}(?:\.\d{1,3}){3}|\blocalhost\b"
_LEAST_PORT = 1024  # numbers from here on may be a port
_GROUPS = {
    "address": r"(?P<address>[\w.:-]+?)",
    "port": r"(?P<port>\d+)",
    "id": r"(?P<id>\d+)",
    "text": r"(?P<text>.*)",
}
_ANY = {
    "address": r"[\w.:-]+?",
    "port": r"\d+",
    "id": r"\d+",
    "number": r"\d+",
    "text": r".*",
    "typed": r".*?",
    "word": r"\S+",
    "blank": r"\s+",
}
_MANY_WORDS = 2  # words that have to be the same where one may differ


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a line: a literal one, or one of a kind."""

    kind: str
    text: str

    @property
    def fixed(self) -> bool:
        """Whether it is always the same."""
        return self.kind == "literal"


Template = tuple[Part, ...]


def template(line: str, facts: Facts, at: str = "") -> Template:
    """Return a line in its parts.

    Args:
        line: as it stands on the screen.
        facts: what the lab knew.
        at: the peer that showed it, whose ids count.
    """
    parts: list[Part] = []
    end = 0
    for start, stop, kind in _known(line, facts, facts.ids.get(at)):
        parts += _literal(line[end:start])
        parts.append(Part(kind, line[start:stop]))
        end = stop
    parts += _literal(line[end:])
    return tuple(_with_port(parts))


def _known(line: str, facts: Facts, own_id: int | None) -> list[tuple[int, int, str]]:
    """Return where what is known stands in a line; what was found first counts."""
    spans: list[tuple[int, int, str]] = []

    def add(pattern: str, kind: str) -> None:
        for found in re.finditer(pattern, line):
            free = all(found.end() <= start or found.start() >= stop for start, stop, _ in spans)
            if free and found.end() > found.start():
                spans.append((found.start(), found.end(), kind))

    if facts.text:
        add(re.escape(facts.text), "text")
    for word in facts.words:
        if len(word) > 1 or word.isalpha():
            add(rf"(?<!\w){re.escape(word)}(?!\w)", "typed")
        elif word and not word.isdigit():  # a sign also stands for itself, unless it is quoted
            add(rf"(?<=['\"`<\[(]){re.escape(word)}(?=['\"`>\])])", "typed")
    add(_ADDRESS, "address")
    for number in re.finditer(r"(?<![\w.])\d+(?![\w]|\.\d)", line):
        value = int(number[0])
        kind = "port" if value in facts.ports else "id" if value == own_id else "number"
        add_span = (number.start(), number.end(), kind)
        if all(number.end() <= start or number.start() >= stop for start, stop, _ in spans):
            spans.append(add_span)
    return sorted(spans)


def _literal(text: str) -> Iterator[Part]:
    for piece in re.findall(r"\s+|\w+|[^\w\s]", text):
        if piece.isspace() and len(piece) > 1:
            yield Part("blank", piece)
        else:
            yield Part("literal", piece)


def _with_port(parts: Sequence[Part]) -> list[Part]:
    """Take a large number beside an address, or the word, for a port: an ephemeral one."""
    made = list(parts)
    if any(part.kind == "port" for part in parts):
        return made
    speaks = any(part.kind == "address" or part.text.lower() == "port" for part in parts)
    for index, part in enumerate(parts):
        if speaks and part.kind == "number" and int(part.text) >= _LEAST_PORT:
            made[index] = Part("port", part.text)
            break
    return made


def shape(one: Template) -> tuple[str, ...]:
    """Return what all lines of a kind have in common."""
    return tuple(part.text if part.fixed else f"<{part.kind}>" for part in one)


def merged(several: Iterable[Template]) -> list[Template]:
    """Return templates that fit all of these, each of as many as can be."""
    made: list[Template] = []
    for one in several:
        for index, other in enumerate(made):
            both = _both(other, one)
            if both is not None:
                made[index] = both
                break
        else:
            made.append(one)
    return made


def _both(one: Template, other: Template) -> Template | None:
    """Return what fits two templates, None where they are too unlike."""
    if len(one) != len(other):
        return None
    parts: list[Part] = []
    words = differing = 0
    for a, b in zip(one, other, strict=True):
        if a.kind == b.kind and (not a.fixed or a.text == b.text):
            words += a.fixed and a.text.isalpha()
            parts.append(a)
        elif "number" in (a.kind, b.kind) and {a.kind, b.kind} <= {"number", "id", "port"}:
            parts.append(a if b.kind == "number" and a.kind == "port" else Part("number", a.text))
        elif a.kind in ("literal", "word") and b.kind == "literal" and _is_word(a) and _is_word(b):
            differing += 1
            parts.append(Part("word", a.text))
        else:
            return None
    if differing and (differing > 1 or words < _MANY_WORDS):
        return None
    return tuple(parts)


def _is_word(part: Part) -> bool:
    return part.kind == "word" or part.text.isalnum()


def pattern(one: Template, groups: Iterable[str] = tuple(_GROUPS)) -> str:
    """Return a template as a regular expression.

    Args:
        one: what a line is made of.
        groups: which parts are named.
    """
    left = set(groups)
    made = []
    for part in one:
        if part.fixed:
            made.append(_escaped(part.text))
        elif part.kind in left and part.kind in _GROUPS:
            left.discard(part.kind)
            made.append(_GROUPS[part.kind])
        else:
            made.append(_ANY[part.kind])
    return f"^{''.join(made)}$"


def _escaped(text: str) -> str:
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text)
