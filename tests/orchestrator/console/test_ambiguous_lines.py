"""Lines that look like something else: labels, replies like notices, lines without an end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.console.glued import glued
from orchestrator.console.session import Session
from orchestrator.profile import Profile, Reader
from tests.orchestrator.support import PROGRAMS, LivePeers


@pytest.fixture
def ambiguous(tmp_path: Path) -> Profile:
    text = (PROGRAMS / "ambiguous.yaml").read_text()
    file = tmp_path / "ambiguous.yaml"
    file.write_text(text.replace("PROGRAM", str(PROGRAMS / "ambiguous.py")))
    return profile.load(str(file))


@pytest.fixture
def place(process_place: Callable[[], LivePeers]) -> LivePeers:
    return process_place()


@pytest.fixture
def session(place: LivePeers, ambiguous: Profile) -> Session:
    (session,) = place.start(["alice"], ambiguous)
    return session


def kinds(place: LivePeers) -> list[tuple[str, str]]:
    """Return kind and id of all notices, and the kind of whatever could not be read."""
    return [(notice.kind, notice.fields.get("id", "")) for notice in place.notices["alice"]]


def test_a_label_is_part_of_the_reply_and_says_nothing(session: Session, place: LivePeers) -> None:
    reply = session.ask("myport")
    assert (reply.ok, reply.fields, reply.unread) == (True, {"port": "5000"}, [])
    assert kinds(place) == []


def test_blanks_at_the_end_of_a_programs_own_words_mean_nothing(session: Session) -> None:
    rows = session.ask("list").rows
    assert rows == [{"id": "1", "address": "10.0.0.2"}, {"id": "2", "address": "10.0.0.3"}]


def test_what_was_asked_for_is_a_reply_though_it_looks_like_a_notice(
    session: Session, place: LivePeers
) -> None:
    reply = session.ask("terminate", id=3)
    assert (reply.ok, reply.fields) == (True, {"id": "3"})
    assert kinds(place) == []


def test_a_notice_about_something_else_is_no_reply(session: Session, place: LivePeers) -> None:
    reply = session.ask("terminate", id=6)
    assert (reply.ok, reply.fields) == (True, {"id": "6"})
    assert kinds(place) == [("closed", "5")]


@pytest.mark.parametrize(
    ("verb", "arguments", "fields"),
    [("terminate", {"id": 3}, {"id": "3"}), ("myport", {}, {"port": "5000"})],
)
def test_a_late_line_about_an_earlier_command_is_no_reply_to_the_next(
    session: Session, place: LivePeers, verb: str, arguments: dict[str, int], fields: dict[str, str]
) -> None:
    assert session.ask("raw", line="drop 5").ok
    reply = session.ask(verb, **arguments)
    assert (reply.ok, reply.fields) == (True, fields)
    session.await_notice("closed", lambda _: True, 5.0)
    assert kinds(place) == [("closed", "5")]


@pytest.mark.parametrize(
    ("link", "kind", "fields"),
    [
        ("7", "connected", {"address": "10.0.0.2"}),
        ("8", "connected", {"address": "10.0.0.3", "id": "1"}),
        ("9", "message", {"address": "10.0.0.4", "text": "hello"}),
    ],
)
def test_a_reply_may_stand_behind_a_notice_on_its_line(
    session: Session, place: LivePeers, link: str, kind: str, fields: dict[str, str]
) -> None:
    reply = session.ask("terminate", id=link)
    assert (reply.ok, reply.fields) == (True, {"id": link})
    assert [(notice.kind, notice.fields) for notice in place.notices["alice"]] == [(kind, fields)]


@pytest.mark.parametrize("text", ["hello", "two blanks  ", "x" * 900])
def test_what_stands_on_the_screen_was_shown(session: Session, place: LivePeers, text: str) -> None:
    assert session.ask("raw", line=f"hear {text}").ok
    notice = session.await_notice("message", lambda _: True, 5.0)
    assert notice.fields["text"] == text
    assert session.ask("myport").fields == {"port": "5000"}, "it stands on the same line"
    assert kinds(place) == [("message", "")], "it is shown once"


def test_a_reply_is_no_part_of_the_notice_on_its_line(session: Session, place: LivePeers) -> None:
    assert session.ask("raw", line="hear hello").ok
    while "hello" not in session.transcript.screen()[-1]:
        session.take_in(0.0)  # typed as soon as it is there
    assert session.ask("myport").fields == {"port": "5000"}
    assert [notice.fields.get("text") for notice in place.notices["alice"]] == ["hello"]


@pytest.mark.parametrize(("line", "texts"), [("hi there", ("hi there",)), ("it is ok", ())])
def test_a_message_may_end_where_the_reply_begins(
    session: Session, place: LivePeers, line: str, texts: tuple[str, ...]
) -> None:
    session.ask("raw", line=f"mumble {line}" if texts else f"hear {line}")
    notice = session.await_notice("message", lambda _: True, 5.0)
    assert (notice.fields["text"], notice.perhaps) == (f"{line}ok" if texts else line, texts)
    assert [it["text"] for it in notice.readings] == [notice.fields["text"], *texts]


def test_a_reply_behind_a_message_is_read_to_its_end(ambiguous: Profile) -> None:
    reply = "y" * 600
    found = glued(f"<10.0.0.2> hi{reply}", Reader(ambiguous), {reply: {}}.get, 500)
    assert [it.found.fields["text"] for it in found] == ["hi"]


def test_an_answer_ends_where_the_labs_own_question_begins(
    place: LivePeers, ambiguous: Profile
) -> None:
    asking = ambiguous.model_copy(update={"sync": "list"})
    (session,) = place.start(["alice"], asking)
    reply = session.ask("help")
    assert (reply.ok, reply.lines) == (True, ["myport", "terminate", "rows"])
