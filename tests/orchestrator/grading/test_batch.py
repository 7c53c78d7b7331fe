"""Batches: which results are kept from before, and which cases need a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engines.base import Engine
from orchestrator.errors import DocumentError, EngineError, LabError
from orchestrator.folder import is_output
from orchestrator.grading.cases import GradingCase
from orchestrator.grading.grading import Batch, GradingOptions, grade_programs, match_programs
from orchestrator.grading.marking import without_run
from orchestrator.grading.output import exclusive
from orchestrator.grading.programs import Program
from orchestrator.grading.results import Grade, Outcome
from orchestrator.grading.rubric import Suite
from orchestrator.scenario import EngineName
from tests.orchestrator.grading.support import RecordingDisplay, program, task

SUITE = Suite("Two tests", "", [task(name="one", points=3), task(name="two", points=2)])


def no_engine(_: EngineName) -> Engine:
    raise EngineError("no engine answers")


@pytest.fixture
def options(tmp_path: Path) -> GradingOptions:
    return GradingOptions(EngineName.PROCESS, no_engine, tmp_path / "out")


def keep(case: GradingCase) -> None:
    """Keep a result of a case, as if it had been run."""
    result = without_run(case.task, Outcome.PASSED, "").model_copy(update={"settled": True})
    case.store.put(case.digest, result)


def titles(suite: Suite, options: GradingOptions, *programs: Program) -> list[str]:
    return [case.title for case in Batch(suite, options).open_cases(*programs)]


def test_kept_results_count_until_the_program_changes(
    tmp_path: Path, options: GradingOptions
) -> None:
    anna = program("anna", tmp_path)
    assert titles(SUITE, options, anna) == ["anna: one", "anna: two"]
    for case in Batch(SUITE, options).open_cases(anna):
        keep(case)
    assert titles(SUITE, options, anna) == []
    assert titles(SUITE, replace(options, again=True), anna) == ["anna: one", "anna: two"]
    more = Suite("", "", [task(name="one", points=4), SUITE.tasks[1]])
    assert titles(more, options, anna) == ["anna: one"], "its line in the rubric changed"
    anna.file.write_text("name: anna\nport: 1\n")
    assert titles(SUITE, options, anna) == ["anna: one", "anna: two"]


def test_results_of_a_pair_count_until_either_program_changes(
    tmp_path: Path, options: GradingOptions
) -> None:
    anna, bert = program("anna", tmp_path), program("bert", tmp_path)
    for case in Batch(SUITE, options).open_cases(anna, bert):
        keep(case)
    assert titles(SUITE, options, anna, bert) == []
    assert titles(SUITE, options, bert, anna) == ["bert → anna: one", "bert → anna: two"]
    bert.file.write_text("name: bert\nport: 1\n")
    assert titles(SUITE, options, anna, bert) == ["anna → bert: one", "anna → bert: two"]


def test_what_is_not_requested_stays_as_it_was(tmp_path: Path, options: GradingOptions) -> None:
    anna = program("anna", tmp_path)
    keep(Batch(SUITE, options).open_cases(anna)[0])
    batch = Batch(SUITE, replace(options, only=["one"], again=True))
    assert [case.title for case in batch.open_cases(anna)] == ["anna: one"]
    assert batch.result("one", anna).outcome is Outcome.PASSED, "until it is run"
    assert batch.result("two", anna).reason == "not asked for yet"
    batch = Batch(SUITE, replace(options, only=["two"]))
    assert [case.title for case in batch.open_cases(anna)] == ["anna: two"]
    assert batch.result("one", anna).outcome is Outcome.PASSED
    assert batch.result("two", anna).reason == "not done yet"
    with pytest.raises(DocumentError, match="no test 'three'"):
        Batch(SUITE, replace(options, only=["three"]))


def test_all_that_is_kept_needs_no_engine(tmp_path: Path, options: GradingOptions) -> None:
    anna, display = program("anna", tmp_path), RecordingDisplay()
    for case in Batch(SUITE, options).open_cases(anna):
        keep(case)
    published: list[list[Grade]] = []
    (grade,) = grade_programs(
        SUITE, [anna], replace(options, only=["one"]), display, published.append
    )
    assert (grade.points, grade.total) == (3, 3), "the requested tests alone"
    assert published[0][0].points == 5
    assert display.begun == []


def test_an_engine_that_does_not_answer_ends_it(tmp_path: Path, options: GradingOptions) -> None:
    anna, published = program("anna", tmp_path), list[list[Grade]]()
    with pytest.raises(EngineError, match="no engine answers"):
        grade_programs(SUITE, [anna], options, RecordingDisplay(), published.append)
    assert [r.reason for r in published[0][0].results] == ["not done yet"] * 2, "published anyway"


def test_programs_without_a_usable_profile_need_no_engine(
    tmp_path: Path, options: GradingOptions
) -> None:
    broken = Program("broken", tmp_path / "x.yaml", flaw="is wrong", trouble="3:1: no verb")
    (grade,) = grade_programs(SUITE, [broken], options, RecordingDisplay())
    assert {result.outcome for result in grade.results} == {Outcome.UNKNOWN}
    assert grade.trouble == "3:1: no verb"
    matrix = match_programs(SUITE, [broken], options, RecordingDisplay())
    assert (matrix.working, matrix.is_certain) == (0, False)


def test_programs_talk_to_themselves_first(tmp_path: Path, options: GradingOptions) -> None:
    programs = [program(name, tmp_path) for name in ("anna", "bert")]
    display = RecordingDisplay()
    with pytest.raises(EngineError):
        match_programs(SUITE, programs, options, display)
    assert display.titles == ["anna → anna: one", "bert → bert: one"]


def test_one_command_at_a_time_writes_into_a_folder(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path),
        pytest.raises(LabError, match="another command is writing its results there"),
        exclusive(tmp_path),
    ):
        pass
    with exclusive(tmp_path):
        pass
    assert is_output(tmp_path), "it stays marked"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LabError, match="cannot be written"), exclusive(tmp_path / "file/out"):
        pass
