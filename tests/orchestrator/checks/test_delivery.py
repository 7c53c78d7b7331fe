"""Accepted messages are shown to their receivers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given

from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "delivery"


def _lost(story: Story) -> Story:
    """Send something that is never shown."""
    story.connect("alice", "bob")
    story.send("alice", "bob", "lost", arrives=False)
    return story


def _settled(story: Story) -> Entries:
    for link in story.links:
        link.under_way["alice"].clear()
    return story.finish()


def test_lost_on_a_connection_that_stayed_up() -> None:
    verdict = support.verdict(_settled(_lost(Story())), NAME)
    assert verdict.judgement is INVALID
    assert verdict.findings[0].says == (
        "'lost' from alice to bob, sent at 0.007 s: never shown, although its connection stayed up"
    )
    assert verdict.findings[0].peers == ("alice", "bob")


def _relayed(mechanism: str, links: list[list[str]], *, alone: bool = False) -> Story:
    """Return a story of a loss while a fault was done in this way, on these links."""
    story = Story()
    story.fault(
        "stream", fault="stream 1", says="held back", links=links, means={"stream": mechanism}
    )
    _lost(story)
    if not alone:
        story.send("alice", "bob", "lost as well", arrives=False)
    story.fault("restore", fault="stream 1")
    story.links[0].under_way["alice"].clear()
    story.wait(60)
    return story


BOTH = [["alice", "bob"], ["bob", "alice"]]


@pytest.mark.parametrize(("mechanism", "links", "wanted"), [
    ("relay", BOTH, UNKNOWN), ("kernel", BOTH, INVALID),
    ("relay", [["bob", "alice"]], INVALID), ("relay", [["alice", "carol"]], INVALID),
])  # fmt: skip
def test_a_relay_may_lose_what_had_a_connection_of_its_own(
    mechanism: str, links: list[list[str]], wanted: object
) -> None:
    story = _relayed(mechanism, links)
    own = [{"local": "10.0.1.0:5000", "state": "LISTEN"}]
    assert judged(story.finish(alice=own, bob=own), NAME) is wanted


def test_a_relay_loses_no_single_message() -> None:
    own = [{"local": "10.0.1.0:5000", "state": "LISTEN"}]
    story = _relayed("relay", BOTH, alone=True)
    assert judged(story.finish(alice=own, bob=own), NAME) is INVALID


def test_a_relay_loses_nothing_on_a_connection_that_is_kept() -> None:
    assert judged(_relayed("relay", BOTH).finish(), NAME) is INVALID


def test_reported_undelivered_when_the_connection_ended() -> None:
    story = _lost(Story())
    story.terminate("bob", "alice")
    verdict = support.verdict(story.finish(), NAME)
    assert (verdict.judgement, verdict.says) == (VALID, "0 messages shown, 1 reported undelivered")


def test_reported_undelivered_although_the_connection_is_up() -> None:
    story = _lost(Story())
    story.show("alice", "undelivered", id="1", of="bob", number=1, count=1, text="lost")
    assert judged(_settled(story), NAME) is INVALID


def test_reported_undelivered_and_perhaps_ended_by_hand() -> None:
    story = _lost(Story())
    story.end(story.invoke("alice", "type", line="terminate 1"))
    story.show("alice", "undelivered", id="1", of="bob", number=1, count=1, text="lost")
    assert judged(_settled(story), NAME) is UNKNOWN


@pytest.mark.parametrize("end", ["terminate", "cut", "exit"])
def test_perhaps_under_way_when_the_connection_ended(end: str) -> None:
    story = _lost(Story())
    link = story.links[0]
    link.under_way["alice"].clear()
    match end:
        case "terminate":
            story.terminate("bob", "alice")
        case "cut":
            story.cut(link)
        case _:
            story.exit("bob")
    assert judged(story.finish(), NAME) is UNKNOWN


def test_perhaps_lost_in_a_crash() -> None:
    story = _lost(Story())
    story.lab("crash", "bob", said="Traceback")
    assert judged(_settled(story), NAME) is UNKNOWN


def test_a_crash_before_it_was_sent_excuses_nothing() -> None:
    story = Story()
    story.lab("crash", "bob", said="Traceback")
    assert judged(_settled(_lost(story)), NAME) is INVALID


def test_confirmed_and_never_shown_is_no_matter_of_the_end() -> None:
    story = _lost(Story())
    story.show("alice", "delivered", id="1", of="bob", number=1, count=1)
    story.links[0].under_way["alice"].clear()
    story.terminate("bob", "alice")
    verdict = support.verdict(story.finish(), NAME)
    assert verdict.judgement is INVALID
    assert "confirmed as delivered" in verdict.findings[0].says


def test_a_send_without_an_answer_is_never_lost() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.end(story.invoke("alice", "send", to="bob", text="perhaps"), "info")
    story.invoke("bob", "send", to="alice", text="perhaps")
    assert judged(story.finish(), NAME) is VALID


def test_an_equal_text_that_was_perhaps_sent() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.end(story.invoke("alice", "send", to="bob", text="x", id="1"), "info")
    story.send("alice", "bob", "x", arrives=False)
    story.show("bob", "message", id="1", of="alice", text="x")
    assert judged(_settled(story), NAME) is UNKNOWN


def test_equal_texts_on_two_connections() -> None:
    story = _lost(Story())
    story.terminate("bob", "alice")
    story.connect("alice", "bob")
    story.send("alice", "bob", "lost")
    assert judged(story.finish(), NAME) is VALID


def test_a_message_without_a_sender_may_be_from_any_peer() -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("carol", "bob")
    story.end(story.invoke("alice", "send", to="bob", text="x"), "info")
    story.send("carol", "bob", "x", arrives=False)
    story.show("bob", "message", of="", text="x")
    story.links[0].under_way["carol"].clear()
    assert judged(story.finish(), NAME) is VALID


def test_a_receipt_that_may_be_that_of_another_proves_nothing() -> None:
    story = Story()
    link = story.connect("alice", "bob")
    story.end(story.invoke("alice", "send", to="bob", text="perhaps", id="1"), "info")
    story.send("alice", "bob", "x", arrives=False)
    link.under_way["alice"].clear()
    story.show("alice", "delivered", id="1", of="bob", number=1, count=1)
    story.terminate("bob", "alice")
    assert judged(story.finish(), NAME) is UNKNOWN


def test_a_report_without_number_and_text_is_about_what_was_not_shown() -> None:
    story = _lost(Story())
    story.send("alice", "bob", "shown", arrives=False)
    story.show("bob", "message", id="1", of="alice", text="shown")
    story.show("alice", "undelivered", id="1", of="bob")
    story.links[0].under_way["alice"].clear()
    story.terminate("bob", "alice")
    assert judged(story.finish(), NAME) is VALID


def test_confirmed_to_an_unknown_receiver() -> None:
    story = Story()
    story.end(story.invoke("alice", "send", text="x", id="1"))
    story.show("alice", "delivered", id="1", number=1, count=1)
    assert judged(story.finish(), NAME) is INVALID


@pytest.mark.parametrize("act", ["nothing", "crash", "kill"])
def test_sent_on_an_unknown_connection(act: str) -> None:
    story = Story()
    story.end(story.invoke("alice", "send", text="x"))
    if act == "crash":
        story.lab("crash", "alice", said="Traceback")
    elif act == "kill":
        story.kill("alice")
    assert judged(story.finish(), NAME) is (VALID if act == "kill" else UNKNOWN)


@pytest.mark.parametrize("act", ["terminate", "crash"])
def test_what_may_have_ended_before_a_kill_is_unknown(act: str) -> None:
    story = Story(notices=("message", "connected", "closed"))
    link = _lost(story).links[0]
    story.read()
    link.under_way["alice"].clear()
    if act == "terminate":
        story.terminate("alice", "bob")
    else:
        story.lab("crash", "bob", said="Traceback")
    story.wait(10)
    story.kill("bob")
    assert judged(story.finish(), NAME) is UNKNOWN


def test_perhaps_terminated_meanwhile() -> None:
    story = _lost(Story())
    story.end(story.invoke("bob", "terminate", to="alice"), "info")
    assert judged(_settled(story), NAME) is UNKNOWN


def test_a_profile_that_reads_no_messages() -> None:
    story = Story(notices=("connected", "closed"))
    assert judged(Story(notices=()).finish(), NAME) is VALID
    assert judged(_settled(_lost(story)), NAME) is UNKNOWN


@few
@given(support.any_right_histories(), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    gone, alone = support.ended_peers(entries), support.undisturbed(entries)
    sent = [(e.peer, e.fields["to"], e.fields["text"]) for e in entries if e.verb == "send"]
    found = support.places(
        entries, "message", where=lambda e: e.peer not in gone and alone(e)
        and e.fields["of"] not in gone
        and sent.count((e.fields["of"], e.peer, e.fields["text"])) == 2,  # invoked and accepted
    )  # fmt: skip
    place = support.pick(found, chance)
    outcome = _outcome(entries, place)
    expected = INVALID if outcome == "delivered" else VALID
    judgements = support.not_valid(support.without(entries, place))
    assert judgements == ({NAME: INVALID} if expected is INVALID else {})


def _outcome(entries: Entries, place: int) -> str:
    """Return what the sender reported of a message, by its place on its connection."""
    shown = entries[place]
    reports = support.places(entries, "undelivered", where=lambda e: e.peer == shown.fields["of"])
    texts = [entries[i].fields["text"] for i in reports if entries[i].fields["of"] == shown.peer]
    return "undelivered" if shown.fields["text"] in texts else "delivered"


@few
@given(support.right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    entries = [e for e in entries if e.verb not in ("delivered", "undelivered")]
    ended = {e.peer for e in entries if e.verb == "closed"}
    found = support.places(
        entries, "message", where=lambda e: e.peer in ended
        and _is_over(entries, e.peer, e.fields["id"]),
    )  # fmt: skip
    place = support.pick(found, chance)
    assert judged(support.without(entries, place), NAME) is UNKNOWN


def _is_over(entries: Entries, peer: str, number: str) -> bool:
    return any(e.peer == peer and e.fields.get("id") == number and e.verb == "closed"
               for e in entries)  # fmt: skip
