r"""Patterns of profiles and scenarios: Python's syntax, matched in linear time.

A program's output or a file from a stranger may be made so that Python's own engine needs
years for a line. RE2 never does, but it lacks lookarounds and backreferences, and its `\d`, `\w`
and `\s` know ASCII only; they are translated so that they mean what Python means.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable, Iterator

import re2

_DIGIT, _WORD = r"\p{Nd}", r"\p{L}\p{N}_"
_SPACE = r"\t-\r\x1c-\x20\x{85}\p{Z}"
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_UNSUPPORTED = {
    "(?=": "a lookahead", "(?!": "a negative lookahead", "(?<=": "a lookbehind",
    "(?<!": "a negative lookbehind", "(?>": "an atomic group", "(?(": "a condition",
    "(?P=": "a backreference", "(?#": "a comment",
}  # fmt: skip
_PART = re.compile(
    r"""\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|0[0-7]{0,2}|[1-9]\d*|.)
    | \(\?(?:P[=<]|<[=!]|.) | \(
    | \{,\d+\} | (?<!\\)(?:[*+?]|\{\d*,?\d*\})\+ | .""",
    re.VERBOSE | re.DOTALL,
)
_NEVER = r"[^\x00-\x{10FFFF}]"


class PatternError(ValueError):
    """Not a pattern, or one with syntax that cannot be matched in linear time."""


class Match:
    """Where a pattern matched.

    Args:
        found: RE2's match, in the UTF-8 of the text.
    """

    def __init__(self, found: re2._Match) -> None:
        self._found = found

    def groupdict(self) -> dict[str, str]:
        """Return the named groups; those that took no part are empty."""
        found = self._found.groupdict(b"")
        return {name.decode(): text.decode() for name, text in found.items()}

    def start(self) -> int:
        """Return the index of the first character of the match."""
        return len(self._found.string[: self._found.start()].decode())

    def end(self) -> int:
        """Return the index of the character after the match."""
        return len(self._found.string[: self._found.end()].decode())


class LinePattern:
    """A compiled pattern; see `compiled`."""

    def __init__(self, translated: str) -> None:
        options = re2.Options()
        options.log_errors = False
        # In bytes, it is several times as fast: offsets of characters are seldom needed.
        self._pattern = re2.compile(translated.encode(), options)

    def search(self, text: str) -> Match | None:
        """Return the first match in a text."""
        return _match(self._pattern.search(_encoded(text)))

    def every(self, text: str) -> list[Match]:
        """Return all matches in a text, none within another."""
        return [Match(found) for found in self._pattern.finditer(_encoded(text))]

    def match(self, text: str) -> Match | None:
        """Return the match at the start of a text."""
        return _match(self._pattern.match(_encoded(text)))

    def fullmatch(self, text: str) -> Match | None:
        """Return the match of a whole text."""
        return _match(self._pattern.fullmatch(_encoded(text)))


def search_line(pattern: LinePattern, line: str) -> Match | None:
    """Search a line of a console as it is; if that is in vain, without the blanks at its end.

    Blanks at the end of a program's own words mean nothing, but those of a message do.
    """
    return pattern.search(line) or pattern.search(line.rstrip())


def _match(found: re2._Match | None) -> Match | None:
    return Match(found) if found else None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # half a character counts as a question mark


@functools.lru_cache(maxsize=1_000)
def compiled(pattern: str) -> LinePattern:
    """Compile a pattern.

    Raises:
        PatternError: it is none, or has syntax that is not supported; says where.
    """
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternError(f"not a pattern: {error}") from error
    translated = "".join(_translated(pattern))
    try:
        return LinePattern(translated)
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise PatternError(f"not supported in patterns: {said}") from error


def escape(text: str) -> str:
    """Return a pattern for exactly this text, with no more backslashes than it needs."""
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text)


def any_of(patterns: Iterable[str]) -> LinePattern:
    """Compile patterns into one that matches what any of them does; see `compiled`.

    It has no named groups: several of them may have one of the same name.
    """
    alternatives = "|".join(f"(?:{_without_names(pattern)})" for pattern in patterns)
    return compiled(alternatives) if alternatives else LinePattern(_NEVER)


def _without_names(pattern: str) -> str:
    """Return a pattern whose groups have no names; the pattern itself if it is not valid."""
    made, in_class, begin, end = "", False, 0, 0
    for found in _PART.finditer(pattern):
        part, at = found.group(), found.start()
        if at < end:  # in the name of a group
            continue
        if part == "(?P<" and not in_class and (name := re.compile(r"\w+>").match(pattern, at + 4)):
            part, end = "(?:", name.end()
        elif in_class:
            in_class = part != "]" or at == begin or pattern[begin:at] == "^"
        elif part == "[":
            in_class, begin = True, found.end()
        made += part
    return made


def _translated(pattern: str) -> Iterator[str]:
    """Yield a valid pattern as RE2 has it, part by part."""
    in_class, begin = False, 0
    for found in _PART.finditer(pattern):
        part, at = found.group(), found.start()
        if part.startswith("\\"):
            yield _escape(part, at, in_class=in_class)
        elif in_class:
            is_first = at == begin or pattern[begin:at] == "^"
            in_class = part != "]" or is_first
            yield rf"\{part}" if part == "[" or (part == "]" and is_first) else part
        elif part == "[":
            in_class, begin = True, found.end()
            yield part
        else:
            yield _operator(part, at)


def _operator(part: str, at: int) -> str:
    if what := _UNSUPPORTED.get(part):
        raise _unsupported(f"{what}, {part}", at)
    if len(part) > 1 and part.endswith("+"):
        raise _unsupported(f"a possessive repetition, {part}", at)
    return f"{{0{part[1:]}" if part.startswith("{,") else part


def _escape(part: str, at: int, *, in_class: bool) -> str:
    """Return an escape as RE2 has it."""
    kind = part[1]
    if kind.lower() in _CLASSES:
        positive = _CLASSES[kind.lower()]
        if kind.islower():
            return positive if in_class else f"[{positive}]"
        return _complement(kind) if in_class else f"[^{positive}]"
    if kind in "xuU":
        return rf"\x{{{part[2:]}}}"
    if kind == "Z":
        return r"\z"
    if kind == "b" and in_class:
        return r"\x08"
    if kind == "N":
        raise _unsupported(f"a character's name, {part}", at)
    if kind in "123456789" and not (in_class or len(part) > 3):  # noqa: PLR2004 - \123 is octal
        raise _unsupported(f"a backreference, {part}", at)
    return part if kind.isascii() and kind != "_" else kind


def _unsupported(what: str, at: int) -> PatternError:
    return PatternError(f"not supported in patterns: {what}, at character {at + 1}")


@functools.cache
def _complement(kind: str) -> str:
    r"""Return the characters of `\D`, `\W` or `\S` as ranges within a class."""
    wanted, ranges, begin = re.compile(rf"\{kind}"), [], -1
    for code in range(sys.maxunicode + 2):
        is_wanted = code <= sys.maxunicode and wanted.match(chr(code))
        if is_wanted and begin < 0:
            begin = code
        elif not is_wanted and begin >= 0:
            ranges.append(rf"\x{{{begin:x}}}-\x{{{code - 1:x}}}")
            begin = -1
    return "".join(ranges)


def matches_any(line: str, patterns: Iterable[str]) -> bool:
    """Return whether a line matches one of the patterns."""
    return any(search_line(compiled(pattern), line) for pattern in patterns)
