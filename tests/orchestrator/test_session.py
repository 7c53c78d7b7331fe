"""Sessions on both engines: every reply is that of its own command, every text exact."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from orchestrator.errors import NoAnswerError, PeerGoneError, SessionError
from tests.orchestrator.support import PATIENCE, Hands, Lab, resize
from tests.orchestrator.test_engines import foreign

TEXTS = [
    "x",
    "y" * 100,
    "z" * 4_095,
    "z" * 4_096,
    "z" * 16_384,
    "é" * 8_192,
    " two blanks in front and behind  ",
    "\ta tab, \x1b[31mred\x1b[0m, a bell \x07, \x7f, \x01\x02\x04\x05\x08\x0b\x0e\x15\x16\x17\x18",
    "Ελληνικά עברית العربية हिन्दी ไทย 中文 日本語 한국어 ქართული አማርኛ",
    "👋 👨‍👩‍👧‍👦 🏳️‍🌈 🇪🇺 e\u0301 ﷽ 𐍈",
    "\u202eright to left\u202c \u200b \ufeff \u2028 \x85 \xa0 \xad",
    """he said "no", 'no' and `no`; $HOME %s {id} \\n \\x41 \\u{41} \\\\ \\""",
    "ok: sent 1 #1",
    "error: nothing of the kind",
    "* message 1 10.0.0.1:5000 (bob): forged",
    "* closed 1 10.0.0.1:5000 (bob): forged",
    "> list",
    "  1     10.0.0.1  5000   forged",
]
AT_ONCE = 0.4  # seconds; a reply without an echo to go by is held back for longer


@pytest.fixture
def hands(mesh: Lab) -> Iterator[Hands]:
    """Somebody else at alice's console."""
    somebody = Hands(mesh.sessions["alice"].peer)
    yield somebody
    somebody.close()


def test_texts_arrive_exact(mesh: Lab) -> None:
    before = len(mesh.texts("bob"))
    with mesh.linked("alice", "bob") as number:
        for count, text in enumerate(TEXTS, 1):
            reply = mesh.sessions["alice"].ask("send", id=number, text=text)
            assert reply.lines == [f"ok: sent {number} #{count}"], text
        assert mesh.await_texts("bob", before + len(TEXTS))[before:] == TEXTS
        mesh.sessions["alice"].await_notice("delivered", lambda _: True, PATIENCE)


def test_texts_arrive_exact_through_a_narrow_terminal(mesh: Lab) -> None:
    before = len(mesh.texts("bob"))
    forged = [" " * blanks + "* message 1 10.0.0.1:1 (b): x" for blanks in range(25, 36)]
    texts = ["word and word " * 30, "x" * 4_000, *forged]
    alice = mesh.sessions["alice"]
    resize(alice.peer, 40)
    try:
        with mesh.linked("alice", "bob") as number:
            for text in texts:
                began = time.monotonic()
                assert alice.ask("send", id=number, text=text).ok
                assert time.monotonic() - began < AT_ONCE, "its echo was not recognised"
            assert mesh.await_texts("bob", before + len(texts))[before:] == texts
    finally:
        resize(alice.peer, 80)
    assert mesh.texts("alice") == []


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize(
    "keys",
    ["half", "half\x01", "\x1b", "half\x01\x1b", "\x16", "\x18", "\x12ha", "\x1b5", "x " * 100,
     "send 1 list", "list", "* message 1 10.0.0.1:1 (b): x", "\x1b[A"],
)  # fmt: skip
def test_what_somebody_left_half_typed_harms_no_command(
    mesh: Lab, hands: Hands, keys: str, columns: int
) -> None:
    alice = mesh.sessions["alice"]
    resize(alice.peer, columns)
    for verb, line in (("list", "ok: 0 connections"), ("myport", "ok: 5000")):
        hands.type(keys)
        began = time.monotonic()
        assert alice.ask(verb).lines == [line]
        assert time.monotonic() - began < AT_ONCE, "its echo was not recognised"
    resize(alice.peer, 80)


@pytest.mark.parametrize("typed", ["help", "frob", "frob list", "myport", "terminate 7", "", "raw"])
def test_what_somebody_typed_before_is_not_the_labs_reply(
    mesh: Lab, hands: Hands, typed: str
) -> None:
    alice = mesh.sessions["alice"]
    for _ in range(20):
        hands.type(f"{typed}\n")
        assert alice.ask("list").lines == ["ok: 0 connections"]
        hands.type(f"{typed}\n")
        (line,) = alice.ask("terminate", id=99).lines
        assert line.startswith("error: ")
        assert "99" in line


def test_replies_are_matched_during_a_flood(mesh: Lab) -> None:
    alice, bob = mesh.sessions["alice"], mesh.sessions["bob"]
    before = len(mesh.texts("bob"))
    texts = [f"flood {number} ok: 5000" for number in range(2_000)]
    with mesh.linked("alice", "bob") as number:
        many = [{"id": number, "text": text} for text in texts]
        flood = threading.Thread(target=alice.ask_all, args=("send", many))
        flood.start()
        for _ in range(100):
            assert bob.ask("myport").lines == ["ok: 5000"]
            reply = bob.ask("list")
            assert reply.fields == {"count": "1"}
            assert [row["name"] for row in reply.rows] == ["alice"]
        flood.join(PATIENCE)
        assert not flood.is_alive()
        assert mesh.await_texts("bob", before + len(texts))[before:] == texts


@pytest.mark.timeout(40)
def test_ten_thousand_messages_arrive_in_order(mesh: Lab) -> None:
    before = len(mesh.texts("bob"))
    texts = [f"{number}" for number in range(10_000)]
    with mesh.linked("alice", "bob") as number:
        many = [{"id": number, "text": text} for text in texts]
        replies = mesh.sessions["alice"].ask_all("send", many)
        assert [reply.fields["number"] for reply in replies] == [f"{n + 1}" for n in range(10_000)]
        assert mesh.await_texts("bob", before + len(texts), 30.0)[before:] == texts
    shown = [notice for notice in mesh.notices["bob"] if notice.kind == "message"]
    assert shown == sorted(shown, key=lambda notice: notice.at)


def test_a_notice_is_returned_once(mesh: Lab) -> None:
    bob = mesh.sessions["bob"]
    before = len(mesh.texts("bob"))
    with mesh.linked("alice", "bob") as number:
        for text in ("one", "two", "one"):
            mesh.sessions["alice"].ask("send", id=number, text=text)
        mesh.await_texts("bob", before + 3)
        for _ in range(2):
            found = bob.await_notice("message", lambda each: each["text"] == "one", PATIENCE)
            assert found.fields["name"] == "alice"
        with pytest.raises(NoAnswerError, match=r"^bob: no such 'message' notice within 0.1 s"):
            bob.await_notice("message", lambda each: each["text"] == "one", 0.1)
        assert bob.await_notice("message", lambda each: each["text"] == "two", PATIENCE)


def test_a_verb_that_the_profile_lacks(mesh: Lab) -> None:
    with pytest.raises(SessionError, match=r"^alice: the profile peerlab cannot say 'dance'"):
        mesh.sessions["alice"].ask("dance")
    with pytest.raises(SessionError, match="cannot say 'send': no 'id'"):
        mesh.sessions["alice"].ask("send", text="x")


def test_the_transcript_records_everything(lab: Lab) -> None:
    (session,) = lab.start(["alice"])
    session.ask("myport")
    session.ask("exit")
    session.await_end(PATIENCE)
    with pytest.raises(PeerGoneError, match="exited with status 0"):
        session.catch_up()
    screen = session.transcript.screen()
    assert screen[0].startswith("* listening on ")
    assert screen[1:] == ["> myport", "ok: 5000", "> exit", "ok: bye"]
    assert session.transcript.tail(2) == ["> exit", "ok: bye"]


def test_await_end_of_a_peer_that_stays(mesh: Lab) -> None:
    with pytest.raises(NoAnswerError, match=r"its console was still open after 0.1 s"):
        mesh.sessions["alice"].await_end(0.1)


def test_a_program_without_echo_and_prompt(process_lab: Callable[[], Lab]) -> None:
    lab = process_lab()
    (session,) = lab.start(["alice"], foreign("quiet.py"))
    for number, text in enumerate(("one", "two", "got none as 0", "!tick 7"), 1):
        reply = session.ask("say", text=text)
        assert reply.fields == {"text": text, "number": str(number)}
    replies = session.ask_all("say", [{"text": f"{number}"} for number in range(5, 505)])
    assert [reply.fields["number"] for reply in replies] == [f"{n}" for n in range(5, 505)]
    assert [notice.fields["number"] for notice in lab.notices["alice"]] == [
        f"{n}" for n in range(1, 505)
    ]
    session.synchronise()


@pytest.mark.parametrize("program", ["flood.py", "one_line.py"])
def test_output_without_end_does_not_hold_the_lab_up(
    process_lab: Callable[[], Lab], program: str
) -> None:
    look = foreign(program, answer_within=0.5)
    lab = process_lab()
    (session,) = lab.start(["alice"], look)
    began = time.monotonic()
    with pytest.raises(NoAnswerError, match=r"^alice: no reply to 'x'"):
        session.ask("say", text="x")
    session.catch_up()
    assert time.monotonic() - began < PATIENCE
