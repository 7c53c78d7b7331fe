"""Faults at their times."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.runner.timetable import Lift, PlannedFault, run_timetable


def said(log: list[str], name: str) -> Callable[[], Lift]:
    """Return a fault that says when it begins and when it is lifted."""

    def begin() -> Lift:
        log.append(f"{name} begins")
        return lambda: log.append(f"{name} is lifted")

    return begin


def test_each_begins_and_is_lifted_in_its_turn() -> None:
    log: list[str] = []
    plan = [
        PlannedFault(3.0, 1.0, said(log, "late")),
        PlannedFault(0.0, None, said(log, "open")),
        PlannedFault(1.0, 2.5, said(log, "long")),
        PlannedFault(2.0, 0.5, said(log, "short")),
    ]
    run_timetable(plan, lambda _: None)
    assert log == [
        "open begins", "long begins", "short begins", "short is lifted", "late begins",
        "long is lifted", "late is lifted", "open is lifted",
    ]  # fmt: skip


def test_it_waits_until_each_is_due() -> None:
    waits: list[float] = []
    run_timetable([PlannedFault(100.0, 50.0, said([], "one"))], waits.append)
    assert [round(each) for each in waits] == [100, 150]


times = st.floats(0, 100)


@given(st.lists(st.tuples(times, st.none() | times)))
def test_whatever_begins_is_lifted_once_and_after_it_began(
    plan: list[tuple[float, float | None]],
) -> None:
    log: list[str] = []
    named = [PlannedFault(*each, said(log, str(i))) for i, each in enumerate(plan)]
    run_timetable(named, lambda _: None)
    assert len(log) == 2 * len(plan)
    for number in range(len(plan)):
        begun, lifted = log.index(f"{number} begins"), log.index(f"{number} is lifted")
        assert begun < lifted
