"""Which script comes next."""

from __future__ import annotations

import threading

from orchestrator.cancel import CancelToken
from orchestrator.runner.queue import RunQueue

TWO = ["a", "a", "b", "b"]


def test_one_program_is_done_in_order() -> None:
    agenda = RunQueue(["a", "a", "a"], CancelToken())
    assert [agenda.take("a"), agenda.take("a"), agenda.take(), agenda.take()] == [0, 1, 2, None]


def test_a_job_stays_with_its_program() -> None:
    agenda = RunQueue(["a", "b", "a", "b"], CancelToken())
    assert agenda.take() == 0
    assert agenda.take() == 1, "another job begins with a program that nobody has"
    assert [agenda.take("a"), agenda.take("b")] == [2, 3]


def test_another_order_than_that_of_the_numbers() -> None:
    agenda = RunQueue(["a", "a", "a"], CancelToken(), order=[2, 0, 1])
    assert [agenda.take("a"), agenda.take("a"), agenda.take(), agenda.take()] == [2, 0, 1, None]


def test_who_is_done_comes_to_the_aid_of_others() -> None:
    agenda = RunQueue(["a", "b", "b"], CancelToken())
    assert [agenda.take(), agenda.take()] == [0, 1]
    assert agenda.take("a") == 2


def test_a_closed_program_is_tried_by_one_at_a_time() -> None:
    agenda = RunQueue(TWO, CancelToken(), closed=["a", "b"])
    assert [agenda.take(), agenda.take()] == [0, 2]
    got: list[int | None] = []
    third = threading.Thread(target=lambda: got.append(agenda.take()))
    third.start()
    third.join(0.3)
    assert got == [], "both are being tried"
    agenda.done(2)
    third.join(5)
    assert got == [3]


def test_an_open_program_is_anybodys() -> None:
    agenda = RunQueue(["a", "a"], CancelToken(), closed=["a"])
    assert agenda.take() == 0
    agenda.open("a")
    assert agenda.take() == 1


def test_the_end_that_was_asked_for_ends_the_wait() -> None:
    stop = CancelToken()
    agenda = RunQueue(["a", "a"], stop, closed=["a"])
    assert agenda.take() == 0
    timer = threading.Timer(0.1, stop.set)
    timer.start()
    assert agenda.take() is None
    timer.join()
