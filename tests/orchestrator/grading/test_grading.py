"""Gradings on real engines: who is blamed for what, whatever the order."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from orchestrator.cancel import RunCancelledError
from orchestrator.checks.judged_run import load
from orchestrator.engines.base import Engine, Peer, Say
from orchestrator.errors import EngineError
from orchestrator.grading.results import Grade, Outcome, Result
from orchestrator.profile import Profile
from orchestrator.scenario import EngineName
from tests.orchestrator.grading.course import Course, outcomes
from tests.orchestrator.grading.submissions import (
    DIES,
    MUTE,
    STRANGE,
    disaster,
    right,
    squeezing,
)
from tests.orchestrator.grading.support import RecordingDisplay
from tests.orchestrator.harness import marks

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN
LACKING, NOT_RUN = Outcome.LACKING, Outcome.NOT_RUN

READER = """from orchestrator.profile import Reader


class Mine(Reader):
    def __init__(self, profile):
        raise KeyError('a mistake')
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course with right and wrong programs, wrong profiles and disasters."""
    one = Course(tmp_path_factory.mktemp("course"))
    right(one.programs, "anna")
    squeezing(one.programs, "bert")
    disaster(one.programs, "cleo", DIES)
    disaster(one.programs, "dora", MUTE)
    disaster(one.programs, "emil", STRANGE)
    (one.programs / "fred").mkdir()
    (one.programs / "fred/profile.yaml").write_text("name: [")
    right(one.programs, "gina", without="terminate", lacks=True)
    right(one.programs, "hans", without="terminate")
    folder = right(one.programs, "ines")
    (folder / "reader.py").write_text(READER)
    path = folder / "profile.yaml"
    path.write_text(path.read_text() + "reader: reader.py:Mine\n")
    return one


@pytest.fixture(scope="module")
def grades(course: Course) -> dict[str, Grade]:
    return {grade.program: grade for grade in course.grade(jobs=3)}


pytestmark = pytest.mark.timeout(120)  # the first test grades the whole course


def test_a_right_program_gets_all_points(grades: dict[str, Grade]) -> None:
    anna = grades["anna"]
    assert outcomes(anna) == [PASSED, PASSED, PASSED]
    assert (anna.points, anna.total, anna.extra, anna.passes) == (10, 8, 2, True)


def test_a_wrong_program_loses_the_points_of_what_it_breaks(grades: dict[str, Grade]) -> None:
    assert outcomes(grades["bert"]) == [PASSED, FAILED, PASSED]
    assert grades["bert"].findings == {"blanks": ["changes"]}
    assert grades["bert"].passes


def test_a_program_that_does_not_start_fails_two_tests(grades: dict[str, Grade]) -> None:
    assert outcomes(grades["cleo"]) == [FAILED, FAILED, NOT_RUN]
    assert "exited with status 3" in grades["cleo"].results[0].reason
    assert not grades["cleo"].passes
    assert outcomes(grades["dora"]) == [FAILED, FAILED, NOT_RUN]
    assert grades["dora"].results[2].reason == "it did not start for hello and blanks either"


def test_what_the_lab_cannot_tell_is_unknown(grades: dict[str, Grade]) -> None:
    assert outcomes(grades["emil"]) == [UNKNOWN] * 3
    assert outcomes(grades["fred"]) == [UNKNOWN] * 3
    assert "profile is wrong" in grades["fred"].results[0].reason
    assert outcomes(grades["ines"]) == [UNKNOWN] * 3
    assert "a mistake" in grades["ines"].results[0].reason, "the mistake of its reader"
    certain = {name for name, grade in grades.items() if grade.is_certain}
    assert certain == {"anna", "bert", "cleo", "dora", "gina"}


def test_a_program_that_lacks_a_verb(grades: dict[str, Grade]) -> None:
    gina, hans = grades["gina"], grades["hans"]
    assert outcomes(gina) == [PASSED, PASSED, LACKING]
    assert gina.results[2].reason == "the program has no terminate (not required)"
    assert outcomes(hans) == [PASSED, PASSED, UNKNOWN]
    assert hans.results[2].reason == "the profile does not say how 'terminate' looks"


def test_what_failed_was_run_with_new_peers(course: Course, grades: dict[str, Grade]) -> None:
    run = load(course.output / "bert" / grades["bert"].results[1].run)
    assert [mark["warm"] for mark in marks(run, "ready")] == [False, False]
    assert len(list((course.output / "bert/runs/blanks").glob("2*"))) == 2


def test_nothing_is_run_a_second_time(course: Course, grades: dict[str, Grade]) -> None:
    kept = {name for name in grades if name != "ines"}  # the failures of a reader are not kept
    display = RecordingDisplay()
    again = {grade.program: grade for grade in course.grade(display)}
    assert {name: again[name] for name in kept} == {name: grades[name] for name in kept}
    begun = {display.titles[number].partition(":")[0] for number in display.begun}
    assert begun == {"ines"}


@pytest.mark.thorough  # test_scheduling.py has orders and jobs
def test_grades_do_not_depend_on_order_or_jobs(tmp_path: Path, grades: dict[str, Grade]) -> None:
    def found(grade: Grade) -> list[tuple[str, Outcome, list[str]]]:
        wrong = grade.findings
        return [(r.test, r.outcome, wrong.get(r.test, [])) for r in grade.results]

    other = Course(tmp_path)
    squeezing(other.programs / "1", "bert")
    disaster(other.programs / "2", "cleo", DIES)
    (other.programs / "1/bert").rename(other.programs / "z-bert")
    (other.programs / "2/cleo").rename(other.programs / "a-cleo")
    done = {grade.program: found(grade) for grade in other.grade()}
    assert done == {name: found(grades[name]) for name in ("cleo", "bert")}


def test_what_needs_another_engine_is_not_run(tmp_path: Path) -> None:
    course = Course(tmp_path, "process", "cut-off")
    right(course.programs, "anna")
    (grade,) = course.grade()
    assert outcomes(grade) == [NOT_RUN]
    assert grade.results[0].reason.startswith("it needs `partition alice | bob for 0.1 s`")


def test_nothing_is_graded_with_a_profile_that_says_too_little(tmp_path: Path) -> None:
    course = Course(tmp_path, "process", "hello", "blanks")
    right(course.programs, "anna", without="connect")
    (grade,) = course.grade(display := RecordingDisplay())
    assert display.titles == []
    assert outcomes(grade) == [UNKNOWN, UNKNOWN]
    assert (grade.passes, grade.is_certain) == (None, False)
    assert "missing: operations.connect" in grade.trouble
    assert grade.results[0].reason.startswith("the profile cannot be graded with: ")


class FailingStarts:
    """Opens engines that fail the first times they are asked for peers."""

    def __init__(self, course: Course, times: int) -> None:
        self._course, self._left = course, times
        self._lock = threading.Lock()

    def __call__(self, name: EngineName) -> Engine:
        engine = self._course.open_engine(name)
        start = engine.start

        def fail(
            names: Sequence[str],
            profile: Profile,
            say: Say,
            restarted: Collection[str] = (),
            among: Sequence[str] = (),
        ) -> list[Peer]:
            with self._lock:
                self._left -= 1
                if self._left >= 0:
                    raise EngineError("no room")
            return start(names, profile, say, restarted, among)

        engine.start = fail  # type: ignore[method-assign]
        return engine


@pytest.mark.parametrize(
    ("times", "outcome"), [pytest.param(1, PASSED, marks=pytest.mark.thorough), (2, UNKNOWN)]
)
def test_what_the_lab_fails_at_is_tried_once_more(
    tmp_path: Path, times: int, outcome: Outcome
) -> None:
    course = Course(tmp_path, "process", "hello")
    right(course.programs, "anna")
    course.options.open_engine = FailingStarts(course, times)
    (grade,) = course.grade()
    assert outcomes(grade) == [outcome]
    if outcome is UNKNOWN:
        assert grade.results[0].reason == "the run broke off: no room"
        (grade,) = course.grade(display := RecordingDisplay())
        assert display.titles == ["anna: hello"], "the lab's failures are not kept"
        assert outcomes(grade) == [PASSED]


def test_what_was_done_before_an_early_end_is_kept(tmp_path: Path) -> None:
    course = Course(tmp_path, "process", "hello", "blanks")
    right(course.programs, "anna")

    class Impatient(RecordingDisplay):
        def marked(self, number: int, result: Result) -> None:
            super().marked(number, result)
            course.options.cancel.set()

    with contextlib.suppress(RunCancelledError):
        course.grade(Impatient())
    assert [outcomes(grade) for grade in course.published[0]] == [[PASSED, NOT_RUN]]
    assert course.published[0][0].results[1].reason == "not done yet"
    assert (course.output / "anna/kept/hello.json").is_file()
