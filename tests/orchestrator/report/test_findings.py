"""A run that is not valid, in few lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestrator.checks import Finding, Judgement, Verdict, worst
from orchestrator.checks.judged_run import Run
from orchestrator.errors import LabError
from orchestrator.history import runs
from orchestrator.history.entries import Entry
from orchestrator.history.runs import EngineInfo, Record
from orchestrator.history.transcript import Piece
from orchestrator.report.findings import MOST_LINES, failure_lines, reason
from orchestrator.report.page.data import page_data
from orchestrator.report.run_report import Detail, as_text

SCENARIO = "name: demo\nwhy: Why.\nsteps:\n  - send: {at: alice, to: bob, text: hello}\n"
NASTY = "\x1b[31mred\x1b]0;t\x07[bold red]x[/bold red] :boom: \udcff\u202e[/] \\"


def _run(
    folder: Path,
    verdicts: Sequence[Verdict],
    *entries: Entry,
    error: LabError | None = None,
    file: str = "demo.yaml",
) -> Run:
    (folder / runs.SCENARIO).write_text(SCENARIO)
    began = Entry(0.0, "lab", "", "began", 0, {"peers": ["alice", "bob"], "file": file})
    word = worst(verdict.judgement for verdict in verdicts).word
    what = error.what if error else ""
    record = Record(
        "demo", "Why.", "peerlab", EngineInfo("process", "3", ""), "now", {}, word, what
    )
    return Run(folder, [began, *entries], list(verdicts), record, error)


def _send(number: int = 1, at: float = 1.0, outcome: Any = "ok", **fields: Any) -> list[Entry]:
    fields = {"to": "bob", "text": "hello", "step": 4, **fields}
    return [
        Entry(at, "invoke", "alice", "send", number, fields),
        Entry(at, outcome, "alice", "send", number, {**fields, "said": "ok"}),
    ]


def _wrong(check: str, *findings: Finding) -> Verdict:
    return Verdict(check, Judgement.INVALID, f"{len(findings)} wrong", findings, len(findings))


def _transcribe(run: Run, peer: str, *pieces: tuple[float, bytes]) -> None:
    lines = [Piece(at, typed=False, data=data).as_line() for at, data in pieces]
    runs.transcript(run.folder, peer).write_text("".join(lines))


ALTERED = Finding(
    "'hello' from alice to bob: shown as 'hullo'", 1.1, ("alice", "bob"), "hullo", "hello",
    operation=1,
)  # fmt: skip


def test_the_step_the_texts_and_the_consoles(tmp_path: Path) -> None:
    run = _run(tmp_path, [_wrong("changes", ALTERED)], *_send())
    _transcribe(run, "alice", (1.0, b"sent\r\n"))
    _transcribe(run, "bob", (1.1, b"* hullo\r\n"))
    assert as_text(run).splitlines() == [
        "✗ demo: invalid: Why.",
        "  ✗ changes: 'hello' from alice to bob: shown as 'hullo'",
        "    demo.yaml:4  - send: {at: alice, to: bob, text: hello}",
        "    expected hello",
        "              ^",
        "    came     hullo",
        "              ^",
        "    alice    1.000 │ sent",
        "    bob      1.100 │ * hullo",
        f"  kept in {tmp_path}",
    ]
    assert reason(run) == "invalid: changes: 'hello' from alice to bob: shown as 'hullo'"


def test_further_findings_are_summed_up_with_their_places(tmp_path: Path) -> None:
    another = Finding("'ho' was lost", 2.0, ("alice",), operation=2)
    verdict = _wrong("changes", ALTERED, another, another, Finding("nowhere", 2.0))
    run = _run(tmp_path, [verdict], *_send(), *_send(2, 2.0, step=2))
    assert "    … and 3 more of changes, at demo.yaml:2\n" in as_text(run)


def test_the_page_is_named_once_it_is_there(tmp_path: Path) -> None:
    (tmp_path / runs.PAGE).touch()
    assert as_text(_run(tmp_path, [_wrong("changes", ALTERED)])).endswith(
        f"  page: {tmp_path}/report.html\n"
    )


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("peers", [0, 1, 2, 4, 9])
def test_a_finding_takes_few_lines_whatever_there_is(
    tmp_path: Path, width: int, peers: int
) -> None:
    names = [f"peer{number}" for number in range(peers)]
    findings = [
        Finding("w" * 10_000, at, tuple(names), "x" * 5_000, "y" * 5_000) for at in (1.0, 2.0, 3.0)
    ]
    faults = [
        Entry(at, kind, "", "partition", 9 + at, {"fault": f"cut {at}", "says": "a | b " * 99})
        for at in range(9)
        for kind in ("invoke", "ok")
    ]
    checks = [f"check {number}" for number in range(9)]
    verdicts = [_wrong(check, *findings) for check in checks[:1]]
    run = _run(tmp_path, verdicts, *_send(), *faults)
    for name in names:
        _transcribe(run, name, *((n / 10, b"z" * 500 + b"\r\n") for n in range(99)))
    for several in (1, 9):
        run.verdicts = [
            _wrong(check, *(Finding(f"{check} {f.says}", f.at, f.peers) for f in findings))
            for check in checks[:several]
        ]
        lines = failure_lines(run, width)
        shown = min(several, 4)
        assert len(lines) <= MOST_LINES * shown
        assert all(line.cell_len <= width for line in lines[:-1])
    assert any("and 2 more of check 0" in line.plain for line in lines)
    assert any("check 8 (3 wrong)" in line.plain for line in lines) or width == 40


def test_the_same_lines_of_consoles_are_shown_once(tmp_path: Path) -> None:
    verdicts = [_wrong("order", Finding("late", 1.1, ("bob",))), _wrong("changes", ALTERED)]
    verdicts.append(_wrong("ids", Finding("shifted", 1.1, ("bob",))))
    run = _run(tmp_path, verdicts, *_send())
    _transcribe(run, "alice", (1.0, b"sent\r\n"))
    _transcribe(run, "bob", (1.1, b"* hullo\r\n"))
    text = as_text(run)
    assert text.count("* hullo") == 2
    assert text.count("the consoles showed the same as above") == 1


def test_faults_with_their_proof(tmp_path: Path) -> None:
    measured = {"sent": 20, "delay": None, "rate": None, "reads": 0, "error": ""}
    sides = {"before": measured | {"arrived": 20}, "during": measured | {"arrived": 0}}
    proof = [{"link": ["alice", "bob"], "what": "packets", **sides}]
    fields: dict[str, Any] = {
        "fault": "partition 1", "says": "alice | bob", "links": [["alice", "bob"]],
        "means": {"cut": "nftables"},
    }  # fmt: skip
    cut = [
        Entry(0.5, "invoke", "", "partition", 7, fields),
        Entry(0.6, "ok", "", "partition", 7, {**fields, "proof": proof}),
    ]
    text = " ".join(as_text(_run(tmp_path, [_wrong("changes", ALTERED)], *cut)).split())
    assert (
        "✓ partition 1 (alice | bob), 0.50 s to the end: proven: before 20 of 20 packets,"
        " during 0 of 20 packets" in text
    )


def _unknown(check: str, says: str, operation: int = 0) -> Verdict:
    finding = Finding(says, 1.0, ("alice", "bob"), operation=operation)
    return Verdict(check, Judgement.UNKNOWN, "1 uncertain", (finding,))


@pytest.mark.parametrize(
    ("says", "todo"),
    [
        ("late; the machine was busy: 6 programs wanted each processor", "with fewer --jobs"),
        ("the lab could not read 'x'", "`peerlab profile test` tries patterns"),
        ("`push` has no `value`, without which its meaning `enqueue` says nothing", "that name in"),
        ("never shown; it may have been under way", "await it with an `expect`"),
    ],
)
def test_an_unknown_run_says_what_to_do(tmp_path: Path, says: str, todo: str) -> None:
    text = as_text(_run(tmp_path, [_unknown("delivery", says)], *_send()))
    first, second, third, *_ = text.splitlines()
    assert (first, second) == ("? demo: unknown: Why.", f"  ? delivery: {says}")
    assert third.startswith("    after demo.yaml:4  - send:")
    assert f"what to do: {'run it again' if '--jobs' in todo else ''}" in text
    assert todo in " ".join(text.split())
    assert text.count("\n") <= 7


@pytest.mark.parametrize(
    ("at", "operation", "place"),
    [
        (3.0, 0, "at the end of the run"),
        (3.0, 8, "at the end of the run"),  # the lab asked for the last list by itself
        (3.0, 1, "demo.yaml:4  - send: {at: alice, to: bob, text: hello}"),  # its check knows more
        (1.5, 0, "after demo.yaml:4  - send: {at: alice, to: bob, text: hello}"),
    ],
)
def test_a_finding_about_the_end_of_a_run_names_no_step(
    tmp_path: Path, at: float, operation: int, place: str
) -> None:
    wrong = Finding("bob gave no list", at, ("bob",), operation=operation)
    verdict = Verdict("lists", Judgement.INVALID, "1 wrong", (wrong,), 1)
    end = [
        Entry(2.0, "lab", "", "settled"),
        Entry(2.5, "invoke", "bob", "list", 8),
        Entry(3.0, "ok", "bob", "list", 8),
    ]
    run = _run(tmp_path, [verdict], *_send(), *end)
    assert as_text(run).splitlines()[2] == f"    {place}"
    data = page_data(run)["run"]
    assert data["at_end"] == (place == "at the end of the run")
    assert (data["step"] is None) == data["at_end"]


def test_what_to_do_if_the_check_or_a_fault_is_why(tmp_path: Path) -> None:
    alone = Verdict("delivery", Judgement.UNKNOWN, "1 uncertain", (Finding("reads none", 1.0),))
    assert "`peerlab docs checks`" in as_text(_run(tmp_path, [alone], *_send()))
    cut = [Entry(1.0, kind, "", "partition", 7, {"step": 4}) for kind in ("invoke", "info")]
    says = _unknown("expectations", "not proven", operation=7)
    run = _run(tmp_path, [says], *cut)
    assert "see what was measured with `peerlab report" in as_text(run)


def test_a_history_without_its_end_is_no_matter_of_the_check(tmp_path: Path) -> None:
    says = _unknown("delivery", "the history ends in the middle of the run")
    assert "what to do: run it again" in as_text(_run(tmp_path, [says], *_send()))


def test_a_run_that_broke_off_says_where_once(tmp_path: Path) -> None:
    verdicts = [_unknown("order", "the run broke off: late"), _unknown("crashes", "broke off")]
    run = _run(tmp_path, verdicts, *_send(), error=LabError("late:\n  | last words", hint="wait"))
    head = [
        "? demo: unknown: Why.",
        "  ? order: the run broke off: late",
        "    after demo.yaml:4  - send: {at: alice, to: bob, text: hello}",
    ]
    foot = ["  and crashes (1 uncertain)", f"  kept in {tmp_path}"]
    assert as_text(run).splitlines() == [*head, *foot]  # the command prints the rest
    run.error = None
    assert as_text(run).splitlines() == [
        *head,
        "    | last words",
        "    what to do: remove what ended the run, then run it again",
        *foot,
    ]


def test_an_invalid_run_names_what_else_is_uncertain(tmp_path: Path) -> None:
    verdicts = [_unknown("delivery", "perhaps"), _wrong("changes", ALTERED)]
    text = as_text(_run(tmp_path, verdicts, *_send()))
    assert "  and delivery (1 uncertain)\n" in text
    assert "perhaps" not in text


def test_a_valid_run_is_one_line(tmp_path: Path) -> None:
    run = _run(tmp_path, [Verdict("changes", Judgement.VALID, "fine")], *_send())
    assert as_text(run) == "✓ demo: valid: 2 peers, 1 operation, 0 messages shown\n"
    assert as_text(run, Detail.FAILURES) == "\n"
    assert "✓ changes" in as_text(run, Detail.TABLES)


def test_what_programs_say_stays_escaped(tmp_path: Path) -> None:
    finding = Finding(NASTY, 1.0, ("alice", NASTY), NASTY, NASTY + "x")
    verdicts = [_wrong("changes", finding), _wrong(NASTY, finding), _unknown(NASTY, NASTY)]
    run = _run(tmp_path, verdicts, *_send(text=NASTY), file=NASTY)
    _transcribe(run, "alice", (1.0, NASTY.encode("utf-8", "surrogateescape") + b"\r\n"))
    text = as_text(run)
    assert not [c for c in text if not (c.isprintable() or c == "\n")]
    assert "[bold red]x[/bold red] :boom:" in text


def test_what_a_run_lacks_is_said_to_its_end(tmp_path: Path) -> None:
    run = _run(tmp_path, [_unknown("delivery", "perhaps")], *_send())
    run.without = f"{'/a-long-folder' * 5}/history.jsonl: its end is missing"
    lines = as_text(run, width=60).splitlines()
    assert "".join(line.strip() for line in lines[1:3]).replace(" ", "") == "".join(
        run.without.split()
    )
    assert max(len(line) for line in lines[:4]) <= 60
