"""A finding about time counts only if the machine let the program be in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from orchestrator.checks import Judgement
from orchestrator.history.entries import Entry
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, Entries

FINE: dict[str, Any] = {"late": [], "canary": {"trips": 9, "late": []}, "crowded": []}
STALLED = FINE | {"late": [{"since": 0.1, "by": 2.9}]}
CUT_OFF = FINE | {"canary": {"trips": 9, "late": [{"since": 0.1, "by": 2.9}]}}
CROWDED = FINE | {"crowded": [{"since": 0.0, "until": 30.0, "by": 12.0}]}
BUSY = FINE | {"crowded": [{"since": 0.0, "until": 30.0, "by": 5.0}]}
HICCUP = FINE | {"late": [{"since": 1.0, "by": 0.4}]}
BEFORE = FINE | {"late": [{"since": 0.0, "by": 0.01}, {"since": 40.0, "by": 9.0}]}

Tell = Callable[[Story], None]


def lost(story: Story) -> None:
    """Send what is never shown."""
    link = story.connect("alice", "bob")
    story.send("alice", "bob", "lost", arrives=False)
    link.under_way["alice"].clear()
    story._at += 3.0


def unconfirmed(story: Story) -> None:
    """Send what is shown, and its outcome never reported."""
    lost(story)
    story.show("bob", "message", id="1", of="alice", called="alice", text="lost")


def unreported(story: Story) -> None:
    """End a connection; the other end does not say so."""
    story.connect("alice", "bob")
    story.terminate("alice", "bob")
    story._waiting["bob"].clear()
    story._at += 3.0


def not_shown(story: Story) -> None:
    """Wait in vain for a line."""
    begun = story.invoke("bob", "expect", kind="line", line="x")
    story._at += 3.0
    story.end(begun, "fail", said="nothing of the kind within 3 s", limit=3.0)


def refused(story: Story) -> None:
    """Refuse a connection at once."""
    story._at += 2.9
    story.end(story.invoke("alice", "connect", to="bob", wants={"outcome": "ok"}), "fail")


def gave_up(story: Story) -> None:
    """Give up a connection after some seconds."""
    begun = story.invoke("alice", "connect", to="bob", wants={"outcome": "ok"})
    story._at += 3.0
    story.end(begun, "fail", said="timed out")


def slow(story: Story) -> None:
    """Answer later than a scenario allows."""
    begun = story.invoke("alice", "list", wants={"within": 2.0})
    story._at += 3.0
    story.end(begun, "ok", rows=[])


def dialled_in_vain(story: Story, **fields: Any) -> None:
    """Answer later than a scenario allows, or give up in time."""
    begun = story.invoke("alice", "connect", to="bob", wants={"outcome": "ok", "within": 2.5})
    story._at += 3.0
    story.end(begun, **fields)


def wrong_answer(story: Story) -> None:
    """Answer in time, with something else."""
    story._at += 2.9
    wants = {"outcome": "ok", "says": "yes"}
    story.end(story.invoke("alice", "type", line="x", wants=wants), "ok", said="no")


def history(tell: Tell, machine: dict[str, Any]) -> Entries:
    """Return the history of a run on such a machine."""
    story = Story()
    tell(story)
    story.finish()
    over = story.entries.pop()
    story.lab("machine", **machine)
    return [*story.entries, replace(over, at=story.entries[-1].at)]


TIMED = [
    ("delivery", lost), ("receipts", unconfirmed), ("both ends", unreported),
    ("expectations", not_shown), ("expectations", gave_up), ("expectations", slow),
]  # fmt: skip


@pytest.mark.parametrize(("check", "tell"), TIMED)
@pytest.mark.parametrize("machine", [FINE, HICCUP, BUSY, BEFORE])
def test_a_slow_program_is_blamed(check: str, tell: Tell, machine: dict[str, Any]) -> None:
    assert support.judged(history(tell, machine), check) is INVALID


@pytest.mark.parametrize(("check", "tell"), TIMED)
@pytest.mark.parametrize("machine", [STALLED, CUT_OFF, CROWDED])
def test_no_program_is_blamed_for_a_slow_machine(
    check: str, tell: Tell, machine: dict[str, Any]
) -> None:
    verdict = support.verdict(history(tell, machine), check)
    assert verdict.judgement is UNKNOWN
    assert all("; the machine was " in finding.says for finding in verdict.findings)


@pytest.mark.parametrize(
    ("machine", "judgement"),
    [(FINE, INVALID), (BUSY, INVALID), (CROWDED, INVALID), (STALLED, UNKNOWN), (CUT_OFF, UNKNOWN)],
)
def test_what_is_refused_at_once_counts_unless_something_was_held_up(
    machine: dict[str, Any], judgement: Judgement
) -> None:
    assert support.judged(history(refused, machine), "expectations") is judgement


@pytest.mark.parametrize("machine", [STALLED, CUT_OFF, CROWDED])
def test_a_wrong_answer_is_wrong_on_any_machine(machine: dict[str, Any]) -> None:
    assert support.judged(history(wrong_answer, machine), "expectations") is INVALID


def of_lists(machine: dict[str, Any], seconds: float) -> Entries:
    """Return a history in which one end still lists the other after some seconds."""
    story = Story().settle()
    story._at += seconds
    row = {"id": "1", "peer": "bob", "address": "10.0.0.9", "port": "5000", "at": "listening"}
    story.end(story.invoke("alice", "list"), rows=[row])
    story.end(story.invoke("bob", "list"), rows=[])
    for peer in story.peers:
        story.lab("ended", peer, state="running", wants={"state": "running"})
    story.lab("machine", **machine)
    return story.entries


@pytest.mark.parametrize(
    ("machine", "judgement"),
    [(FINE, INVALID), (HICCUP, INVALID), (STALLED, UNKNOWN), (CROWDED, UNKNOWN)],
)
def test_lists_that_differ_were_perhaps_read_too_early(
    machine: dict[str, Any], judgement: Judgement
) -> None:
    assert support.judged(of_lists(machine, 3.0), "lists") is judgement


@pytest.mark.parametrize(
    ("machine", "judgement"), [(FINE, INVALID), (HICCUP, INVALID), (STALLED, UNKNOWN)]
)
def test_a_peer_that_runs_on_was_perhaps_not_given_the_time_to_end(
    machine: dict[str, Any], judgement: Judgement
) -> None:
    story = Story(("alice",))
    story.end(story.invoke("alice", "type", line="exit"))
    story.settle()._at += 3.0
    story.lab("ended", "alice", state="running", wants={"state": "exited"})
    story.lab("machine", **machine)
    assert support.judged(story.entries, "end states") is judgement


def test_the_time_that_the_lab_allowed_is_what_counts_once_it_waited_longer() -> None:
    entries = history(not_shown, FINE | {"crowded": [{"since": 0.0, "until": 30.0, "by": 12.0}]})
    stretched: list[Entry] = [
        replace(entry, at=entry.at + 9.0) if entry.at > 3.0 else entry for entry in entries
    ]
    assert support.judged(entries, "expectations") is UNKNOWN
    assert support.judged(stretched, "expectations") is INVALID


def with_rest(entries: Entries, since: float, until: float) -> Entries:
    """Return a history in which all programs rested while something was awaited."""
    ended = {"expect", "connect"}
    rested = {"rested": [since, until]}
    return [
        replace(entry, fields={**entry.fields, **rested})
        if entry.verb in ended and entry.is_done
        else entry
        for entry in entries
    ]


@pytest.mark.parametrize(
    "tell",
    [
        not_shown,
        partial(dialled_in_vain, outcome="ok", took=2.9),
        partial(dialled_in_vain, outcome="fail", said="timed out", took=2.2),
    ],
)
def test_programs_that_rest_are_blamed_on_a_busy_machine(tell: Tell) -> None:
    def judged(machine: dict[str, Any], since: float, until: float) -> Judgement:
        entries = with_rest(history(tell, machine), since, until)
        return support.judged(entries, "expectations")

    assert support.judged(history(tell, CROWDED), "expectations") is UNKNOWN
    assert judged(CROWDED, 0.5, 1.7) is INVALID
    assert judged(CROWDED, 0.5, 1.2) is UNKNOWN, "something may still be on its way"
    assert judged(CROWDED, 30.0, 40.0) is UNKNOWN, "that was later"
    assert judged(STALLED, 0.5, 1.7) is UNKNOWN, "the lab itself stood still"


def unanswered(story: Story, **fields: Any) -> None:
    """Answer nothing."""
    begun = story.invoke("alice", "terminate", to="bob", wants={"outcome": "ok"})
    story._at += 3.0
    story.end(begun, "info", said="did not reply", **fields)


@pytest.mark.parametrize("machine", [FINE, CROWDED])
def test_a_console_that_certainly_never_answers_is_blamed(machine: dict[str, Any]) -> None:
    def judged(**fields: Any) -> Judgement:
        return support.judged(history(partial(unanswered, **fields), machine), "expectations")

    assert judged(answered=False, rested=[1.0, 2.5]) is INVALID
    assert judged(answered=False) is UNKNOWN
    assert judged(rested=[1.0, 2.5]) is UNKNOWN, "it printed something"


@pytest.mark.parametrize(("until", "machine"), [(1.6, CROWDED), (2.5, STALLED), (2.5, CUT_OFF)])
def test_a_console_that_may_answer_on_a_faster_machine_is_not_blamed(
    until: float, machine: dict[str, Any]
) -> None:
    tell = partial(unanswered, answered=False, rested=[1.0, until])
    assert support.judged(history(tell, machine), "expectations") is UNKNOWN


@pytest.mark.parametrize(
    ("fields", "judgement"), [({"answered": False, "rested": [8.0, 9.5]}, INVALID), ({}, UNKNOWN)]
)
def test_a_console_that_gives_no_list_at_the_end(
    fields: dict[str, Any], judgement: Judgement
) -> None:
    story = Story()
    story.connect("alice", "bob")
    story.settle()
    story._at = 7.0
    begun = story.invoke("alice", "list")
    story._at = 10.0
    story.end(begun, "info", said="did not reply", **fields)
    story.end(story.invoke("bob", "list"), "ok", rows=story.rows("bob"))
    story.lab("machine", **CROWDED)
    verdict = support.verdict(story.entries, "lists")
    assert verdict.judgement is judgement
    assert verdict.findings[0].says.startswith("alice gave no list at the end")
