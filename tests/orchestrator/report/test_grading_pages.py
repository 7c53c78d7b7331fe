"""The pages of grades: failures first, each thing said once, with the way to the run itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.checks import Finding
from orchestrator.grading.results import Cell, CheckResult, Grade, Matrix, Outcome, Result
from orchestrator.grading.rubric import Suite
from orchestrator.history import runs
from orchestrator.report.grading.pages import matrix_page, program_page, summary_page
from orchestrator.report.grading.publish import keep_run_pages, publish_matrix
from orchestrator.report.grading.words import earned, points, score
from tests.orchestrator.checks.story import Story
from tests.orchestrator.grading.support import task
from tests.orchestrator.report.test_report_grades import SUITE, Page, failed, grade, result

RUN = "runs/burst/1"
NONE = "\N{EN DASH}"
STEP = '- send: {at: alice, to: bob, text: "hi"}'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a program, with a run that has a history and its scenario."""
    folder = tmp_path / RUN
    folder.mkdir(parents=True)
    story = Story()
    story.connect("alice", "bob")
    story.end(story.invoke("alice", "send", to="bob", text="hi", step=2), "ok", said="ok")
    lines = "".join(entry.as_json() + "\n" for entry in story.finish())
    (folder / runs.HISTORY).write_text(lines)
    (folder / runs.SCENARIO).write_text(f"steps:\n  {STEP}\n")
    return tmp_path


def lost(*says: str) -> Result:
    findings = tuple(Finding(one, 0.5, ("alice",), operation=2) for one in says)
    check = CheckResult(check="delivery", verdict="invalid", says="1 wrong", findings=findings)
    return result(Outcome.FAILED, reason=says[0], findings=(check,), run=RUN, at=0.5,
                  checks=("delivery",))  # fmt: skip


def test_what_failed_comes_first_and_what_is_required_before_all(home: Path) -> None:
    several = grade(
        result(Outcome.PASSED, "a"),
        result(Outcome.LACKING, "b", reason="none"),
        result(Outcome.UNKNOWN, "c", reason="who knows"),
        failed(),
        result(Outcome.FAILED, "d", reason="no", required=True),
    )
    page = Page(program_page(SUITE, several, home))
    assert [value for key, value in page.attributes if key == "id"] == ["d", "burst", "c", "b"]
    assert page.text.index("burst ✗ failed") < page.text.index("All tests")


def test_each_sentence_is_said_once(home: Path) -> None:
    text = Page(program_page(SUITE, grade(lost("'hi' was lost", "'ho' was lost")), home)).text
    for says in ("'hi' was lost", "'ho' was lost", "Twenty sends arrive."):
        assert text.count(says) == 1
    broken = result(Outcome.FAILED, reason="it did not start", run=RUN)
    assert Page(program_page(SUITE, grade(broken), home)).text.count("it did not start") == 1


def test_a_long_reason_that_was_cut_is_not_said_again(home: Path) -> None:
    whole = " ".join(map(str, range(60, 160)))
    one = lost(whole).model_copy(update={"reason": f"{whole[:200]}…"})
    assert Page(program_page(SUITE, grade(one), home)).text.count("60 61 62") == 1


def test_the_step_that_failed_is_quoted(home: Path) -> None:
    text = Page(program_page(SUITE, grade(lost("'hi' was lost")), home)).text
    assert f"The step of the test, line 2: {STEP}" in " ".join(text.split())


def test_a_page_leads_to_that_of_the_run(home: Path) -> None:
    one = grade(lost("'hi' was lost"))
    assert "Watch this run" not in Page(program_page(SUITE, one, home)).text
    keep_run_pages(home, one.results)
    page = Page(program_page(SUITE, one, home))
    assert ("href", f"{RUN}/report.html") in page.attributes
    assert (home / RUN / runs.PAGE).is_file()
    before = (home / RUN / runs.PAGE).stat().st_mtime_ns
    keep_run_pages(home, one.results)
    assert (home / RUN / runs.PAGE).stat().st_mtime_ns == before


def test_runs_that_are_gone_or_passed_get_no_page(home: Path) -> None:
    gone = lost("x").model_copy(update={"run": "runs/burst/gone"})
    keep_run_pages(home, [gone, result(Outcome.PASSED, run=RUN), result(Outcome.FAILED)])
    assert not (home / RUN / runs.PAGE).exists()


def test_pairs_that_do_not_work_come_first_with_the_page_of_their_run(home: Path) -> None:
    fine = Result(test="ends", why="", points=1, outcome=Outcome.PASSED)
    cells = [Cell("a", "a", [fine]), Cell("a", "b", [lost("'hi' was lost")]),
             Cell("b", "a", [fine]), Cell("b", "b", [fine])]  # fmt: skip
    matrix = Matrix("Interop", "", [("ends", "")], ["a", "b"], "process", cells)
    publish_matrix(home, matrix)
    page = Page(matrix_page(matrix, home))
    pairs = [value for key, value in page.attributes if key == "id"]
    assert pairs == ["pair-1-2", "pair-1-1", "pair-2-1", "pair-2-2"]
    assert ("href", f"{RUN}/report.html") in page.attributes


def test_what_was_not_run_has_no_points() -> None:
    waiting = result(Outcome.NOT_RUN, "a", reason="not requested yet")
    assert earned(waiting) == NONE
    assert earned(failed()) == "0 / 5"
    assert points(grade(waiting, result(Outcome.UNKNOWN, "b"))) == NONE
    assert points(grade(waiting, failed())) == "0 / 10"
    assert score(grade(waiting)) == "no points yet: no test has a result"
    text = Page(summary_page(SUITE, [grade(waiting)])).text
    assert NONE in text
    assert "0 / 5" not in text


def test_a_summary_says_how_many_fail_each_test() -> None:
    suite = Suite("Eight commands", "", [task("changes"), task("order")])
    grades = [Grade(program=name, profile="p", results=(failed(), result(Outcome.PASSED, "b")))
              for name in ("anna", "bert")]  # fmt: skip
    text = " ".join(Page(summary_page(suite, grades)).text.split())
    assert "failed by 2" in text
