"""How a typed line becomes a command."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer import commands
from peer.commands import CommandError, Connect, Exit, Help, List, MyIp, MyPort, Send, Terminate
from peer.wire import MAX_TEXT


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("help", Help("")),
        ("help send", Help("send")),
        ("  myip  ", MyIp()),
        ("\tmyport", MyPort()),
        ("list\t", List()),
        ("connect bob 5000", Connect("bob", 5000)),
        ("connect\t ::1   65535 ", Connect("::1", 65_535)),
        ("terminate 3", Terminate(3)),
        ("terminate  003", Terminate(3)),
        ("exit", Exit()),
        ("send 1 hello", Send(1, "hello")),
        ("send  1 hello", Send(1, "hello")),
        ("send 1  two blanks ", Send(1, " two blanks ")),
        ("send 1  ", Send(1, " ")),
        ("send\t1\t\tx", Send(1, "\tx")),
        ('send 1 "quoted" \\n', Send(1, '"quoted" \\n')),
        ("send 1 h\xe9 \U0001f44b", Send(1, "h\xe9 \U0001f44b")),
        ("send 1 " + "x" * MAX_TEXT, Send(1, "x" * MAX_TEXT)),
    ],
)
def test_commands(line: str, command: commands.Command) -> None:
    assert commands.parse(line) == command


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "nothing typed"),
        ("   \t", "nothing typed"),
        ("LIST", "lower case: list"),
        ("conect a 1", "did you mean connect?"),
        ("frobnicate", "help shows the commands"),
        ("list all", "takes no argument"),
        ("help me", "no command 'me'"),
        ("help list send", "one command at most"),
        ("connect", "needs a destination and a port"),
        ("connect bob", "needs a destination and a port"),
        ("connect bob 1 2", "needs a destination and a port"),
        ("connect bob x", "'x' is not a port number"),
        ("connect bob -1", "'-1' is not a port number"),
        ("connect bob 0", "out of range, 1 to 65,535"),
        ("connect bob 65536", "out of range"),
        ("connect bob " + "9" * 5000, "out of range"),
        ("connect bob \u0665", "is not a port number"),
        ("terminate", "needs one id"),
        ("terminate 1 2", "needs one id"),
        ("terminate x", "'x' is not an id"),
        ("terminate -1", "is not an id"),
        ("terminate " + "9" * 5000, "is not an id"),
        ("send", "needs an id and a message"),
        ("send 1", "needs a message"),
        ("send 1 ", "needs a message"),
        ("send x y", "'x' is not an id"),
        ("send 1 " + "x" * (MAX_TEXT + 1), "16,385 bytes"),
        ("send 1 " + "\u20ac" * MAX_TEXT, "49,152 bytes"),
        ("send 1 \udcff", "not valid UTF-8"),
    ],
)
def test_what_is_no_command(line: str, why: str) -> None:
    with pytest.raises(CommandError) as caught:
        commands.parse(line)
    assert why in str(caught.value)
    assert len(str(caught.value)) < 300


WORDS = st.sampled_from([*commands.TABLE, "1", "0", "bob", " ", "\t", "  ", "\udcff", "x" * 50])


@given(st.text() | st.lists(WORDS).map(" ".join) | st.lists(WORDS).map("".join))
def test_no_line_raises_anything_else(line: str) -> None:
    with contextlib.suppress(CommandError):
        assert isinstance(commands.parse(line), commands.Command)


@given(st.integers(1, 999_999_999), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_text_is_kept_as_it_was_typed(number: int, text: str) -> None:
    assert commands.parse(f"send {number} {text}") == Send(number, text)


def test_every_command_is_in_the_table() -> None:
    assert list(commands.TABLE) == [
        "help", "myip", "myport", "connect", "list", "terminate", "send", "exit"
    ]  # fmt: skip
