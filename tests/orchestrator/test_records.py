"""What is kept of a run: history, transcript, folders, owners; and the tables made of it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator import report, runs
from orchestrator.checks import Judgement, Verdict
from orchestrator.engines.sockets import count_established
from orchestrator.errors import LabError
from orchestrator.history import Entry, History
from orchestrator.owner import Owner
from orchestrator.pump import Pump
from orchestrator.transcript import Transcript
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


def drawn(*what: object, **options: object) -> str:
    file = io.StringIO()
    console = Console(file=file, width=200, highlight=False, emoji=False, **options)  # type: ignore[arg-type]
    report.show(console, *what)  # type: ignore[arg-type]
    return file.getvalue()


def test_hostile_text_in_tables_is_shown_as_it_is() -> None:
    verdict = Verdict(NASTY, Judgement.INVALID, NASTY, tuple(f"{n} {NASTY}" for n in range(9)))
    row = report.PeerRow("alice", NASTY, 1, NASTY, None, None)
    safe = Verdict("delivery", Judgement.INVALID, NASTY, verdict.witnesses)
    text = drawn(report.verdict_table([safe]), report.peers_table([row]))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold red]x[/bold red] :boom:" in text
    assert "… and 4 more" in text


def test_tables_of_a_history() -> None:
    entries = [
        Entry(1.0, "ok", "alice", "connect", 1, {"to": "bob", "said": "ok: connected"}),
        Entry(1.1, "notice", "bob", "connected", 0, {"of": "alice", "said": NASTY}),
        Entry(1.2, "ok", "alice", "send", 2, {"to": "bob", "text": "x"}),
        Entry(1.3, "notice", "bob", "message", 0, {"of": "alice", "text": "x"}),
    ]
    text = drawn(
        report.messages_table(["alice", "bob"], entries), report.connections_table(entries)
    )
    assert "1 → 1 → 0" in text
    assert "alice: connect bob" in text
    assert "\x1b" not in text


def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    table = report.verdict_table([Verdict("delivery", Judgement.VALID, "fine")])
    assert "\x1b[" in drawn(table, force_terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in drawn(table, force_terminal=True)


def test_transcript(tmp_path: Path) -> None:
    transcript = Transcript()
    transcript.typed(b"list\n")
    transcript.seen(b"> list\r\nok: 0 conn", time.monotonic())
    transcript.seen(b"ections\r\n\x1b[31m\xff\r\n> ", time.monotonic())
    assert transcript.screen() == ["> list", "ok: 0 connections", "\ufffd", ">"]
    transcript.seen(b"x\n" * 1_000_000, time.monotonic())
    assert transcript.tail(2) == ["x", "x"]
    transcript.write(tmp_path / "t")
    lines = (tmp_path / "t").read_text().splitlines()
    assert [line.split()[1] for line in lines] == [">", "<", "<", "<"]
    assert lines[0].endswith(r"b'list\n'")


def test_owner() -> None:
    owner = Owner.this()
    assert Owner.parse(owner.mark).run == owner.run  # type: ignore[union-attr]
    assert not Owner.parse(owner.mark).is_gone  # type: ignore[union-attr]
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    began = time.time()
    child = Owner("0" * 8, owner.host, process.pid, began)
    until(lambda: child.is_gone, "the end, though nobody has waited for it")
    process.wait()
    assert child.is_gone
    assert Owner("0" * 8, owner.host, os.getpid(), 1.0).is_gone
    assert not Owner("0" * 8, "elsewhere", process.pid, began).is_gone


@pytest.mark.parametrize("mark", ["", "x", "a/b/c/d", "a/b/-1/0", "a/b/0/0", "a/b/1/2/3"])
def test_what_is_no_mark_has_no_owner(mark: str) -> None:
    assert Owner.parse(mark) is None


def test_runs(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text("name: x\n")
    first, second = (runs.make(tmp_path / "runs", scenario, "x") for _ in range(2))
    assert first != second
    assert (tmp_path / "runs/x/latest").resolve() == second.resolve()
    assert sorted(each.name for each in (tmp_path / "runs/x").iterdir()) == sorted(
        [first.name, second.name, "latest"]
    )
    with pytest.raises(LabError, match="cannot be kept"):
        runs.make(scenario, scenario, "x")


def test_counting_connections() -> None:
    table = "  sl  local remote   st\n   0: 0:1 0:0 0A\n   1: 0:1 0:2 01\n  2: x y 01 z\n"
    assert count_established(table) == 2
    assert count_established("") == 0


def test_pump_reads_many_until_they_end_or_are_removed() -> None:
    pump = Pump()
    got: dict[int, list[bytes]] = {}
    pipes = [os.pipe() for _ in range(50)]
    for number, (reader, _) in enumerate(pipes):
        os.set_blocking(reader, False)
        got[number] = []
        pump.add(reader, lambda data, _, number=number: got[number].append(data))  # type: ignore[misc]
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
