"""Ends of connections that are reported before their beginnings, by another thread."""

from __future__ import annotations

import dataclasses

import pytest

from orchestrator.history.entries import Entry
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, VALID, Entries, judged

NAME = "both ends"


def _with_early_ends(times: int, *, notices: int = 1, are_dialled: bool = True) -> Entries:
    """Return a history without ids in which bob reports ends before their beginnings.

    Args:
        times: how many connections alice makes and ends, one after the other.
        notices: how often bob reports the first end.
        are_dialled: whether alice has dialled again before bob reports the ends.
    """
    story = Story()
    for _ in range(times):
        story.connect("alice", "bob")
        story.terminate("alice", "bob")
    entries = [dataclasses.replace(it, fields={k: v for k, v in it.fields.items() if k != "id"})
               for it in story.finish()]  # fmt: skip
    of_bob = [it for it in entries if it.type == "notice" and it.peer == "bob"]
    first, *ends = [it for it in of_bob if it.verb == "closed"]
    begun, *others = [it for it in of_bob if it.verb == "connected"]
    rest = [it for it in entries if it not in of_bob]
    _, again, *_ = [it for it in rest if (it.type, it.verb) == ("invoke", "connect")]
    last = max(it.operation for it in rest)
    end = [it.operation for it in rest].index(last) + 2
    place = end if are_dialled else rest.index(again)
    shown = [begun, *[first] * notices, *ends]
    return [*rest[:place], *shown, *rest[place:end], *others, *rest[end:]]


@pytest.mark.parametrize("times", [2, 5])
def test_a_thread_may_report_an_end_before_another_reports_the_beginning(times: int) -> None:
    assert judged(_with_early_ends(times), NAME) is VALID


def test_one_end_more_than_connections_is_reported_twice() -> None:
    assert judged(_with_early_ends(2, notices=2), NAME) is INVALID


def test_an_end_is_not_reported_before_the_dial() -> None:
    assert judged(_with_early_ends(2, are_dialled=False), NAME) is INVALID


def _with_ends_first(*, lost: int = 0) -> list[Entry]:
    """Return a history with ids in which bob reports some ends, then that they began."""
    story = Story()
    for _ in range(3):
        story.connect("alice", "bob")
        story.terminate("alice", "bob")
    entries = story.finish()
    begun, ends = (support.places(entries, verb, where=lambda it: it.peer == "bob")
                   for verb in ("connected", "closed"))  # fmt: skip
    for one, other in zip(begun, ends, strict=True):
        swapped = dataclasses.replace(entries[other], at=entries[one].at)
        entries[one], entries[other] = swapped, dataclasses.replace(entries[one], at=swapped.at)
    return [it for place, it in enumerate(entries) if place not in begun[:lost]]


def test_an_end_with_an_id_may_be_reported_before_the_beginning() -> None:
    assert judged(_with_ends_first(), NAME) is VALID


def test_a_late_beginning_is_no_end() -> None:
    (finding,) = support.verdict(_with_ends_first(lost=1), NAME).findings
    assert finding.says.endswith("bob never reported it")
