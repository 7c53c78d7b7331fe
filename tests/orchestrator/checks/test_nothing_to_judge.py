"""Nothing to judge: neither a pass nor a fault, and a run without anything to judge is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import checks
from orchestrator.checks import HistoryIndex
from orchestrator.checks.judged_run import Run
from orchestrator.history.entries import Entry
from orchestrator.report.run_report import as_text, runs_as_data
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import UNKNOWN, VALID

ABOUT_ENDS = {"end states", "crashes"}


def finished(story: Story) -> Run:
    entries = story.finish()
    return Run(Path(), entries, checks.judge(entries), None)


def judging(run: Run) -> set[str]:
    """Return the checks that had anything to judge."""
    assert all(verdict.judgement is VALID for verdict in run.verdicts)
    return {verdict.check for verdict in run.verdicts if verdict.judged}


def idle() -> Story:
    return Story()


def refused() -> Story:
    story = Story()
    for verb in ("connect", "terminate"):
        story.end(story.invoke("alice", verb, to="bob"), "fail", said="no")
    return story


@pytest.mark.parametrize(
    ("story", "why"), [(idle(), "no step was done"), (refused(), "every step was refused")]
)
def test_a_run_that_says_nothing_is_unknown(story: Story, why: str) -> None:
    run = finished(story)
    assert judging(run) == set()
    assert (run.judgement, run.nothing_judged) == (UNKNOWN, why)
    assert "✓" not in as_text(run)
    assert f"no check had anything to judge: {why}" in as_text(run)
    data = runs_as_data([run])
    assert (data["verdict"], data["runs"][0]["nothing_judged"]) == ("unknown", why)
    assert {check["verdict"] for check in data["runs"][0]["checks"]} == {"not judged"}


def test_a_refusal_that_is_wanted_says_something() -> None:
    story = Story()
    wants = {"outcome": "fail", "says": ""}
    story.end(story.invoke("alice", "connect", to="bob", wants=wants), "fail", said="no")
    run = finished(story)
    assert judging(run) == {"expectations", *ABOUT_ENDS}
    assert (run.judgement, run.nothing_judged) == (VALID, "")


def test_connections_without_messages() -> None:
    story = Story()
    story.connect("alice", "bob")
    assert judging(finished(story)) == {
        "expectations", "lists", "ports", "sockets", "both ends", "ids", *ABOUT_ENDS,
    }  # fmt: skip


def test_messages_without_receipts_and_notices() -> None:
    story = Story(notices=("message",))
    story.connect("alice", "bob")
    story.send("alice", "bob", "one")
    story.send("alice", "bob", "two")
    assert judging(finished(story)) == {*checks.CHAT} - {"both ends", "receipts"}


def test_everything_judged() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.send("alice", "bob", "one")
    assert judging(finished(story)) == {*checks.CHAT} - {"order"}, "one message has no order"
    story = Story()
    story.connect("alice", "bob")
    story.send("alice", "bob", "one")
    story.send("alice", "bob", "two")
    assert judging(finished(story)) == {*checks.CHAT}


def test_what_is_wrong_was_judged_even_in_a_run_without_steps() -> None:
    story = Story()
    story.lab("crash", "bob", said="Traceback")
    entries = story.finish()
    assert checks.overall(checks.judge(entries)) is checks.Judgement.INVALID


def test_a_run_that_broke_off_before_its_first_step_is_unknown_for_that() -> None:
    entries = [*Story().entries, Entry(9.0, "lab", "", "broke off", 0, {"said": "no room"})]
    index = HistoryIndex(entries)
    assert {checks.CHECKS[name](index).judgement for name in checks.CHAT} == {UNKNOWN}
    assert Run(Path(), entries, checks.judge(entries), None).nothing_judged == ""
