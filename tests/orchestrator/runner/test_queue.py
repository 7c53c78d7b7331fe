"""The queue of runs: which one is next for a job."""

from __future__ import annotations

import threading

from orchestrator.cancel import CancelToken
from orchestrator.runner.queue import RunQueue

TWO = ["a", "a", "b", "b"]


def test_one_program_is_done_in_order() -> None:
    queue = RunQueue(["a", "a", "a"], CancelToken())
    assert [queue.take("a"), queue.take("a"), queue.take(), queue.take()] == [0, 1, 2, None]


def test_a_job_stays_with_its_program() -> None:
    queue = RunQueue(["a", "b", "a", "b"], CancelToken())
    assert queue.take() == 0
    assert queue.take() == 1, "another job begins with an idle program"
    assert [queue.take("a"), queue.take("b")] == [2, 3]


def test_another_order_than_that_of_the_numbers() -> None:
    queue = RunQueue(["a", "a", "a"], CancelToken(), order=[2, 0, 1])
    assert [queue.take("a"), queue.take("a"), queue.take(), queue.take()] == [2, 0, 1, None]


def test_a_job_without_work_of_its_program_takes_others() -> None:
    queue = RunQueue(["a", "b", "b"], CancelToken())
    assert [queue.take(), queue.take()] == [0, 1]
    assert queue.take("a") == 2


def test_a_serial_program_has_one_run_at_a_time() -> None:
    queue = RunQueue(TWO, CancelToken(), serial=["a", "b"])
    assert [queue.take(), queue.take()] == [0, 2]
    got: list[int | None] = []
    third = threading.Thread(target=lambda: got.append(queue.take()))
    third.start()
    third.join(0.3)
    assert got == [], "both are being tried"
    queue.done(2)
    third.join(5)
    assert got == [3]


def test_a_program_that_is_no_longer_serial_has_several() -> None:
    queue = RunQueue(["a", "a"], CancelToken(), serial=["a"])
    assert queue.take() == 0
    queue.allow_parallel("a")
    assert queue.take() == 1


def test_cancelling_ends_the_wait() -> None:
    cancel = CancelToken()
    queue = RunQueue(["a", "a"], cancel, serial=["a"])
    assert queue.take() == 0
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    assert queue.take() is None
    timer.join()
