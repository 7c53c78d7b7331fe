"""Schedules: what is run, what is repeated, what is skipped, and what is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.cancel import CancelToken, RunCancelledError
from orchestrator.checks import Finding, Judgement, Verdict
from orchestrator.checks.judged_run import Run
from orchestrator.errors import BuildError, EngineError, LabError, PeerGoneError
from orchestrator.grading.cases import CaseKey, GradingCase
from orchestrator.grading.marking import without_run
from orchestrator.grading.results import Outcome, Result
from orchestrator.grading.scheduling import PairSchedule, ProgramSchedule, Schedule
from tests.orchestrator.grading.support import RecordingDisplay, program, run, task, verdict

VALID = verdict("expectations", Judgement.VALID)
INVALID = verdict("expectations", Judgement.INVALID, "glued")
UNKNOWN = verdict("expectations", Judgement.UNKNOWN)
GONE = PeerGoneError("alice", "is gone: exited with status 3")
LISTED = Finding("it showed bob", 1.0, kind="list")
TASKS = [task(name="one", required=True), task(name="two"), task(name="three", needs=["two"])]


class FakeLab:
    """A schedule of some programs or pairs, and runs as the lab would hand them over."""

    def __init__(
        self,
        home: Path,
        kind: type[Schedule],
        *names: Sequence[str],
        known: dict[CaseKey, Result] | None = None,
    ) -> None:
        self.cases = [
            GradingCase(one, tuple(program(name, home) for name in pair), home / "out", "digest")
            for pair in names
            for one in TASKS
        ]
        self.known = known if known is not None else {}
        self.cancel, self.display = CancelToken(), RecordingDisplay()
        self.schedule = kind(self.cases, self.known, self.display, self.cancel)

    def run(self, number: int, *args: object, **more: object) -> Run:
        """Return a finished run of a case."""
        folder = self.schedule.folder(number)
        assert folder
        return run(folder / "burst/1", *args, **more)  # type: ignore[arg-type]

    def end(self, number: int, *args: object, **more: object) -> Result:
        self.schedule.end(number, self.run(number, *args, **more))
        return self.result(number)

    def result(self, number: int) -> Result:
        return self.known[self.cases[number].key]

    def skipped(self, number: int) -> tuple[Outcome, str]:
        """Return the result of a case that the schedule skips."""
        assert not self.schedule.is_needed(number)
        return self.result(number).outcome, self.result(number).reason


@pytest.fixture
def anna(tmp_path: Path) -> FakeLab:
    return FakeLab(tmp_path, ProgramSchedule, ["anna"])


@pytest.fixture
def pair(tmp_path: Path) -> FakeLab:
    return FakeLab(tmp_path, PairSchedule, ["anna", "bert"])


def test_a_result_is_kept_and_shown(anna: FakeLab) -> None:
    result = anna.end(0, VALID)
    assert (result.outcome, result.run) == (Outcome.PASSED, "runs/burst/1")
    assert anna.cases[0].store.get("one", "digest") == result
    assert anna.display.marks == [(0, Outcome.PASSED)]


def test_a_failure_of_the_lab_and_a_cancelled_run_are_not_kept(anna: FakeLab) -> None:
    assert anna.end(0, UNKNOWN, error=EngineError("no room")).outcome is Outcome.UNKNOWN
    anna.schedule.end(1, anna.run(1, VALID, error=RunCancelledError("cancelled")))
    assert [anna.cases[n].store.get(TASKS[n].test.name, "digest") for n in (0, 1)] == [None, None]
    assert anna.cases[1].key not in anna.known


LATE = verdict("expectations", Judgement.UNKNOWN, "nothing came; the machine was up to 3.1 s late")


@pytest.mark.parametrize(
    ("found", "is_late"), [(LATE, True), (UNKNOWN, False), (VALID, False), (INVALID, False)]
)
def test_what_a_busy_machine_left_unknown_is_repeated_alone(
    anna: FakeLab, found: Verdict, is_late: bool
) -> None:
    assert anna.schedule.is_late(0, anna.run(0, found)) is is_late


def _refused_and_late(kind: str) -> Verdict:
    """Return that a `connect` was refused, and that something of a kind may have come too late."""
    refused = Finding("bob did not answer", 1.0, kind="connect")
    late = Finding("it showed bob; the machine was up to 3.1 s late", 2.0, kind=kind)
    return Verdict("expectations", Judgement.INVALID, "1 wrong", (refused, late), 1)


@pytest.mark.parametrize(
    ("kind", "basic", "is_open"),
    [
        ("list", Verdict("expectations", Judgement.INVALID, "", (LISTED,), 1), True),
        ("expect message", Verdict("expectations", Judgement.INVALID, "", (LISTED,), 1), False),
        ("list", VALID, False),
        ("list", None, True),  # it has no result yet
    ],
)
def test_a_failure_that_may_be_that_of_a_more_basic_test_is_repeated_and_not_kept(
    anna: FakeLab, kind: str, basic: Verdict | None, is_open: bool
) -> None:
    if basic:
        anna.end(1, basic)
    found = _refused_and_late(kind)
    assert anna.schedule.is_late(2, anna.run(2, found)) is is_open
    assert anna.end(2, found).outcome is Outcome.FAILED
    assert (anna.cases[2].store.get("three", "digest") is None) is is_open


def test_a_late_finding_of_a_test_that_needs_no_other_repeats_nothing(anna: FakeLab) -> None:
    assert not anna.schedule.is_late(0, anna.run(0, _refused_and_late("list")))


def test_what_a_busy_machine_left_unknown_is_not_kept(anna: FakeLab) -> None:
    assert anna.end(0, LATE).outcome is Outcome.UNKNOWN
    assert anna.cases[0].store.get("one", "digest") is None


def test_a_check_that_does_not_count_repeats_nothing(anna: FakeLab) -> None:
    late = verdict("lists", Judgement.UNKNOWN, "bob; the machine was up to 3.1 s late")
    assert not anna.schedule.is_late(0, anna.run(0, VALID, late))


def test_a_repeated_result_replaces_the_first_and_says_so(anna: FakeLab) -> None:
    run = anna.run(0, VALID)
    run.repeated = 2
    anna.schedule.end(0, run)
    kept = anna.cases[0].store.get("one", "digest")
    assert kept
    assert (kept.outcome, kept.repeated) == (Outcome.PASSED, 2)


@pytest.mark.parametrize("more", [{"error": EngineError("no room")}, {"warm": True}])
def test_a_doubtful_failure_is_repeated_once_with_new_peers(
    anna: FakeLab, more: dict[str, object]
) -> None:
    doubtful = anna.run(0, INVALID, **more)
    again = anna.schedule.retry(0, doubtful)
    assert again
    assert again.scenario.fresh
    assert anna.schedule.retry(0, doubtful) is None
    assert anna.schedule.retry(1, anna.run(1, INVALID)) is None, "new peers and no failure"
    assert anna.schedule.retry(1, anna.run(1, VALID, warm=True)) is None, "it is passed"


def test_nothing_is_repeated_once_all_is_cancelled(anna: FakeLab) -> None:
    anna.cancel.set()
    assert anna.schedule.retry(0, anna.run(0, INVALID, warm=True)) is None


def test_peers_are_reused_after_a_passed_test(anna: FakeLab) -> None:
    others = [verdict("changes", Judgement.INVALID), verdict("crashes", Judgement.VALID)]
    assert anna.schedule.may_reuse(0, [VALID, *others])
    assert not anna.schedule.may_reuse(0, [INVALID])
    assert not anna.schedule.may_reuse(0, [VALID, verdict("crashes", Judgement.INVALID)])


def test_who_met_a_stranger_is_not_reused(anna: FakeLab) -> None:
    one, case = anna.cases[0].task, anna.cases[0]
    knocked = one.scenario.model_copy(update={"profiles": {"carol": "knocks"}})
    anna.cases[0] = dataclasses.replace(case, task=dataclasses.replace(one, scenario=knocked))
    assert not anna.schedule.may_reuse(0, [VALID])
    assert anna.schedule.may_reuse(1, [VALID])


@pytest.mark.parametrize("kind", [ProgramSchedule, PairSchedule])
def test_an_error_of_the_lab_is_written_down(tmp_path: Path, kind: type[Schedule]) -> None:
    names = ["anna"] if kind is ProgramSchedule else ["anna", "bert"]
    lab = FakeLab(tmp_path, kind, names)
    error = LabError("the lab failed: KeyError")
    error.__cause__ = KeyError("a mistake")
    assert lab.schedule.tolerates(0, error)
    case = lab.cases[0]
    place = (case.folder("failures") / "one.txt").relative_to(case.home)
    assert lab.result(0).reason == f"the lab failed: KeyError; see {place}"
    assert "KeyError: 'a mistake'" in (case.home / place).read_text()


def test_a_program_that_does_not_start_twice_is_given_up(anna: FakeLab) -> None:
    assert not anna.schedule.is_parallel(0)
    for number in (0, 1):
        assert anna.schedule.is_needed(number)
        assert anna.end(number, UNKNOWN, error=GONE, ready=()).outcome is Outcome.FAILED
    assert anna.skipped(2) == (Outcome.NOT_RUN, "it did not start for one and two either")
    assert anna.schedule.is_parallel(2)


def test_a_program_that_started_once_is_not_given_up(anna: FakeLab) -> None:
    anna.end(0, INVALID)
    assert anna.schedule.is_parallel(1)
    anna.end(1, UNKNOWN, error=GONE, ready=())
    anna.end(1, UNKNOWN, error=GONE, ready=())
    assert anna.schedule.is_needed(2)


def test_a_program_that_may_have_started_is_unknown(anna: FakeLab) -> None:
    for number in (0, 1):
        anna.schedule.tolerates(number, LabError("the lab failed"))
    assert anna.skipped(2) == (
        Outcome.UNKNOWN, "not tried: it is not known whether it started for one and two",
    )  # fmt: skip


def test_a_program_that_cannot_be_built_is_given_up_at_once(anna: FakeLab) -> None:
    anna.end(0, UNKNOWN, error=BuildError("gcc failed"), ready=())
    assert anna.skipped(1) == (Outcome.NOT_RUN, "it cannot be built")


def test_earlier_results_say_whether_a_program_starts(tmp_path: Path) -> None:
    first = FakeLab(tmp_path, ProgramSchedule, ["anna"])
    for number in (0, 1):
        first.end(number, UNKNOWN, error=GONE, ready=())
    second = FakeLab(tmp_path, ProgramSchedule, ["anna"], known=first.known)
    assert not second.schedule.is_needed(2)


def test_one_program_is_given_up_and_the_other_is_not(tmp_path: Path) -> None:
    lab = FakeLab(tmp_path, ProgramSchedule, ["anna"], ["bert"])
    for number in (0, 1):
        lab.end(number, UNKNOWN, error=GONE, ready=())
    assert not lab.schedule.is_needed(2)
    assert lab.schedule.is_needed(5)


def test_a_pair_stops_after_a_required_test(pair: FakeLab) -> None:
    assert not pair.schedule.is_parallel(0)
    assert pair.end(0, INVALID, ready=("alice", "bob")).run == "runs/anna/bert/burst/1"
    assert pair.skipped(1) == (Outcome.NOT_RUN, "`one` did not pass")


def test_a_pair_goes_on_after_another_test(pair: FakeLab) -> None:
    pair.end(0, VALID)
    pair.end(1, INVALID)
    assert pair.schedule.is_needed(2)


def test_a_failed_start_of_a_pair_is_repeated_once(pair: FakeLab) -> None:
    failed = pair.run(0, UNKNOWN, error=GONE, ready=())
    assert pair.schedule.retry(0, failed)
    assert pair.schedule.retry(0, failed) is None


def test_a_pair_is_not_blamed_for_a_program_that_does_not_start(pair: FakeLab) -> None:
    error = PeerGoneError("bob", "is gone")
    result = pair.end(0, UNKNOWN, error=error, ready=("alice",))
    assert (result.outcome, result.is_blocked, result.findings) == (Outcome.NOT_RUN, True, ())
    assert result.reason.startswith("bert does not start: bob is gone")
    assert pair.skipped(1) == (Outcome.NOT_RUN, result.reason)
    assert pair.result(1).is_blocked


@pytest.mark.parametrize(("says", "who"), [("in {}", "bert"), ("somewhere", "one of the two")])
def test_the_program_that_cannot_be_built_is_named(pair: FakeLab, says: str, who: str) -> None:
    error = BuildError(f"gcc failed {says.format(pair.cases[0].programs[1].folder)}")
    assert pair.end(0, UNKNOWN, error=error, ready=()).reason.startswith(f"{who} does not start: ")


def test_a_program_that_does_not_start_with_itself_is_not_tried_with_others(
    tmp_path: Path,
) -> None:
    alone = FakeLab(tmp_path, PairSchedule, ["anna", "anna"])
    shown = alone.end(0, UNKNOWN, error=GONE, ready=("bob",))
    assert (shown.outcome, shown.started) == (Outcome.FAILED, False), "its own cell says why"
    assert alone.skipped(1) == (Outcome.NOT_RUN, f"anna does not start: {shown.reason}")
    others = FakeLab(tmp_path, PairSchedule, ["anna", "bert"], ["bert", "anna"], known=alone.known)
    for number in (0, 3):
        assert others.skipped(number) == (Outcome.NOT_RUN, f"anna does not start: {shown.reason}")
        assert others.result(number).is_blocked


def test_a_program_that_may_have_started_with_itself_is_unknown_with_others(
    tmp_path: Path,
) -> None:
    says = "the lab could not read whether it is ready"
    known: dict[CaseKey, Result] = {
        (("anna", "anna"), "one"): without_run(TASKS[0], Outcome.UNKNOWN, says, started=False),
    }
    others = FakeLab(tmp_path, PairSchedule, ["bert", "anna"], known=known)
    assert others.skipped(0) == (Outcome.UNKNOWN, says)


def test_a_crash_of_peers_that_served_before_is_found_although_it_does_not_come_again(
    anna: FakeLab,
) -> None:
    crash = dataclasses.replace(verdict("crashes", Judgement.INVALID, "it crashed"), wrong=1)
    assert anna.schedule.retry(0, anna.run(0, INVALID, crash, warm=True))
    result = anna.end(0, VALID)
    assert result.outcome is Outcome.PASSED
    (found,) = result.also
    assert (found.check, found.is_wrong) == ("crashes", True)
    assert found.findings[0].says == "with peers of an earlier test, it crashed"


def test_what_else_peers_that_served_before_did_is_not_found(anna: FakeLab) -> None:
    valid = verdict("crashes", Judgement.VALID)
    assert anna.schedule.retry(0, anna.run(0, INVALID, valid, warm=True))
    assert not anna.end(0, VALID).also
