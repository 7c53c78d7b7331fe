"""What is decided about a pair before a run, and the reason given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestrator import profile
from orchestrator.grading.cases import GradingCase
from orchestrator.grading.programs import Program
from orchestrator.grading.results import Outcome, Result
from orchestrator.grading.rubric import RubricTest, Task
from orchestrator.scenario import EngineName, Scenario

SCENARIO = Scenario.model_validate({
    "name": "ends", "why": "Bob ends it.", "peers": ["alice", "bob"],
    "steps": [{"terminate": {"at": "bob", "to": "alice"}}],
})  # fmt: skip
TASK = Task(RubricTest(test="ends", points=1), SCENARIO, "name: ends\n")
PROFILE = profile.load("peerlab")
FINE = Program("fine", Path("fine.yaml"), PROFILE)


def without(verb: str, **changes: object) -> Program:
    """Return a program whose profile does not have a verb."""
    verbs = {name: known for name, known in PROFILE.verbs.items() if name != verb}
    return replace(
        FINE, name="dumb", profile=PROFILE.model_copy(update={"verbs": verbs, **changes})
    )


def pair(dialler: Program, other: Program) -> GradingCase:
    return GradingCase(TASK, (dialler, other), Path("out"))


def decided(dialler: Program, other: Program) -> Result:
    result = pair(dialler, other).decided(EngineName.PROCESS)
    assert result
    return result


def test_a_pair_that_lacks_nothing_needs_a_run() -> None:
    assert pair(FINE, FINE).decided(EngineName.PROCESS) is None


def test_a_program_that_does_not_act_may_lack_the_verb() -> None:
    assert pair(without("terminate"), FINE).decided(EngineName.PROCESS) is None


def test_a_verb_that_a_program_lacks_is_named_with_the_reason() -> None:
    result = decided(FINE, without("terminate", lacks={"terminate": "not required"}))
    assert result.outcome is Outcome.LACKING
    assert result.reason == "dumb has no terminate (not required)"


def test_a_verb_missing_from_a_profile_is_unknown() -> None:
    result = decided(FINE, without("terminate"))
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "the profile of dumb does not say how 'terminate' looks"


def test_a_wrong_profile_is_reported_in_one_line() -> None:
    wrong = Program(
        "wrong", Path("wrong.yaml"), flaw="is wrong", trouble="3:1: no verb\n7:5: no pattern"
    )
    result = decided(wrong, FINE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.reason == "the profile of wrong is wrong: 3:1: no verb"
