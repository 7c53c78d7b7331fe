"""Whether one text is what became of another, and how they differ."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.checks.wording import quoted
from orchestrator.text import count

_BETWEEN = 4  # characters that may stand between messages that were shown as one
_AROUND = 12  # characters that are quoted where two texts first differ


def likeness(sent: str, shown: str) -> int:
    """Return how many characters `shown` has kept of `sent`; 0 where it looks unlike it.

    It looks like it when one contains the other, when at least half of the longer is the same
    at the beginning and the end, or when they differ in blanks and case alone.
    """
    if not sent.strip():
        return int(not shown.strip())
    less, more = sorted((len(sent), len(shown)))
    same = common_start(sent, shown)
    if same < less and sent[-1] == shown[-1]:
        same += common_start(sent[same:][::-1], shown[same:][::-1])
    if 2 * same >= more:
        return same
    contained = sent in shown or shown in sent
    return max(1, less) if contained or _alike_but_for_blanks(sent, shown) else 0


def is_rest(sent: str, shown: str) -> bool:
    """Tell whether `shown` may be what was left of `sent`: cut, or blanks and case changed."""
    if not sent.strip():
        return not shown.strip()
    return shown in sent or _alike_but_for_blanks(sent, shown)


def _alike_but_for_blanks(one: str, other: str) -> bool:
    """Tell whether two texts differ in blanks and in case alone."""
    if one.lstrip()[:1].casefold() != other.lstrip()[:1].casefold():
        return False  # the usual case, and texts may be long
    return _squeezed(one) == _squeezed(other)


def _squeezed(text: str) -> str:
    return "".join(text.split()).casefold()


def common_start(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    if one[0] != other[0]:
        return 0
    while low < high:  # slices are compared much faster than characters one by one
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def glued(shown: str, sent: Iterable[str]) -> int:
    """Return how many of the texts sent stand in `shown` one behind the other; 0 for one."""
    place = count = 0
    for text in sent:
        start = shown.find(text, place, place + len(text) + _BETWEEN) if text else -1
        if start < 0:
            break
        place, count = start + len(text), count + 1
    return count if count > 1 and len(shown) - place <= _BETWEEN else 0


def difference(sent: str, shown: str) -> str:
    """Return how a text was changed, in a few words."""
    place = common_start(sent, shown)
    rest, more = sent[place:], shown[place:]
    is_blank = not sent.strip()
    if not more and (rest.strip() or is_blank):
        return f"cut after {place:,} of {count(len(sent), 'character')}"
    if not rest and (more.strip() or is_blank):
        return f"{quoted(more[:_AROUND])} was added at the end"
    if "".join(rest.split()) == "".join(more.split()):
        return f"only blanks changed, first at character {place + 1:,}"
    now, was = quoted(more[:_AROUND]), quoted(rest[:_AROUND])
    return f"from character {place + 1:,} on {now} instead of {was}"
