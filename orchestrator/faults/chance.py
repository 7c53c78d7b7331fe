"""What chance allows: how few of many trials may succeed before that is no chance any more."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log

ONCE_IN = 1_000_000
"""Trials of which one, at most, is called impossible though it was chance."""


@lru_cache(maxsize=1024)
def fewest(count: int, share: float) -> int:
    """Return of how many successes fewer are practically impossible.

    Args:
        count: trials.
        share: how likely each succeeds, 0 to 1.
    """
    if share <= 0:
        return 0
    if share >= 1:
        return count
    chance = 0.0
    for successes in range(count + 1):
        chance += exp(_log_chance(successes, count, share))
        if chance > 1 / ONCE_IN:
            return successes
    return count


def most(count: int, share: float) -> int:
    """Return of how many successes more are practically impossible."""
    return count - fewest(count, 1 - share)


def _log_chance(successes: int, count: int, share: float) -> float:
    ways = lgamma(count + 1) - lgamma(successes + 1) - lgamma(count - successes + 1)
    return ways + successes * log(share) + (count - successes) * log(1 - share)
