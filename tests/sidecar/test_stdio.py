"""Lines are read whole from any descriptor, and written in order."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from sidecar.stdio import LineWriter, read_lines


def read_all(descriptor: int) -> list[bytes]:
    """Return the lines that come until the end."""

    async def whole() -> list[bytes]:
        came: asyncio.Queue[bytes | None] = asyncio.Queue()
        read_lines(descriptor, came.put_nowait)
        found = []
        async with asyncio.timeout(20):
            while (line := await came.get()) is not None:
                found.append(line)
        return found

    return asyncio.run(whole())


def from_file(path: Path, data: bytes) -> list[bytes]:
    path.write_bytes(data)
    with path.open("rb") as file:
        return read_all(file.fileno())


def test_lines_are_read_unchanged(tmp_path: Path) -> None:
    assert from_file(tmp_path / "x", b"one\n\ntwo\xff\nrest") == [b"one", b"", b"two\xff", b"rest"]
    assert from_file(tmp_path / "x", b"") == []


def test_a_line_that_is_too_long_is_cut_and_the_next_is_whole(tmp_path: Path) -> None:
    lines = from_file(tmp_path / "x", b"x" * (5 << 20) + b"\nnext\n")
    assert [len(line) for line in lines] == [1 << 20, 4]


def test_an_empty_input_has_no_lines() -> None:
    with Path(os.devnull).open("rb") as nothing:
        assert read_all(nothing.fileno()) == []


def test_lines_are_written_in_order() -> None:
    reader, writer = os.pipe()
    try:
        writing = LineWriter(writer)
        for number in range(500):
            writing.write(str(number))
        writing.close()
        assert os.read(reader, 1 << 16) == b"".join(b"%d\n" % number for number in range(500))
    finally:
        os.close(reader)
        os.close(writer)


def test_a_reader_that_is_gone_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    writing = LineWriter(writer)
    writing.write("lost")
    writing.close()
    os.close(writer)
