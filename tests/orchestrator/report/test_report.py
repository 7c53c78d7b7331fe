"""Runs as they are printed: their content, the limits, and hostile text."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestrator.checks import Finding, Judgement, Verdict, worst
from orchestrator.checks.judged_run import Run
from orchestrator.errors import LabError
from orchestrator.history import runs
from orchestrator.history.entries import Entry
from orchestrator.history.runs import EngineInfo, Record
from orchestrator.history.timing import KINDS
from orchestrator.history.transcript import Piece
from orchestrator.report.details import connections_table
from orchestrator.report.excerpts import SearchTarget, TranscriptIndex
from orchestrator.report.mesh_tables import PeerRow, print_peers
from orchestrator.report.run_report import print_run, runs_as_data
from orchestrator.report.summary import print_summary

NASTY = "\x1b[31mred\x1b]0;t\x07[bold red]x[/bold red] :boom: \udcff\u202e[/] \\"
SECONDS = dict(zip(KINDS, (1.0, 2.0, 3.0, 0.25, 0.25, 0.5), strict=True))
VALID = (Verdict("delivery", Judgement.VALID, "12 messages shown"),)

Make = Callable[..., Run]


def drawn(show: Callable[[Console], None], width: int = 100, **options: Any) -> str:
    file = io.StringIO()
    show(Console(file=file, width=width, highlight=False, emoji=False, **options))
    return file.getvalue()


def printed(run: Run, width: int = 100, **options: Any) -> str:
    return drawn(lambda console: print_run(console, run), width, **options)


def summed_up(several: Sequence[Run], width: int) -> str:
    return drawn(lambda console: print_summary(console, several), width)


def wrong(*findings: Finding) -> tuple[Verdict, ...]:
    return (Verdict("delivery", Judgement.INVALID, f"{len(findings)} wrong", findings), *VALID)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that makes a run of alice and bob, or of others."""

    def one(
        verdicts: Sequence[Verdict] = VALID,
        entries: Sequence[Entry] = (),
        peers: Sequence[str] = ("alice", "bob"),
        *,
        name: str = "demo",
        why: str = "Why.",
        error: LabError | None = None,
    ) -> Run:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        began = Entry(0.0, "lab", "", "began", 0, {"peers": list(peers)})
        judgement = worst(verdict.judgement for verdict in verdicts)
        record = Record(
            name, why, "peerlab", EngineInfo("process", "3.11", ""), "now", SECONDS, judgement.word,
            error.what if error else "",
        )  # fmt: skip
        return Run(folder, [began, *entries], list(verdicts), record, error)

    return one


def transcribe(run: Run, peer: str, *pieces: tuple[float, bytes], tail: str = "") -> None:
    lines = [Piece(at, typed=False, data=data).as_line() for at, data in pieces]
    runs.transcript(run.folder, peer).write_text("".join(lines) + tail)


def test_a_valid_run(make: Make) -> None:
    text = printed(make())
    assert "demo: Why." in text
    assert re.search(r"where +process 3\.11", text)
    assert re.search(r"time +7\.00 s: starting 1\.00, driving 2\.00, waiting 3\.00", text)
    assert re.search(r"✓ delivery +12 messages shown", text)
    assert "✓ demo: valid (7.00 s)" in text


def test_hostile_text_is_shown_as_it_is(make: Make) -> None:
    entries = [
        Entry(0.1, "lab", NASTY, "ready", 0, {"address": NASTY, "port": NASTY}),
        Entry(0.1, "ok", NASTY, "connect", 1, {"to": NASTY, "said": NASTY}),
        Entry(0.1, "notice", NASTY, "connected", 0, {"of": NASTY, "said": NASTY}),
        Entry(0.2, "ok", NASTY, "send", 2, {"to": NASTY, "text": NASTY}),
        Entry(0.3, "ok", NASTY, "list", 3, {"rows": [{"peer": NASTY}, {}, NASTY]}),
        Entry(0.4, "lab", NASTY, "ended", 0, {"state": NASTY, "status": NASTY}),
    ]
    finding = Finding(NASTY, 0.1, ("alice", NASTY, "../alice"))
    bad = Verdict(NASTY, Judgement.UNKNOWN, NASTY, (finding,))
    run = make([bad], entries, [NASTY, "alice"], why=NASTY, error=LabError(NASTY, hint=NASTY))
    transcribe(run, "alice", (0.1, NASTY.encode("utf-8", "surrogateescape") + b"\r\n"))
    both = printed(run) + summed_up([run, run], 80)
    assert not [c for c in both if not (c.isprintable() or c == "\n")]
    assert "[bold red]x[/bold red] :boom:" in both
    coloured = printed(run, force_terminal=True, color_system="standard")
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).isprintable() is False  # line ends
    assert not re.search(r"\x1b(?!\[[0-9;]*m)|[\x07\u202e]", coloured)


def test_no_colour_where_none_is_wanted(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[32m" in printed(make(), force_terminal=True, color_system="standard")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in printed(make(), force_terminal=True, color_system="standard")


def test_findings_with_what_both_consoles_showed(make: Make) -> None:
    run = make(wrong(Finding("'hi' was lost", 2.0, ("alice", "bob"))))
    steps = [(n / 10, f"{n} at alice\r\n".encode()) for n in range(40)]
    transcribe(run, "alice", *steps)
    transcribe(run, "bob", (1.9, b"half a li"), (2.1, b"ne\r\n\r\n> "), tail="   2.2 < b'cut o")
    text = printed(run)
    assert "✗ delivery: invalid, 1 wrong" in text
    assert "1. 'hi' was lost" in text
    assert re.search(r"alice +1\.800 │ 18 at alice", text)
    assert re.search(r"2\.000 │ 20 at alice", text)
    assert re.search(r"2\.600 │ 26 at alice", text)
    assert "17 at alice" not in text
    assert "27 at alice" not in text
    assert re.search(r"bob +2\.100 │ half a line", text)


def test_at_most_five_findings_and_one_excerpt_for_the_same_moment(make: Make) -> None:
    run = make(wrong(*(Finding(f"number {n}", 1.0, ("alice",)) for n in range(9))))
    transcribe(run, "alice", (1.0, b"only once\r\n"))
    text = printed(run)
    assert [f"{n + 1}. number {n}" in text for n in range(6)] == [True] * 5 + [False]
    assert "… and 4 more" in text
    assert text.count("only once") == 1


def test_long_lines_are_cut_and_missing_transcripts_are_said_to_be(make: Make) -> None:
    run = make(wrong(Finding("x" * 20_000, 1.0, ("alice", "bob"))))
    transcribe(run, "alice", (1.0, b"y" * 16_384 + b"\r\n"))
    text = printed(run)
    assert "(16,384 characters)" in text
    assert "(20,000 characters)" in text
    assert len(text) < 4_000
    assert re.search(r"bob +│ \(no transcript is kept\)", text)


def test_a_damaged_transcript(make: Make) -> None:
    run = make(wrong(Finding("w", 1.0, ("alice", "bob"))))
    good = Piece(1.0, typed=False, data=b"fine\n").as_line()
    broken = ["\n", "x < b'x'\n", "1.0 < b'\\x'\n", "1.0 < 5\n", "1.0 < b'\xff'\n", "nan < b'x'\n"]
    path = runs.transcript(run.folder, "alice")
    path.write_text("".join([*broken, good]), encoding="latin-1")
    transcribe(run, "bob", (0.5, b""))
    text = printed(run)
    assert "fine" in text
    assert "(nothing was shown)" in text


def test_transcripts_of_ten_megabytes_are_read_quickly(tmp_path: Path) -> None:
    path = tmp_path / "t"
    written = [rf"{n / 1000:10.4f} < b'* message {n}\r\n'" for n in range(200_000)]
    path.write_text("\n".join([*written, " " * 4_000_000, ""]))
    assert path.stat().st_size > 10_000_000
    began = time.process_time()
    excerpts = TranscriptIndex(path)
    for at in range(0, 200, 20):
        for target in (
            SearchTarget(at),
            SearchTarget(at + 0.5, ("not there", f"message {at * 1000}")),
        ):
            lines = excerpts.lines(excerpts.around(target), [target])
            assert f"* message {at * 1000}" in [line.text for line in lines if line]
    assert time.process_time() - began < 5


def test_endless_output_is_read_in_part(tmp_path: Path) -> None:
    path = tmp_path / "t"
    flood = [Piece(n / 100, typed=False, data=b"y" * 65_536).as_line() for n in range(100)]
    path.write_text("".join(flood))
    excerpts = TranscriptIndex(path)
    for target in (SearchTarget(0.5), SearchTarget(0.5, ("not there",))):
        (line,) = excerpts.lines(excerpts.around(target), [target])
        assert line
        assert len(line.text) < 500_000


def _crowd(*texts: str) -> bytes:
    """Return a hundred messages with some in their midst."""
    lines = [f"{n} of many" for n in range(100)]
    lines[50:50] = texts
    return "".join(f"* message 1 from a: {line}\r\n" for line in lines).encode()


@pytest.mark.parametrize(
    ("text", "as_shown"),
    [
        ("the guilty one", "the guilty one"),
        ('it\'s "a" \\ b', 'it\'s "a" \\ b'),
        ("a\ttab", "a\\x09tab"),
        ("left\u200eright ç 🙂", "left\\u{200e}right ç 🙂"),
        ("long " * 40, "long " * 40),
    ],
)
def test_a_text_is_found_among_many_of_one_time(make: Make, text: str, as_shown: str) -> None:
    run = make(wrong(Finding("w", 3.0, ("alice", "bob"), text)))
    transcribe(run, "alice", (1.0, b"start\r\n"), (2.0, _crowd(as_shown)), (3.0, _crowd()))
    transcribe(run, "bob", (3.0, b"time alone\r\n"))
    shown = printed(run)
    assert re.search(r"alice +2\.000 │ \* message 1 from a: 48 of many", shown)
    assert as_shown[:40] in shown
    assert "time alone" in shown
    assert shown.count("of many") == 8


def test_part_of_a_longer_number_is_another_text(make: Make) -> None:
    run = make(wrong(Finding("w", 1.0, ("alice",), "9 of many")))
    transcribe(run, "alice", (1.0, _crowd()))
    shown = printed(run)
    assert ": 9 of many" in shown
    assert ": 99 of many" not in shown


def test_a_message_that_was_not_shown_is_searched_next_to_another(make: Make) -> None:
    run = make(wrong(Finding("w", 1.0, ("bob",), "lost", "70 of many")))
    transcribe(run, "bob", (2.0, _crowd()))
    shown = printed(run)
    assert "71 of many" in shown
    assert "50 of many" not in shown


def test_findings_of_one_time_far_apart(make: Make) -> None:
    several = [Finding("w", 1.0, ("bob",), f"{n} of many") for n in (10, 12, 80)]
    run = make(wrong(*several))
    transcribe(run, "bob", (1.0, _crowd()))
    shown = printed(run)
    assert shown.count("of many") == 11 + 9
    assert re.search(r"18 of many\n +… │ *\n.* 78 of many", shown)


def message(at: float, one: str, other: str) -> list[Entry]:
    return [
        Entry(at, "ok", one, "send", 1, {"to": other, "text": "x"}),
        Entry(at, "notice", other, "message", 0, {"of": one, "text": "x"}),
    ]


def test_who_messaged_whom(make: Make) -> None:
    few = printed(make(entries=message(1.0, "alice", "bob")))
    assert "Messages: sent → shown → confirmed" in few
    assert "1 → 1 → 0" in few
    peers = [f"peer{n}" for n in range(30)]
    pairs = [(one, other) for one in peers[:5] for other in peers if one != other]
    entries = [entry for pair in pairs for entry in message(1.0, *pair)]
    entries += [Entry(2.0, "notice", "peer0", "delivered", 0, {"of": "peer1", "count": 1})]
    many = printed(make(entries=entries, peers=peers), 80)
    assert re.search(r"from +┃ to +┃ sent ┃ shown ┃ confirmed", many)
    assert "… and 125 more" in many
    assert max(map(len, many.splitlines())) <= 80


def test_connections_as_both_consoles_reported_them(make: Make) -> None:
    def connect(number: int) -> list[Entry]:
        said = {"to": "bob", "said": f"ok: {number}"}
        notice = {"of": "alice", "said": f"* from alice {number}"}
        return [
            Entry(number, "ok", "alice", "connect", 1, said),
            Entry(number, "notice", "bob", "connected", 0, notice),
        ]

    entries = [entry for number in range(25) for entry in connect(number)]
    entries += [
        Entry(30.0, "fail", "alice", "connect", 2, {"to": "bob", "said": "error: no"}),
        Entry(31.0, "ok", "bob", "exit", 3, {"said": "ok: bye"}),
        Entry(31.1, "notice", "alice", "closed", 0, {"of": "bob", "said": "* closed"}),
    ]
    text = printed(make(entries=entries))
    for number in range(20):
        assert re.search(
            rf"alice: connect bob │ ok: {number} +│ bob: \* from alice {number} ", text
        )
    assert "* from alice 20" not in text
    assert "… and 7 more" in text
    few = printed(make(entries=entries[-3:]))
    assert re.search(r"error: no +│ - ", few)
    assert re.search(r"bob: exit +│ ok: bye +│ alice: \* closed", few)


def test_the_table_of_connections_is_made_in_linear_time() -> None:
    entries = []
    for number in range(20_000):
        one, other = f"peer{number % 30}", f"peer{number % 7}"
        entries.append(Entry(number, "ok", one, "connect", number, {"to": other}))
        entries.append(Entry(number, "notice", other, "connected", 0, {"of": one}))
    began = time.process_time()
    connections_table(entries)
    assert time.process_time() - began < 3


@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_summary(make: Make, width: int) -> None:
    bad = wrong(Finding("a message was lost", 1.0, ("alice",)), Finding("another", 2.0))
    several = [
        make(name="a-scenario-with-a-long-name", entries=message(1.0, "alice", "bob")),
        make(bad, name="bad", entries=message(1.0, "alice", "bob")),
    ]
    text = summed_up(several, width)
    assert re.search(r"^ *all 2 +✗ invalid +4 +2 +2 +2 ", text, re.MULTILINE)
    assert re.search(r"all 2 .*2\.00 +4\.00 +6\.00 +0\.50 +0\.50 +1\.00 +14\.0", text)
    assert f"✗ bad: invalid\n  delivery: a message was lost\n  {several[1].folder}\n" in text
    last = " ".join(text.split("✗ invalid: ")[-1].split())
    assert last == ("1 of 2 runs not valid; 14.0 s, 29% of it starting, verifying and cleaning up")
    lines = [line for line in text.splitlines() if str(several[1].folder) not in line]
    assert max(map(len, lines)) <= width


def test_runs_that_are_no_use_can_be_summed_up(tmp_path: Path) -> None:
    empty = Run(tmp_path, [], [Verdict("crashes", Judgement.UNKNOWN, "1 uncertain")], None)
    text = summed_up([empty, empty], 100)
    assert "? unknown: 2 of 2 runs not valid" in text
    assert "crashes: 1 uncertain" in text
    assert "not known" in printed(empty)


def test_a_verdict_that_has_changed_is_said_to_have(make: Make) -> None:
    run = make()
    assert "has changed" not in printed(run)
    run.verdicts = list(wrong())
    text = printed(run)
    assert "valid: the verdict has changed since it was recorded" in text
    assert "✗ demo: invalid" in text


def test_what_ended_a_run_early(make: Make) -> None:
    long = LabError("bob is gone; it last showed:\n  | x", hint="h")
    fresh = make(error=long)
    text = printed(fresh)
    assert re.search(r"broke off +bob is gone; it last showed: *\n", text)
    assert "  | x" not in text
    kept = Run(fresh.folder, fresh.entries, fresh.verdicts, fresh.record)
    assert "  | x" in printed(kept)


def test_data(make: Make) -> None:
    data = runs_as_data([make(), make(wrong(Finding("w", 1.0, ("bob",))), name="b")])
    data = json.loads(json.dumps(data))
    assert data["verdict"] == "invalid"
    first, second = data["runs"]
    assert first == {
        "scenario": "demo",
        "engine": "process",
        "verdict": "valid",
        "nothing_judged": None,
        "checks": [VALID[0].as_data()],
        "faults": [],
        "operations": [],
        "error": None,
        "seconds": SECONDS,
        "repeated": 0,
        "folder": first["folder"],
        "without": None,
    }
    assert "Faults" not in printed(make())
    no_text = {"text": "", "near": "", "kind": "", "operation": 0, "others": []}
    assert second["checks"][0]["witnesses"] == [
        {"says": "w", "at": 1.0, "peers": ["bob"], **no_text}
    ]


def test_the_mesh() -> None:
    row = PeerRow("alice", NASTY, NASTY, 1, NASTY, None, None)
    busy = PeerRow("bob", "bob-1234", "10.0.0.1", 5000, "running", 3, 8 * 1024 * 1024)
    text = drawn(lambda console: print_peers(console, [row, busy]), 200)
    assert "\x1b" not in text
    assert "[bold red]x[/bold red] :boom:" in text
    assert "8.0 MiB" in text
    assert "bob-1234" in text
    alone = PeerRow("bob", "bob", "10.0.0.1", 5000, "running", 3, None)
    assert "container" not in drawn(lambda console: print_peers(console, [alone]), 200)
