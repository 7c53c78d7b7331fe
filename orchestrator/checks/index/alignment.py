"""Which of the texts shown is which of the texts sent, when some of them are equal.

What stands alike at the beginning and at the end belongs together; between, a text that was
sent once and shown once is sure, and the longest row of such that kept its order divides the
rest into gaps. So one message lost, doubled or moved among equal ones is told as just that.
In a gap with as many sent as shown, what is equal in its place belongs together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence

Match = tuple[int, int]
"""A place in what was sent, and the place in what was shown."""


def align(sent: Sequence[str], shown: Sequence[str]) -> list[Match]:
    """Return which is which: as many as can be, each at most once."""
    if set(sent).isdisjoint(shown):
        return []
    matches = list(_in_order(sent, shown))
    matches += _the_rest(sent, shown, matches)
    return matches


def _in_order(sent: Sequence[str], shown: Sequence[str]) -> Iterator[Match]:
    whole = (0, len(sent), 0, len(shown))
    first, last = _alike(sent, shown, *whole)
    yield from first
    yield from last
    middle = (len(first), len(sent) - len(last), len(first), len(shown) - len(last))
    s, t = middle[0], middle[2]
    for i, j in [*_anchors(sent, shown, *middle), (middle[1], middle[3])]:
        yield from _in_gap(sent, shown, s, i, t, j)
        if i < middle[1]:
            yield i, j
        s, t = i + 1, j + 1


def _alike(
    sent: Sequence[str], shown: Sequence[str], s: int, s_end: int, t: int, t_end: int
) -> tuple[list[Match], list[Match]]:
    """Return what is alike at the beginning, and then what is alike at the end."""
    first, last = [], []
    while s < s_end and t < t_end and sent[s] == shown[t]:
        first.append((s, t))
        s, t = s + 1, t + 1
    while s < s_end and t < t_end and sent[s_end - 1] == shown[t_end - 1]:
        s_end, t_end = s_end - 1, t_end - 1
        last.append((s_end, t_end))
    return first, last


def _anchors(
    sent: Sequence[str], shown: Sequence[str], s: int, s_end: int, t: int, t_end: int
) -> list[Match]:
    """Return texts that are there once each, the longest row of them that kept its order."""
    if s == s_end or t == t_end:
        return []
    times = Counter(sent[s:s_end])
    there = Counter(shown[t:t_end])
    places = {sent[i]: i for i in range(s, s_end) if times[sent[i]] == 1}
    once = [(places[shown[j]], j) for j in range(t, t_end)
            if there[shown[j]] == 1 and shown[j] in places]  # fmt: skip
    return _rising(once)


def _rising(matches: Sequence[Match]) -> list[Match]:
    """Return the longest subsequence whose first numbers rise."""
    tails: list[int] = []
    ends: list[int] = []  # which match ends the best row of each length
    before: list[int] = []
    for number, (place, _) in enumerate(matches):
        length = bisect_left(tails, place)
        tails[length : length + 1] = [place]
        ends[length : length + 1] = [number]
        before.append(ends[length - 1] if length else -1)
    row, number = [], ends[-1] if ends else -1
    while number >= 0:
        row.append(matches[number])
        number = before[number]
    return row[::-1]


def _in_gap(
    sent: Sequence[str], shown: Sequence[str], s: int, s_end: int, t: int, t_end: int
) -> Iterator[Match]:
    """Yield what belongs together between two texts that are sure."""
    first, last = _alike(sent, shown, s, s_end, t, t_end)
    yield from first
    yield from last
    s, t = s + len(first), t + len(first)
    s_end, t_end = s_end - len(last), t_end - len(last)
    next_ones = [*_next_equal(sent, shown, s, s_end, t, t_end)]
    in_place: list[Match] = []
    if s_end - s == t_end - t:
        in_place = [(s + n, t + n) for n in range(s_end - s) if sent[s + n] == shown[t + n]]
    yield from max(in_place, next_ones, key=len)


def _next_equal(
    sent: Sequence[str], shown: Sequence[str], s: int, s_end: int, t: int, t_end: int
) -> Iterator[Match]:
    """Yield each text shown with the next equal one sent."""
    next_place = s
    places: dict[str, deque[int]] = defaultdict(deque)
    for i in range(s, s_end):
        places[sent[i]].append(i)
    for j in range(t, t_end):
        equal = places.get(shown[j])
        while equal and equal[0] < next_place:
            equal.popleft()
        if equal:
            next_place = equal.popleft() + 1
            yield next_place - 1, j


def _the_rest(
    sent: Sequence[str], shown: Sequence[str], matches: Sequence[Match]
) -> Iterator[Match]:
    """Yield what did not keep its order."""
    used, done = {i for i, _ in matches}, {j for _, j in matches}
    places: dict[str, deque[int]] = defaultdict(deque)
    for i, text in enumerate(sent):
        if i not in used:
            places[text].append(i)
    for j, text in enumerate(shown):
        if j not in done and places.get(text):
            yield places[text].popleft(), j
