"""Counts and estimates in progress."""

from __future__ import annotations

import pytest

from orchestrator.engines.base import Progress
from orchestrator.engines.counting import ItemCounter, Occasionally, counted
from orchestrator.image.building import _note_step
from orchestrator.parallel import map_parallel, note, watched


class _Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_last_line_gets_the_count_and_an_estimate() -> None:
    lines: list[str] = []
    clock = _Clock()
    counter = ItemCounter(Progress(lines.append, lines.append), clock)
    counter.phase("starting 30 containers")
    counter.count(0, 30)
    clock.now += 0.9
    counter.count(9, 30)  # too early to tell
    clock.now += 1.1
    counter.count(10, 30)
    counter.count(30, 30)  # over
    counter.step("step 1 of 2")
    clock.now += 5
    counter.count(0, 1)
    counter.count(1, 1)  # a single one
    assert lines == [
        "starting 30 containers",
        "starting 30 containers: 10 of 30, about 4 s left",
        "step 1 of 2",
    ]


def test_what_is_done_side_by_side_is_counted_where_it_is_watched() -> None:
    seen: list[tuple[int, int]] = []
    with watched(lambda done, total: seen.append((done, total))):
        assert map_parallel(lambda item: 2 * item, [1, 2, 3]) == [2, 4, 6]
    map_parallel(str, [1])
    note(1, 2)
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_block_ends_with_the_count_of_before() -> None:
    outer: list[str] = []
    inner: list[str] = []
    clock = _Clock()
    with counted(Progress(outer.append, outer.append), clock) as telling:
        telling.phase("outside")
        with counted(Progress(inner.append, inner.append), clock) as within:
            within.step("inside")
            clock.now += 2
            note(1, 3)
        note(2, 3)
    assert inner == ["inside", "inside: 1 of 3, about 4 s left"]
    assert outer == ["outside", "outside: 2 of 3, about 1 s left"]


def test_a_log_has_a_line_now_and_then() -> None:
    lines: list[str] = []
    clock = _Clock()
    say = Occasionally(lines.append, 20, clock)
    for second in range(0, 100, 5):
        clock.now = 100.0 + second
        if second == 45:
            say.postpone()
        say(f"{second}")
    assert lines == ["20", "40", "65", "85"]


@pytest.mark.parametrize(
    ("printed", "seen"),
    [
        ("Sending\nStep 1/9 : FROM base\n ---> x\nStep 3/9 : RUN make\n", [(2, 9)]),
        ("#1 [internal] load\n#5 [2/7] RUN make\n#5 0.3 cc\n#6 [stage-1 4/7] COPY\n", [(3, 7)]),
        ("nothing of the kind [2/3]", []),
    ],
)
def test_the_steps_of_a_build_are_counted(printed: str, seen: list[tuple[int, int]]) -> None:
    found: list[tuple[int, int]] = []
    with watched(lambda done, total: found.append((done, total))):
        _note_step(printed)
    assert found == seen
