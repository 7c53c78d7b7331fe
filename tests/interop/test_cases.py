"""What of a pair is decided before anything is run, and the one line that says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestrator import profile
from orchestrator.grades import Outcome, Result, Task, Test
from orchestrator.grading import Program
from orchestrator.interop.course import Case, Pair
from orchestrator.scenario import EngineName, Scenario

SCENARIO = Scenario.model_validate({
    "name": "ends", "why": "Bob ends it.", "peers": ["alice", "bob"],
    "steps": [{"terminate": {"at": "bob", "to": "alice"}}],
})  # fmt: skip
TASK = Task(Test(test="ends", points=1), SCENARIO, "name: ends\n")
LOOK = profile.load("peerlab")
FINE = Program("fine", Path("fine.yaml"), LOOK)


def without(verb: str, **changes: object) -> Program:
    """Return a program whose profile does not have a verb."""
    verbs = {name: known for name, known in LOOK.verbs.items() if name != verb}
    return replace(FINE, name="dumb", look=LOOK.model_copy(update={"verbs": verbs, **changes}))


def decided(dialler: Program, other: Program) -> Result:
    result = Case(TASK, Pair(dialler, other)).decided(EngineName.PROCESS)
    assert result
    return result


def test_a_pair_that_lacks_nothing_is_run() -> None:
    assert Case(TASK, Pair(FINE, FINE)).decided(EngineName.PROCESS) is None


def test_who_does_not_act_may_lack_it() -> None:
    assert Case(TASK, Pair(without("terminate"), FINE)).decided(EngineName.PROCESS) is None


def test_what_a_program_does_not_have_is_told_with_its_reason() -> None:
    result = decided(FINE, without("terminate", lacks={"terminate": "nobody asked"}))
    assert result.outcome is Outcome.LACKING
    assert result.reason == "dumb has no terminate (nobody asked)"


def test_what_a_profile_is_silent_about_is_unknown() -> None:
    result = decided(FINE, without("terminate"))
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "the profile of dumb does not say how 'terminate' looks"


def test_a_wrong_profile_is_told_in_one_line() -> None:
    wrong = Program(
        "wrong", Path("wrong.yaml"), flaw="is wrong", trouble="3:1: no verb\n7:5: no pattern"
    )
    result = decided(wrong, FINE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "the profile of wrong is wrong: 3:1: no verb"
