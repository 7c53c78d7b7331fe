"""The ends of connections, and which two belong together."""

from __future__ import annotations

from collections.abc import MutableSequence
from dataclasses import replace

import pytest

from orchestrator.checks import both_ends
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.connections import ConnectionEnd
from orchestrator.history.entries import Entry
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, VALID


def _seen(ends: list[ConnectionEnd]) -> list[tuple[str, str, str, str, str]]:
    return [(e.peer, e.id, e.other, e.role, e.closed) for e in ends]


def test_both_ends_of_a_connection() -> None:
    story = Story(first_id=7)
    story.connect("alice", "bob")
    story.read()
    story.terminate("bob", "alice")
    index = HistoryIndex(story.settle().entries)
    assert _seen(index.ends) == [
        ("alice", "7", "bob", "dialled", "reported"),
        ("bob", "7", "alice", "accepted", "terminated"),
    ]
    one, other = index.ends
    assert (one.twin, other.twin) == (other, one)


def test_a_row_before_its_notice_is_the_same_end() -> None:
    story = Story()
    story.connect("alice", "bob")
    notice = story._waiting["bob"].popleft()
    story.show_list("bob")
    story.entries.append(notice)
    roles = [end.role for end in HistoryIndex(story.settle().entries).ends]
    assert roles == ["dialled", "accepted"]


def test_an_id_that_leads_elsewhere_is_another_connection() -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    story.end(story.invoke("alice", "list"), rows=[{"id": "1", "peer": "carol"}])
    mine = [end for end in HistoryIndex(story.entries).ends if end.peer == "alice"]
    assert [end.other for end in mine] == ["bob", "carol"]


def test_a_row_that_shows_the_near_end_is_no_other_connection() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.end(story.invoke("alice", "list"), rows=[{"id": "1", "peer": "alice"}])
    mine = [end for end in HistoryIndex(story.entries).ends if end.peer == "alice"]
    assert [end.other for end in mine] == ["bob"]


def test_ids_that_shift_are_followed_by_their_peers() -> None:
    story = Story(("alice", "bob", "carol", "dave"))
    for other in ("bob", "carol", "dave"):
        story.connect("alice", other)
    story.read()
    story.terminate("alice", "bob")
    rows = [{"id": "1", "peer": "carol"}, {"id": "2", "peer": "dave"}]
    story.end(story.invoke("alice", "list"), rows=rows)
    story.end(story.invoke("carol", "terminate", to="alice"), id="1")
    story.show("alice", "closed", id="1", of="carol")
    story.read()
    rows = [{"id": "1", "peer": "dave"}]
    story.end(story.invoke("alice", "list"), rows=rows)
    story.show("alice", "undelivered", id="1", of="carol")
    mine = [end for end in HistoryIndex(story.settle().entries).ends if end.peer == "alice"]
    assert [(end.other, end.closed) for end in mine] == [
        ("bob", "terminated"),
        ("carol", "reported"),
        ("dave", ""),
    ]
    assert all(end.twin for end in mine)


def test_two_connections_with_one_peer_where_ids_shift() -> None:
    story = Story(("alice", "bob", "carol"), first_id=0)
    story.connect("alice", "carol")
    for _ in range(2):
        story.connect("alice", "bob")
    story.terminate("alice", "carol")
    story.show("alice", "closed", id="0", of="bob")
    story.show("alice", "closed", id="0", of="bob")
    mine = [end for end in HistoryIndex(story.settle().entries).ends if end.peer == "alice"]
    assert [end.closed for end in mine] == ["terminated", "reported", "reported"]


def test_connections_without_ids_and_notices_are_joined_by_what_happens_on_them() -> None:
    story = Story()
    story.end(story.invoke("alice", "connect", to="bob"))
    story.end(story.invoke("alice", "send", to="bob", text="x"))
    story.show("bob", "message", of="alice", text="x")
    ends = HistoryIndex(story.settle().entries).ends
    assert [end.role for end in ends] == ["dialled", "implied"]
    assert ends[0].twin is ends[1]


def test_many_connections_are_joined_in_their_order() -> None:
    story = Story()
    for turn in range(20):
        one, other = ("alice", "bob") if turn % 3 else ("bob", "alice")
        story.connect(one, other)
        story.terminate(one, other)
        if not turn % 4:
            story.read()
    ends = HistoryIndex(story.settle().entries).ends
    assert len(ends) == 40
    assert all(end.twin and end.twin.id == end.id for end in ends)


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_an_id_that_is_given_again_leads_to_the_new_connection(who: str) -> None:
    """It is named only when a connection ends: by who ends it, or by the other end's notice."""
    story = Story()
    for _ in range(3):
        begun = story.invoke("alice", "connect", to="bob")
        story.show("bob", "connected", of="alice")
        story.end(begun)
        begun = story.invoke("alice", "terminate", to="bob")
        story.show("bob", "closed", of="alice", **({"id": "0"} if who == "bob" else {}))
        story.end(begun, **({"id": "0"} if who == "alice" else {}))
    index = HistoryIndex(story.settle().entries)
    how = {peer: [end.closed for end in index.ends if end.peer == peer] for peer in story.peers}
    assert how == {"alice": ["terminated"] * 3, "bob": ["reported"] * 3}
    assert both_ends.check(index).word == "valid"


def test_a_late_notice_is_about_the_connection_that_its_console_ended() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.terminate("alice", "bob")
    begun = story.invoke("alice", "connect", to="bob")
    story.end(begun)
    story.show("alice", "closed", id="1", of="bob")
    first, second = [it for it in HistoryIndex(story.settle().entries).ends if it.peer == "alice"]
    assert (first.reports, second.reports) == (1, 0)
    assert not second.closed


def _change_last(entries: MutableSequence[Entry], **changes: str | None) -> None:
    """Change fields of the last entry; leave out those that are None."""
    fields = {**entries[-1].fields, **changes}
    kept = {key: value for key, value in fields.items() if value is not None}
    entries[-1] = replace(entries[-1], fields=kept)


def _without_ids(*others: str, gone: str) -> HistoryIndex:
    """Have alice connect to others; each `connect` is silent about the id, one `closed` is not."""
    story = Story(("alice", *others))
    for other in others:
        story.connect("alice", other)
        _change_last(story.entries, id=None)
    story.terminate(gone, "alice")
    _change_last(story._waiting["alice"], of="")
    return HistoryIndex(story.settle().entries)


def test_the_id_of_the_only_connection_without_one_is_its_own() -> None:
    index = _without_ids("bob", gone="bob")
    assert _seen(index.ends)[0] == ("alice", "", "bob", "dialled", "reported")
    assert both_ends.check(index).judgement is VALID


def test_an_id_that_may_be_of_several_blames_none_of_them() -> None:
    index = _without_ids("bob", "carol", gone="carol")
    mine = [end for end in index.ends if end.peer == "alice" and end.other]
    assert [(end.other, end.may_be_closed) for end in mine] == [("bob", True), ("carol", True)]
    assert both_ends.check(index).judgement is not INVALID


def test_an_id_that_is_given_again_without_a_word_is_the_new_connections() -> None:
    story = Story()
    story.connect("bob", "alice")
    story.read()
    story.terminate("bob", "alice")
    story.read()
    story._next_id["alice"] = 1
    story.connect("alice", "bob")
    _change_last(story.entries, id=None)
    story.terminate("bob", "alice")
    _change_last(story._waiting["alice"], of="")
    index = HistoryIndex(story.settle().entries)
    assert [end.closed for end in index.ends if end.peer == "alice"] == ["reported", "reported"]
    assert both_ends.check(index).judgement is VALID
