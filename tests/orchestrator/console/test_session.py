"""Sessions with real programs on both engines: each command gets its own reply, texts are exact."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from orchestrator.cancel import CancelToken, RunCancelledError
from orchestrator.console import reply
from orchestrator.console.session import CRASH, Notice, Session
from orchestrator.errors import NoAnswerError, PeerGoneError, SessionError
from orchestrator.history.transcript import Transcript
from orchestrator.profile import Profile
from tests.orchestrator.engines.test_engines import foreign
from tests.orchestrator.support import PATIENCE, LivePeers, SecondTerminal, resize, until
from tests.repeats import ON_DOCKER_IF_THOROUGH

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
_MANY = 1_000  # messages: more than are typed ahead, or fit into the kernel's buffers
AT_ONCE = 10.0  # seconds; a reply without an echo to go by is held back for three times as long


@pytest.fixture
def hands(mesh: LivePeers) -> Iterator[SecondTerminal]:
    """Return a second terminal at alice's console."""
    second = SecondTerminal(mesh.sessions["alice"].peer)
    yield second
    second.close()


@pytest.fixture
def patient_alice(mesh: LivePeers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Return a session that waits for an echo far longer than any machine takes."""
    alice = mesh.sessions["alice"]
    usual = alice.profile
    monkeypatch.setattr(reply, "_UNANCHORED_PATIENCE", 3 * AT_ONCE)
    alice.profile = usual.model_copy(update={"answer_within": 4 * AT_ONCE})
    yield alice
    alice.profile = usual


def test_texts_arrive_exact(mesh: LivePeers) -> None:
    before = len(mesh.texts("bob"))
    with mesh.linked("alice", "bob") as number:
        for count, text in enumerate(TEXTS, 1):
            reply = mesh.sessions["alice"].ask("send", id=number, text=text)
            assert reply.lines == [f"ok: sent {number} #{count}"], text
        assert mesh.await_texts("bob", before + len(TEXTS))[before:] == TEXTS
        mesh.sessions["alice"].await_notice("delivered", lambda _: True, PATIENCE)


def test_texts_arrive_exact_through_a_narrow_terminal(
    mesh: LivePeers, patient_alice: Session
) -> None:
    before = len(mesh.texts("bob"))
    forged = [" " * blanks + "* message 1 10.0.0.1:1 (b): x" for blanks in range(25, 36)]
    texts = ["word and word " * 30, "x" * 4_000, *forged]
    alice = patient_alice
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
def test_half_typed_lines_harm_no_command(
    patient_alice: Session, hands: SecondTerminal, keys: str, columns: int
) -> None:
    alice = patient_alice
    resize(alice.peer, columns)
    for verb, line in (("list", "ok: 0 connections"), ("myport", "ok: 5000")):
        hands.type(keys)
        began = time.monotonic()
        assert alice.ask(verb).lines == [line]
        assert time.monotonic() - began < AT_ONCE, "its echo was not recognised"
    resize(alice.peer, 80)


@pytest.mark.parametrize("typed", ["help", "frob", "frob list", "myport", "terminate 7", "", "raw"])
def test_an_answer_to_a_person_is_not_the_labs_reply(
    mesh: LivePeers, hands: SecondTerminal, typed: str
) -> None:
    alice = mesh.sessions["alice"]
    for _ in range(5):
        hands.type(f"{typed}\n")
        assert alice.ask("list").lines == ["ok: 0 connections"]
        hands.type(f"{typed}\n")
        (line,) = alice.ask("terminate", id=99).lines
        assert line.startswith("error: ")
        assert "99" in line


def test_many_messages_arrive_in_order(mesh: LivePeers) -> None:
    before = len(mesh.texts("bob"))
    texts = [f"{number}" for number in range(_MANY)]
    with mesh.linked("alice", "bob") as number:
        many = [{"id": number, "text": text} for text in texts]
        replies = mesh.sessions["alice"].ask_all("send", many)
        assert [reply.fields["number"] for reply in replies] == [f"{n + 1}" for n in range(_MANY)]
        assert mesh.await_texts("bob", before + len(texts))[before:] == texts
    shown = [notice for notice in mesh.notices["bob"] if notice.kind == "message"]
    assert shown == sorted(shown, key=lambda notice: notice.at)


def test_a_notice_is_returned_once(mesh: LivePeers) -> None:
    bob = mesh.sessions["bob"]
    before = len(mesh.texts("bob"))
    with mesh.linked("alice", "bob") as number:
        for text in ("one", "two", "one"):
            mesh.sessions["alice"].ask("send", id=number, text=text)
        mesh.await_texts("bob", before + 3)
        for _ in range(2):
            found = bob.await_notice(
                "message", lambda notice: notice.fields["text"] == "one", PATIENCE
            )
            assert found.fields["name"] == "alice"
        with pytest.raises(NoAnswerError, match=r"^bob showed no such 'message' within 0.1 s"):
            bob.await_notice("message", lambda notice: notice.fields["text"] == "one", 0.1)
        assert bob.await_notice("message", lambda notice: notice.fields["text"] == "two", PATIENCE)


def test_a_verb_that_the_profile_lacks(mesh: LivePeers) -> None:
    lacks = "the profile peerlab has no"
    with pytest.raises(SessionError, match=f"^alice cannot be told 'dance': {lacks} 'dance'"):
        mesh.sessions["alice"].ask("dance")
    with pytest.raises(SessionError, match=f"cannot be told 'send': {lacks} 'id'"):
        mesh.sessions["alice"].ask("send", text="x")


@pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH])
def test_the_transcript_records_everything(place: LivePeers) -> None:
    (session,) = place.start(["alice"])
    session.ask("myport")
    session.ask("exit")
    session.await_end(PATIENCE)
    with pytest.raises(PeerGoneError, match="exited with status 0"):
        session.catch_up()
    screen = session.transcript.screen()
    assert screen[0].startswith("* peerlab ")
    assert screen[1].startswith("* listening on ")
    assert screen[2:] == ["alice> myport", "ok: 5000", "alice> exit", "ok: bye"]
    assert session.transcript.tail(2) == ["alice> exit", "ok: bye"]


def test_await_end_of_a_peer_that_stays(mesh: LivePeers) -> None:
    with pytest.raises(NoAnswerError, match=r"still had its console open after 0.1 s"):
        mesh.sessions["alice"].await_end(0.1)


def test_a_program_without_echo_and_prompt(process_place: Callable[[], LivePeers]) -> None:
    place = process_place()
    (session,) = place.start(["alice"], foreign("quiet.py"))
    for text in ("one", "two", "got none as 0", "!tick 7"):
        assert session.ask("say", text=text).fields["text"] == text
    replies = [*session.ask_all("say", [{"text": f"{number}"} for number in range(100)])]
    assert [reply.fields["text"] for reply in replies] == [f"{number}" for number in range(100)]
    ticks = [notice.fields["number"] for notice in place.notices["alice"]]
    assert ticks == [f"{number}" for number in range(1, len(ticks) + 1)], "one for each line typed"
    assert len(ticks) > 104, "and the program was asked whether it was done"
    session.synchronise()


def _patient(profile: Profile) -> Profile:
    """Return a profile by which a program that gets no processor has not ended its reply."""
    console = profile.console.model_copy(update={"quiet": 2 * profile.answer_within})
    return profile.model_copy(update={"console": console})


def test_long_lines_are_typed_while_much_is_shown(process_place: Callable[[], LivePeers]) -> None:
    (session,) = process_place().start(["alice"], _patient(foreign("talkative.py", sync="")))
    for _ in range(2):
        assert session.ask("say", text="x" * 20_000).fields["text"] == "20001"


@pytest.mark.parametrize("program", ["flood.py", "one_line.py"])
def test_endless_output_does_not_block_the_lab(
    process_place: Callable[[], LivePeers], program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.console.terminal.MOST_SHOWN", 200_000)
    profile = _patient(foreign(program, answer_within=0.5, sync=""))
    place = process_place()
    (session,) = place.start(["alice"], profile)
    began = time.monotonic()
    with pytest.raises((NoAnswerError, PeerGoneError)) as error:
        session.ask("say", text="x")
    assert re.match(r"alice (did not reply to 'x'|printed more than 0 MB)", str(error.value))
    with pytest.raises(PeerGoneError, match="printed more than 0 MB: the lab has ended it"):
        until(lambda: session.take_in(0.1), "the end of its output")
    assert session.peer.await_end(PATIENCE).state == "exited"
    assert [notice.kind for notice in place.notices["alice"]] == [CRASH]
    assert time.monotonic() - began < PATIENCE


def test_a_new_record_is_empty(process_place: Callable[[], LivePeers]) -> None:
    place = process_place()
    alice, bob = place.start(["alice", "bob"])
    heard: list[Notice] = []
    old = alice.transcript
    with place.linked("bob", "alice") as number:
        bob.ask("send", id=number, text="for the old record")
        bob.await_notice("delivered", lambda _: True, PATIENCE)
        alice.renew(heard.append, Transcript())
        kinds = [notice.kind for notice in place.notices["alice"]]
        assert kinds[-2:] == ["connected", "message"], "taken in for the old record"
        with pytest.raises(NoAnswerError):
            alice.await_notice("message", lambda _: True, 0.1)
        bob.ask("send", id=number, text="for the new one")
        found = alice.await_notice("message", lambda _: True, PATIENCE)
        assert found.fields["text"] == "for the new one"
        assert [notice.fields["text"] for notice in heard] == ["for the new one"]
        place.notices["alice"].clear()
        alice.renew(place.notices["alice"].append, Transcript())
    assert "for the old record" in " ".join(old.screen())
    assert "for the new one" not in " ".join(old.screen())


def test_records_change_while_a_console_is_never_silent(
    process_place: Callable[[], LivePeers],
) -> None:
    place = process_place()
    alice, bob = place.start(["alice", "bob"])
    heard: list[list[str]] = []
    texts = [f"{number}" for number in range(600)]

    def listen() -> None:
        into: list[str] = []
        heard.append(into)
        alice.renew(
            lambda notice: (
                into.append(notice.fields.get("text", "")) if notice.kind == "message" else None
            ),
            Transcript(),
        )

    def all_are_heard() -> bool:
        alice.take_in(0.02)
        return sum(map(len, heard)) >= len(texts)

    with place.linked("bob", "alice") as number:
        many = [{"id": number, "text": text} for text in texts]
        flood = threading.Thread(target=lambda: list(bob.ask_all("send", many)))
        listen()
        flood.start()
        while flood.is_alive():
            listen()
        until(all_are_heard, "the rest")
        place.notices["alice"].clear()
        alice.renew(place.notices["alice"].append, Transcript())
    assert [text for into in heard for text in into] == texts, "none lost, none twice"
    assert sum(map(bool, heard)) > 1


def test_cancelling_ends_any_wait_soon(process_place: Callable[[], LivePeers]) -> None:
    place = process_place()
    place.start(["alice"])
    cancel = CancelToken()
    alice = place.sessions["alice"]
    alice._console._cancel = cancel
    for wait in (
        lambda: alice.await_notice("message", lambda _: True, 60.0),
        lambda: alice.take_in(60.0),
        lambda: alice.await_end(60.0),
        lambda: list(alice.ask_all("myport", [{}] * 1_000_000)),
    ):
        timer = threading.Timer(0.02, cancel.set)
        timer.start()
        began = time.monotonic()
        with pytest.raises(RunCancelledError):
            wait()
        assert time.monotonic() - began < 5
        timer.join()
        with pytest.raises(RunCancelledError):
            alice.ask("list")
        alice.catch_up()  # what has come is taken in all the same
        cancel._event.clear()
        alice.synchronise()
