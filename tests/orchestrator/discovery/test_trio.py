"""Three real programs on raw consoles: questions at the start, replies, kills and floods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.discovery import trio as trios
from orchestrator.discovery.raw_console import FloodError, RawConsole
from orchestrator.discovery.trio import NAMES, NotStartedError, Trio
from orchestrator.discovery.typist import Typist
from orchestrator.discovery.wording import Wording
from orchestrator.profile import InputLine
from tests.orchestrator.discovery.learning import needs_kernel, running

PROGRAM = """\
import pathlib, sys, time

if pathlib.Path("broken").exists():
    sys.exit("cannot start")
port = input("Port: ")
print("listening on", port)
while True:
    line = input("> ")
    if line == "quit":
        break
    if line == "flood":
        while True:
            print("x" * 10_000)
    if line == "crash":
        print("Traceback (most recent call last):\\n  File\\nValueError: no")
        time.sleep(600)
    if line == "later":
        print("bye")
        time.sleep(1)
        break
    if line == "slow":
        time.sleep(0.5)
    if line == "ask":
        line = input("Your message: ")
    print("got", line)
"""
PROMPTS = ["> "]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("program")


@pytest.fixture(scope="module")
def trio(folder: Path) -> Iterator[Trio]:
    """Start three programs, with short silences: they answer at once."""
    patch = pytest.MonkeyPatch()
    for name, seconds in {"_QUIET": 0.1, "_START_QUIET": 0.2, "_SILENT_START": 1.0}.items():
        patch.setattr(trios, name, seconds)
    with running(folder, PROGRAM) as trio:
        yield trio
    patch.undo()


def test_questions_at_the_start_are_answered(trio: Trio) -> None:
    assert trio.answers == [InputLine(type="{port}", after="Port: ")]
    for name in NAMES:
        assert f"listening on {trio.peer(name).port}" in trio.greeting[name]


@pytest.mark.parametrize("line", ["hello", "slow"])
def test_a_reply_is_complete_when_the_prompt_is_back(trio: Trio, line: str) -> None:
    output = trio.type("alice", line, PROMPTS)
    assert output.lines == (f"got {line}",)
    assert output.rest == "> "


def test_a_question_gets_the_missing_argument(trio: Trio) -> None:
    typist = Typist(trio)
    typist.prompts = PROMPTS
    given = {"id": 1, "text": "umber quill"}
    exchange, wording = typist.enter("send", Wording(("ask",)), "bob", {"text": given["text"]})
    assert exchange.lines[-1] == "got umber quill"
    assert wording == Wording(("ask", "{text}"), ("", "Your message: "))
    exchange, _ = typist.enter("unknown", Wording(("ask",)), "bob")
    assert exchange.typed == ("ask",), "no argument is left, so the question is dismissed"
    assert trio.type("bob", "hello", PROMPTS).lines == ("got hello",)


def test_the_other_peer_may_print_nothing(trio: Trio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trios, "_PATIENT", 0.2)
    typist = Typist(trio)
    typist.prompts = PROMPTS
    exchange, _ = typist.enter("send", Wording(("hello",)), "alice", to="bob")
    assert exchange.others["bob"].lines == ()
    typist.ids["alice", "bob"] = "3"
    typist.update_ids(exchange)
    assert typist.exchanges[0].known.ids == {"alice": "3"}
    assert not trio.ended("alice")


def test_an_exit_a_kill_and_a_restart(trio: Trio) -> None:
    trio.type("carol", "quit", PROMPTS)
    assert trio.await_end("carol")
    assert not trio.type("carol", "hello", PROMPTS).lines
    trio.restart("carol")
    assert trio.type("carol", "hello", PROMPTS).lines == ("got hello",)
    trio.kill("carol")
    assert trio.ended("carol")
    assert set(trio.others("carol", PROMPTS)) == {"alice", "bob"}
    trio.restart("carol")


def test_a_program_that_says_that_it_leaves_may_take_longer(
    trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_UNPROMPTED", "_PATIENT"):
        monkeypatch.setattr(trios, name, 0.1)
    assert trio.type("carol", "later", PROMPTS).lines == ("bye",)
    assert trio.await_end("carol", is_leaving=True)
    trio.restart("carol")


@needs_kernel
def test_a_program_has_ended_when_its_process_is_gone_whatever_the_engine_says(
    trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RawConsole, "ended", False)  # as an engine that is late on a busy machine
    assert not trio.ended("carol")
    trio.type("carol", "quit", PROMPTS)
    assert trio.await_end("carol")
    monkeypatch.undo()
    trio.restart("carol")


def test_a_program_that_exits_at_its_start(trio: Trio, folder: Path) -> None:
    (folder / "broken").touch()
    with pytest.raises(NotStartedError, match="cannot start"):
        trio.restart("carol")
    (folder / "broken").unlink()
    trio.restart("carol")


def test_a_program_that_has_crashed_is_not_waited_for(
    trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"_UNPROMPTED": 600.0, "_PATIENT": 0.2}.items():
        monkeypatch.setattr(trios, name, seconds)
    output = trio.type("carol", "crash", PROMPTS)
    assert (output.lines[-1], output.rest) == ("ValueError: no", "")
    trio.restart("carol")


def test_endless_output_is_noticed(trio: Trio) -> None:
    assert trio.type("carol", "flood", PROMPTS).lines == ()
    for do in (trio.clear, lambda: trio.type("carol", "hello", PROMPTS)):
        with pytest.raises(FloodError, match="carol"):
            do()
    trio.restart("carol")
    assert trio.type("carol", "hello", PROMPTS).lines == ("got hello",)


RIDDLES = """\
who = input("Speak, friend, and enter. ")
print("Where is home?")
port = input()
input(f"And yours, {who}? ")
print("listening on", port)
while True:
    print("got", input("> "))
"""


def test_the_users_answers_are_given_whatever_the_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"_START_QUIET": 0.2, "_SILENT_START": 0.5}.items():
        monkeypatch.setattr(trios, name, seconds)
    answers = [InputLine(type=f"{{{field}}}") for field in ("name", "port", "address")]
    with running(tmp_path, RIDDLES, names=["alice"], answers=answers) as three:
        assert f"listening on {three.peer('alice').port}" in three.greeting["alice"]
    questions = [(answer.type, answer.after) for answer in three.answers]
    assert questions == [
        ("{name}", "Speak, friend, and enter."),
        ("{port}", "Where is home?"),
        ("{address}", None),  # it names one peer
    ]


SILENT = """\
import socket, sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    print("got", input())
"""


def test_a_program_that_starts_without_a_word_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"_START_QUIET": 0.1, "_SILENT_START": 0.3}.items():
        monkeypatch.setattr(trios, name, seconds)
    with running(tmp_path, SILENT, "{port}") as three:
        for name in ("_SILENT_START", "_START_MOST"):
            monkeypatch.setattr(trios, name, 600.0)
        three.restart("carol")
        assert three.peer("carol").listens()
        assert three.type("carol", "hello", []).lines == ("got hello",)


ONE_LINE = """\
import sys

name = input("Your nickname? ")
port = input("And your port? ")
print("hello", name, "at", port)
while True:
    print("got", input())
"""


def test_questions_on_one_line_are_asked_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"_START_QUIET": 0.2, "_SILENT_START": 0.5}.items():
        monkeypatch.setattr(trios, name, seconds)
    with running(tmp_path, ONE_LINE, names=["alice"]) as three:
        questions = [(answer.type, answer.after) for answer in three.answers]
        assert questions == [("{name}", "Your nickname? "), ("{port}", "And your port? ")]


LISTENER = """\
import socket, sys

address, *ports = sys.argv[1:]
kept = [socket.create_server((address, int(port))) for port in ports]
print("ready", flush=True)
input()
"""


@pytest.mark.parametrize(("ports", "own"), [
    (["30001"], 30001), (["{port}"], None), (["30001", "30002"], None), (["3000{index}"], None),
    ([], None),
])  # fmt: skip
def test_a_port_of_its_own_is_one_that_all_listen_on_and_none_was_told(
    tmp_path: Path, ports: list[str], own: int | None
) -> None:
    with running(tmp_path, LISTENER, "{address}", *ports) as three:
        assert three.port_of_its_own() == own


def test_all_can_be_told_another_port(tmp_path: Path) -> None:
    with running(tmp_path, LISTENER, "{address}", "{port}") as three:
        three.use_port(30001)
        assert {three.peer(name).port for name in NAMES} == {30001}
        assert all(three.peer(name).listens() for name in NAMES)


PAGE = """\
import sys

print("CHAT")
input("{key}")
name = input("Your nickname? ")
print("hello", name)
while True:
    print("got", input("> "))
"""


@pytest.mark.parametrize("key", ["Press ENTER to begin", "-- Eingabetaste drücken --"])
def test_a_page_before_the_first_question_is_turned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    for name, seconds in {"_START_QUIET": 0.2, "_SILENT_START": 0.5}.items():
        monkeypatch.setattr(trios, name, seconds)
    with running(tmp_path, PAGE.format(key=key), names=["alice"]) as three:
        asked = [(answer.type, answer.after) for answer in three.answers]
        assert asked == [("", key), ("{name}", "Your nickname? ")]
