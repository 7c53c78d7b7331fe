"""Bytes are bent in time and in nothing else."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.bends import BOUND, GAP, Line, MeshLock
from sidecar.rules import CLEAR, Bend

FIRST, LAST = min, max  # the least jitter, and the most


class Trial:
    """A line whose clock is turned by hand.

    Attributes:
        now: the time.
        passed: what was passed on, each with its time.
        last: how the direction ended.
    """

    def __init__(self, bend: Bend, line: Line | None = None) -> None:
        self.line = line or Line(bend)
        self.now = 100.0
        self.passed: list[tuple[float, bytes]] = []
        self.last = ""

    def put(self, data: bytes) -> None:
        self.line.put(data, self.now)

    def until(self, then: float) -> None:
        """Do all that is to be done until a time."""
        while not self.last:
            turn = self.line.turn(self.now)
            if turn.data:
                self.passed.append((round(self.now - 100, 6), turn.data))
                self.line.was_passed(self.now)
            self.last = turn.last
            if turn.data or turn.last:
                continue
            if turn.wait is None or self.now + turn.wait > 100 + then:
                break
            self.now += turn.wait
        self.now = 100 + then


def test_straight_bytes_go_at_once() -> None:
    trial = Trial(CLEAR)
    trial.put(b"one")
    trial.put(b"two")
    assert trial.line.turn(100.0) == MeshLock(b"onetwo")
    assert trial.line.turn(100.0) == MeshLock()
    trial.line.end(100.0)
    assert trial.line.turn(100.0) == MeshLock(last="end")


def test_lag_delays_each_and_the_end() -> None:
    trial = Trial(Bend(lag=0.5))
    trial.put(b"one")
    trial.until(0.2)
    trial.put(b"two")
    trial.line.end(trial.now)
    trial.until(0.6)
    assert (trial.passed, trial.last) == ([(0.5, b"one")], "")
    trial.until(0.71)
    assert (trial.passed, trial.last) == ([(0.5, b"one"), (0.7, b"two")], "end")


def test_an_end_alone_lags_as_well() -> None:
    trial = Trial(Bend(lag=0.5))
    trial.line.end(100.0)
    trial.until(0.49)
    assert trial.last == ""
    trial.until(0.5)
    assert trial.last == "end"


def test_jitter_varies_the_lag_and_never_the_order() -> None:
    draws = iter([0.3, -0.3, 0.0])
    trial = Trial(CLEAR, Line(Bend(lag=0.5, jitter=0.3), lambda *_: next(draws)))
    for data in (b"1", b"2", b"3"):
        trial.put(data)
    trial.until(2)
    assert trial.passed == [(0.8, b"123")]
    early = Trial(CLEAR, Line(Bend(lag=0.1, jitter=0.3), FIRST))
    early.put(b"1")
    early.until(1)
    assert early.passed == [(0.0, b"1")]


def test_pieces_go_one_by_one_with_a_gap() -> None:
    trial = Trial(Bend(pieces=2))
    trial.put(b"abc")
    trial.put(b"de")
    trial.line.end(trial.now)
    trial.until(1)
    assert [data for _, data in trial.passed] == [b"ab", b"cd", b"e"]
    assert [at for at, _ in trial.passed] == [0.0, GAP, 2 * GAP]
    assert trial.last == "end"


def test_hold_collects_since_the_first_and_glues() -> None:
    trial = Trial(Bend(hold=0.5))
    for at in (0.0, 0.2, 0.49, 0.6):
        trial.until(at)
        trial.put(str(at).encode())
    trial.until(2)
    assert trial.passed == [(0.5, b"0.00.20.49"), (1.1, b"0.6")]


def test_hold_passes_on_in_one_go_whatever_the_size() -> None:
    trial = Trial(Bend(hold=0.5))
    for _ in range(10):
        trial.put(b"x" * 65536)
    trial.until(1)
    assert [len(data) for _, data in trial.passed] == [655360]


def test_held_bytes_lag_and_are_cut_afterwards() -> None:
    trial = Trial(Bend(lag=0.25, hold=0.5, pieces=3))
    trial.put(b"ab")
    trial.until(0.1)
    trial.put(b"cd")
    trial.until(2)
    assert trial.passed == [(0.75, b"abc"), (0.75 + GAP, b"d")]


def test_reset_comes_after_that_many_bytes() -> None:
    trial = Trial(Bend(reset=5))
    trial.put(b"abc")
    trial.until(0.1)
    trial.put(b"defgh")
    trial.until(1)
    assert (trial.passed, trial.last) == ([(0.0, b"abc"), (0.1, b"de")], "reset")


def test_reset_after_nothing_comes_at_once_and_one_that_is_not_reached_never() -> None:
    assert Line(Bend(reset=0)).turn(0.0) == MeshLock(last="reset")
    trial = Trial(Bend(reset=5))
    trial.put(b"abcd")
    trial.line.end(trial.now)
    trial.until(1)
    assert trial.last == "end"


def test_a_reset_counts_from_when_it_is_asked_for() -> None:
    trial = Trial(CLEAR)
    trial.put(b"x" * 1000)
    trial.until(0.1)
    trial.line.change(Bend(reset=3))
    trial.line.change(Bend(reset=3, pieces=1))
    trial.put(b"abcd")
    trial.until(1)
    assert (b"".join(data for _, data in trial.passed[1:]), trial.last) == (b"abc", "reset")


def test_what_waits_goes_on_under_the_new_bend() -> None:
    trial = Trial(Bend(lag=10))
    trial.put(b"one")
    trial.line.end(trial.now)
    trial.until(1)
    trial.line.change(CLEAR)
    trial.until(1)
    assert (trial.passed, trial.last) == ([(1.0, b"one")], "end")


def test_a_change_counts_from_when_bytes_came() -> None:
    trial = Trial(CLEAR)
    trial.line.change(Bend(hold=5))
    trial.put(b"one")
    trial.until(1)
    trial.put(b"two")
    trial.line.change(Bend(lag=2))
    trial.until(9)
    assert trial.passed == [(2.0, b"one"), (3.0, b"two")]


def test_the_same_bend_again_changes_nothing() -> None:
    line = Line(Bend(lag=0.5, jitter=0.5), LAST)
    line.put(b"x", 0.0)
    line.change(Bend(lag=0.5, jitter=0.5))
    assert line.turn(0.0) == MeshLock(wait=1.0)


def test_what_waits_is_bounded() -> None:
    line = Line(Bend(lag=1))
    while line.has_room:
        line.put(b"x" * 1000, 0.0)
    assert BOUND <= line.size < BOUND + 1000
    line.turn(1.0)
    assert line.has_room


MAYBE = st.none() | st.integers(1, 9)
SECONDS = st.sampled_from([0.0, 0.0, 0.001, 0.3, 2.0])
BENDS = st.builds(Bend, lag=SECONDS, jitter=SECONDS, pieces=MAYBE, hold=SECONDS)
STEPS = st.lists(
    st.binary(max_size=40) | st.sampled_from([0.0005, 0.1, 0.7, 3.0]) | BENDS, max_size=30
)


@settings(max_examples=300)
@given(BENDS, STEPS)
def test_bytes_and_their_order_stay_whatever_happens(bend: Bend, steps: list[object]) -> None:
    trial = Trial(bend)
    sent = b""
    for step in steps:
        if isinstance(step, bytes):
            trial.put(step)
            sent += step
        elif isinstance(step, float):
            trial.until(trial.now - 100 + step)
        elif isinstance(step, Bend):
            trial.line.change(step)
        bend = trial.line.bend
    trial.line.end(trial.now)
    trial.until(1000)
    assert b"".join(data for _, data in trial.passed) == sent
    assert trial.last == "end"
    assert trial.line.size == 0


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1), st.integers(0, 60), MAYBE)
def test_a_reset_passes_exactly_its_bytes(
    chunks: list[bytes], reset: int, pieces: int | None
) -> None:
    trial = Trial(Bend(reset=reset, pieces=pieces))
    for chunk in chunks:
        trial.put(chunk)
    trial.line.end(trial.now)
    trial.until(10)
    whole = b"".join(chunks)
    assert b"".join(data for _, data in trial.passed) == whole[:reset]
    assert trial.last == ("reset" if len(whole) >= reset else "end")


@given(st.lists(st.binary(min_size=1, max_size=40)), st.integers(1, 9))
def test_no_piece_is_larger_than_asked(chunks: list[bytes], pieces: int) -> None:
    trial = Trial(Bend(pieces=pieces))
    for chunk in chunks:
        trial.put(chunk)
    trial.until(10)
    sizes = [len(data) for _, data in trial.passed]
    assert all(size == pieces for size in sizes[:-1])
    times = [at for at, _ in trial.passed]
    assert all(later - earlier >= GAP * 0.99 for earlier, later in pairwise(times))
