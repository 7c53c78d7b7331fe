"""Marking: the outcome of a run, and the reason given."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.checks import Judgement, Verdict
from orchestrator.errors import BuildError, EngineError, LabError, NoAnswerError, PeerGoneError
from orchestrator.grading.marking import blames_lab, mark
from orchestrator.grading.results import Outcome
from tests.orchestrator.grading.support import run, task, verdict

VALID, INVALID, UNKNOWN = Judgement.VALID, Judgement.INVALID, Judgement.UNKNOWN


def test_all_that_counts_is_valid(tmp_path: Path) -> None:
    done = run(tmp_path, verdict("delivery", VALID), verdict("changes", INVALID))
    result = mark(task("delivery"), done)
    assert (result.outcome, result.earned, result.reason) == (Outcome.PASSED, 5, "")
    assert result.findings == (), "what other checks say does not count"
    assert [one.check for one in result.also] == ["changes"], "and is kept"


def test_one_that_counts_is_invalid(tmp_path: Path) -> None:
    verdicts = [verdict("delivery", UNKNOWN), verdict("changes", INVALID, "cut\nshort", 1.5)]
    result = mark(task("delivery", "changes"), run(tmp_path, *verdicts))
    assert (result.outcome, result.earned) == (Outcome.FAILED, 0)
    assert (result.reason, result.at) == ("cut short", 1.5)
    assert [f.check for f in result.findings] == ["changes", "delivery"], "the worst first"
    assert [f.is_wrong for f in result.findings] == [True, False]


def test_what_the_lab_could_not_read_is_unknown(tmp_path: Path) -> None:
    says = "the lab could not read 'maybe'"
    result = mark(task(), run(tmp_path, verdict("expectations", UNKNOWN, says)))
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, says)
    assert result.settled, "it will not be read the next time either"
    assert result.started


def test_a_crash_explains_what_is_unknown(tmp_path: Path) -> None:
    verdicts = [verdict("expectations", UNKNOWN), verdict("crashes", INVALID, "bob crashed")]
    result = mark(task(), run(tmp_path, *verdicts))
    assert (result.outcome, result.reason) == (Outcome.FAILED, "bob crashed")
    assert [f.check for f in result.findings] == ["crashes", "expectations"]


def test_a_crash_that_spoilt_nothing(tmp_path: Path) -> None:
    verdicts = [verdict("expectations", VALID), verdict("crashes", INVALID)]
    assert mark(task(), run(tmp_path, *verdicts)).outcome is Outcome.PASSED


def test_nothing_to_judge_does_not_pass(tmp_path: Path) -> None:
    idle = Verdict("ports", VALID, "0 rows", judged=False)
    result = mark(task("ports"), run(tmp_path, idle, verdict("expectations", VALID)))
    assert (result.outcome, result.earned) == (Outcome.UNKNOWN, 0)
    assert result.reason == "there was nothing to judge: nothing that counts"
    failed = verdict("expectations", INVALID, "connect failed")
    result = mark(task("ports"), run(tmp_path, idle, failed))
    assert (result.outcome, result.earned) == (Outcome.NOT_TESTED, 0)
    assert result.reason == "there was nothing to judge: connect failed"
    both = [idle, verdict("delivery", VALID)]
    assert mark(task("ports", "delivery"), run(tmp_path, *both)).outcome is Outcome.PASSED


def test_a_peer_that_stopped_answering(tmp_path: Path) -> None:
    error = NoAnswerError("bob", "did not reply to 'list' within 10 s", ["> list"])
    result = mark(task(), run(tmp_path, verdict("expectations", UNKNOWN), error=error))
    assert result.outcome is Outcome.FAILED
    assert result.reason.startswith("bob did not reply to 'list' within 10 s")


def test_a_peer_whose_answers_cannot_be_read(tmp_path: Path) -> None:
    lines = ["0.1 > b'list\\n'", "0.2 < b'three friends\\r\\n'", ""]
    (tmp_path / "bob.transcript").write_text("\n".join(lines))
    error = NoAnswerError("bob", "did not reply to 'list' within 10 s", ["three friends"])
    result = mark(task(), run(tmp_path, verdict("expectations", UNKNOWN), error=error))
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason.startswith("the lab could not read the answer: bob did not reply")


@pytest.mark.parametrize("error", [EngineError("Docker is gone"), LabError("it took too long")])
def test_the_labs_own_failure(tmp_path: Path, error: LabError) -> None:
    done = run(tmp_path, verdict("expectations", UNKNOWN), error=error)
    result = mark(task(), done)
    assert (result.outcome, result.settled) == (Outcome.UNKNOWN, False)
    assert result.reason == f"the run broke off: {error.what}"
    assert blames_lab(done)


def test_a_run_that_broke_off_does_not_pass(tmp_path: Path) -> None:
    done = run(tmp_path, verdict("ids", VALID), error=LabError("it took too long"))
    assert mark(task("ids"), done).outcome is Outcome.UNKNOWN


def test_what_ended_at_once(tmp_path: Path) -> None:
    error = PeerGoneError("alice", "is gone: exited with status 1", ["…", "NameError: x"])
    done = run(tmp_path, verdict("expectations", UNKNOWN), error=error, ready=())
    result = mark(task(), done)
    assert (result.outcome, result.started) == (Outcome.FAILED, False)
    assert result.reason.startswith("it did not start: alice is gone: exited with status 1")
    assert result.reason.endswith("NameError: x")


def test_what_printed_nothing(tmp_path: Path) -> None:
    error = NoAnswerError("alice", "was not ready after 20 s")
    done = run(tmp_path, verdict("expectations", UNKNOWN), error=error, ready=())
    result = mark(task(), done)
    assert (result.outcome, result.started) == (Outcome.FAILED, False)
    assert result.reason.endswith("was not ready after 20 s and printed nothing")


def test_what_is_ready_and_does_nothing_more(tmp_path: Path) -> None:
    (tmp_path / "alice.transcript").write_text("0.1 < b'READY\\r\\n'\n0.2 > b'list\\n'\n")
    error = NoAnswerError("alice", "did not reply to 'list' within 3 s", ["READY"])
    done = run(tmp_path, verdict("expectations", UNKNOWN), error=error, ready=())
    result = mark(task(), done)
    assert (result.outcome, result.started) == (Outcome.FAILED, False)


def test_what_printed_something_that_the_profile_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "alice.transcript").write_text("0.1 < b'Welcome!\\r\\n'\n")
    error = NoAnswerError("alice", "was not ready after 20 s", ["Welcome!"])
    done = run(tmp_path, verdict("expectations", UNKNOWN), error=error, ready=())
    result = mark(task(), done)
    assert (result.outcome, result.started) == (Outcome.UNKNOWN, False)
    assert result.reason.startswith("the lab could not read whether it is ready")
    assert result.reason.endswith("Welcome!")


def test_what_cannot_be_built(tmp_path: Path) -> None:
    done = run(tmp_path, verdict("expectations", UNKNOWN), ready=(),
               error=BuildError("gcc failed\n  | chat.c:3: error: x"))  # fmt: skip
    result = mark(task(), done)
    assert (result.outcome, result.started) == (Outcome.FAILED, False)
    assert result.reason == "gcc failed chat.c:3: error: x"
    assert not blames_lab(done)


def test_an_engine_that_failed_at_the_start_says_nothing_of_the_program(tmp_path: Path) -> None:
    done = run(tmp_path, verdict("expectations", UNKNOWN), error=EngineError("x"), ready=())
    assert mark(task(), done).started is None


def test_a_reason_is_one_line_of_a_fair_length(tmp_path: Path) -> None:
    says = "very long\n" * 200
    result = mark(task(), run(tmp_path, verdict("expectations", INVALID, says)))
    assert "\n" not in result.reason
    assert len(result.reason) == 301


def test_what_the_rubric_says_is_kept_with_the_result(tmp_path: Path) -> None:
    one = mark(task(points=2.5, extra=True), run(tmp_path, verdict("expectations", VALID)))
    assert (one.test, one.why, one.points, one.extra) == (
        "burst",
        "Twenty sends arrive.",
        2.5,
        True,
    )
