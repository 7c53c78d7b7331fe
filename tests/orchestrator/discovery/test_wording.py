"""Words, menus and questions."""

from __future__ import annotations

import pytest

from orchestrator.discovery.wording import asked_for, complains, menu, templates, usages

MENUS = [
    ["1. help", "2. my ip", "3. my port", "4. connect", "5. list", "6. terminate", "7. send",
     "8. exit"],
    [" 1  help       5  list", " 2  myip       6  terminate", " 3  my port    7  send",
     " 4  connect    8  exit"],
    ["[1] Help", "[2] Show my IP", "[3] Show my port", "[4] Connect to a peer",
     "[5] List peers", "[6] Disconnect a peer", "[7] Send a message", "[8] Quit"],
]  # fmt: skip


@pytest.mark.parametrize("lines", MENUS)
def test_a_numbered_menu(lines: list[str]) -> None:
    assert menu(lines) == {
        "help": "1", "myip": "2", "myport": "3", "connect": "4", "list": "5", "terminate": "6",
        "send": "7", "exit": "8",
    }  # fmt: skip


def test_rows_are_no_menu() -> None:
    assert menu(["1: 10.0.0.2 5000", "2: 10.0.0.3 5000"]) == {}


@pytest.mark.parametrize(
    ("verb", "line", "template"),
    [
        ("send", 'send <id> "<message>": send a message', 'send {id} "{text}"'),
        ("send", "SEND <connection id> <message>", "SEND {id} {text}"),
        ("connect", "Usage: /connect <destination> <port no>", "/connect {address} {port}"),
        ("terminate", "terminate [connection id]", "terminate {id}"),
    ],
)
def test_usage_that_a_program_shows(verb: str, line: str, template: str) -> None:
    assert template in list(usages(verb, [line]))


@pytest.mark.parametrize("verb", ["exit", "help"])
@pytest.mark.parametrize("said", ["Oops: what is 'qwxz'?", "Oops: what is 'vkbj wyzq'?"])
def test_a_complaint_about_nonsense_tells_no_usage(verb: str, said: str) -> None:
    assert list(usages(verb, [said])) == []
    assert list(usages("exit", ["type q or quit to leave"])) == ["quit", "q"]


def test_the_plain_words_come_before_what_a_line_seems_to_say() -> None:
    lines = templates("exit", "{}", ["q"])
    assert lines[:2] == ["exit", "q"]
    assert "quit" in lines


def test_the_commonest_words_come_first() -> None:
    assert templates("send", "{}")[:2] == ["send {id} {text}", 'send {id} "{text}"']
    assert templates("list", "/{}")[0] == "/list"


@pytest.mark.parametrize(
    ("question", "argument"),
    [("Enter the IP: ", "address"), ("Port? ", "port"), ("Connection number: ", "id"),
     ("Your message> ", "text"), ("?", "address")],
)  # fmt: skip
def test_what_a_question_asks_for(question: str, argument: str) -> None:
    assert asked_for(question, ["address", "port", "id", "text"]) == argument


def test_complaints() -> None:
    assert complains(["Error: refused"])
    assert complains(["No such connection"])
    assert not complains(["Connected to 10.0.0.2"])
