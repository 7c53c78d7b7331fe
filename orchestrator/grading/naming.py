"""What programs are called: as their authors write it, and as a folder can be called."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import chain, count

_LONGEST = 60  # characters; of four bytes each, they are still the name of a file
_KEPT = "LMN"  # Unicode's letters, marks on them, and numbers, of all scripts


def fit(name: str) -> str:
    """Return a name as a folder can have it; without a dot, it is none of the files beside it."""
    whole = unicodedata.normalize("NFC", name)
    told = "".join(c if c in "-_" or unicodedata.category(c)[0] in _KEPT else " " for c in whole)
    return re.sub(r" +", "-", told).strip("-")[:_LONGEST] or "program"


def named(wanted: Sequence[tuple[str, str]]) -> list[str]:
    """Return a name for each, no two alike.

    Args:
        wanted: of each its name and, where two have that, another; a number is the last resort.
    """
    times = Counter(first for first, _ in wanted)
    taken: dict[str, None] = {}
    for first, second in wanted:
        name = second if times[first] > 1 else first
        numbered = (f"{name}-{number}" for number in count(2))
        taken[next(each for each in chain([name], numbered) if each not in taken)] = None
    return list(taken)
