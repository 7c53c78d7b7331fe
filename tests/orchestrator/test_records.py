"""What is kept of a run while it goes on: history, transcripts; and owners and pumps."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.console.pump import Pump
from orchestrator.engines import kernel_sockets
from orchestrator.engines.endpoints import TcpSocket
from orchestrator.errors import DocumentError
from orchestrator.history import transcript
from orchestrator.history.entries import Entry, History, read
from orchestrator.history.transcript import Transcript
from tests.orchestrator.support import until

NASTY = "\x1b[31mred\x1b]0;t\x07[bold red]x[/bold red] :boom: \udcff\u202e[/] \\"


def test_history_is_written_as_it_happens(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history = History(path)
    number = history.invoke("alice", "send", to="bob", text=NASTY)
    assert json.loads(path.read_text())["text"] == NASTY
    history.notice("bob", "message", time.monotonic(), of="alice", text="\ud800")
    history.complete(number, "ok", said="done")
    left = history.invoke("alice", "list")
    history.abandon(said="why")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["type"] for line in lines] == ["invoke", "notice", "ok", "invoke", "info"]
    assert lines[2]["to"] == "bob"
    assert lines[4]["operation"] == left
    assert [entry.type for entry in history.entries] == [line["type"] for line in lines]
    history.close()


def test_a_history_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history = History(path)
    history.lab("began", peers=["alice"])
    history.complete(history.invoke("alice", "list"), "ok", rows=[{"id": "1", "peer": NASTY}])
    history.notice("alice", "message", time.monotonic(), of="", text=NASTY)
    history.close()
    again = read(path)
    assert [entry.as_json() for entry in again] == [entry.as_json() for entry in history.entries]
    whole = path.read_bytes()
    for end in range(len(whole)):  # the lab was killed here
        path.write_bytes(whole[:end])
        assert len(read(path)) == whole[:end].count(b"\n")


@pytest.mark.parametrize(
    "line",
    [
        "", "x", "5", "[]", "{}", '{"at": 0}', "[" * 100_000,
        '{"at": 0, "type": "other", "peer": "", "verb": "", "operation": 0}',
        '{"at": "x", "type": "ok", "peer": "", "verb": "", "operation": 0}',
        '{"at": 0, "type": "ok", "peer": "", "verb": "", "operation": 1e400}',
        '{"at": null, "type": "ok", "peer": "", "verb": "", "operation": 0}',
    ],
)  # fmt: skip
def test_what_is_no_history_is_said_to_be_none(tmp_path: Path, line: str) -> None:
    path = tmp_path / "history.jsonl"
    good = Entry(0.0, "lab", "", "began").as_json()
    path.write_text(f"{good}\n{line}\n{good}\n")
    with pytest.raises(DocumentError, match=r"history\.jsonl:2:\d+: "):
        read(path)
    path.write_bytes(b"\xff\n")
    with pytest.raises(DocumentError, match="not UTF-8"):
        read(path)
    with pytest.raises(DocumentError, match="No such file"):
        read(tmp_path / "none")


def test_a_transcript_in_memory() -> None:
    kept = Transcript()
    kept.typed(b"list\n")
    kept.seen(b"> list\r\nok: 0 conn", time.monotonic())
    kept.seen(b"ections\r\n\x1b[31m\xff\r\n> ", time.monotonic())
    assert kept.screen() == ["> list", "ok: 0 connections", "\ufffd", ">"]
    kept.seen(b"x\n" * 100_000, time.monotonic())
    assert kept.tail(2) == ["x", "x"]


def test_a_transcript_is_written_as_it_happens(tmp_path: Path) -> None:
    path, started = tmp_path / "alice.transcript", time.monotonic() - 5
    kept = Transcript(path, started)
    kept.typed(b"list\n")
    kept.seen(b"> list\r\n", started + 6)
    kept.seen(b"\x00\xff\x1b[31m\n", started + 7)
    lines = path.read_text().splitlines()
    assert [line.split()[1] for line in lines] == [">", "<", "<"]
    assert lines[0].endswith(r"b'list\n'")
    kept.close()
    kept.typed(b"too late")
    assert [(round(piece.at), piece.typed, piece.data) for piece in transcript.read(path)] == [
        (5, True, b"list\n"),
        (6, False, b"> list\r\n"),
        (7, False, b"\x00\xff\x1b[31m\n"),
    ]
    assert [line.at for line in kept.lines()] == [pytest.approx(6), pytest.approx(7)]
    with path.open("a") as file:
        file.write("   8.0 < b'cut o")
    assert len(transcript.read(path)) == 3


TABLES = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1388 00000000:0000 0A 00000000:00000002 00:00000000 00000000  1000        0 1 1
   1: 030012AC:1388 040012AC:C0E4 01 00000010:0000000A 00:00000000 00000000  1000        0 2 1
   2: 0100007F:1388 0100007F:C0E5 08 00000000:00000001 00:00000000 00000000     0        0 0 1
   3: 030012AC:1389 040012AC:C0E5 01 00000000:00000000 00:00000000 00000000     0        0 0 1
   4: 030012AC:1388 040012AC:C0E6 06 00000000:00000000 00:00000000 00000000     0        0 0 1

  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000000000000:1389 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 7 1
   1: 0000000000000000FFFF0000030012AC:C0E4 0000000000000000FFFF0000040012AC:1388 08 00000000:00000000 00:00000000 00000000 1000 0 8 1
"""  # noqa: E501


def test_the_kernels_tables_of_sockets() -> None:
    listening = TcpSocket(("127.0.0.1", 5000), None, "LISTEN")
    own = [
        listening,
        TcpSocket(("172.18.0.3", 5000), ("172.18.0.4", 49380), "ESTABLISHED", 10, 16),
        TcpSocket(("::ffff:172.18.0.3", 49380), ("::ffff:172.18.0.4", 5000), "CLOSE_WAIT"),
    ]
    waiting = TcpSocket(
        ("127.0.0.1", 5000), ("127.0.0.1", 49381), "CLOSE_WAIT", unread=1, accepted=False
    )
    rows = kernel_sockets.parse(TABLES)
    assert kernel_sockets.owned(rows, lambda row: row.user == 1000) == [*own, waiting]
    assert kernel_sockets.parse("") == []


def test_what_is_not_accepted_belongs_to_the_program_that_listens() -> None:
    rows = kernel_sockets.parse(TABLES)
    (listening, waiting) = kernel_sockets.owned(rows, lambda row: row.user == 0)
    assert (listening.local, listening.state) == (("::", 5001), "LISTEN")
    assert (waiting.local, waiting.accepted) == (("172.18.0.3", 5001), False)
    assert kernel_sockets.owned(rows, lambda _: False) == []


def test_pump_reads_many_until_they_end_or_are_removed() -> None:
    pump = Pump()
    got: dict[int, list[bytes]] = {}

    def taker(number: int) -> Callable[[bytes, float], None]:
        return lambda data, _: got[number].append(data)

    pipes = [os.pipe() for _ in range(50)]
    for number, (reader, _) in enumerate(pipes):
        os.set_blocking(reader, False)
        got[number] = []
        pump.add(reader, taker(number))
    for number, (_, writer) in enumerate(pipes):
        os.write(writer, b"%d" % number)
    until(lambda: all(got.values()), "all to be read")
    assert [b"".join(got[number]) for number in got] == [b"%d" % number for number in got]
    pump.remove(pipes[0][0])
    pump.remove(pipes[0][0])
    for _, writer in pipes:
        os.write(writer, b"!")
        os.close(writer)
    until(lambda: all(got[number][-1] == b"" for number in list(got)[1:]), "every end")
    assert got[0] == [b"0"]
    for reader, _ in pipes:
        os.close(reader)


def test_a_port_is_in_use_for_datagrams_while_a_socket_has_it() -> None:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as bound:
            bound.bind((address, 0))
            port = bound.getsockname()[1]
            assert kernel_sockets.takes_datagrams(port, os.getpid())
        assert not kernel_sockets.takes_datagrams(port, os.getpid())
    assert not kernel_sockets.takes_datagrams(port, pid=0)
