"""The console for programs: lines in, lines out, on plain descriptors."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from peer.console import LONGEST_LINE, Console, ConsoleGoneError, LineTooLongError


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Standard input is a pipe; this is its other end, for the test to close."""
    reader, writer = os.pipe()
    with os.fdopen(reader, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield writer


def read_all(typed: int, data: bytes) -> list[str | None]:
    def write() -> None:
        os.write(typed, data)
        os.close(typed)

    writer = threading.Thread(target=write)
    writer.start()
    console, lines = Console(), []
    while True:
        try:
            lines.append(console.read())
        except LineTooLongError:
            lines.append("too long")
        if lines[-1] is None:
            writer.join()
            return lines


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"one\ntwo\r\n\n", ["one", "two", ""]),
        (b"no newline", ["no newline"]),
        (b"\xffa\x00\n", ["\udcffa\x00"]),
        ("h\xe9\n".encode(), ["h\xe9"]),
    ],
)
def test_lines(typed: int, data: bytes, lines: list[str]) -> None:
    assert read_all(typed, data) == [*lines, None]


@pytest.mark.parametrize("more", [0, 1, LONGEST_LINE])
@pytest.mark.parametrize("end", [b"\nnext\n", b""])
def test_long_lines(typed: int, more: int, end: bytes) -> None:
    line = "x" * (LONGEST_LINE + more)
    lines = read_all(typed, line.encode() + end)
    assert lines == ["too long" if more else line, *(["next"] if end else []), None]


def test_output(capfd: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.reply(["  a", "ok: b"])
    console.notice(["* c \udcff"])
    assert capfd.readouterr().out == "  a\nok: b\n* c \\udcff\n"


def test_notices_wait_for_the_reply(capfd: pytest.CaptureFixture[str]) -> None:
    console = Console()
    with console.hold():
        thread = threading.Thread(target=console.notice, args=(["* second"],))
        thread.start()
        thread.join(0.05)
        console.reply(["ok: first"])
    thread.join()
    assert capfd.readouterr().out == "ok: first\n* second\n"


def test_lines_of_threads_do_not_mix(capfd: pytest.CaptureFixture[str]) -> None:
    console = Console()
    batches = [[f"* {name} {number} " + name * 500 for number in range(50)] for name in "abcd"]

    def print_all(batch: list[str]) -> None:
        for start in range(0, 50, 5):
            console.notice(batch[start : start + 5])

    threads = [threading.Thread(target=print_all, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = capfd.readouterr().out.splitlines()
    for name, batch in zip("abcd", batches, strict=True):
        assert [line for line in lines if line.startswith(f"* {name}")] == batch
    assert len(lines) == 200


@contextlib.contextmanager
def standard_output(descriptor: int) -> Iterator[None]:
    saved = os.dup(1)
    os.dup2(descriptor, 1)
    os.close(descriptor)
    try:
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)


def test_an_output_that_no_one_reads() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    console = Console()
    with standard_output(writer):
        console.reply(["ok: lost"])
        assert console.gone
        with pytest.raises(ConsoleGoneError):
            console.notice(["* lost"])
        with pytest.raises(ConsoleGoneError):
            console.read()


def test_an_output_that_does_not_block() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    console, line, data = Console(), "x" * 200_000, b""
    with standard_output(writer), os.fdopen(reader, "rb", 0) as output:
        thread = threading.Thread(target=console.reply, args=([line],))
        thread.start()
        while len(data) <= len(line):
            data += output.read(65_536)
        thread.join()
    assert data.decode() == line + "\n"
    assert not console.gone
