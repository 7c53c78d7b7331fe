"""Causes: which failed tests show nothing but a fault that a more basic test shows already. Pure.

One fault is one finding. If a program sends one word of each message, the test of a message of
several words fails, and so does every other test that sends one. Those needed it, failed in the
same way, and say nothing about what they are for.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.checks import expectations
from orchestrator.grading.results import Outcome, Result
from orchestrator.grading.rubric import NotTested


def attribute(results: Sequence[Result], policy: NotTested) -> list[Result]:
    """Return the results, in which tests that failed by the fault of another are `not tested`.

    A test of which anything is wrong in the way in which a test that it needs failed is one of
    them. One that failed in another way failed by itself.

    Args:
        results: in the order of the rubric, in which a test stands below those it needs.
        policy: what becomes of the points that are not tested.
    """
    known: dict[str, Result] = {}
    return [known.setdefault(one.test, _attributed(one, known, policy)) for one in results]


def _attributed(result: Result, known: dict[str, Result], policy: NotTested) -> Result:
    if result.outcome not in (Outcome.FAILED, Outcome.NOT_TESTED):
        return result
    basic = [known[name] for name in result.needs if name in known]
    shared = [one for one in basic if not _kinds(result).isdisjoint(one.kinds)]
    if not shared:
        return result
    cause = known[shared[0].because or shared[0].test]
    changes = {
        "outcome": Outcome.NOT_TESTED,
        "because": cause.test,
        "reason": f"because of {cause.test}: {cause.reason}",
        "left_out": policy == "left out" and not cause.required,
    }
    return result.model_copy(update=changes)


def _kinds(result: Result) -> set[str]:
    """Return what sorts of things are wrong, among them what came of messages that were expected.

    On a busy machine it may be known for certain only what came in place of a message, and not
    that the message itself did not come in time.
    """
    expected = {it.text for check in result.findings if check.check == expectations.NAME
                for it in check.findings}  # fmt: skip
    instead = {f"{check.check}: {it.kind}" for check in result.also for it in check.findings
               if it.near and it.near in expected}  # fmt: skip
    return {*result.kinds, *instead}
