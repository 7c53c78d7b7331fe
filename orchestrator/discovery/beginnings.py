"""Find what only the error messages of a program begin with. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.templates import Template, Token, make_template, shape, to_pattern
from orchestrator.patterns import escape, matches_any

_MARKS = ":]!>)-|"  # what ends the label in front of a message


def common_beginnings(
    complaints: Sequence[str],
    others: Iterable[str],
    commands: Collection[str] = (),
    typed: Collection[str] = (),
) -> list[str]:
    """Return patterns of texts with which several different complaints begin, and no other line.

    Times and numbers count as equal. So do the words in `commands`: `[send] error: no such id` and
    `[connect] error: no such host` begin with the same. So do those that were `typed`.
    """
    known = KnownValues(words=tuple(typed))
    lines = [_template(line, commands, known) for line in complaints]
    return list(_found(lines, _Judge(list(others), sorted(commands))))


@dataclass(frozen=True, slots=True)
class _Judge:
    """Makes patterns of beginnings, and knows the lines that must not match."""

    innocent: Sequence[str]
    commands: Sequence[str]

    def pattern(self, tokens: Template, lines: Sequence[Template]) -> str:
        """Return a pattern for lines that begin so, and not in the middle of a word."""
        bare = tokens[:-1] if tokens[-1].text.isspace() else tokens
        made = "".join(
            self._part(token, {line[index].text for line in lines})
            for index, token in enumerate(bare)
        )
        return f"^{made}" + (r"\b" if bare[-1].text[-1:].isalnum() else "")

    def _part(self, token: Token, seen: Collection[str]) -> str:
        """Return the pattern of a token, of which these texts were seen."""
        if token.kind == "command" and len(seen) > 1:  # then all commands may be there
            words = dict.fromkeys(_in_case_of(token.text, word) for word in self.commands)
            return f"(?:{'|'.join(map(escape, words))})"
        if token.kind == "command":
            return escape(token.text)
        return to_pattern((token,), ()).removeprefix("^").removesuffix("$")

    def is_own(self, pattern: str) -> bool:
        """Return whether no other line begins so."""
        return not any(matches_any(line, [pattern]) for line in self.innocent)


def _template(line: str, commands: Collection[str], known: KnownValues) -> Template:
    return tuple(
        Token("command", it.text)
        if it.is_literal and it.text.lower() in commands
        else Token("given", it.text)
        if it.kind in ("number", "typed")
        else it
        for it in make_template(line, known)
    )


def _found(lines: Sequence[Template], judge: _Judge) -> Iterator[str]:
    """Yield the shortest beginnings that lines share and no other line has."""
    if len({_said(line) for line in lines}) < 2:  # noqa: PLR2004 - one complaint shares nothing
        return
    common = _common(lines)
    is_one = any(it.kind == "command" for it in common) and all(
        len(it) == len(common) for it in lines
    )
    for cut in (*_cuts(common), *([common] if is_one else [])):  # one complaint of several commands
        if judge.is_own(pattern := judge.pattern(cut, lines)):
            yield pattern
            return
    groups: dict[tuple[str, ...], list[Template]] = {}
    for line in lines:
        groups.setdefault(shape(line[len(common) : len(common) + 1]), []).append(line)
    if len(groups) > 1:
        for group in groups.values():
            yield from _found(group, judge)


def _said(line: Template) -> tuple[str, ...]:
    """Return what a complaint says, whenever it does."""
    return tuple("" if it.kind in ("time", "amount") else it.text for it in line)


def _common(lines: Sequence[Template]) -> Template:
    """Return the tokens with which all lines begin."""
    first, *others = lines
    size = 0
    while all(len(it) > size for it in lines) and all(
        shape(it[size : size + 1]) == shape(first[size : size + 1]) for it in others
    ):
        size += 1
    return first[:size]


def _cuts(common: Template) -> Iterator[Template]:
    """Yield where a beginning may end: behind each label, or as late as possible if it has none."""
    has_word = has_label = False
    for index, token in enumerate(common):
        has_word = has_word or (token.kind in ("literal", "command") and token.text.isalpha())
        following = common[index + 1].text if index + 1 < len(common) else " "
        ends_label = _is_mark(token.text) and not _is_mark(following)
        if has_word and ends_label and (following.isspace() or not has_label):
            has_label = True
            yield common[: index + 1]
    if not has_label and any(it.is_literal and not it.text.isspace() for it in common):
        yield common


def _is_mark(text: str) -> bool:
    return not text.strip(_MARKS)


def _in_case_of(shown: str, word: str) -> str:
    """Return a word in capitals or not, as another one is."""
    return word.upper() if shown.isupper() else word.title() if shown.istitle() else word
