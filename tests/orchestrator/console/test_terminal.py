"""A terminal over a socket: lines in any pieces, timeouts, the end, floods, typing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from orchestrator.console import terminal as module
from orchestrator.console.pump import PUMP
from orchestrator.console.terminal import FloodedError, NotReadError, StreamEndedError, Terminal
from orchestrator.history.transcript import Transcript
from tests.orchestrator.support import until


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Terminal]]:
    """Return the program's end of a terminal, and the terminal."""
    lab, program = socket.socketpair()
    terminal = Terminal(lab.fileno(), Transcript())
    yield program, terminal
    terminal.close()
    program.close()
    lab.close()


Ends = tuple[socket.socket, Terminal]


def test_lines_come_whole_however_they_were_cut(ends: Ends) -> None:
    program, terminal = ends
    with terminal:
        for byte in "one\r\ntwö\n".encode():
            assert terminal.line(0.0) is None or byte == ord("t")
            program.send(bytes([byte]))
        assert terminal.line(0.0) == "twö\n"
        program.sendall(b"three\nfour\nfi")
        assert [terminal.line(0.0) for _ in range(3)] == ["three\n", "four\n", None]
        assert terminal.rest() == "fi"
        program.sendall(b"ve\n")
        assert terminal.line(1.0) == "five\n"
        assert terminal.rest() == ""


def test_a_line_in_many_pieces_is_there_at_once(ends: Ends) -> None:
    program, terminal = ends
    with terminal:
        for _ in range(200):
            program.sendall(b"x" * 100)
            terminal.await_more(1.0)
        assert not terminal.has_line()
        assert terminal.rest() == "x" * 20_000
        program.sendall(b"\n")
        assert terminal.has_line()
        assert terminal.line(0.0) == "x" * 20_000 + "\n"


def test_bytes_that_are_no_text_survive(ends: Ends) -> None:
    program, terminal = ends
    with terminal:
        program.sendall(b"\xff\xe9\n")
        line = terminal.line(1.0)
        assert line == "\udcff\udce9\n"
        terminal.type(line, 1.0)
    assert program.recv(100) == b"\xff\xe9\n"


def test_each_line_has_the_time_at_which_it_came(ends: Ends) -> None:
    program, terminal = ends
    before = time.monotonic()
    program.sendall(b"early\n")
    until(lambda: terminal.rest() == "" and terminal._stream.pieces, "the pump")
    between = time.monotonic()
    program.sendall(b"late\n")
    until(lambda: len(terminal._stream.pieces) == 2, "the pump")
    with terminal:
        assert (terminal.line(0.0), before < terminal.at < between) == ("early\n", True)
        assert (terminal.line(0.0), terminal.at > between) == ("late\n", True)


def test_the_end_comes_after_the_last_line_and_stays(ends: Ends) -> None:
    program, terminal = ends
    program.sendall(b"last\nhalf")
    program.shutdown(socket.SHUT_RDWR)
    with terminal:
        assert terminal.line(1.0) == "last\n"
        for _ in range(2):
            with pytest.raises(StreamEndedError):
                terminal.line(1.0)
        assert terminal.has_line()
        program.close()
        with pytest.raises(StreamEndedError):
            terminal.type("x", 1.0)


def test_without_a_line_the_timeout_passes(ends: Ends) -> None:
    program, terminal = ends
    program.sendall(b"> ")
    with terminal:
        began = time.monotonic()
        assert terminal.line(0.05) is None
        assert time.monotonic() - began >= 0.05
        assert terminal.line(-1.0) is None
        assert terminal.rest() == "> "


def test_a_flood_is_cut_off(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SHOWN", 1_000)
    program, terminal = ends
    program.sendall(b"and on\n" * 200)
    with terminal:
        while not terminal._is_flooded:
            terminal.await_more(1.0)
        with pytest.raises(FloodedError, match=r"^printed more than 0 MB$"):
            terminal.line(0.0)
        assert terminal.has_line()
        terminal.await_more(0.0)
    terminal.record(Transcript())
    with terminal:
        assert terminal.line(0.0) == "and on\n", "a new record may show as much again"


def test_a_program_far_ahead_has_to_wait(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_UNREAD", 10)
    program, terminal = ends
    program.sendall(b"a long line\n")
    until(lambda: terminal._fd not in PUMP._takers, "the pump to stop")
    with terminal:
        assert terminal.line(0.0) == "a long line\n"
    assert terminal._fd in PUMP._takers


def test_typing_to_a_program_that_does_not_read(ends: Ends) -> None:
    _, terminal = ends
    with pytest.raises(NotReadError):
        terminal.type("x" * 1_000_000, 0.05)


def test_much_is_typed_while_much_is_shown(ends: Ends) -> None:
    program, terminal = ends
    shown, typed = b"shown\n" * 200_000, bytearray()

    def talk() -> None:
        program.sendall(shown)  # reads nothing before all of it was taken
        while len(typed) < 2_000_000:
            typed.extend(program.recv(65_536))

    talking = threading.Thread(target=talk)
    talking.start()
    with terminal:
        terminal.type("x" * 2_000_000, 30.0)
        talking.join(30.0)
        assert terminal.line(1.0) == "shown\n"
    assert typed == b"x" * 2_000_000
