"""Lines that stand above or below every reply of a program, whatever it says. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

from orchestrator.discovery.evidence import last_lines
from orchestrator.discovery.repeats import line_shape

_MOST_CLOSING = 2  # lines below what is said


def heads(replies: Sequence[Sequence[str]]) -> set[tuple[str, ...]]:
    """Return the shapes of lines that stand above every reply, such as a status.

    They are in the greeting as well, and a reply to nonsense says more below them.

    Args:
        replies: the greeting, and the replies to nonsense.
    """
    greeted, *said = ([line_shape(line, ()) for line in reply] for reply in replies)
    same = itertools.takewhile(
        lambda it: it[0] in greeted and set(it) == {it[0]}, zip(*said, strict=False)
    )
    heads = [shapes[0] for shapes in same]
    bodies = (reply[len(heads) :] for reply in replies[1:])
    return set(heads) if all(map(has_word, bodies)) else set()


def perhaps_closing(replies: Sequence[Sequence[str]], typed: Sequence[str]) -> list[str]:
    """Return lines that may end every reply, by those to nonsense, as they were the last time.

    They end the greeting as well, like a prompt, and may be all that is printed; or they stand
    below what is said, like `Done.` or `took 3 ms`: the reply to a command shows whether that is
    not advice for those who mistype.

    Args:
        replies: the greeting, and the replies to nonsense.
        typed: that nonsense.
    """
    greeting, *nonsense = replies
    marked = [["x" * number, *reply[1:]] for number, reply in enumerate(nonsense, 1)]
    below = last_alike(marked, typed)
    is_closing = len(below) <= _MOST_CLOSING and all(has_word([line]) for line in below)
    shown = _common([greeting[-len(nonsense[0]) :], *nonsense])
    return last_alike(replies, ["", *typed]) or shown or (below if is_closing else [])


def status_lines(replies: Sequence[Sequence[str]], typed: Sequence[str]) -> list[str]:
    """Return lines above the prompt that tell how things stand, such as `[2 online]`.

    They end the greeting and every reply, begin with a sign, have a number, and are not all that
    was said. Arguments as above.
    """
    ends = last_alike(replies, ["", *typed])
    return [line for line in ends if re.match(r"\s*[^\w\s].*\d", line)]


def last_alike(replies: Sequence[Sequence[str]], typed: Sequence[str]) -> list[str]:
    """Return the lines of the last reply with which all end, whatever numbers they have.

    Args:
        replies: the first may be the greeting.
        typed: what each answers.
    """
    shapes = [
        [repr(line_shape(line, [word])) for line in reply]
        for reply, word in zip(replies, typed, strict=True)
    ]
    *_, last = replies
    count = max(len(last_lines(replies)), len(last_lines(shapes)))  # it may name what was typed
    return [*last[len(last) - count :]]


def is_alike(line: str, typed: Sequence[str], known: Iterable[str]) -> bool:
    """Return whether a line is one of those known ones, with other numbers perhaps."""
    shape = line_shape(line, typed)
    return any(line == other or shape == line_shape(other, ()) for other in known)


def is_recognisable(line: str) -> bool:
    """Return whether no other line begins like this one by chance, as with a number alone."""
    return bool(re.search(r"[^\W\d_]|^\s*[^\w\s]", line))


def _common(replies: Sequence[Sequence[str]]) -> list[str]:
    """Return a reply if all are the same."""
    return [*replies[0]] if all([*it] == [*replies[0]] for it in replies) else []


def has_word(lines: Iterable[str]) -> bool:
    """Return whether lines are more than rules and blanks."""
    return any(re.search(r"\w", line) for line in lines)
