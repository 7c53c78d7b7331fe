"""Planned faults begin and end at their times."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.runner.fault_steps import Lift, PlannedFault, run_timetable


def logged(log: list[str], name: str) -> Callable[[], Lift]:
    """Return a fault that logs when it begins and when it is lifted."""

    def begin() -> Lift:
        log.append(f"{name} begins")
        return lambda: log.append(f"{name} is lifted")

    return begin


def test_faults_begin_and_are_lifted_in_order() -> None:
    log: list[str] = []
    plan = [
        PlannedFault(3.0, 1.0, logged(log, "late")),
        PlannedFault(0.0, None, logged(log, "open")),
        PlannedFault(1.0, 2.5, logged(log, "long")),
        PlannedFault(2.0, 0.5, logged(log, "short")),
    ]
    run_timetable(plan, lambda _: None)
    assert log == [
        "open begins", "long begins", "short begins", "short is lifted", "late begins",
        "long is lifted", "late is lifted", "open is lifted",
    ]  # fmt: skip


def test_it_waits_until_a_fault_is_due() -> None:
    waits: list[float] = []
    run_timetable([PlannedFault(100.0, 50.0, logged([], "one"))], waits.append)
    assert [round(wait) for wait in waits] == [100, 150]


SECONDS = st.floats(0, 100)


@given(st.lists(st.tuples(SECONDS, st.none() | SECONDS)))
def test_every_fault_is_lifted_once_after_it_began(
    plan: list[tuple[float, float | None]],
) -> None:
    log: list[str] = []
    named = [PlannedFault(*times, logged(log, str(number))) for number, times in enumerate(plan)]
    run_timetable(named, lambda _: None)
    assert len(log) == 2 * len(plan)
    for number in range(len(plan)):
        begun, lifted = log.index(f"{number} begins"), log.index(f"{number} is lifted")
        assert begun < lifted
