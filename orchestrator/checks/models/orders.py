"""Whether operations on one register fit an order, with the writes that may have happened counted.

If such writes could happen again and again, there would be few arrangements of operations: what is
placed, and what the register holds then. `linearizability` looks for an order among them. It is one
if it takes no write more often than it may have happened; often it is not, for it takes those where
others would do.

So all arrangements are worked out once, and ways through them are sought by price: each such write
costs something, and more if the cheapest way before took too many of its kind. That finds nearly
every order there is. If it does not, all ways are tried that can still be paid with what there is.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from orchestrator.checks.models.linearizability import Access, Fit, Kind, Placed, Search, Use, Value

_QUICK = 15_000  # effort before all arrangements are worked out
_MOST_NODES = 40_000  # arrangements that are worked out
_ROUNDS = 8  # in which prices rise
_RISE = 1.5  # times the price of a kind that was taken too often
_NODES = 4  # whose cheapest rest is as much effort as looking at one more arrangement
_COMPARISONS = 50  # that are as much effort as looking at one more arrangement
_ROUNDING = 1e-6


def search(accesses: Sequence[Access], limit: int) -> tuple[Fit, int]:
    """Return whether the operations on one register fit an order, and the effort that it took.

    Args:
        accesses: all operations on the register. Those that did not surely happen count if they
            write.
        limit: how much effort is made at most, about in arrangements that are looked at.
    """
    quick = Counting(accesses)
    if (found := quick.run(min(limit, _QUICK))) is not Fit.TOO_MANY or limit <= _QUICK:
        return found, quick.effort
    ways = Ways(Search(accesses, limit))
    found = ways.find(limit - quick.effort)
    if found is Fit.TOO_MANY and ways.are_too_many:
        return quick.run(limit), quick.effort
    return found, quick.effort + ways.effort


class Counting:
    """A search in which more and more kinds are counted, as orders take too many of them."""

    def __init__(self, accesses: Sequence[Access]) -> None:
        self._accesses = accesses
        self._counted = set[Kind]()
        self.effort = 0

    def run(self, limit: int) -> Fit:
        """Return whether there is an order, with no more effort than this in all."""
        while True:
            one = Search(self._accesses, limit - self.effort, self._counted)
            found = one.run()
            self.effort += one.effort
            if found is not Fit.FITS or not one.overused:
                return found
            self._counted |= one.overused


@dataclass(slots=True, eq=False)
class _Node:
    """An arrangement, and those before and behind it, with what is taken on the way."""

    deadline: float  # what is placed next began before this
    is_end: bool
    next: list[tuple[_Node, Kind | None]] = field(default_factory=list)
    before: list[tuple[_Node, Kind | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to an arrangement: how many it has taken of each kind that counts, and the last."""

    node: _Node
    taken: tuple[int, ...]
    last: Use | None


class Ways:
    """The ways through all arrangements of the operations on one register."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._nodes: dict[tuple[int, Value], _Node] = {}
        self.effort = 0
        self.are_too_many = False  # whether not all arrangements were worked out

    def find(self, limit: int) -> Fit:
        """Return whether there is a way that takes no more of each kind than there is."""
        if not self._work_out(min(limit, _MOST_NODES)):
            self.are_too_many = True
            return Fit.TOO_MANY
        if not any(node.is_end for node in self._nodes.values()):  # all can be reached
            return Fit.IMPOSSIBLE
        prices = dict.fromkeys(self._search.kinds, 1.0)
        for _ in range(_ROUNDS):
            overused = self._overused(prices)
            if not overused:
                return Fit.FITS
            if self.effort > limit:
                return Fit.TOO_MANY
            for kind in overused:
                prices[kind] *= _RISE
        counted = {kind for kind, price in prices.items() if price > 1}
        while True:
            found, more = self._try_all(prices, counted, limit)
            if not more:
                return found
            counted |= more

    def _work_out(self, most: int) -> bool:
        """Work out all arrangements; return whether they are few enough."""
        self._first = self._node(self._search.start)
        stack = [self._search.start]
        while stack and len(self._nodes) <= most:
            placed = stack.pop()
            here = self._node(placed)
            for after in () if here.is_end else self._search.next(placed):
                is_new = (after.required, after.value) not in self._nodes
                there = self._node(after)
                kind = after.last.kind if after.last and after.last is not placed.last else None
                here.next.append((there, kind))
                there.before.append((here, kind))
                if is_new:
                    stack.append(after)
        self.effort += len(self._nodes)
        return not stack

    def _node(self, placed: Placed) -> _Node:
        key = placed.required, placed.value
        if key not in self._nodes:
            is_end = self._search.is_end(placed)
            self._nodes[key] = _Node(self._search.deadline(placed), is_end)
        return self._nodes[key]

    # By price

    def _rest(self, prices: Mapping[Kind, float]) -> dict[_Node, float]:
        """Return the price of the cheapest way from each arrangement to an end, if it has one."""
        found: dict[_Node, float] = {}
        ends = [node for node in self._nodes.values() if node.is_end]
        queue = [(0.0, number, node) for number, node in enumerate(ends)]
        count = len(queue)
        while queue:
            price, _, node = heapq.heappop(queue)
            if node in found:
                continue
            found[node] = price
            for one, kind in node.before:
                if one not in found:
                    count += 1  # nodes of one price cannot be compared
                    more = prices.get(kind, 0.0) if kind else 0.0
                    heapq.heappush(queue, (price + more, count, one))
        self.effort += len(found) // _NODES
        return found

    def _overused(self, prices: Mapping[Kind, float]) -> set[Kind]:
        """Return the kinds that the cheapest way uses more often than they had begun by then."""
        rest, node, last = self._rest(prices), self._first, None
        while not node.is_end:
            ways = [(rest[there] + (prices[kind] if kind else 0.0), there, kind)
                    for there, kind in node.next if there in rest]  # fmt: skip
            _, there, kind = min(ways, key=lambda way: way[0])
            last = Use(kind, node.deadline, last) if kind else last
            node = there
        return {*self._search.overused_by(last)}

    # All ways

    def _try_all(
        self, prices: Mapping[Kind, float], counted: Collection[Kind], limit: int
    ) -> tuple[Fit, set[Kind]]:
        """Try all ways, except those that have taken more at some place than another one.

        Returns what was found; or the kinds that must be counted too, for a way took too many.
        """
        rest = self._rest(prices)
        kinds = [*counted]
        places = {kind: place for place, kind in enumerate(kinds)}
        budget = sum(prices[kind] * self._search.begun(kind, inf) for kind in kinds)
        least = self._rest({kind: prices[kind] for kind in kinds})
        seen = defaultdict[_Node, list[tuple[int, ...]]](list)
        stack = [_Way(self._first, (0,) * len(kinds), None)]
        while stack:
            way = stack.pop()
            if way.node.is_end:
                return Fit.FITS, {*self._search.overused_by(way.last)}
            before = seen[way.node]
            self.effort += 1 + len(before) // _COMPARISONS
            if any(_is_within(one, way.taken) for one in before):
                continue
            if self.effort > limit:
                return Fit.TOO_MANY, set()
            before.append(way.taken)
            further = [(rest[one.node], one) for one in self._further(way, places)
                       if one.node in rest]  # fmt: skip
            further.sort(key=lambda one: -one[0])
            for _, one in further:
                paid = sum(prices[kinds[i]] * count for i, count in enumerate(one.taken))
                if paid + least[one.node] <= budget + _ROUNDING:
                    stack.append(one)
        return Fit.IMPOSSIBLE, set()

    def _further(self, way: _Way, places: Mapping[Kind, int]) -> list[_Way]:
        """Return the ways that go one step further and take no more of a kind than there is."""
        found = []
        for there, kind in way.node.next:
            if kind is None:
                found.append(_Way(there, way.taken, way.last))
                continue
            taken, place = way.taken, places.get(kind)
            if place is not None:
                if taken[place] >= self._search.begun(kind, way.node.deadline):
                    continue
                taken = (*taken[:place], taken[place] + 1, *taken[place + 1 :])
            found.append(_Way(there, taken, Use(kind, way.node.deadline, way.last)))
        return found


def _is_within(one: Sequence[int], other: Sequence[int]) -> bool:
    return all(few <= many for few, many in zip(one, other, strict=True))
