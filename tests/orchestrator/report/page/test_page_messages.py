"""The messages of a page have the states that the checks give them."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given

from orchestrator import checks
from orchestrator.checks.verdict import Judgement, Verdict
from orchestrator.history.entries import Entry
from orchestrator.report.page.messages import message_rows
from orchestrator.report.page.rows import NO_OPERATION, MessageRow
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import (
    Entries,
    again,
    any_right_histories,
    changed,
    few,
    fresh,
    pick,
    places,
    seeds,
    settled,
    without,
)
from tests.orchestrator.report.page.support import view

ALICE, BOB = 0, 1


def rows(entries: Entries) -> list[MessageRow]:
    return message_rows(view(entries))


def states(entries: Entries) -> list[tuple[str, str]]:
    return [(row.text, row.state) for row in rows(entries)]


def story(*texts: str) -> Story:
    found = Story()
    found.connect("alice", "bob")
    for text in texts:
        found.send("alice", "bob", text)
    return found


def shown(entries: Entries, text: str) -> int:
    return places(entries, "message", where=lambda entry: entry.text("text") == text)[0]


def test_a_message_that_arrived() -> None:
    (row,) = rows(story("hi").finish())
    assert (row.sender, row.receiver, row.state, row.text) == (ALICE, BOB, "shown", "hi")
    assert row.sent is not None
    assert row.shown is not None
    assert row.sent < row.shown
    assert row.operation == 1  # behind the `connect`


def test_lost_twice_changed_and_out_of_order() -> None:
    entries = story("one", "two", "three").finish()
    assert states(without(entries, shown(entries, "two")))[1] == ("two", "lost")
    place = shown(entries, "one")
    doubled = [*entries[: place + 1], entries[place], *entries[place + 1 :]]
    assert sorted(states(doubled))[:2] == [("one", "shown"), ("one", "twice")]
    assert states(changed(entries, place, text="on"))[0] == ("on", "changed")
    last = shown(entries, "three")
    swapped = [*without(entries, place)[:last], entries[place], *entries[last + 1 :]]
    assert ("one", "out of order") in states(swapped)


def test_what_no_one_had_sent() -> None:
    entries = story("hi").finish()
    invented = fresh("bob", "alice", "who is there?")
    found = rows([*entries[: settled(entries)], invented, *entries[settled(entries) :]])
    (row,) = (row for row in found if row.state == "invented")
    assert (row.sender, row.receiver, row.sent, row.operation) == (ALICE, BOB, None, NO_OPERATION)


def test_a_message_to_another_peer_and_one_as_from_another() -> None:
    found = Story(("alice", "bob", "carol"))
    found.connect("alice", "bob")
    found.connect("carol", "bob")
    found.send("alice", "bob", "hi")
    entries = found.finish()
    place = shown(entries, "hi")
    assert states(changed(entries, place, of="carol", called="carol"))[0] == ("hi", "astray")
    misled = [
        Entry(e.at, e.type, "carol", e.verb, 0, {"of": "alice", "text": "hi"}) if n == place else e
        for n, e in enumerate(entries)
    ]
    (row,) = rows(misled)
    assert (row.sender, row.receiver, row.state) == (ALICE, 2, "astray")


def test_undelivered_killed_and_open() -> None:
    found = story("hi")
    found.send("alice", "bob", "too late", arrives=False)
    found.terminate("alice", "bob")
    assert states(found.finish())[1] == ("too late", "undelivered")
    killed = story("hi")
    killed.send("alice", "bob", "under way", arrives=False)
    killed.kill("alice", shown=0)
    killed.wait(20)
    assert states(killed.finish())[1] == ("under way", "killed")
    entries = story("hi").finish()
    assert states(entries[: shown(entries, "hi")]) == [("hi", "open")]


def test_a_message_that_took_much_longer_than_the_others_is_late() -> None:
    found = story("one", "two", "three")
    found.send("alice", "bob", "four", arrives=False)
    found.wait(3)
    found.send("alice", "bob", "five", arrives=False)
    link = found.link("alice", "bob")
    assert link
    found._at += 3
    found.arrive(link, "alice", 1)
    assert [state for text, state in states(found.finish()) if state == "late"] == ["late"]


def test_what_a_fault_held_up_is_late_although_most_messages_were() -> None:
    found = story("one")
    found.pause("bob")
    found.send("alice", "bob", "two", arrives=False)
    found.send("alice", "bob", "three", arrives=False)
    found._at += 3
    found.resume("bob")
    found.wait(10)
    assert states(found.finish()) == [("one", "shown"), ("two", "late"), ("three", "late")]


def test_what_a_person_may_have_typed_is_not_called_invented() -> None:
    found = story("hi")
    found.do("alice", "type", line="anything")
    entries = found.finish()
    invented = fresh("bob", "alice", "who is there?")
    more = [*entries[: settled(entries)], invented, *entries[settled(entries) :]]
    assert states(more)[-1] == ("who is there?", "shown")


def test_what_is_not_promised_is_not_held_against_a_program() -> None:
    entries = story("one", "two").finish()
    began = changed(entries, 0, promises=["lists"])
    assert states(without(began, shown(began, "one")))[0] == ("one", "open")
    assert states(changed(began, shown(began, "one"), text="on"))[0] == ("on", "shown")


def test_operations_of_another_vocabulary_are_no_messages() -> None:
    fields = {"arguments": {"text": "hi"}}
    entries = [
        Entry(0.0, "lab", "", "began", 0, {"peers": ["a"], "promises": ["counter"]}),
        Entry(0.1, "invoke", "a", "send", 1, fields),
        Entry(0.2, "ok", "a", "send", 1, fields),
        Entry(0.3, "notice", "a", "message", 0, {"said": "x", "results": {"value": "x"}}),
    ]
    assert rows(entries) == []


WRONG = {
    "lost": "delivery", "twice": "duplicates", "out of order": "order", "invented": "invention",
}  # fmt: skip


@few
@given(any_right_histories(), seeds)
def test_states_agree_with_the_verdicts(entries: Entries, chance: random.Random) -> None:
    place = pick(places(entries, "message"), chance)
    match chance.randrange(4):
        case 0:
            entries = without(entries, place)
        case 1:
            entries = again(entries, place, chance)
        case 2:
            entries = changed(entries, place, text="something that no one has sent")
        case _:
            entries = entries[: chance.randrange(place, len(entries))]
    found = Counter(row.state for row in rows(entries))
    verdicts = {verdict.check: verdict for verdict in checks.judge(entries)}
    for state, check in WRONG.items():
        assert found[state] == wrong(verdicts[check])


def wrong(verdict: Verdict) -> int:
    return verdict.wrong if verdict.judgement is Judgement.INVALID else 0
