"""What of a long run its page has, and what of long consoles."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.checks.verdict import Finding
from orchestrator.history import runs
from orchestrator.history.entries import Entry
from orchestrator.history.transcript import Piece
from orchestrator.report.page import consoles
from orchestrator.report.page.consoles import console_data
from orchestrator.report.page.data import page_data
from orchestrator.report.page.events import notice_rows, operation_rows
from orchestrator.report.page.focus import Focus
from orchestrator.report.page.view import View
from tests.orchestrator.report.page.support import judged, transcribe

BEGAN = Entry(0.0, "lab", "", "began", 0, {"peers": ["alice"]})


def test_everything_is_shown_of_what_is_short() -> None:
    focus = Focus([0.0, 9.0]).limited(((at, 1) for at in range(10)), 10)
    assert all(map(focus.has, range(10)))


def test_what_is_nearest_is_shown_of_what_is_long() -> None:
    focus = Focus([0.0, 50.0, 99.0]).limited(((at, 1) for at in range(100)), 20)
    kept = [at for at in range(100) if focus.has(at)]
    assert len(kept) <= 20
    assert {0, 1, 49, 50, 51, 98, 99} <= {*kept}
    assert focus.has(50.5)
    assert not focus.has(25)
    again = focus.limited(((at, 10) for at in range(100)), 100)
    assert again.within < focus.within


def long_run(count: int = 1_000) -> list[Entry]:
    entries = [BEGAN]
    for number in range(1, count + 1):
        at = float(number)
        entries += [
            Entry(at, "invoke", "alice", "type", number, {"line": "x"}),
            Entry(at + 0.1, "ok", "alice", "type", number),
            Entry(at + 0.2, "notice", "alice", "other", 0, {"said": str(number)}),
        ]
    return entries


def test_a_long_history_is_shown_near_its_findings() -> None:
    finding = Finding("odd", 500.0, operation=700)
    view = View(judged(long_run()), [finding], most=300)
    rows = operation_rows(view)
    assert len(rows) < 150
    assert {1, 500, 700, 1_000} <= {row.number for row in rows}  # 700 is what it is about
    assert len([*notice_rows(view)]) < 150
    assert view.named(finding) == [[row.number for row in rows].index(700)]
    assert view.named(Finding("odd", 0.0)) == []
    assert view.named(Finding("odd", 0.0, operation=2_000)) == []
    left = sum(not view.focus.has(entry.at) for entry in view.index.entries)
    assert view.omitted.startswith(f"{left:,} of 3,001 lines of the history are left out")


def test_nothing_is_said_of_what_is_not_left_out() -> None:
    assert View(judged(long_run(10)), []).omitted == ""


def test_consoles_and_the_logs_beside_them(tmp_path: Path) -> None:
    transcribe(tmp_path, "alice", Piece(0.1, True, b"hi\n"), Piece(0.2, False, b"\xffok\x1b[0m"))
    transcribe(tmp_path, runs.log_name("alice"), Piece(0.3, False, b"log"))
    assert console_data(View(judged([BEGAN], tmp_path), [])) == [
        {"peer": 0, "log": False, "cut": False,
         "pieces": [(0.1, 1, "hi\n"), (0.2, 0, "\xffok\x1b[0m")]},
        {"peer": 0, "log": True, "cut": False, "pieces": [(0.3, 0, "log")]},
    ]  # fmt: skip


def test_a_program_that_prints_without_end_is_shown_near_what_matters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consoles, "_MOST_BYTES", 1_000)
    transcribe(tmp_path, "alice", *(Piece(at / 10, False, b"x" * 50) for at in range(1_000)))
    view = View(judged([BEGAN], tmp_path), [Finding("odd", 50.0)])
    (console,) = console_data(view)
    assert console["cut"]
    assert 5 < len(console["pieces"]) < 20
    assert any(piece.at == 50.0 for piece in console["pieces"])
    assert page_data(view.run)["omitted"].startswith("the consoles showed too much")
