"""Whether the operations on one register fit an order: Wing and Gong's search, made small.

An order fits if each operation takes effect at one moment between its beginning and its end, and
every read gives what was last written. The search places one operation after another (Wing and
Gong, 1993) and never comes twice to the same operations placed with the same value (Lowe, 2017).

A write that may have happened may be placed again and again, unless its kind is counted: see
`orders`. Four things keep the search small, and none changes what it finds:

- A read that gives the present value is placed at once. It changes nothing for the others.
- A write that may have happened is placed only right before one that observes its value.
  Anywhere else it changes nothing, and it never has to be placed.
- Writes of values that nothing observes are placed right before another write, where they change
  nothing, or else all that may come at once.
- Once a value is overwritten, a read of it that is not placed yet needs another write of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from math import inf
from typing import NamedTuple

from orchestrator.checks.index.calls import Call

Value = str | None
"""What a register holds; None before anything is written."""


_COMPARISONS = 50  # that are as much effort as looking at one more arrangement


class Fit(Enum):
    """What a search found."""

    FITS = "fits"
    IMPOSSIBLE = "impossible"
    TOO_MANY = "too many orders"


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """An operation on a register."""

    call: Call
    needs: Value  # the value that it must find, if it must find one
    leaves: Value  # the value that it leaves, if it writes
    must_find: bool  # whether it is a read or a compare-and-set
    writes: bool
    is_required: bool  # whether it surely happened; one that did not may be left out
    start: float  # its position in the history
    end: float  # the position of its outcome; infinite if it may still happen

    def fits(self, value: Value) -> bool:
        """Return whether it may take effect on a value."""
        return not self.must_find or self.needs == value

    def after(self, value: Value) -> Value:
        """Return the value once it has taken effect."""
        return self.leaves if self.writes else value


class Kind(NamedTuple):
    """What some writes that may have happened have in common: which of them did is the same."""

    leaves: Value
    must_find: bool
    needs: Value


@dataclass(frozen=True, slots=True)
class Use:
    """That a write that may have happened was placed, and those that were before it."""

    kind: Kind
    deadline: float  # it began before this
    before: Use | None


@dataclass(frozen=True, slots=True)
class Placed:
    """Which operations have been placed, and what the register holds then."""

    required: int  # bits, by the number of the operation
    optional: int  # the same, of the kinds that are counted
    value: Value
    first: int  # the first required operation by its start that is not placed
    due: int  # the first by its end
    last: Use | None = None  # the last of the writes that may have happened


class Search:
    """One search for an order.

    Args:
        accesses: all operations on the register. Those that did not surely happen count if they
            write.
        limit: how much effort is made at most, about in arrangements that are looked at.
        counted: the kinds of writes that may have happened of which no more may be placed than
            there were.
    """

    def __init__(
        self, accesses: Iterable[Access], limit: int, counted: Collection[Kind] = ()
    ) -> None:
        ordered = sorted(accesses, key=lambda access: access.start)
        self._required = [access for access in ordered if access.is_required]
        self._optional = [access for access in ordered if not access.is_required and access.writes]
        self._limit, self._counted = limit, counted
        self._due = sorted(range(len(self._required)), key=lambda i: self._required[i].end)
        self._seen: defaultdict[tuple[int, Value], list[int]] = defaultdict(list)
        self.effort = 0
        # the kinds that the order that was found uses more often than they had begun
        self.overused: set[Kind] = set()

    def run(self) -> Fit:
        """Search for an order."""
        stack = [self.start]
        while stack:
            placed = stack.pop()
            if self.is_end(placed):
                self.overused = {*self.overused_by(placed.last)}
                return Fit.FITS
            if self._was_seen(placed):
                continue
            if self.effort > self._limit:
                return Fit.TOO_MANY
            stack.extend(self.next(placed))
        return Fit.IMPOSSIBLE

    def overused_by(self, last: Use | None) -> Iterator[Kind]:
        """Yield the kinds that were placed more often, at some time, than had begun by then."""
        left = Counter[Kind]()
        use = last
        while use:
            left[use.kind] += 1
            use = use.before
        use = last
        while use:
            if left[use.kind] > self.begun(use.kind, use.deadline):
                yield use.kind
            left[use.kind] -= 1
            use = use.before

    def _was_seen(self, placed: Placed) -> bool:
        """Return whether this was tried already, or the same with more writes left to place."""
        before = self._seen[placed.required, placed.value]
        self.effort += 1 + len(before) // _COMPARISONS
        if any(one & placed.optional == one for one in before):
            return True
        before.append(placed.optional)
        return False

    def _with_reads(self, placed: Placed) -> Placed:
        """Place every read that may come now and gives the present value."""
        while True:
            reads = [
                number
                for number in self._ready(placed)
                if not self._required[number].writes
                and self._required[number].needs == placed.value
            ]
            if not reads:
                return placed
            mask = placed.required | _mask(reads)
            placed = self._advanced(mask, placed.optional, placed.value, placed)

    def _ready(self, placed: Placed) -> Iterator[int]:
        """Yield the required operations that may come next: they began before any had to end."""
        if placed.due == len(self._due):
            return
        deadline = self._required[self._due[placed.due]].end
        rest = placed.required >> placed.first  # a small number, quick to shift
        for number in range(placed.first, len(self._required)):
            if self._required[number].start >= deadline:
                return
            if not rest & 1:
                yield number
            rest >>= 1

    def _advanced(self, required: int, optional: int, value: Value, before: Placed) -> Placed:
        first, due = before.first, before.due
        while first < len(self._required) and required >> first & 1:
            first += 1
        while due < len(self._due) and required >> self._due[due] & 1:
            due += 1
        return Placed(required, optional, value, first, due, before.last)

    @property
    def start(self) -> Placed:
        """The arrangement with which an order begins."""
        return self._with_reads(Placed(0, 0, None, 0, 0))

    def is_end(self, placed: Placed) -> bool:
        """Return whether every operation that surely happened is placed."""
        return placed.due == len(self._due)

    def deadline(self, placed: Placed) -> float:
        """Return before which position everything has begun that may come next."""
        return inf if self.is_end(placed) else self._required[self._due[placed.due]].end

    def begun(self, kind: Kind, deadline: float) -> int:
        """Return how many writes of a kind may have happened before a position."""
        return sum(self._optional[number].start < deadline for number in self.kinds[kind])

    def next(self, placed: Placed) -> list[Placed]:
        """Return what may come next, the most promising last."""
        ready = list(self._ready(placed))
        deadline = self.deadline(placed)
        wanted = {a.needs for a in (self._required[n] for n in ready) if a.must_find}
        found = list[tuple[bool, float, Placed]]()
        for kind, number in self._optionals(placed, deadline, wanted):
            mask = placed.optional | (1 << number if kind in self._counted else 0)
            after = self._advanced(placed.required, mask, kind.leaves, placed)
            found.append((False, -inf, replace(after, last=Use(kind, deadline, placed.last))))
        unseen = [number for number in ready if self._is_unseen(number)]
        for number in ready:
            access = self._required[number]
            if access.writes and access.fits(placed.value) and number not in unseen[1:]:
                with_it = [number] if access.must_find else [number, *unseen]
                after = self._advanced(
                    placed.required | _mask(with_it), placed.optional, access.leaves, placed
                )
                found.append((access.leaves in wanted, -access.end, after))
        found.sort(key=lambda one: one[:2])
        alive = (after for *_, after in found if not self._is_dead(placed.value, after))
        return [self._with_reads(after) for after in alive]

    def _optionals(
        self, placed: Placed, deadline: float, wanted: set[Value]
    ) -> Iterator[tuple[Kind, int]]:
        """Yield one optional write of each kind that may come next and would be observed."""
        for value in sorted(self._chained(wanted) - {placed.value}, key=str):  # the same each time
            for kind in self._kinds_by_value.get(value, ()):
                free = next((n for n in self.kinds[kind] if not placed.optional >> n & 1), None)
                if free is None or self._optional[free].start >= deadline:
                    continue
                if not kind.must_find or kind.needs == placed.value:
                    yield kind, free

    def _chained(self, wanted: set[Value]) -> set[Value]:
        """Return the values that are wanted, also by a compare-and-set that may have happened."""
        chained = set(wanted)
        while more := {a.needs for a in self._optional_sets if a.leaves in chained} - chained:
            chained |= more
        return chained

    @cached_property
    def _optional_sets(self) -> list[Access]:
        return [access for access in self._optional if access.must_find]

    @cached_property
    def kinds(self) -> dict[Kind, list[int]]:
        """The optional writes, those that do the same together, by their start."""
        kinds = defaultdict[Kind, list[int]](list)
        for number, access in enumerate(self._optional):
            kinds[Kind(access.leaves, access.must_find, access.needs)].append(number)
        return dict(kinds)

    @cached_property
    def _kinds_by_value(self) -> dict[Value, list[Kind]]:
        """The same kinds by the value that they leave."""
        kinds = defaultdict[Value, list[Kind]](list)
        for kind in self.kinds:
            kinds[kind.leaves].append(kind)
        return dict(kinds)

    def _is_dead(self, value: Value, after: Placed) -> bool:
        """Return whether a value that was just overwritten is needed and cannot come back."""
        if value == after.value or not self._observers.get(value, 0) & ~after.required:
            return False
        is_left = self._writers.get(value, 0) & ~after.required
        return not is_left and not self._optional_writers.get(value, 0) & ~after.optional

    def _is_unseen(self, number: int) -> bool:
        """Return whether a required operation writes a value that nothing can observe."""
        access = self._required[number]
        return access.writes and not access.must_find and access.leaves not in self._observable

    @cached_property
    def _observable(self) -> set[Value]:
        everything = (*self._required, *self._optional)
        return {access.needs for access in everything if access.must_find}

    @cached_property
    def _observers(self) -> dict[Value, int]:
        return _bits((n, a.needs) for n, a in enumerate(self._required) if a.must_find)

    @cached_property
    def _writers(self) -> dict[Value, int]:
        return _bits((n, a.leaves) for n, a in enumerate(self._required) if a.writes)

    @cached_property
    def _optional_writers(self) -> dict[Value, int]:
        return _bits((n, a.leaves) for n, a in enumerate(self._optional))


def _mask(numbers: Iterable[int]) -> int:
    """Return numbers as bits."""
    mask = 0
    for number in numbers:
        mask |= 1 << number
    return mask


def _bits(numbered: Iterable[tuple[int, Value]]) -> dict[Value, int]:
    """Return, for each value, the numbers that have it as bits."""
    bits = defaultdict[Value, int](int)
    for number, value in numbered:
        bits[value] |= 1 << number
    return bits
