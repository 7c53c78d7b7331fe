"""Turn lines into patterns: known values become groups. Pure."""

from __future__ import annotations

import errno
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.discovery.evidence import A_NAME, TAB, KnownValues
from orchestrator.discovery.numbers import find_numbers, touching
from orchestrator.patterns import compiled, escape, matches_any, search_line

_ADDRESS = r"(?:::ffff:)?\d{1,3}(?:\.\d{1,3}){3}|\blocalhost\b"
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_DATE = (
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/]\d{1,2}[-/]\d{2,4}|\d{1,2}\.\d{1,2}\.\d{4}|"
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? +)?"
    rf"(?:{_MONTH} +\d{{1,2}}|\d{{1,2}} +{_MONTH})(?:,? +20\d\d)?"
)
_CLOCK = (
    r"\d{1,2}(?::[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?|h[0-5]\d(?:m[0-5]\d)?)"
    r"(?:Z|[+-]\d\d:?\d\d| ?[AaPp]\.?[Mm]\b\.?| 20\d\d\b)?"
)
_FORMED = ("time", "whole")  # kinds of values of one form; ids of several parts: `3:1`, `room/2`
_TIME = rf"(?<![\w.:])(?:(?:{_DATE})(?:[T ]{_CLOCK})?|{_CLOCK})(?!\w|[:.]\d)"
"""A date, or a time of the day, or both: of this one moment, whatever it looks like."""

_AMOUNT = r"(?<![\w.])\d+(?:\.\d+(?!\.\d)[a-zµ]{0,3}|(?:[mnuµ]?s|min|sec|[kM]B))(?!\w)"
"""A time or a size with a unit or a fraction: `5.395s`, `12ms`. `5b` may be an id."""
_MACHINE = (
    r"(?<![\w.:/-])(?:"
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
    r"|(?:eth|wlan|veth|bond|docker|virbr|tun|tap)\d\w*(?:@\w+)?|(?:en|wl)[opsx]\w*\d\w*"
    r"|br-[0-9a-f]{12}|(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,64}|/(?:[\w.+-]+/)+[\w.+-]*)(?![\w-])"
)
"""A UUID, a network device, a container's id or a path: of this one machine or moment."""

_LEAST_PORT = 1024  # larger numbers may be ephemeral ports
CAUSES = tuple(map(os.strerror, (
    errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT, errno.EINVAL,
    errno.EADDRNOTAVAIL, errno.EACCES,
)))  # fmt: skip
"""Why a connection cannot be made, in the system's words."""

_GROUPS = {
    "address": r"(?P<address>[\w.:-]+?)",
    "port": r"(?P<port>\d+)",
    "id": r"(?P<id>\d+)",
    "code": r"(?P<id>\w+)",
    "text": r"(?P<text>.*)",
    "name": r"(?P<name>[a-z]+\d*)",
}
_ANY = {
    "address": r"[\w.:-]+?",
    "port": r"\d+",
    "id": r"\d+",
    "code": r"\w+",
    "number": r"\d+",
    "amount": r"\d[\w.]*",
    "text": r".*",
    "typed": r".*?",
    "word": r"\S+",
    "given": r"-?\w+",
    "reason": r"\S.*",  # of the system, why it refused something
    "cause": rf"(?:{'|'.join(CAUSES)})",  # the same, where no word is near
    "name": r"[a-z]+\d*",  # of any peer: alice, peer5
    "machine": r"\S+?",
    "blank": r"\s+",
}
_NAMED = {  # tokens that have a name
    "given": r"\S+",
    "word": r"\S+",
    "machine": r"\S+",
    "address": r"[\w.:-]+",
    "number": r"-?\d+",
    "port": r"\d+",
    "amount": r"-?\d+(?:\.\d+)?",
}
_PADDED = r"(?P<text>.*?)"  # a text that is filled up with blanks, to the edge of its box
GROUPS = ("address", "port", "id", "text")  # what a pattern may name
_BARE_ADDRESS = r"(?P<address>(?:::ffff:)?\d+[.:][\w.:-]*?|localhost)"
"""An address with no word around it. A label such as `Address:`, or a number, is none.

Some programs keep what was typed, which may be the one name that every machine has. One that
listens by IPv6 sees those that dial it by IPv4 behind `::ffff:`.
"""

_PIECE = r"\s+|\w+|([^\w\s])\1{2,}|[^\w\s]"
_OPENING = ("", "[", "(", "<", "{", "#", "|")
_NUMBERS = ("number", "amount", "id", "port")
_LEAST_VARYING = 3  # lines that must differ in a place to show that it is new each time
_MANY_WORDS = 2  # equal words that two lines need for one word to differ


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a line."""

    kind: str  # `literal`, or what varies here: `time`, or a key of `_ANY`
    text: str  # the text in the line
    name: str = ""  # what the value is called, if it has a name of its own

    @property
    def group(self) -> str:
        """The name of its group in a pattern."""
        return self.name or ("id" if self.kind in ("code", "whole") else self.kind)

    @property
    def is_literal(self) -> bool:
        """Whether the pattern has this very text."""
        return self.kind == "literal"


Template = tuple[Token, ...]


def make_template(line: str, known: KnownValues, at: str = "") -> Template:
    """Split a line as it appears on the screen into tokens; `at` is the peer that printed it."""
    tokens: list[Token] = []
    end = 0
    for start, stop, kind in _spans(line, known, known.ids.get(at, "")):
        tokens += _literals(line[end:start])
        value = line[start:stop]
        tokens.append(Token(kind, value, known.named.get(value, "")))
        end = stop
    tokens += _literals(line[end:])
    return tuple(_with_port(tokens))


def _spans(line: str, known: KnownValues, own_id: str) -> list[tuple[int, int, str]]:
    """Return where known values are in a line, and their kinds. Earlier searches win."""
    spans: list[tuple[int, int, str]] = []

    def add(start: int, stop: int, kind: str) -> None:
        is_free = all(stop <= begin or start >= end for begin, end, _ in spans)
        if is_free and stop > start:
            spans.append((start, stop, kind))

    for pattern, kind in _searches(known, own_id):
        for found in re.finditer(pattern, line):
            add(*found.span(), kind)
    addresses = [(start, stop) for start, stop, kind in spans if kind == "address"]
    for start, stop in find_numbers(line, addresses, known):
        number = int(line[start:stop])
        is_id = own_id.isdigit() and number == int(own_id)
        is_port = number in known.ports or number in known.links
        kind = "literal" if line[:stop] in known.codes else "id" if is_id else "number"
        add(start, stop, "port" if is_port else kind)
    return sorted(spans)


def _searches(known: KnownValues, own_id: str) -> Iterator[tuple[str, str]]:
    """Yield patterns of values with their kinds, in the order in which they are searched."""
    for value in sorted(known.named, key=len, reverse=True):
        yield rf"(?<![\w.]){re.escape(value)}(?!\w|\.\d)", _kind_of(value)
    if known.text:
        yield re.escape(known.text), "text"
    if own_id and (known.has_word_ids or not own_id.isdigit()):
        kind = "code" if own_id.isalnum() else "whole"
        yield rf"(?<![\w.]){re.escape(own_id)}(?!\w|\.\d)", kind
    for word in known.words:
        yield _typed_pattern(word), "typed"
    yield touching(known.addresses), "address"
    yield _ADDRESS, "address"
    for name in known.hosts:
        yield rf"(?<![\w.-]){re.escape(name)}(?![\w-])", "machine"
    yield from ((_MACHINE, "machine"), (A_NAME, "name"), (_TIME, "time"), (_AMOUNT, "amount"))


def _kind_of(value: str) -> str:
    """Return the kind of a value that has a name."""
    if re.fullmatch(_ADDRESS, value):
        return "address"
    return "number" if value.lstrip("-").isdigit() else "given"


def _typed_pattern(word: str) -> str:
    """Return a pattern for a word that a reply repeats; a sign beside a word is punctuation.

    A reply that begins with it may lack the blank behind it: `lsUnknown command`.
    """
    runs_on = rf"^{re.escape(word)}(?=[A-Z])"
    if word.isdigit():  # elsewhere it may be an id
        return runs_on
    if len(word) > 1 or word.isalpha():
        return rf"(?<!\w){re.escape(word)}(?!\w)|{runs_on}"
    if not word:
        return r"(?!)"
    sign = re.escape(word)
    return rf"(?<=['\"`<\[(]){sign}(?=['\"`>\])])|(?<!\S){sign}(?!\S)"


def _literals(text: str) -> Iterator[Token]:
    for piece in _pieces(text):
        is_long = len(piece) > 1 and not piece[0].isalnum() and piece[0] != "_"
        kind = "literal" if not is_long else "blank" if piece.isspace() else "run"
        yield Token(kind, piece)


def _pieces(text: str) -> list[str]:
    """Return the words, blanks and signs of a text; the signs of a rule are one piece."""
    return [found[0] for found in re.finditer(_PIECE, text)]


def _with_port(tokens: Sequence[Token]) -> list[Token]:
    """Take a large number for an ephemeral port if an address or the word `port` is near."""
    made = list(tokens)
    if any(token.kind == "port" for token in tokens):
        return made
    mentions = any(token.kind == "address" or token.text.lower() == "port" for token in tokens)
    for index, token in enumerate(tokens):
        if mentions and token.kind == "number" and int(token.text) >= _LEAST_PORT:
            made[index] = Token("port", token.text)
            break
    return made


def shape(template: Template) -> tuple[str, ...]:
    """Return what all lines of the same kind have in common."""
    return tuple(token.text if token.is_literal else f"<{token.name or token.kind}>"
                 for token in template)  # fmt: skip


def merge(templates: Iterable[Template], *, words: bool = True) -> list[Template]:
    """Combine templates that are alike; return as few as possible that fit all.

    Args:
        templates: of lines.
        words: whether one word among others may differ, not only numbers and blanks.
    """
    merged: list[Template] = []
    for template in templates:
        for index, other in enumerate(merged):
            both = combine(other, template, words=words)
            if both is not None:
                merged[index] = both
                break
        else:
            merged.append(template)
    return merged


def merge_varying(templates: Sequence[Template]) -> list[Template]:
    """Combine templates that differ in one place, if no two have the same word there.

    That is a value that is new each time, such as the number of a message or a name of its sender
    for this connection.
    """
    first, *others = templates
    if len(others) < _LEAST_VARYING - 1 or any(len(it) != len(first) for it in others):
        return list(templates)
    places = [at for at, tokens in enumerate(zip(*templates, strict=True))
              if not are_same(tokens)]  # fmt: skip
    if len(places) != 1:
        return list(templates)
    (place,) = places
    values = [template[place] for template in templates]
    if len({it.text for it in values}) < len(values) or not all(map(_is_word, values)):
        return list(templates)
    return [(*first[:place], Token("word", first[place].text), *first[place + 1 :])]


def are_same(tokens: Sequence[Token]) -> bool:
    """Return whether tokens of several templates have one pattern."""
    first, *others = tokens
    return all(it.kind == first.kind and _has_same_text(it, first) for it in others)


def combine(one: Template, other: Template, *, words: bool = True) -> Template | None:
    """Return a template that fits two; None if they are too different. See `merge`."""
    if len(one) != len(other):
        return None
    tokens: list[Token] = []
    equal = differing = 0
    for a, b in zip(one, other, strict=True):
        if a.kind == b.kind and _has_same_text(a, b):
            equal += a.is_literal and a.text.isalpha()
            tokens.append(a)
        elif a.text.isspace() and b.text.isspace():
            tokens.append(Token("blank", min(a.text, b.text, key=len)))
        elif a.name != b.name:
            return None
        elif {a.kind, b.kind} == {"number", "amount"}:
            tokens.append(a if a.kind == "amount" else b)
        elif "number" in (a.kind, b.kind) and {a.kind, b.kind} <= {"number", "id", "port"}:
            tokens.append(a if b.kind == "number" and a.kind == "port" else Token("number", a.text))
        elif words and _is_word(a) and _is_word(b):
            differing += 1
            tokens.append(Token("word", a.text))
        else:
            return None
    if differing and (differing > 1 or equal < _MANY_WORDS):
        return None
    return tuple(tokens)


def _has_same_text(a: Token, b: Token) -> bool:
    """Return whether two tokens of one kind have the text in common that their pattern has."""
    if a.kind == "run":
        return a.text[:1] == b.text[:1]
    return a.text == b.text or not (a.is_literal or a.name != b.name)


def _is_word(token: Token) -> bool:
    is_plain = token.kind in ("literal", "number", "code", "name") and token.text.isalnum()
    return token.kind == "word" or is_plain


def to_pattern(template: Template, groups: Iterable[str] = GROUPS) -> str:
    """Return a template as a regular expression that names the given groups, each once."""
    left = set(groups)
    made = []
    has_words = any(token.is_literal and token.text.isalnum() for token in template)
    before = (Token("blank", ""), *template)
    for token, following, last in itertools.zip_longest(template, template[1:], before[:-1]):
        if following and token.text.isspace() and _is_padding(last.text, following):
            made.append(r"\s*")
            continue
        if token.kind == "blank":
            made.append(_blanks(token, last, following))
        elif token.is_literal:
            made.append(escape(token.text))
        elif token.kind == "run":
            made.append(f"{escape(token.text[0])}+")
        elif token.name:
            pattern = _NAMED[token.kind]
            made.append(f"(?P<{token.name}>{pattern})" if token.name in left else pattern)
            left.discard(token.name)
        elif token.kind == "address" and token.kind in left and not has_words:
            left.discard(token.kind)
            made.append(_BARE_ADDRESS)
        elif token.kind in _FORMED:
            is_named = token.group in left
            left.discard(token.group)
            form = _form_pattern(token.text)
            made.append(f"(?P<{token.group}>{form})" if is_named else form)
        elif token.group in left:
            left.discard(token.group)
            is_padded = token.kind == "text" and following and following.kind == "blank"
            made.append(_PADDED if is_padded else _GROUPS[token.kind])
        else:
            made.append(_ANY[token.kind])
    return f"^{''.join(made)}$"


def inner_pattern(template: Template, groups: Iterable[str] = GROUPS) -> str:
    """Return the pattern of a part of a line."""
    return to_pattern(template, groups)[1:-1]


def _form_pattern(text: str) -> str:
    """Return a pattern for any value that is written as this one is."""
    made = []
    digits = r"\w+" if re.fullmatch(_MACHINE, text) else r"\d+"  # of a code, letters elsewhere
    for piece in re.findall(r"\w+|\s+|\W", text):
        varies = digits if piece.isdigit() else r"\w+" if piece.isalnum() else r"\s+"
        made.append(varies if piece.isalnum() or piece.isspace() else escape(piece))
    return "".join(made)


def _blanks(token: Token, last: Token, following: Token | None) -> str:
    """Return a pattern for several blanks; a long text leaves none of those that fill its room."""
    if last.kind == "text":
        return r"\s*"
    return _margin(token.text) if following and following.kind == "text" else _ANY["blank"]


def _margin(blanks: str) -> str:
    """Return a pattern for the blanks before a text. Further ones belong to the text.

    Those as wide as a tab may be one.
    """
    return rf"(?:{blanks}|[ \t]*\t)" if len(blanks) >= len(TAB) else blanks


def _is_padding(before: str, following: Token) -> bool:
    """Return whether blanks fill up a number to its width, at the start or behind a bracket."""
    return before in _OPENING and following.kind in _NUMBERS


def fits(template: Template, line: str) -> bool:
    """Return whether a line is of a kind, with an address where that has one, and no other word."""
    made = to_pattern(template, ("address",))
    found = search_line(compiled(made), line)
    address = found.groupdict().get("address") if found else None
    return bool(found) and (address is None or bool(re.fullmatch(_ADDRESS, address)))


def reads(block: Sequence[str], lines: Sequence[str]) -> bool:
    """Return whether lines begin with those that the patterns of a block match."""
    is_long = len(lines) >= len(block)
    return is_long and all(
        matches_any(line, [pattern]) for pattern, line in zip(block, lines, strict=False)
    )
