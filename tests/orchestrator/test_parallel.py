"""Actions at the same moment: all are done, and all their errors are reported."""

from __future__ import annotations

import threading

import pytest

from orchestrator.parallel import map_parallel, run_together


def test_all_actions_run_at_once() -> None:
    barrier = threading.Barrier(3, timeout=20)  # passed by three together, or by none
    run_together([barrier.wait] * 3)
    assert not barrier.broken


def test_there_may_be_nothing_to_do() -> None:
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
    raised = {str(caught.value), *caught.value.__notes__}
    assert raised in (
        {"one", "and at the same time: 'two'"},
        {"'two'", "and at the same time: one"},
    )
    assert done == [1]


def test_no_thread_waits_for_one_that_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_results_come_in_the_order_of_the_items() -> None:
    barrier = threading.Barrier(2, timeout=20)

    def work(item: int) -> int:
        barrier.wait()
        return item * 10

    assert map_parallel(work, [3, 1, 2, 4]) == [30, 10, 20, 40]
    with pytest.raises(ZeroDivisionError):
        map_parallel(lambda item: 1 // item, [1, 0, 2])
