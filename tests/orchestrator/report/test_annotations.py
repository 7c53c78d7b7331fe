"""Annotations of GitHub Actions, as its workflow commands demand them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.checks import Finding, Judgement, Verdict
from orchestrator.checks.judged_run import Run
from orchestrator.grading.results import Grade, Outcome, Result
from orchestrator.history.entries import Entry
from orchestrator.report.annotations import annotation, of_grade, of_mistakes, of_run


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a checkout's subfolder."""
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))


def test_data_and_properties_are_escaped() -> None:
    text = "100%, a:b\r\nnext\x1b[31m"
    data = "100%25, a:b%0D%0Anext\ufffd[31m"
    properties = "100%25%2C a%3Ab%0D%0Anext\ufffd[31m"
    assert annotation(text) == f"::error::{data}"
    assert annotation(text, file="a,b:c.yaml", line=3, column=7, title=text) == (
        f"::error file=sub/a%2Cb%3Ac.yaml,line=3,col=7,title={properties}::{data}"
    )


def test_a_file_outside_of_the_checkout_keeps_its_path() -> None:
    assert annotation("x", file="/elsewhere/a.yaml") == "::error file=/elsewhere/a.yaml::x"


def _run(folder: Path, verdict: Verdict) -> Run:
    began = Entry(0.0, "lab", "", "began", 0, {"scenario": "demo", "file": "demo.yaml"})
    step = Entry(1.0, "invoke", "alice", "list", 1, {"step": 9})
    return Run(folder, [began, step], [verdict], None)


def test_a_run_is_annotated_at_its_step(tmp_path: Path) -> None:
    wrong = Verdict("ids", Judgement.INVALID, "1 wrong", (Finding("at 2.000 s, x", 2.0),), 1)
    assert [*of_run(_run(tmp_path, wrong))] == [
        "::error file=sub/demo.yaml,line=9,title=scenario demo::invalid: ids: x"
    ]
    assert [*of_run(_run(tmp_path, Verdict("ids", Judgement.UNKNOWN, "perhaps")))] == [
        "::error file=sub/demo.yaml,title=scenario demo::unknown: ids: perhaps"
    ]
    assert [*of_run(_run(tmp_path, Verdict("ids", Judgement.VALID, "fine")))] == []


def test_mistakes_are_annotated_at_their_place() -> None:
    mistakes = ["one.yaml:3:7: no peer: 'x'", "there is no place in this"]
    assert [*of_mistakes(mistakes)] == ["::error file=sub/one.yaml,line=3,col=7::no peer: 'x'"]


def test_a_grade_is_annotated_by_test() -> None:
    results = tuple(
        Result(test=f"t{number}", why="w", points=1, outcome=outcome, reason="r")
        for number, outcome in enumerate(Outcome)
    )
    grade = Grade(program="chat", profile="chat.yaml", results=results)
    assert [line.partition("title=")[2] for line in of_grade(grade)] == [
        "chat%3A t1 failed::r", "chat%3A t3 unknown::r", "chat%3A t4 lacking::r",
    ]  # fmt: skip
