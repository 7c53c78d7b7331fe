"""The pure parts of the report: text, figures, tables and wording."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.checks import Judgement
from orchestrator.grading.results import Cell, Grade, Matrix, Outcome, Result
from orchestrator.history.entries import Entry, Type
from orchestrator.history.transcript import Piece
from orchestrator.report.active_faults import FaultRow, print_active_faults
from orchestrator.report.details import messages_table
from orchestrator.report.excerpts import PieceRange, SearchTarget, TranscriptIndex
from orchestrator.report.fault_tables import measurements
from orchestrator.report.grading.publish import publish_matrix
from orchestrator.report.grading.tables import print_grade
from orchestrator.report.grading.transcripts import console_lines, typed_until
from orchestrator.report.grading.words import kind, legend, number, pair_mark, place, score
from orchestrator.report.marks import marked
from orchestrator.report.printing import (
    Trimmed,
    named,
    plain,
    safe,
    safe_lines,
    seconds,
    shortened,
    table,
)
from orchestrator.report.profiles import (
    Pattern,
    Understood,
    print_patterns,
    print_understood,
    print_unread,
)
from orchestrator.report.summary import Figures, together


def drawn(what: object, width: int = 80) -> str:
    file = io.StringIO()
    Console(file=file, width=width, color_system=None).print(what)
    return file.getvalue()


def cells(made: Table) -> list[list[str]]:
    """Return the cells of a table, row by row."""
    columns = [[str(cell) for cell in column.cells] for column in made.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def test_markup_and_control_characters_are_escaped() -> None:
    assert safe("[bold]x\x1b") == "\\[bold]x\ufffd"
    assert safe_lines("[a]\nb\x07") == "\\[a]\nb\ufffd"
    assert plain("a\nb\x00").plain == "a\nb\ufffd"


def test_long_texts_and_lists_are_cut() -> None:
    assert shortened("x" * 5, 5) == "xxxxx"
    assert shortened("x" * 2_000, 3) == "xxx… (2,000 characters)"
    assert named(["a", "b"], 2) == "a, b"
    assert named(["a", "b", "c", "d"], 2) == "a, b, … and 2 more"


def test_a_judgement_has_a_mark_and_a_word() -> None:
    assert marked(Judgement.VALID).plain == "✓ valid"
    assert marked(Judgement.UNKNOWN, "not proven").plain == "? not proven"


@pytest.mark.parametrize(("time", "text"), [(0.5, "0.50"), (9.999, "10.00"), (1234.5, "1,234.5")])
def test_seconds(time: float, text: str) -> None:
    assert seconds(time) == text


def test_trailing_blanks_are_trimmed() -> None:
    made = table("a", "b", numbers=["b"])
    made.add_row("x", "1")
    lines = drawn(Trimmed(made)).splitlines()
    assert lines == [line.rstrip() for line in lines]
    assert drawn(Trimmed(Text("x   \n\ny"))) == "x\n\ny\n"


def test_the_figures_of_several_runs() -> None:
    one = Figures(2, 10, 4, 4, [0.001, 0.003], {"driving": 1.0, "starting": 1.0})
    other = Figures(3, 5, 1, 0, [0.0005], {"driving": 1.0, "waiting": 1.0})
    both = together([one, other])
    assert (both.peers, both.operations, both.sent, both.seen) == (5, 15, 5, 4)
    assert both.latencies == [0.0005, 0.001, 0.003]
    assert both.seconds == {"driving": 2.0, "starting": 1.0, "waiting": 1.0}
    assert (both.total, both.overhead) == (4.0, 0.25)


def test_latencies_in_milliseconds() -> None:
    assert Figures(0, 0, 0, 0, [], {}).latency(0.5) == "-"
    some = Figures(0, 0, 0, 0, [0.0005, 0.0123, 1.5], {})
    assert [some.latency(share) for share in (0, 0.5, 0.99)] == ["0.50", "12.3", "1,500"]


def sent(sender: str, receiver: str) -> Entry:
    return Entry(1.0, "ok", sender, "send", 1, {"to": receiver, "text": "x"})


def shown(sender: str, receiver: str) -> Entry:
    return Entry(1.0, "notice", receiver, "message", 0, {"of": sender, "text": "x"})


def test_messages_of_few_peers_are_a_matrix() -> None:
    entries = [sent("alice", "bob"), shown("alice", "bob"), shown("", "alice")]
    assert cells(messages_table(["alice", "bob"], entries)) == [
        ["alice", "·", "1 → 1 → 0", "·"],
        ["bob", "·", "·", "·"],
        ["unknown peer", "0 → 1 → 0", "·", "·"],
    ]


def test_messages_of_many_peers_are_a_list_with_the_losses_first() -> None:
    peers = [f"peer{n}" for n in range(9)]
    receipt = Entry(1.0, "notice", "peer0", "delivered", 0, {"of": "peer1", "count": 1})
    entries = [sent("peer0", "peer1"), shown("peer0", "peer1"), receipt, sent("peer1", "peer2")]
    assert cells(messages_table(peers, entries)) == [
        ["peer1", "peer2", "1", "0", "0"],
        ["peer0", "peer1", "1", "1", "1"],
    ]


def test_a_run_without_messages_has_no_rows() -> None:
    assert messages_table(["alice", "bob"], []).row_count == 0


def measured(arrived: int, **more: object) -> dict[str, object]:
    return {"sent": 20, "arrived": arrived, "delay": None, "rate": None, "reads": 0,
            "error": ""} | more  # fmt: skip


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ([measured(20)], "20 of 20 packets"),
        ([measured(20), measured(20)], "20 of 20 packets (each of 2 links)"),
        ([measured(12), measured(15)], "12-15 of 20 packets (2 links)"),
        ([measured(0, error="not running")], "not running"),
        ([measured(0, error="no answer"), measured(20)],
         "0 of 20 packets, no answer; 20 of 20 packets"),
    ],
)  # fmt: skip
def test_measurements_of_links_in_one_line(found: Sequence[object], says: str) -> None:
    proofs = [{"what": "packets", "during": one} for one in found]
    assert measurements(proofs) == [f"during {says}"]


def test_active_faults() -> None:
    row = FaultRow("partition 1", "alice | bob", {"cut": "nftables"}, 0.0, [], ["x"])
    assert row.as_data()["since"] == "1970-01-01T00:00:00+00:00"
    assert (row.as_data()["proven"], row.as_data()["doubts"]) == (False, ["x"])
    assert FaultRow("paused", "bob", {}, None, [], []).as_data()["since"] is None
    file = io.StringIO()
    print_active_faults(Console(file=file, width=100), [row])
    assert "? not proven" in file.getvalue()
    assert "nftables" in file.getvalue()


def test_ranges_of_a_transcript() -> None:
    assert PieceRange(0, 3).touches(PieceRange(3, 5))
    assert not PieceRange(0, 3).touches(PieceRange(4, 5))
    assert PieceRange(0, 3).merged(PieceRange(2, 5)) == PieceRange(0, 5)


def test_a_missing_transcript(tmp_path: Path) -> None:
    index = TranscriptIndex(tmp_path / "none")
    assert index.is_missing
    target = SearchTarget(1.0, ("x",))
    assert index.lines(index.around(target), [target]) == []


def result(outcome: Outcome, **more: object) -> Result:
    return Result.model_validate({"test": "t", "why": "", "points": 5, "outcome": outcome, **more})


def test_points_and_kinds_in_words() -> None:
    assert [number(points) for points in (5, 2.5, 0.333, 100)] == ["5", "2.5", "0.33", "100"]
    results = (result(Outcome.PASSED), result(Outcome.PASSED, extra=True, points=1.5))
    grade = Grade(program="anna", profile="p", results=results)
    assert score(grade) == "6.5 of 5 points, 1.5 of them extra"
    assert [kind(one) for one in results] == ["", "extra"]
    assert kind(result(Outcome.PASSED, required=True)) == "required"


def test_the_place_of_the_evidence() -> None:
    assert place(result(Outcome.FAILED, run="runs/t/1", at=1.5)) == "runs/t/1 at 1.500 s"
    assert place(result(Outcome.FAILED, run="runs/t/1")) == "runs/t/1"
    assert place(result(Outcome.UNKNOWN, at=1.5)) == ""


def test_the_legend_has_the_marks_that_occur() -> None:
    blocked = result(Outcome.NOT_RUN, started=False)
    results = [result(Outcome.PASSED), blocked, result(Outcome.NOT_RUN)]
    assert [pair_mark(one) for one in results] == ["✓", "!", "-"]
    assert [(mark, means) for mark, _, means in legend(results)] == [
        ("✓", "works"), ("-", "not tried"), ("!", "one of the two does not start"),
    ]  # fmt: skip


def test_what_discovery_understood() -> None:
    file = io.StringIO()
    rows = [
        Understood("send", "send 1 hi", "\n".join(["ok"] * 9), "{text}", ""),
        Understood("exit", "quit", "bye", "exit", "seen once"),
    ]
    print_understood(Console(file=file, width=100), "chat", rows)
    text = file.getvalue()
    assert "… and 3 more lines" in text
    assert "seen once" in text


def test_patterns_and_unread_output() -> None:
    file = io.StringIO()
    console = Console(file=file, width=100)
    states = ("matched", "not matched", "no occasion")
    rows = [
        Pattern(f"operations.{n}", "p.yaml:3", "^ok$", state, "") for n, state in enumerate(states)
    ]
    print_patterns(console, "p.yaml", rows)
    print_unread(console, [])
    assert "no pattern matched" not in file.getvalue()
    print_unread(console, ["[b]what?", "x" * 1_000])
    text = file.getvalue()
    assert [mark in text for mark in ("✓", "✗", "·")] == [True] * 3
    assert "[b]what?" in text
    assert "(1,000 characters)" in text


def test_of_a_long_console_the_middle_is_left_out(tmp_path: Path) -> None:
    lines = "".join(f"{n:10.4f} < b'line {n}\\r\\n'\n" for n in range(100))
    (tmp_path / "bob.transcript").write_text(lines + f"{99.5:10.4f} > b'silent\\n'\n")
    found = console_lines(tmp_path, "bob")
    assert len(found) == 61
    assert found[30] is None
    assert (found[-1] and (found[-1].text, found[-1].typed)) == ("silent", True)
    assert console_lines(tmp_path, "none") == []


def test_all_files_of_a_matrix_are_written(tmp_path: Path) -> None:
    cell = Cell("anna", "anna", [result(Outcome.PASSED)])
    files = publish_matrix(tmp_path, Matrix("T", "", [("t", "")], ["anna"], "process", [cell]))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "interop.csv", "interop.html", "interop.json",
    ]  # fmt: skip
    assert json.loads(files.data.read_text())["working"] == 1


def test_a_grade_says_whether_the_program_passes() -> None:
    for outcome, says in (
        (Outcome.PASSED, "; passes"),
        (Outcome.FAILED, "; does not pass: a required test failed"),
    ):
        file = io.StringIO()
        grade = Grade(program="anna", profile="p", results=(result(outcome, required=True),))
        print_grade(Console(file=file, width=100), grade, Path("out"))
        assert says in file.getvalue()


def test_only_what_a_step_asked_for_is_shown_as_typed(tmp_path: Path) -> None:
    typed = [
        (0.1, "connect bob"), (0.2, "list"),  # to find the id
        (0.3, "send 1 hi"), (0.5, "list"),  # a step
        (0.6, "list"),  # while waiting
        (0.8, "myport"),  # between two steps
        (0.9, "list"),  # at the end
    ]  # fmt: skip
    pieces = [Piece(at, typed=True, data=f"{line}\n".encode()) for at, line in typed]
    (tmp_path / "alice.transcript").write_text("".join(piece.as_line() for piece in pieces))
    steps = [("connect", 0.1, 0.15, 3), ("send", 0.2, 0.4, 4), ("list", 0.5, 0.55, 5),
             ("expect", 0.56, 0.7, 6), ("list", 0.9, 0.95, None)]  # fmt: skip
    begin: Type = "invoke"
    end: Type = "ok"
    entries = [
        Entry(at, kind, "alice", verb, number, {"step": step} if step else {})
        for number, (verb, begun, ended, step) in enumerate(steps, 1)
        for kind, at in ((begin, begun), (end, ended))
    ]
    history = "".join(entry.as_json() + "\n" for entry in entries)
    (tmp_path / "history.jsonl").write_text(history)
    lines, count = typed_until(tmp_path, None)
    assert [line.text for line in lines if line] == ["connect bob", "send 1 hi", "list"]
    assert count == 3
