"""Words, menus and questions."""

from __future__ import annotations

import pytest

from orchestrator.discovery.wording import (
    asked_argument,
    asked_at_start,
    candidates,
    confirmation,
    parse_menu,
    sounds_like_error,
    usages,
    wants_a_key,
    ways_out,
)

MENUS = [
    ["1. help", "2. my ip", "3. my port", "4. connect", "5. list", "6. terminate", "7. send",
     "8. exit"],
    [" 1  help       5  list", " 2  myip       6  terminate", " 3  my port    7  send",
     " 4  connect    8  exit"],
    ["+----+", "| 1) help |", "| 2) my ip |", "| 3) my port |", "| 4) connect |", "| 5) list |",
     "| 6) terminate |", "| 7) send |", "| 8) exit |"],
    ["*  1 - help     *", "*  2 - my ip    *", "*  3 - my port  *", "*  4 - connect  *",
     "*  5 - list     *", "*  6 - terminate *", "*  7 - send     *", "*  8 - exit     *"],
    ["[1] Help", "[2] Show my IP", "[3] Show my port", "[4] Connect to a peer",
     "[5] List peers", "[6] Disconnect a peer", "[7] Send a message", "[8] Quit"],
]  # fmt: skip


@pytest.mark.parametrize("lines", MENUS)
def test_a_numbered_menu(lines: list[str]) -> None:
    assert parse_menu(lines) == {
        "help": "1", "myip": "2", "myport": "3", "connect": "4", "list": "5", "terminate": "6",
        "send": "7", "exit": "8",
    }  # fmt: skip


def test_rows_are_not_a_menu() -> None:
    assert parse_menu(["1: 10.0.0.2 5000", "2: 10.0.0.3 5000"]) == {}


@pytest.mark.parametrize(
    ("verb", "line", "template"),
    [
        ("send", 'send <id> "<message>": send a message', 'send {id} "{text}"'),
        ("send", "SEND <connection id> <message>", "SEND {id} {text}"),
        ("connect", "Usage: /connect <destination> <port no>", "/connect {address} {port}"),
        ("terminate", "terminate [connection id]", "terminate {id}"),
        ("send", '"send <connection id.> <message>"', "send {id} {text}"),
        ("connect", 'try "connect <ip> <port>" first', "connect {address} {port}"),
        ("send", '"send <id> "<message>""', 'send {id} "{text}"'),
    ],
)
def test_usage_in_a_programs_messages(verb: str, line: str, template: str) -> None:
    assert template in list(usages(verb, [line]))


@pytest.mark.parametrize("verb", ["exit", "help"])
@pytest.mark.parametrize("said", ["Oops: what is 'qwxz'?", "Oops: what is 'vkbj wyzq'?"])
def test_an_error_about_nonsense_contains_no_usage(verb: str, said: str) -> None:
    assert list(usages(verb, [said])) == []
    assert list(usages("exit", ["type q or quit to leave"])) == ["quit", "q"]


def test_plain_words_come_before_usage_of_single_words() -> None:
    lines = candidates("exit", "{}", ["q"])
    assert lines[:2] == ["exit", "q"]
    assert "quit" in lines


def test_the_most_common_words_come_first() -> None:
    assert candidates("send", "{}")[:2] == ["send {id} {text}", 'send {id} "{text}"']
    assert candidates("list", "/{}")[0] == "/list"


@pytest.mark.parametrize(
    ("question", "argument"),
    [("Enter the IP: ", "address"), ("Port? ", "port"), ("Connection number: ", "id"),
     ("Your message> ", "text"), ("?", "address")],
)  # fmt: skip
def test_the_argument_a_question_asks_for(question: str, argument: str) -> None:
    assert asked_argument(question, ["address", "port", "id", "text"]) == argument


def test_error_messages() -> None:
    assert sounds_like_error(["Error: refused"])
    assert sounds_like_error(["No such connection"])
    assert not sounds_like_error(["Connected to 10.0.0.2"])


@pytest.mark.parametrize(
    ("question", "argument"),
    [("Which port? ", "port"), ("Your nickname: ", "name"), ("Bind to IP: ", "address"),
     ("Continue? ", "")],
)  # fmt: skip
def test_the_argument_asked_at_the_start(question: str, argument: str) -> None:
    assert asked_at_start(question) == argument


def test_the_items_of_a_menu_may_be_in_one_line() -> None:
    lines = ["1 help, 2 my ip, 3 my port, 4 verbinden (connect),", "5 list, 6 terminate, 7 exit"]
    assert parse_menu(lines) == {
        "help": "1", "myip": "2", "myport": "3", "connect": "4", "list": "5", "terminate": "6",
        "exit": "7",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("question", "yes"),
    [
        ("Close it? [y/N] ", "y"),
        ("Are you sure (Yes/No)? ", "yes"),
        ("(Y)es / (N)o: ", "y"),
        ("yes or no? ", "yes"),
        ("¿Seguro? (s/n) ", "s"),
        ("Wirklich beenden? [j|n] ", "j"),
        ("Port of the peer: ", ""),
        ("host/name: ", ""),
        ("yours / not mine: ", ""),
        ("any or none? ", ""),
    ],
)
def test_a_question_that_takes_yes_or_no(question: str, yes: str) -> None:
    assert confirmation(question) == yes
    assert (ways_out(["a question"], question) == [yes]) is bool(yes)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Press ENTER to begin", True), ("<hit any key>", True), ("Pulse Intro para seguir", True),
        ("Drücke Enter", True), ("Appuyez sur Entrée...", True), ("Enter your name: ", False),
        ("press h for help> ", False), ("return> ", False),
    ],
)  # fmt: skip
def test_a_page_waits_for_a_key(question: str, wanted: bool) -> None:
    assert wants_a_key(question) is wanted
