"""A program that shows messages as their text alone, so that any line may be one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.console.session import Session
from orchestrator.errors import SessionError
from tests.orchestrator.support import PROGRAMS, LivePeers


@pytest.fixture
def place(process_place: Callable[[], LivePeers]) -> LivePeers:
    return process_place()


@pytest.fixture
def session(place: LivePeers, tmp_path: Path) -> Session:
    text = (PROGRAMS / "bare.yaml").read_text()
    file = tmp_path / "bare.yaml"
    file.write_text(text.replace("PROGRAM", str(PROGRAMS / "bare.py")))
    (session,) = place.start(["alice"], profile.load(str(file)))
    return session


def shown(place: LivePeers) -> list[str]:
    return [notice.fields["text"] for notice in place.notices["alice"]]


def unread(place: LivePeers) -> list[str]:
    return [notice.line for notice in place.unread.get("alice", [])]


def test_what_no_one_has_sent_is_no_message(session: Session, place: LivePeers) -> None:
    assert session.ask("myport").fields == {"port": "5000"}
    assert (shown(place), unread(place)) == ([], ["welcome to this chat"])


@pytest.mark.parametrize("text", ["hello there", "5001 and more", "  hello  "])
def test_what_was_sent_is_a_message_in_front_of_a_reply_as_well(
    session: Session, place: LivePeers, text: str
) -> None:
    session.ask("send", id=1, text=text)
    assert session.ask("raw", line=f"now {text}").ok
    assert session.ask("raw", line=f"later {text}").ok
    session.await_notice("message", lambda it: it.fields["text"].strip() == text.strip(), 5.0)
    session.await_notice("message", lambda it: it.fields["text"].strip() == text.strip(), 5.0)
    assert [one.strip() for one in shown(place)] == [text.strip()] * 2


def test_an_argument_of_any_name_may_be_a_message(session: Session, place: LivePeers) -> None:
    session.ask("raw", line="hello there")
    assert session.ask("raw", line="now hello there").ok
    assert shown(place) == ["hello there"]


def test_an_empty_line_is_no_message(session: Session, place: LivePeers) -> None:
    session.ask("send", id=1, text="hello there")
    session.ask("raw", line="later ")
    assert session.ask("myport").ok
    assert shown(place) == []


def test_another_peer_may_have_sent_it(session: Session, place: LivePeers) -> None:
    session.meet(["alice", "bob"], {"from bob": None})
    assert session.ask("raw", line="now from bob").ok
    assert shown(place) == ["from bob"]


@pytest.mark.parametrize("part", ["hello", "hello there, and more"])
def test_a_changed_text_is_a_message_if_no_reply_is_awaited(
    session: Session, place: LivePeers, part: str
) -> None:
    session.ask("send", id=1, text="hello there")
    session.ask("raw", line=f"later {part}")
    session.await_notice("message", lambda it: it.fields["text"] == part, 5.0)
    assert shown(place) == [part]


def test_a_line_of_a_reply_is_no_message(session: Session, place: LivePeers) -> None:
    session.ask("send", id=1, text="5000")
    assert session.ask("myport").fields == {"port": "5000"}
    assert not session.ask("raw", line="nonsense").ok
    assert (shown(place), unread(place)[1:]) == ([], ["nonsense means nothing to me"])


def test_a_trace_is_a_crash_and_no_message(session: Session, place: LivePeers) -> None:
    trace = "Traceback (most recent call last):"
    session.ask("send", id=1, text=f"{trace} is a text")
    session.ask("raw", line=f"later {trace}")
    with pytest.raises(SessionError):
        session.await_notice("message", lambda _: True, 0.3)
    assert [notice.kind for notice in place.notices["alice"]] == ["crash"]
