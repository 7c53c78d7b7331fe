"""Whole gradings on real engines: who is blamed for what, whatever the order."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from orchestrator.cancel import CancelledError
from orchestrator.checks.judged_run import load
from orchestrator.engines.base import Engine, Peer, Say
from orchestrator.errors import EngineError, LabError
from orchestrator.grading import rubric as rubrics
from orchestrator.grading.grading import GradingOptions, grade_programs
from orchestrator.grading.points import Grade
from orchestrator.grading.programs import find
from orchestrator.grading.results import Outcome, Result
from orchestrator.profile import Profile
from orchestrator.scenario import EngineName
from tests.orchestrator.grading.submissions import (
    DIES,
    MUTE,
    STRANGE,
    disaster,
    right,
    rubric,
    squeezing,
)
from tests.orchestrator.harness import marks
from tests.orchestrator.support import make_engine, processes_of, run_of

PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN
LACKING, NOT_RUN = Outcome.LACKING, Outcome.NOT_RUN


class Show:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.told: list[tuple[int, Outcome]] = []
        self.names: list[str] = []

    @contextlib.contextmanager
    def __call__(self, names: list[str]) -> Iterator[Show]:
        self.names = names
        yield self

    def phase(self, line: str) -> None:
        """Nobody looks."""

    def step(self, number: int, line: str) -> None:
        """Nobody looks."""

    def begin(self, number: int) -> None:
        self.begun.append(number)

    def marked(self, number: int, result: Result) -> None:
        self.told.append((number, result.outcome))


class Harness:
    """A rubric, programs, and gradings of them."""

    def __init__(self, home: Path, engine: str = "process") -> None:
        self.home, self.kind = home, engine
        self.programs, self.output = home / "programs", home / "grades"
        self.programs.mkdir()
        self.rubric = rubric(home)
        self.owners: list[str] = []

    def open_engine(self, _: EngineName) -> Engine:
        engine = make_engine(self.kind)
        self.owners.append(run_of(engine))
        return engine

    def grade(
        self,
        show: Show | None = None,
        publish: Callable[[list[Grade]], object] = id,
        **changes: object,
    ) -> list[Grade]:
        options = GradingOptions(EngineName(self.kind), self.open_engine, self.output)
        for key, value in changes.items():
            setattr(options, key, value)
        programs = find([self.programs], None, self.output, trust=True)
        return grade_programs(rubrics.load(self.rubric), programs, options, show or Show(), publish)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Harness]:
    one = Harness(tmp_path)
    yield one
    assert [processes_of(owner) for owner in one.owners] == [[] for _ in one.owners]


def outcomes(grade: Grade) -> list[Outcome]:
    return [result.outcome for result in grade.results]


def told(done: Sequence[Grade]) -> dict[str, list[tuple[str, Outcome, list[str]]]]:
    """Return what must not hang on the order."""
    return {
        grade.program: [
            (r.test, r.outcome, [f.check for f in r.findings if f.is_wrong]) for r in grade.results
        ]
        for grade in done
    }


def test_a_disaster_costs_itself_alone(bench: Harness) -> None:
    right(bench.programs, "anna")
    squeezing(bench.programs, "bert")
    disaster(bench.programs, "cleo", DIES)
    disaster(bench.programs, "dora", MUTE)
    disaster(bench.programs, "emil", STRANGE)
    (bench.programs / "fred").mkdir()
    (bench.programs / "fred/profile.yaml").write_text("name: [")
    done = {grade.program: grade for grade in bench.grade(jobs=3)}
    assert outcomes(done["anna"]) == [PASSED, PASSED, PASSED]
    assert (done["anna"].points, done["anna"].total, done["anna"].extra) == (10, 8, 2)
    assert outcomes(done["bert"]) == [PASSED, FAILED, PASSED]
    assert done["bert"].findings == {"blanks": ["changes"]}
    assert done["bert"].passes
    assert outcomes(done["cleo"]) == [FAILED, FAILED, NOT_RUN]
    assert "exited with status 3" in done["cleo"].results[0].reason
    assert not done["cleo"].passes
    assert outcomes(done["dora"]) == [FAILED, FAILED, NOT_RUN]
    assert done["dora"].results[2].reason == "it did not start for hello and blanks either"
    assert outcomes(done["emil"]) == [UNKNOWN, UNKNOWN, UNKNOWN]
    assert outcomes(done["fred"]) == [UNKNOWN, UNKNOWN, UNKNOWN]
    assert "profile is wrong" in done["fred"].results[0].reason
    certain = {name for name, grade in done.items() if grade.is_certain}
    assert certain == {"anna", "bert", "cleo", "dora"}

    show = Show()
    assert {grade.program: grade for grade in bench.grade(show)} == done
    assert show.begun == [], "nothing needs to be run a second time"


def test_grades_do_not_hang_on_order_or_jobs(bench: Harness) -> None:
    squeezing(bench.programs, "bert")
    right(bench.programs, "anna")
    disaster(bench.programs, "cleo", DIES)
    one = told(bench.grade())
    shutil.rmtree(bench.output)
    for before, after in (("bert", "1"), ("anna", "3"), ("cleo", "2")):  # another order
        (bench.programs / before).rename(bench.programs / f"{after}-{before}")
    many = told(bench.grade(jobs=4))
    assert many == one


def test_a_change_counts(bench: Harness) -> None:
    folder = squeezing(bench.programs, "bert")
    bench.grade()
    (folder / "more.py").write_text("")
    bench.grade(show := Show())
    assert show.names == ["bert: hello", "bert: blanks", "bert: reconnect"]
    bench.rubric.write_text(bench.rubric.read_text().replace("points: 3", "points: 4"))
    (grade,) = bench.grade(show := Show())
    assert show.names == ["bert: blanks"]
    assert grade.total == 9
    bench.grade(show := Show(), again=True)
    assert len(show.names) == 3


def test_what_failed_was_done_by_peers_without_a_past(bench: Harness) -> None:
    squeezing(bench.programs, "bert")
    (grade,) = bench.grade()
    run = load(bench.output / "bert" / grade.results[1].run)
    assert [mark["warm"] for mark in marks(run, "ready")] == [False, False]
    assert len(list((bench.output / "bert/runs/blanks").glob("2*"))) == 2


def test_a_program_that_lacks_a_verb(bench: Harness) -> None:
    right(bench.programs, "anna", without="terminate", lacks=True)
    right(bench.programs, "bert", without="terminate")
    anna, bert = bench.grade()
    assert outcomes(anna) == [PASSED, PASSED, LACKING]
    assert anna.results[2].reason == "the program has no terminate (nobody asked)"
    assert outcomes(bert) == [PASSED, PASSED, UNKNOWN]
    assert bert.results[2].reason == "the profile does not say how 'terminate' looks"


def test_what_needs_another_engine_is_not_run(bench: Harness) -> None:
    right(bench.programs, "anna")
    bench.rubric = rubric(bench.home, "hello", "cut-off")
    (grade,) = bench.grade()
    assert outcomes(grade) == [PASSED, NOT_RUN]
    assert grade.results[1].reason.startswith("it needs `partition alice | bob for 0.1 s`")


def test_a_readers_own_mistake_costs_the_program_alone(bench: Harness) -> None:
    right(bench.programs, "anna")
    folder = right(bench.programs, "bert")
    (folder / "reader.py").write_text(
        "from orchestrator.profile import Reader\n\n\nclass Mine(Reader):\n"
        "    def __init__(self, profile):\n        raise KeyError('a mistake')\n"
    )
    path = folder / "profile.yaml"
    path.write_text(path.read_text() + "reader: reader.py:Mine\n")
    anna, bert = bench.grade()
    assert outcomes(anna) == [PASSED] * 3
    assert set(outcomes(bert)) == {UNKNOWN}
    assert "a mistake" in bert.results[0].reason


class Failing:
    """An engine that fails the first times that it is asked for peers."""

    def __init__(self, bench: Harness, times: int) -> None:
        self._bench, self._left = bench, times
        self._lock = threading.Lock()

    def __call__(self, name: EngineName) -> Engine:
        engine = self._bench.open_engine(name)
        start = engine.start

        def fail(names: Sequence[str], profile: Profile, say: Say) -> list[Peer]:
            with self._lock:
                self._left -= 1
                if self._left >= 0:
                    raise EngineError("no room")
            return start(names, profile, say)

        engine.start = fail  # type: ignore[method-assign]
        return engine


def test_what_the_lab_fails_at_is_tried_once_more(bench: Harness) -> None:
    right(bench.programs, "anna")
    (grade,) = bench.grade(open_engine=Failing(bench, 1))
    assert outcomes(grade) == [PASSED] * 3
    shutil.rmtree(bench.output)
    (grade,) = bench.grade(open_engine=Failing(bench, 2))
    assert outcomes(grade) == [UNKNOWN, PASSED, PASSED]
    assert grade.results[0].reason == "the run broke off: no room"
    (grade,) = bench.grade(show := Show())
    assert show.names == ["anna: hello"], "the lab's failures are not kept"
    assert outcomes(grade) == [PASSED] * 3


def test_an_engine_that_does_not_answer_ends_it(bench: Harness) -> None:
    right(bench.programs, "anna")

    def refuse(_: EngineName) -> Engine:
        raise EngineError("nobody answers")

    with pytest.raises(EngineError, match="nobody answers"):
        bench.grade(open_engine=refuse)


def test_two_gradings_in_one_place(bench: Harness) -> None:
    right(bench.programs, "anna")

    class Nested(Show):
        def begin(self, number: int) -> None:
            with pytest.raises(LabError, match="another command is writing its results there"):
                bench.grade()
            super().begin(number)

    bench.grade(show := Nested())
    assert len(show.begun) == 3


def test_what_was_done_before_an_end_is_kept(bench: Harness) -> None:
    right(bench.programs, "anna")
    options = GradingOptions(EngineName.PROCESS, bench.open_engine, bench.output)

    class Impatient(Show):
        def marked(self, number: int, result: Result) -> None:
            super().marked(number, result)
            options.cancel.set()

    programs, suite = find([bench.programs], None, bench.output), rubrics.load(bench.rubric)
    whole: list[list[Grade]] = []
    with contextlib.suppress(CancelledError):
        grade_programs(suite, programs, options, Impatient(), whole.append)
    assert [outcomes(each) for each in whole[0]] == [[PASSED, NOT_RUN, NOT_RUN]]
    assert whole[0][0].results[1].reason == "not done yet"
    (grade,) = bench.grade(show := Show())
    assert show.names == ["anna: blanks", "anna: reconnect"]
    assert outcomes(grade) == [PASSED] * 3


def test_what_is_not_asked_for_stays_as_it_was(bench: Harness) -> None:
    squeezing(bench.programs, "bert")
    bench.grade()
    whole: list[list[Grade]] = []
    (asked,) = bench.grade(show := Show(), publish=whole.append, only=["hello"], again=True)
    assert show.names == ["bert: hello"]
    assert outcomes(asked) == [PASSED]
    assert outcomes(whole[0][0]) == [PASSED, FAILED, PASSED]

    shutil.rmtree(bench.output)
    bench.grade(publish=whole.append, only=["blanks"])
    (fresh,) = whole[1]
    assert outcomes(fresh) == [NOT_RUN, FAILED, NOT_RUN]
    assert fresh.results[0].reason == "not asked for yet"
    assert fresh.passes is None
    assert fresh.total == 8


@pytest.mark.docker
@pytest.mark.timeout(180)
def test_on_docker(tmp_path: Path) -> None:
    bench = Harness(tmp_path, "docker")
    right(bench.programs, "anna")
    squeezing(bench.programs, "bert")
    disaster(bench.programs, "cleo", DIES)
    anna, bert, cleo = bench.grade(jobs=2)
    assert outcomes(anna) == [PASSED] * 3
    assert outcomes(bert) == [PASSED, FAILED, PASSED]
    assert bert.findings == {"blanks": ["changes"]}
    assert outcomes(cleo) == [FAILED, FAILED, NOT_RUN]
