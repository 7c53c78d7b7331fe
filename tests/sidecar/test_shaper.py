"""Bytes are shaped in time and in nothing else."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.ruleset import CLEAR, Shape
from sidecar.shaper import BOUND, GAP, Action, StreamShaper
from tests.repeats import times

FIRST, LAST = min, max  # the least jitter, and the most


class ShaperRun:
    """A shaper with a clock that is set by hand.

    Attributes:
        now: the time.
        passed: what was passed on, with times.
        last: how the direction ended.
    """

    def __init__(self, shape: Shape, shaper: StreamShaper | None = None) -> None:
        self.shaper = shaper or StreamShaper(shape)
        self.now = 100.0
        self.passed: list[tuple[float, bytes]] = []
        self.last = ""

    def put(self, data: bytes) -> None:
        self.shaper.put(data, self.now)

    def until(self, then: float) -> None:
        """Do everything that is due until a time."""
        while not self.last:
            action = self.shaper.next_action(self.now)
            if action.data:
                self.passed.append((round(self.now - 100, 6), action.data))
                self.shaper.was_passed(self.now)
            self.last = action.last
            if action.data or action.last:
                continue
            if action.wait is None or self.now + action.wait > 100 + then:
                break
            self.now += action.wait
        self.now = 100 + then


def test_clear_bytes_pass_at_once() -> None:
    run = ShaperRun(CLEAR)
    run.put(b"one")
    run.put(b"two")
    assert run.shaper.next_action(100.0) == Action(b"onetwo")
    assert run.shaper.next_action(100.0) == Action()
    run.shaper.end(100.0)
    assert run.shaper.next_action(100.0) == Action(last="end")


def test_lag_delays_every_chunk_and_the_end() -> None:
    run = ShaperRun(Shape(lag=0.5))
    run.put(b"one")
    run.until(0.2)
    run.put(b"two")
    run.shaper.end(run.now)
    run.until(0.6)
    assert (run.passed, run.last) == ([(0.5, b"one")], "")
    run.until(0.71)
    assert (run.passed, run.last) == ([(0.5, b"one"), (0.7, b"two")], "end")


def test_an_end_alone_lags_as_well() -> None:
    run = ShaperRun(Shape(lag=0.5))
    run.shaper.end(100.0)
    run.until(0.49)
    assert run.last == ""
    run.until(0.5)
    assert run.last == "end"


def test_jitter_varies_the_lag_and_never_the_order() -> None:
    draws = iter([0.3, -0.3, 0.0])
    run = ShaperRun(CLEAR, StreamShaper(Shape(lag=0.5, jitter=0.3), lambda *_: next(draws)))
    for data in (b"1", b"2", b"3"):
        run.put(data)
    run.until(2)
    assert run.passed == [(0.8, b"123")]
    early = ShaperRun(CLEAR, StreamShaper(Shape(lag=0.1, jitter=0.3), FIRST))
    early.put(b"1")
    early.until(1)
    assert early.passed == [(0.0, b"1")]


def test_pieces_pass_one_by_one_with_a_gap() -> None:
    run = ShaperRun(Shape(pieces=2))
    run.put(b"abc")
    run.put(b"de")
    run.shaper.end(run.now)
    run.until(1)
    assert [data for _, data in run.passed] == [b"ab", b"cd", b"e"]
    assert [at for at, _ in run.passed] == [0.0, GAP, 2 * GAP]
    assert run.last == "end"


def test_hold_collects_from_the_first_byte_and_glues() -> None:
    run = ShaperRun(Shape(hold=0.5))
    for at in (0.0, 0.2, 0.49, 0.6):
        run.until(at)
        run.put(str(at).encode())
    run.until(2)
    assert run.passed == [(0.5, b"0.00.20.49"), (1.1, b"0.6")]


def test_hold_passes_any_size_in_one_go() -> None:
    run = ShaperRun(Shape(hold=0.5))
    for _ in range(10):
        run.put(b"x" * 65536)
    run.until(1)
    assert [len(data) for _, data in run.passed] == [655360]


def test_held_bytes_lag_and_are_cut_afterwards() -> None:
    run = ShaperRun(Shape(lag=0.25, hold=0.5, pieces=3))
    run.put(b"ab")
    run.until(0.1)
    run.put(b"cd")
    run.until(2)
    assert run.passed == [(0.75, b"abc"), (0.75 + GAP, b"d")]


def test_reset_comes_after_that_many_bytes() -> None:
    run = ShaperRun(Shape(reset=5))
    run.put(b"abc")
    run.until(0.1)
    run.put(b"defgh")
    run.until(1)
    assert (run.passed, run.last) == ([(0.0, b"abc"), (0.1, b"de")], "reset")


def test_reset_after_zero_bytes_is_immediate_and_an_unreached_one_never_comes() -> None:
    assert StreamShaper(Shape(reset=0)).next_action(0.0) == Action(last="reset")
    run = ShaperRun(Shape(reset=5))
    run.put(b"abcd")
    run.shaper.end(run.now)
    run.until(1)
    assert run.last == "end"


def test_a_reset_counts_from_when_it_is_asked_for() -> None:
    run = ShaperRun(CLEAR)
    run.put(b"x" * 1000)
    run.until(0.1)
    run.shaper.change(Shape(reset=3))
    run.shaper.change(Shape(reset=3, pieces=1))
    run.put(b"abcd")
    run.until(1)
    assert (b"".join(data for _, data in run.passed[1:]), run.last) == (b"abc", "reset")


def test_waiting_bytes_follow_the_new_shape() -> None:
    run = ShaperRun(Shape(lag=10))
    run.put(b"one")
    run.shaper.end(run.now)
    run.until(1)
    run.shaper.change(CLEAR)
    run.until(1)
    assert (run.passed, run.last) == ([(1.0, b"one")], "end")


def test_a_change_counts_from_when_bytes_came() -> None:
    run = ShaperRun(CLEAR)
    run.shaper.change(Shape(hold=5))
    run.put(b"one")
    run.until(1)
    run.put(b"two")
    run.shaper.change(Shape(lag=2))
    run.until(9)
    assert run.passed == [(2.0, b"one"), (3.0, b"two")]


def test_setting_the_same_shape_changes_nothing() -> None:
    shaper = StreamShaper(Shape(lag=0.5, jitter=0.5), LAST)
    shaper.put(b"x", 0.0)
    shaper.change(Shape(lag=0.5, jitter=0.5))
    assert shaper.next_action(0.0) == Action(wait=1.0)


def test_waiting_bytes_are_bounded() -> None:
    shaper = StreamShaper(Shape(lag=1))
    while shaper.has_room:
        shaper.put(b"x" * 1000, 0.0)
    assert BOUND <= shaper.size < BOUND + 1000
    shaper.next_action(1.0)
    assert shaper.has_room


MAYBE = st.none() | st.integers(1, 9)
SECONDS = st.sampled_from([0.0, 0.0, 0.001, 0.3, 2.0])
SHAPES = st.builds(Shape, lag=SECONDS, jitter=SECONDS, pieces=MAYBE, hold=SECONDS, reset=st.none())
STEPS = st.lists(
    st.binary(max_size=40) | st.sampled_from([0.0005, 0.1, 0.7, 3.0]) | SHAPES, max_size=30
)


@settings(max_examples=times(60, 300))
@given(SHAPES, STEPS)
def test_bytes_and_their_order_never_change(shape: Shape, steps: list[object]) -> None:
    run = ShaperRun(shape)
    sent = b""
    for step in steps:
        if isinstance(step, bytes):
            run.put(step)
            sent += step
        elif isinstance(step, float):
            run.until(run.now - 100 + step)
        elif isinstance(step, Shape):
            run.shaper.change(step)
        shape = run.shaper.shape
    run.shaper.end(run.now)
    run.until(1000)
    assert b"".join(data for _, data in run.passed) == sent
    assert run.last == "end"
    assert run.shaper.size == 0


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1), st.integers(0, 60), MAYBE)
def test_a_reset_passes_exactly_its_bytes(
    chunks: list[bytes], reset: int, pieces: int | None
) -> None:
    run = ShaperRun(Shape(reset=reset, pieces=pieces))
    for chunk in chunks:
        run.put(chunk)
    run.shaper.end(run.now)
    run.until(10)
    whole = b"".join(chunks)
    assert b"".join(data for _, data in run.passed) == whole[:reset]
    assert run.last == ("reset" if len(whole) >= reset else "end")


@given(st.lists(st.binary(min_size=1, max_size=40)), st.integers(1, 9))
def test_no_piece_is_larger_than_asked(chunks: list[bytes], pieces: int) -> None:
    run = ShaperRun(Shape(pieces=pieces))
    for chunk in chunks:
        run.put(chunk)
    run.until(10)
    sizes = [len(data) for _, data in run.passed]
    assert all(size == pieces for size in sizes[:-1])
    times = [at for at, _ in run.passed]
    assert all(later - earlier >= GAP * 0.99 for earlier, later in pairwise(times))
