"""Causes: which failed tests show nothing but a fault that a more basic test shows already. Pure.

One fault is one finding. If a program sends one word of each message, the test of a message of
several words fails, and so does every other test that sends one. Those needed it, failed in the
same way, and say nothing about what they are for. If it is not certain that they failed in the same
way, it is not known whether they failed by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator.checks import expectations
from orchestrator.grading.results import Outcome, Result
from orchestrator.grading.rubric import NotTested


def attribute(results: Sequence[Result], policy: NotTested) -> list[Result]:
    """Return the results, in which tests that failed by the fault of another are `not tested`.

    A test of which anything is wrong in the way in which a test that it needs failed is one of
    them. One that failed in another way failed by itself, and is `unknown` if anything may be
    wrong besides in the way of a test that it needs.

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
    shared = alike(basic, _kinds(result))
    if not shared:
        return _in_doubt(result, basic)
    cause = known[shared[0].because or shared[0].test]
    changes = {
        "outcome": Outcome.NOT_TESTED,
        "because": cause.test,
        "reason": f"because of {cause.test}: {cause.reason}",
        "left_out": policy == "left out" and not cause.required,
    }
    return result.model_copy(update=changes)


def _in_doubt(result: Result, basic: Sequence[Result]) -> Result:
    """Return a test that failed, as unknown if it may have failed only by the fault of another."""
    late = [one for one in basic if _may_be_late(one, result)]
    causes = [*alike(basic, result.perhaps), *late]
    if not causes or result.outcome is not Outcome.FAILED:
        return result
    reason = f"it failed, perhaps only because of {causes[0].test}: {result.reason}"
    return result.model_copy(update={"outcome": Outcome.UNKNOWN, "reason": reason})


def alike(basic: Iterable[Result], kinds: Iterable[str]) -> list[Result]:
    """Return those results of the tests that another one needs that are of any of these kinds."""
    return [one for one in basic if not {*kinds}.isdisjoint(one.kinds)]


def _may_be_late(basic: Result, result: Result) -> bool:
    """Return whether a busy machine left it unknown if a test failed in the way of another one."""
    is_open = basic.outcome is Outcome.UNKNOWN and not basic.settled
    return is_open and not _kinds(result).isdisjoint(basic.perhaps)


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
