"""Stopwatches: every second is counted once, as time of one kind."""

from __future__ import annotations

import queue
import threading
import time

import pytest

from orchestrator.history.timing import DRIVING, JUDGING, KINDS, STARTING, WAITING, Stopwatch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands at its last number."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[-1])
    return now


def test_nothing_was_measured() -> None:
    assert Stopwatch().seconds == dict.fromkeys(KINDS, 0.0)


def test_what_is_measured_within_something_else_is_taken_off_it(clock: list[float]) -> None:
    watch = Stopwatch()
    with watch.measure(DRIVING):
        clock.append(1.0)
        with watch.measure(WAITING):
            clock.append(3.0)
            with watch.measure(JUDGING):
                clock.append(7.0)
        with watch.measure(WAITING):
            clock.append(15.0)
        clock.append(31.0)
    with watch.measure(DRIVING):
        clock.append(63.0)
    assert watch.seconds == {
        **dict.fromkeys(KINDS, 0.0), DRIVING: 17.0 + 32.0, WAITING: 10.0, JUDGING: 4.0,
    }  # fmt: skip
    assert sum(watch.seconds.values()) == 63.0


def test_an_error_within_is_measured_as_well(clock: list[float]) -> None:
    watch = Stopwatch()

    def fail() -> None:
        with watch.measure(DRIVING):
            clock.append(1.0)
            with watch.measure(STARTING):
                clock.append(5.0)
                raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    assert (watch.seconds[DRIVING], watch.seconds[STARTING]) == (1.0, 4.0)


def test_what_other_threads_do_meanwhile_is_not_counted_twice(clock: list[float]) -> None:
    watch = Stopwatch()

    def beside() -> None:
        with watch.measure(WAITING):
            clock.append(2.0)

    with watch.measure(DRIVING):
        thread = threading.Thread(target=beside)
        thread.start()
        thread.join()
    assert watch.seconds == {**dict.fromkeys(KINDS, 0.0), DRIVING: 2.0}


def test_of_acts_side_by_side_the_one_that_ends_last_counts(clock: list[float]) -> None:
    watch, firsts = Stopwatch(), queue.SimpleQueue[threading.Thread]()

    def first() -> None:
        with watch.measure(JUDGING):
            clock.append(2.0)
        firsts.put(threading.current_thread())

    def last() -> None:
        firsts.get(timeout=30).join()
        with watch.measure(WAITING):
            clock.append(7.0)

    def branch() -> None:
        watch.side_by_side([last])
        clock.append(8.0)

    with watch.measure(DRIVING):
        clock.append(1.0)
        watch.side_by_side([branch, first])
        clock.append(10.0)
    assert watch.seconds == {**dict.fromkeys(KINDS, 0.0), DRIVING: 5.0, WAITING: 5.0}


def test_an_act_beside_others_that_fails_is_measured_as_well(clock: list[float]) -> None:
    watch = Stopwatch()

    def fail() -> None:
        with watch.measure(WAITING):
            clock.append(3.0)
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"), watch.measure(DRIVING):
        watch.side_by_side([fail])
    assert watch.seconds == {**dict.fromkeys(KINDS, 0.0), WAITING: 3.0}
