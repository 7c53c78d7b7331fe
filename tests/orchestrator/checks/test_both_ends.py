"""Each end is reported at the other."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import given

from orchestrator import checks
from orchestrator.history.entries import Entry
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "both ends"


def _silent(story: Story, peer: str) -> Story:
    """Drop what a peer was to show."""
    story._waiting[peer].clear()
    return story


def test_a_connection_that_was_not_reported() -> None:
    story = Story()
    story.connect("alice", "bob")
    verdict = support.verdict(_silent(story, "bob").finish(), NAME)
    assert verdict.judgement is INVALID
    says = "at 0.006 s, alice connected to bob: bob never reported it"
    assert verdict.findings[0].says == says
    assert verdict.findings[0].peers == ("alice", "bob")


@pytest.mark.parametrize("act", ["terminate", "exit", "cut"])
def test_an_end_that_was_not_reported(act: str) -> None:
    story = Story()
    link = story.connect("alice", "bob")
    story.read()
    match act:
        case "terminate":
            story.terminate("alice", "bob")
        case "exit":
            story.exit("alice")
        case _:
            story.cut(link)
    verdict = support.verdict(_silent(story, "bob").finish(), NAME)
    assert verdict.judgement is INVALID
    assert verdict.findings[0].says.endswith("bob never reported it")


def test_both_terminate_at_once() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.terminate("alice", "bob", both=True)
    assert judged(story.finish(), NAME) is VALID


def _forgets(pause: float, first: str, second: str, *, said: str = "ok: bye") -> Entries:
    """End a connection at alice, unreported, and some time later at bob."""
    story = Story()
    story.connect("alice", "bob")
    story.read()
    for peer, act in (("alice", first), ("bob", second)):
        other = "bob" if peer == "alice" else "alice"
        begun = story.invoke(peer, act, to=other)
        shown = {"state": "exited", "status": 0} if act == "exit" else {"id": "1"}
        if act == "exit":
            story.gone.add(peer)
        story.end(begun, said=said, **shown)
        story._at += pause
    story.links.clear()
    return story.finish()


@pytest.mark.parametrize("first", ["terminate", "exit"])
@pytest.mark.parametrize("second", ["terminate", "exit"])
def test_ending_it_oneself_long_after_is_no_excuse(first: str, second: str) -> None:
    entries = _forgets(6.0, first, second)
    verdict = support.verdict(entries, NAME)
    assert verdict.judgement is INVALID
    (finding,) = verdict.findings
    assert "bob never reported it, until it" in finding.says
    assert support.not_valid(entries) == {NAME: INVALID}
    assert judged(_forgets(1.0, first, second), NAME) is VALID  # they may have crossed
    before = support.places(entries, "settled")[0]
    assert judged(entries[:before], NAME) is UNKNOWN
    assert not checks.pending(entries)  # nothing can come any more


def test_a_peer_that_had_perhaps_ended_owes_no_notice() -> None:
    assert judged(_forgets(6.0, "terminate", "exit", said=""), NAME) is VALID
    entries = _forgets(6.0, "terminate", "exit")
    crash = Entry(entries[-1].at, "lab", "bob", "crash", 0, {})
    assert judged([*entries, crash], NAME) is VALID


def test_a_late_notice_counts() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.terminate("alice", "bob")
    story._at += 6
    begun = story.invoke("bob", "terminate", to="alice")
    story.end(begun, id="1")  # the notice stands between the two
    assert judged(story.finish(), NAME) is VALID


@pytest.mark.parametrize("by", ["alice", "bob"])
def test_a_missing_notice_is_unknown_if_typed_lines_explain_it(by: str) -> None:
    story = Story()
    link = story.connect("alice", "bob")
    story.read()
    story.end(story.invoke(by, "type", line="terminate 1"))
    story._closed(link, link.other(by))
    story.links.clear()
    assert support.not_valid(story.finish()) == {NAME: UNKNOWN}
    assert not checks.pending(story.entries)


def test_what_was_typed_long_after_ended_nothing_before() -> None:
    story = Story()
    story.show("bob", "connected", id="1", of="alice")
    story._at += 6
    story.end(story.invoke("alice", "type", line="help"))
    assert judged(story.finish(), NAME) is INVALID
    story = Story()
    story.connect("alice", "bob")
    story.read()
    story.terminate("alice", "bob")
    _silent(story, "bob")
    story._at += 6
    story.end(story.invoke("bob", "type", line="help"))
    assert judged(story.finish(), NAME) is INVALID


@pytest.mark.parametrize("how", ["exit", "crash", "found ended"])
def test_a_peer_that_is_gone_owes_no_notice(how: str) -> None:
    story = Story()
    story.connect("alice", "bob")
    if how == "exit":
        story.exit("bob")
    else:
        story.terminate("alice", "bob")
    _silent(story, "bob").settle()
    if how == "crash":
        story.lab("crash", "bob")
    elif how == "found ended":
        story.lab("ended", "bob", state="exited", status=137)
    assert judged(story.entries, NAME) is VALID


def test_a_terminate_without_an_answer_owes_nothing() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.end(story.invoke("alice", "terminate", to="bob"), "info")
    assert judged(story.finish(), NAME) is VALID


def test_a_terminate_without_an_outcome_is_that_of_the_connection_of_its_time() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.terminate("alice", "bob")
    story.connect("alice", "bob")
    place = support.outcomes(story.finish(), "terminate")[0]
    assert support.not_valid(support.without(story.entries, place)) == {}


def test_a_peer_that_perhaps_terminated_owes_no_notice() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.end(story.invoke("alice", "terminate", to="bob"), "info")
    story.read()
    story.terminate("bob", "alice")
    assert judged(_silent(story, "alice").finish(), NAME) is VALID


def test_which_connection_was_not_reported() -> None:
    story = Story()
    for turn in range(3):
        story.connect("alice", "bob")
        if turn == 1:
            _silent(story, "bob")
        if turn < 2:
            story.terminate("alice", "bob")
            story.read()
    findings = support.verdict(story.finish(), NAME).findings
    begun = [e.at for e in story.entries if (e.type, e.verb) == ("ok", "connect")]
    assert [item.at for item in findings] == begun[1:2]


def test_a_connection_that_no_one_made_is_reported() -> None:
    story = Story()
    story.show("bob", "connected", id="1", of="alice")
    assert judged(story.finish(), NAME) is INVALID
    assert judged(story.entries[:-6], NAME) is INVALID


@pytest.mark.parametrize("outcome", ["fail", "info", ""])
def test_a_connect_without_success_may_be_reported(outcome: str) -> None:
    story = Story()
    begun = story.invoke("alice", "connect", to="bob")
    story.show("bob", "connected", id="1", of="alice")
    if outcome:
        story.end(begun, outcome)
    assert judged(story.finish(), NAME) is VALID


def _perhaps_again() -> Story:
    """Connect alice to bob twice, the second time without an answer; both end."""
    story = Story()
    story.connect("alice", "bob")
    story.terminate("bob", "alice")
    story.read()
    story.connect("alice", "bob")
    done = story.entries.pop()
    story.entries.append(Entry(done.at, "info", "alice", "connect", 3, {"to": "bob"}))
    return story


def test_a_connect_without_an_answer_takes_no_notice_of_another() -> None:
    story = _perhaps_again()
    story.send("alice", "bob", "x")
    story.terminate("bob", "alice")
    entries = story.finish()
    assert support.not_valid(entries) == {"expectations": UNKNOWN}
    first, _ = support.places(entries, "closed")
    (finding,) = support.verdict(support.without(entries, first), NAME).findings
    assert "bob terminated its connection with alice: alice never reported it" in finding.says
    assert judged(support.without(entries, first), NAME) is INVALID


def test_what_may_be_of_a_connect_without_an_answer_is_unknown() -> None:
    story = _perhaps_again()
    story.send("alice", "bob", "x")
    story.terminate("bob", "alice")
    last = support.places(story.finish(), "closed")[-1]
    assert judged(support.without(story.entries, last), NAME) is UNKNOWN
    assert not checks.pending(support.without(story.entries, last))


def test_a_line_typed_by_hand_may_have_connected() -> None:
    story = Story()
    story.end(story.invoke("alice", "type", line="connect bob 5000"))
    story.show("bob", "connected", id="1", of="alice")
    assert judged(story.finish(), NAME) is VALID


@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("act", ["terminate", "cut"])
def test_closed_is_reported_twice(act: str, *, ids: bool) -> None:
    story = Story()
    for _ in range(2):
        link = story.connect("alice", "bob")
        if act == "cut":
            story.cut(link)
        else:
            story.terminate("alice", "bob")
        story.read()
    entries = story.finish()
    for number, entry in enumerate(entries if not ids else ()):
        fields = {key: value for key, value in entry.fields.items() if key != "id"}
        entries[number] = dataclasses.replace(entry, fields=fields)
    place = support.places(entries, "closed", where=lambda e: e.peer == "bob")[-1]
    twice = [*entries[: place + 1], entries[place], *entries[place + 1 :]]
    assert support.not_valid(twice) == {NAME: INVALID}
    (finding,) = support.verdict(twice, NAME).findings
    assert "bob reported 2 times that its connection with alice is over" in finding.says


def _without_ids(entries: list[Entry], kind: str) -> list[Entry]:
    return [
        dataclasses.replace(
            it, fields={key: text for key, text in it.fields.items() if key != "id"}
        )
        if it.type == "notice" and it.verb == kind
        else it
        for it in entries
    ]


@pytest.mark.parametrize("late", [1, 2, 4])
def test_an_end_may_be_told_after_the_next_beginning(late: int) -> None:
    story = Story()
    for _ in range(6):
        story.connect("alice", "bob")
        story.terminate("alice", "bob")
    entries = _without_ids(story.finish(), "connected")
    told = support.places(entries, "closed", where=lambda e: e.peer == "bob")
    for place in reversed(told[:-late]):
        begun = support.places(entries, "connected", where=lambda e: e.peer == "bob")
        after = [it for it in begun if it > place][:late]
        entries.insert(after[-1], dataclasses.replace(entries.pop(place), at=entries[after[-1]].at))
    assert judged(entries, NAME) is VALID


def test_a_list_may_show_a_connection_before_the_notice() -> None:
    story = Story()
    story.connect("alice", "bob")
    shown = story._waiting["bob"].popleft()
    story.show_list("bob")
    story.entries.append(shown)
    assert judged(story.finish(), NAME) is VALID


def test_a_notice_under_another_id_counts() -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    story.connect("alice", "carol")
    story.terminate("alice", "bob")
    story.end(story.invoke("alice", "list"), rows=[{"id": "1", "peer": "carol"}])
    story.terminate("carol", "alice")
    place = support.places(story.finish(), "closed", where=lambda e: e.peer == "alice")[0]
    entries = support.changed(story.entries, place, id="1")
    assert support.not_valid(entries) == {"ids": INVALID}
    assert judged(support.without(entries, place), NAME) is INVALID


@pytest.mark.parametrize("unread", ["connected", "closed"])
def test_what_the_profile_does_not_read_is_not_judged(unread: str) -> None:
    story = Story(notices=[item for item in ("connected", "closed") if item != unread])
    story.connect("alice", "bob")
    story.terminate("alice", "bob")
    kept = [e for e in story.finish() if e.verb != unread]
    verdict = support.verdict(kept, NAME)
    says = f"not judged: the profile reads no `{unread}`"
    assert (verdict.judgement, verdict.says) == (VALID, says)
    none = [e for e in story.entries if e.verb not in ("connected", "closed")]
    assert judged(none, NAME) is INVALID  # what it reads is judged all the same


@few
@given(support.any_right_histories(), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    gone, alone = support.ended_peers(entries), support.undisturbed(entries)
    shown = ("connected", "closed")
    place = support.pick(
        support.places(entries, *shown, where=lambda e: e.peer not in gone and alone(e)), chance
    )
    assert judged(support.without(entries, place), NAME) is INVALID


@few
@given(support.any_right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    place = support.pick(support.places(entries, "connected", "closed"), chance)
    cut = support.settled(entries)
    kept = [e for i, e in enumerate(entries[:cut]) if i != place]
    assert judged(kept, NAME) is UNKNOWN
