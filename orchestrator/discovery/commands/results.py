"""Tell refusals by their mark, and find the values that a program made up. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from orchestrator.discovery.commands.lines import is_of, kinds_of, template_of, values_of
from orchestrator.discovery.commands.replies import Said

_OF_LAB = ("member", "address", "port")  # names of values that belong to the peers


def refusal_mark(nonsense: Iterable[Sequence[str]], replies: Mapping[str, Sequence[Said]]) -> str:
    """Return the word with which refusals begin, such as `ERR`; empty if there is none.

    Replies to nonsense begin so, and most commands have replies that do not: else it may be the
    program's name.

    Args:
        nonsense: what is said about words that no program knows.
        replies: those that seem to have succeeded, by command.
    """
    words = {first_word(lines[0], {}) for lines in nonsense if lines}
    if len(words) != 1 or not (mark := words.pop()):
        return ""
    spoken = {
        name: own for name, all_ in replies.items() if (own := [it for it in all_ if it.lines])
    }
    free = [name for name, own in spoken.items() if not all(has_mark(it, mark) for it in own)]
    return mark if len(free) * 2 > len(spoken) else ""


def has_mark(said: Said, mark: str) -> bool:
    """Return whether a reply begins with a word."""
    return bool(said.lines) and first_word(said.lines[0], said.known) == mark


def first_word(line: str, known: Mapping[str, str]) -> str:
    """Return the first word of a line, behind a time or a number; empty if a value is first."""
    for token in template_of(line, known):
        if token.name:
            return ""
        if token.is_literal and token.text.isalpha():
            return token.text
    return ""


def results_of(replies: Sequence[Said]) -> Iterator[tuple[str, str]]:
    """Yield the values in the last of these replies that no one has typed, each with its name."""
    kinds = kinds_of(template for reply in replies for template in reply.templates)
    for template in replies[-1].templates if replies else ():
        kind = next(it for it in kinds if is_of(it, template))
        for name, value in values_of(kind, template).items():
            if value not in replies[-1].known:
                yield name, value


def returns_stored(said: Said) -> bool:
    """Return whether a reply has a value that another command was given."""
    own = {*said.given, *_OF_LAB}
    known = {value for value, name in said.known.items()
             if value not in said.given.values() and name not in own}  # fmt: skip
    return any(token.text in known for it in said.templates for token in it if token.name)
