"""What Tab completes, and what a person sees at the console besides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from peer import completion
from peer.completion import Completer
from peer.render import Row
from tests.peer.support import LabNode, Screen, changed

Start = Callable[..., Screen]
Make = Callable[..., LabNode]

ROWS = [
    Row(1, "172.18.0.3", 5000, "bob"),
    Row(12, "172.18.0.4", 5001, "carol"),
    Row(3, "10.9.9.9", 40_000, ""),
]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Completer:
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n# 1.1.1.1 none\n172.18.0.2 alice  # this one\n")
    monkeypatch.setattr(completion, "_HOSTS", hosts)
    return Completer(lambda: ROWS)


@pytest.mark.parametrize(
    ("before", "word", "found"),
    [
        ("", "m", ["myip", "myport"]),
        ("", "con", ["connect "]),
        ("  ", "ex", ["exit"]),
        ("", "x", []),
        ("help ", "te", ["terminate"]),
        ("send ", "", ["1 ", "12 ", "3 "]),
        ("send ", "1", ["1 ", "12 "]),
        ("send 1 ", "word", ["word\t"]),
        ("send 1 some ", "", ["\t"]),
        ("terminate ", "1", ["1", "12"]),
        ("terminate 1 ", "", []),
        ("connect ", "", ["172.18.0.3 ", "172.18.0.4 ", "alice ", "bob ", "carol ", "localhost "]),
        ("connect ", "b", ["bob "]),
        ("connect bob ", "", ["5000"]),
        ("connect elsewhere ", "", ["5000", "5001"]),
        ("connect bob 5000 ", "", []),
        ("list ", "", []),
        ("nonsense ", "", []),
    ],
)
def test_words(known: Completer, before: str, word: str, found: list[str]) -> None:
    assert known.complete(before, word) == found


def test_a_host_is_remembered_when_its_peer_has_gone(known: Completer) -> None:
    known.met("dave", 5002)
    assert known.complete("connect ", "d") == ["dave "]
    assert known.complete("connect dave ", "") == ["5002"]


def test_only_so_many_hosts_are_remembered(known: Completer) -> None:
    for number in range(1_000):
        known.met(f"stranger-{number}", 5000)
    assert len(known.complete("connect ", "stranger-")) <= 512
    assert known.complete("connect ", "stranger-999") == ["stranger-999 "]


def test_without_a_table_of_hosts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(completion, "_HOSTS", tmp_path / "none")
    assert Completer(list).complete("connect ", "") == []


class TestOnAScreen:
    def test_tab(self, screen: Start, node: Make) -> None:
        one, other = screen(), node(name="other")
        assert one.port
        assert one.command(f"con\t{other.bind} {other.port}").startswith("ok: connected 1")
        assert one.command("term\t\t") == f"ok: terminated 1 {other.bind}:{other.port} (other)"
        one.settle("one>")
        reply = one.command("connect ot\t\t")
        assert reply.startswith("error: ")  # a name that no name server knows
        one.see(rf"^one> connect other {other.port}$")

    def test_several_matches_are_listed_once_and_the_line_stays(self, screen: Start) -> None:
        one = screen()
        assert one.port
        one.type("my\t")
        one.see("^myip +myport$")
        one.settle("one> my")
        one.type("port\r")
        one.see(f"^ok: {one.port_shown}$")

    def test_a_message_keeps_its_tabs(self, screen: Start, node: Make) -> None:
        one, other = screen(), node(name="other")
        assert one.port
        one.command(f"connect {other.bind} {other.port}")
        one.command("send 1 \tone\t two \t")
        other.await_line(r"\(one\): \\x09one\\x09 two \\x09$")

    def test_the_banner(self, screen: Start) -> None:
        one = screen()
        assert one.port
        assert one.rows[0].startswith("* peerlab ")
        assert one.rows[1].startswith("* listening on ")

    @pytest.mark.parametrize("columns", [40, 100])
    def test_help_fits(self, screen: Start, columns: int) -> None:
        one = screen(size=(40, columns))
        assert one.port
        assert one.command("help") == "ok: 8 commands"
        shown = one.raw.partition("help\r\n")[2].partition("ok:")[0].split("\r\n")
        assert max(map(len, shown)) <= columns
        assert (len(shown) == 9) is (columns == 100)  # a line for each, and what follows the last

    @pytest.mark.parametrize(
        ("environment", "colours"),
        [
            ({"NO_COLOR": ""}, True),
            ({"NO_COLOR": "1"}, False),
            ({"NO_COLOR": "", "TERM": "dumb"}, False),
            ({"NO_COLOR": "", "TERM": "vt100"}, False),
            ({"NO_COLOR": "", "TERM": "nonsense"}, False),
            ({"NO_COLOR": "", "TERM": ""}, False),
        ],
    )
    def test_colours(self, screen: Start, environment: dict[str, str], colours: bool) -> None:
        one = screen(**environment)
        one.see("listening")
        one.type("list\r")
        one.see("ok: 0 connections")
        one.settle("one>")
        assert ("\x1b[32mok:\x1b[0m 0 connections" in one.raw) is colours
        assert ("\x1b[1mone\x1b[0m> " in one.raw) is colours

    def test_colours_without_readline(self, screen: Start) -> None:
        one = screen(code=changed("sys.modules['readline'] = None"), NO_COLOR="")
        one.see("listening")
        one.settle("one>")
        assert "\x1b[1mone\x1b[0m> " in one.raw
