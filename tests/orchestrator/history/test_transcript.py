"""Transcripts: what passed at a console, when and which way; lines as a screen shows them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from orchestrator.history import transcript
from orchestrator.history.transcript import Piece, Transcript


@pytest.mark.parametrize("data", [b"", b"plain", b"a\nb\r\n", bytes(range(256)), "é👋'\"".encode()])
@pytest.mark.parametrize("typed", [False, True])
def test_a_piece_comes_back_as_it_was(data: bytes, typed: bool) -> None:
    line = Piece(12.5, typed, data).as_line()
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert line.isascii()
    assert Piece.from_line(line) == Piece(12.5, typed, data)


@pytest.mark.parametrize("line", ["", "1.0 <", "1.0 < b'", "x < b''", "1.0 < b'x' b", "1.0 < 1 +"])
def test_what_is_no_piece(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Piece.from_line(line)


def test_typed_lines_stand_in_a_dialogue_if_nothing_echoed_them() -> None:
    pieces = [
        Piece(1.0, True, b"echoed\n"),
        Piece(1.5, False, b"> echoed\r\nok\r\n"),
        Piece(2.0, True, b"unseen\x1b\n"),
        Piece(3.0, False, b"ok again\r\n"),
    ]
    lines = [line.text for line in transcript.dialogue(pieces)]
    assert lines == ["> echoed", "ok", transcript.TYPED + "unseen", "ok again"]


def test_lines_have_the_time_at_which_they_were_complete() -> None:
    pieces = [
        Piece(1.0, False, b"on"),
        Piece(2.0, True, b"typed\n"),
        Piece(3.0, False, b"e\ntwo\r\n\n  \nthr"),
        Piece(4.0, False, b"ee"),
    ]
    lines = transcript.screen(pieces)
    assert [(line.at, line.text) for line in lines] == [(3.0, "one"), (3.0, "two"), (4.0, "three")]


def test_lines_are_as_a_screen_shows_them_and_harm_none() -> None:
    shown = b"\x1b[31mred\x1b[0m\n> half\r* notice\n\xff\x01 \xe2\x80\xae\n"
    assert [line.text for line in transcript.screen([Piece(0.0, False, shown)])] == [
        "red", "* notice", "\ufffd\ufffd \ufffd",
    ]  # fmt: skip


def test_on_disk_at_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "alice.transcript"
    record = Transcript(path, time.monotonic() - 10)
    record.typed(b"list\n")
    record.seen(b"ok: 0\n", time.monotonic() - 4)
    first, second = transcript.read(path)
    assert (first.typed, first.data) == (True, b"list\n")
    assert (second.typed, second.data) == (False, b"ok: 0\n")
    assert first.at == pytest.approx(10, abs=1)
    assert second.at == pytest.approx(6, abs=1)
    assert record.pieces() == [first, second]
    assert record.screen() == ["ok: 0"]
    with path.open("a") as file:
        file.write("     7.0000 < b'cut o")
    assert transcript.read(path) == [first, second]
    record.close()


def test_what_comes_after_the_end_is_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "alice.transcript"
    record = Transcript(path)
    record.seen(b"one\n", time.monotonic())
    record.close()
    record.close()
    record.seen(b"two\n", time.monotonic())
    assert [piece.data for piece in transcript.read(path)] == [b"one\n"]


def test_the_tail_is_the_last_lines_and_the_rest_is_not_kept_in_memory(tmp_path: Path) -> None:
    for record in (Transcript(tmp_path / "a.transcript"), Transcript()):
        for count in range(3_000):
            record.seen(b"line %d\n" % count, time.monotonic())
        assert record.tail(2) == ["line 2998", "line 2999"]
        assert record.screen()[0] == "line 0"
        record.seen(b"x" * 100_000, time.monotonic())
        (last,) = record.tail(1)
        assert set(last) == {"x"}
        assert len(last) <= 20_000
        record.close()
    transcript_file = Transcript(tmp_path / "b.transcript")
    for _ in range(100):
        transcript_file.typed(b"y" * 10_000)
    assert sum(len(piece.data) for piece in transcript_file._pieces) <= 30_000
    transcript_file.close()


def test_a_full_disk_stops_the_record_and_nothing_else() -> None:
    record = Transcript(Path("/dev/full"))
    for _ in range(3):
        record.seen(b"shown all the same\n", time.monotonic())
    assert record.tail(1) == ["shown all the same"]
    record.close()


def test_threads_do_not_mix_their_pieces(tmp_path: Path) -> None:
    path = tmp_path / "alice.transcript"
    record = Transcript(path)

    def work(letter: bytes) -> None:
        for _ in range(300):
            record.seen(letter * 200 + b"\n", time.monotonic())

    threads = [threading.Thread(target=work, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record.close()
    pieces = transcript.read(path)
    assert len(pieces) == 900
    assert all(len(set(piece.data[:-1])) == 1 for piece in pieces)
