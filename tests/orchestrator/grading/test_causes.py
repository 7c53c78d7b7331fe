"""Causes: what a fault breaks besides the test that shows it is not tested, and costs no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.checks.verdict import Finding
from orchestrator.grading import rubric as rubrics
from orchestrator.grading.causes import attribute
from orchestrator.grading.results import CheckResult, Grade, Outcome, Result
from orchestrator.grading.rubric import CONFORMANCE
from orchestrator.scenario import EngineName
from tests.examples.trial import graded
from tests.orchestrator.grading.submissions import variant

PASSED, FAILED, NOT_TESTED = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_TESTED

ONE_WORD = """from peer import __main__, render

right = render.message
render.message = lambda row, raw: right(row, raw.split()[0] if raw.split() else raw)
__main__.main()
"""
FIVE_LETTERS = ONE_WORD.replace("raw.split()[0] if raw.split() else raw", "raw[:5]")
GLUES_AND_SQUEEZES = """from peer import __main__, events, render
from peer.node import Node

right, lines, waiting = render.message, Node._lines, []


def message(row, raw):
    return right(row, b" ".join(raw.split()))


def shown(node, connection, event):
    if isinstance(event, events.Received) and b"of twenty" in event.raw:
        waiting.append(event)
        if len(waiting) < 20:
            return []
        whole = event._replace(raw=b"".join(one.raw for one in waiting))
        return [*lines(node, connection, whole)]
    return [*lines(node, connection, event)]


render.message, Node._lines = message, shown
__main__.main()
"""
REFUSES = """from peer import __main__
from peer.node import Node, NodeError


def connect(*_):
    raise NodeError("not today")


Node.connect = connect
__main__.main()
"""
DEAF = """from peer import __main__, events
from peer.node import Node

right = Node._lines
Node._lines = lambda node, connection, event: (
    [] if isinstance(event, events.Received) else [*right(node, connection, event)]
)
__main__.main()
"""


def result(name: str, outcome: Outcome, *kinds: str, needs: str = "", **more: object) -> Result:
    given = {"test": name, "why": "w", "points": 2, "outcome": outcome, "kinds": kinds}
    return Result.model_validate({**given, "needs": needs.split(), "reason": f"{name}!", **more})


def test_what_fails_in_the_same_way_is_not_tested() -> None:
    found = attribute(
        [
            result("words", FAILED, "changes: cut"),
            result("burst", FAILED, "changes: cut", needs="words"),
            result("glued", FAILED, "changes: joined", needs="words"),
            result("other", FAILED, "changes: cut"),
            result("fine", PASSED, needs="words"),
            result("odd", Outcome.UNKNOWN, "changes: cut", needs="words"),
        ],
        "left out",
    )
    assert [one.because for one in found] == ["", "words", "", "", "", ""]
    assert (found[1].outcome, found[1].left_out) == (NOT_TESTED, True)
    assert found[1].reason == "because of words: words!"
    assert [one.outcome for one in found[2:]] == [FAILED, FAILED, PASSED, Outcome.UNKNOWN]


def test_the_first_cause_is_named() -> None:
    found = attribute(
        [
            result("dial", FAILED, "expectations: connect", required=True),
            result("message", FAILED, "expectations: connect", "delivery", needs="dial"),
            result("burst", FAILED, "delivery", needs="message"),
        ],
        "left out",
    )
    assert [one.because for one in found] == ["", "dial", "dial"]
    assert not found[2].left_out, "what needs a required test is lost with it"


DEAD_ROW, REFUSED = "expectations: list", "expectations: connect"


@pytest.mark.parametrize(
    ("kinds", "perhaps", "outcome"),
    [
        ([DEAD_ROW, REFUSED], [], NOT_TESTED),
        ([DEAD_ROW], [REFUSED], NOT_TESTED),
        ([REFUSED], [DEAD_ROW], Outcome.UNKNOWN),  # a busy machine made one of the two uncertain
        ([REFUSED], ["expectations: expect message", DEAD_ROW], Outcome.UNKNOWN),
        ([REFUSED], ["expectations: expect message"], FAILED),
        ([REFUSED], [], FAILED),
    ],
)
def test_what_may_have_failed_by_the_fault_of_another_test_is_no_finding(
    kinds: list[str], perhaps: list[str], outcome: Outcome
) -> None:
    killed = result("killed", FAILED, DEAD_ROW)
    again = result("again", FAILED, *kinds, needs="killed", perhaps=perhaps)
    _, found = attribute([killed, again], "left out")
    assert found.outcome is outcome
    if outcome is Outcome.UNKNOWN:
        assert found.reason == "it failed, perhaps only because of killed: again!"


@pytest.mark.parametrize(
    ("perhaps", "settled", "outcome"),
    [
        ([DEAD_ROW], False, Outcome.UNKNOWN),
        ([REFUSED], False, FAILED),
        ([DEAD_ROW], True, FAILED),  # what cannot be read will not be read the next time either
    ],
)
def test_a_fault_that_a_basic_test_could_not_show_in_time_is_not_blamed_on_another(
    perhaps: list[str], settled: bool, outcome: Outcome
) -> None:
    killed = result("killed", Outcome.UNKNOWN, perhaps=perhaps, settled=settled)
    again = result("again", FAILED, DEAD_ROW, needs="killed")
    _, found = attribute([killed, again], "left out")
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("near", "because"), [("hello back", "words"), ("something else", ""), ("", "")]
)
def test_what_came_in_place_of_an_expected_message_says_why(near: str, because: str) -> None:
    def found(check: str, finding: Finding) -> CheckResult:
        return CheckResult(check=check, verdict="invalid", says="", findings=(finding,))

    cut = found("changes", Finding("it", 1.0, text="hello", near=near, kind="cut"))
    awaited = found("expectations", Finding("it", 1.0, text="hello back", kind="expect message"))
    answer = result("answer", FAILED, "expectations: expect message", needs="words")
    answer = answer.model_copy(update={"findings": (awaited,), "also": (cut,)})
    # On a busy machine it was not certain there that the message was late.
    _, attributed = attribute([result("words", FAILED, "changes: cut"), answer], "left out")
    assert attributed.because == because


@pytest.mark.parametrize(
    ("kinds", "because"),
    [(["expectations: raw"], "no-command"), (["expectations: list"], ""), (["changes: cut"], "")],
)
def test_a_long_line_fails_by_itself_only_if_a_short_one_is_answered(
    kinds: list[str], because: str
) -> None:
    tests = {task.test.name: task.test for task in rubrics.load(CONFORMANCE).tasks}
    needs = " ".join(tests["longest-line"].needs)
    unanswered = result("no-command", FAILED, "expectations: raw")
    long = result("longest-line", FAILED, *kinds, needs=needs)
    assert [*tests].index("no-command") < [*tests].index("longest-line")
    _, found = attribute([unanswered, long], "left out")
    assert found.because == because


@pytest.mark.parametrize(("policy", "total"), [("left out", 2), ("lost", 4)])
def test_the_rubric_says_what_it_costs(policy: rubrics.NotTested, total: float) -> None:
    two = [result("words", FAILED, "x"), result("burst", FAILED, "x", needs="words")]
    grade = Grade(program="p", profile="f", results=tuple(attribute(two, policy)))
    assert (grade.points, grade.total) == (0, total)
    assert {cause: [one.test for one in several] for cause, several in grade.depending.items()} == {
        "words": ["burst"]
    }


@pytest.mark.parametrize(
    ("code", "tests", "failed", "because"),
    [
        pytest.param(ONE_WORD, "message blanks-within answer", "blanks-within",
                     {"blanks-within": "answer"}, marks=pytest.mark.thorough),
        (GLUES_AND_SQUEEZES, "blanks-within blanks-around twenty-at-once",
         "blanks-within twenty-at-once", {"blanks-within": "blanks-around"}),
        pytest.param(FIVE_LETTERS, "message blanks-within twenty-back no-command", "blanks-within",
                     {"blanks-within": "twenty-back no-command"}, marks=pytest.mark.thorough),
        pytest.param(REFUSES, "own-port dial message ports-in-the-list same-ids", "dial",
                     {"dial": "message ports-in-the-list same-ids"}, marks=pytest.mark.thorough),
        pytest.param(DEAF, "dial message blanks-within stalled", "message",
                     {"message": "blanks-within stalled"}, marks=pytest.mark.thorough),
    ],
)  # fmt: skip
def test_one_fault_of_a_program_is_one_finding(
    tmp_path: Path, code: str, tests: str, failed: str, because: dict[str, str]
) -> None:
    folder = variant(tmp_path, "anna", code)
    suite = rubrics.load(CONFORMANCE).only(tests.split())
    (grade,) = graded([folder], EngineName.PROCESS, tmp_path / "grades", jobs=4, suite=suite)
    found = {one.test: (one.outcome, one.reason) for one in grade.results}
    assert {t for t, (outcome, _) in found.items() if outcome is FAILED} == {*failed.split()}, found
    depending = {cause: {r.test for r in several} for cause, several in grade.depending.items()}
    assert depending == {cause: {*names.split()} for cause, names in because.items()}, found
