"""Acts at the same moment: all are done, and what several raise is all told."""

from __future__ import annotations

import threading

import pytest

from orchestrator.parallel import run_together


def test_all_are_under_way_at_once() -> None:
    barrier = threading.Barrier(3, timeout=20)  # passed by three together, or by none
    run_together([barrier.wait] * 3)
    assert not barrier.broken


def test_nothing_to_do() -> None:
    run_together([])


def test_the_first_failure_is_raised_and_the_others_are_noted() -> None:
    first_is_out, done = threading.Event(), []

    def fail_first() -> None:
        first_is_out.set()
        raise ValueError("one")

    def fail_second() -> None:
        first_is_out.wait(20)
        raise KeyError("two")

    with pytest.raises((ValueError, KeyError)) as caught:
        run_together([fail_first, fail_second, lambda: done.append(1)])
    told = {str(caught.value), *caught.value.__notes__}
    assert told in ({"one", "and at the same time: 'two'"}, {"'two'", "and at the same time: one"})
    assert done == [1]


def test_nobody_waits_for_a_thread_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[threading.Thread] = []
    start = threading.Thread.start

    def start_one(thread: threading.Thread) -> None:
        if begun:
            raise RuntimeError("can't start new thread")
        begun.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    with pytest.raises(RuntimeError, match="can't start"):
        run_together([lambda: None, lambda: None])
    begun[0].join(20)
    assert not begun[0].is_alive()
