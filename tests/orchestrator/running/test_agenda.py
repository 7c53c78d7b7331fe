"""Which script comes next."""

from __future__ import annotations

import threading

from orchestrator.running.agenda import Agenda
from orchestrator.stop import Stop

TWO = ["a", "a", "b", "b"]


def test_one_program_is_done_in_order() -> None:
    agenda = Agenda(["a", "a", "a"], Stop())
    assert [agenda.take("a"), agenda.take("a"), agenda.take(), agenda.take()] == [0, 1, 2, None]


def test_a_job_stays_with_its_program() -> None:
    agenda = Agenda(["a", "b", "a", "b"], Stop())
    assert agenda.take() == 0
    assert agenda.take() == 1, "another job begins with a program that nobody has"
    assert [agenda.take("a"), agenda.take("b")] == [2, 3]


def test_another_order_than_that_of_the_numbers() -> None:
    agenda = Agenda(["a", "a", "a"], Stop(), order=[2, 0, 1])
    assert [agenda.take("a"), agenda.take("a"), agenda.take(), agenda.take()] == [2, 0, 1, None]


def test_who_is_done_comes_to_the_aid_of_others() -> None:
    agenda = Agenda(["a", "b", "b"], Stop())
    assert [agenda.take(), agenda.take()] == [0, 1]
    assert agenda.take("a") == 2


def test_a_closed_program_is_tried_by_one_at_a_time() -> None:
    agenda = Agenda(TWO, Stop(), closed=["a", "b"])
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
    agenda = Agenda(["a", "a"], Stop(), closed=["a"])
    assert agenda.take() == 0
    agenda.open("a")
    assert agenda.take() == 1


def test_the_end_that_was_asked_for_ends_the_wait() -> None:
    stop = Stop()
    agenda = Agenda(["a", "a"], stop, closed=["a"])
    assert agenda.take() == 0
    timer = threading.Timer(0.1, stop.set)
    timer.start()
    assert agenda.take() is None
    timer.join()
