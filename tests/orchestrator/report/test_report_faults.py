"""The faults of a run, as they are printed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator.checks import Judgement, Verdict
from orchestrator.checks.judged_run import Run
from orchestrator.history.entries import Entry
from orchestrator.report.fault_tables import faults_table
from orchestrator.report.run_report import Detail, as_text, runs_as_data

NASTY = "\x1b[31mred\x1b]0;t\x07[bold red]x[/bold red] :boom: \udcff\u202e[/] \\"
VERDICTS = [Verdict("delivery", Judgement.VALID, "12 messages shown")]


def _run(folder: Path, *entries: Entry) -> Run:
    return Run(folder, [Entry(0.0, "lab", "", "began"), *entries], VERDICTS, None)


def _done(
    number: int, at: float, verb: str, peer: str = "", outcome: Any = "ok", **fields: Any
) -> list[Entry]:
    done = Entry(at + 0.5, outcome, peer, verb, number, fields)
    return [Entry(at, "invoke", peer, verb, number, fields), done]


def _measured(arrived: int, delay: float | None = None, sent: int = 20, **more: Any) -> Any:
    return {"sent": sent, "arrived": arrived, "delay": delay, "rate": None, "reads": 0,
            "error": ""} | more  # fmt: skip


def _proof(
    links: Sequence[tuple[str, str]], what: str = "packets", **found: Any
) -> list[dict[str, Any]]:
    return [{"link": [*link], "what": what, **found} for link in links]


def _partition(number: int, links: Sequence[tuple[str, str]], **more: Any) -> list[Entry]:
    found: dict[str, Any] = {"before": _measured(20, 0.0002), "during": _measured(0)}
    lifted: dict[str, Any] = {"fault": "partition 1", "says": "alice | bob, carol"}
    given = {**lifted, "links": [*map(list, links)], "means": {"cut": "nftables"}}
    healed = _proof(links, **found, after=_measured(20, 0.0003))
    return [
        *_done(number, 1.0, "partition", **given, proof=_proof(links, **found)),
        *_done(number + 1, 6.0, "heal", **lifted, proof=healed, **more),
    ]


BOTH = [("alice", "bob"), ("bob", "alice")]


def test_a_partition_with_its_proof(tmp_path: Path) -> None:
    text = as_text(_run(tmp_path, *_partition(1, BOTH[:1])), Detail.TABLES)
    assert "Faults" in text
    for part in ("partition", "to 6.50 s", "nftables", "0 of 20", "✓ proven"):
        assert part in text
    (data,) = runs_as_data([_run(tmp_path, *_partition(1, BOTH[:1]))])["runs"][0]["faults"]
    assert json.loads(json.dumps(data)) == data
    assert (data["fault"], data["name"], data["from"], data["to"]) == (
        "partition", "partition 1", 1.0, 6.5,
    )  # fmt: skip
    assert data["proven"] is True
    assert data["proof"][0]["during"]["arrived"] == 0


def _cells(run: Run) -> list[str]:
    """Return the cells of the first fault."""
    table = faults_table(run.index.faults, 20)
    return [str(next(iter(column.cells))) for column in table.columns]


def test_one_link_and_many(tmp_path: Path) -> None:
    cells = _cells(_run(tmp_path, *_partition(1, BOTH[:1])))
    assert cells == [
        "partition 1", "alice | bob, carol, by nftables", "1.00 s\nto 6.50 s",
        ("before 20 of 20 packets, 0.2 ms\nduring 0 of 20 packets\n"
        "after  20 of 20 packets, 0.3 ms"), "✓ proven",
    ]  # fmt: skip
    cells = _cells(_run(tmp_path, *_partition(1, BOTH)))
    assert cells[3].splitlines() == [
        "before 20 of 20 packets (each of 2 links)", "during 0 of 20 packets (each of 2 links)",
        "after  20 of 20 packets (each of 2 links)",
    ]  # fmt: skip


def test_links_that_differ_are_shown_by_the_worst_and_the_best(tmp_path: Path) -> None:
    proof = [
        *_proof(BOTH[:1], before=_measured(20), during=_measured(12, 0.1)),
        *_proof(BOTH[1:], before=_measured(19), during=_measured(15, 0.11)),
        *_proof([("bob", "carol")], during=_measured(0, error="not running")),
        *_proof([("carol", "bob")], during=_measured(0, error="no answer")),
    ]
    given: dict[str, Any] = {"fault": "bad", "says": "alice, bob: loss 30%", "links": BOTH,
                             "means": {}}  # fmt: skip
    cells = _cells(_run(tmp_path, *_done(1, 1.0, "impair", **given, proof=proof)))
    assert cells == [
        "impair bad", "alice, bob: loss 30%", "1.00 s\nto the end",
        ("before 19-20 of 20 packets (2 links)\n"
        "during 12-15 of 20 packets, 100-110 ms (2 links); 0 of 20 packets, no answer"), "✓ proven",
    ]  # fmt: skip


def test_what_is_done_to_programs(tmp_path: Path) -> None:
    ended = [{"before": "running", "during": "exited with status 137 (killed)"}]
    back = [{"before": "exited with status 137 (killed)", "during": "running"}]
    killed = _done(1, 1.0, "kill", "alice", proof=ended)
    cells = _cells(_run(tmp_path, *killed, *_done(2, 3.0, "start", "alice", proof=back)))
    assert cells == [
        "kill", "alice", "1.00 s\nto 3.50 s",
        "before running\nduring exited with status 137 (killed)\nafter  running", "✓ proven",
    ]  # fmt: skip
    assert "after" not in _cells(_run(tmp_path, *killed))[3]


def test_what_is_not_proven_and_what_was_not_done(tmp_path: Path) -> None:
    doubt = _done(1, 1.0, "pause", "bob", "info", said="not proven: it is running")
    assert _cells(_run(tmp_path, *doubt))[2:] == [
        "1.00 s\nto the end", "-", "? not proven",
    ]  # fmt: skip
    assert _cells(_run(tmp_path, *doubt[:1]))[-1] == "? not proven"
    refused = _done(1, 1.0, "kill", "bob", "fail", said="bob does not run")
    run = _run(tmp_path, *refused)
    assert _cells(run)[2:] == ["1.00 s", "-", "✗ not done"]
    assert runs_as_data([run])["runs"][0]["faults"][0]["said"] == "bob does not run"
    # A fault that was not seen to end may still be active.
    links: dict[str, Any] = {"fault": "x", "says": "alice | bob", "links": BOTH}
    healed = _done(2, 2.0, "heal", "", "info", fault="x", said="not proven")
    cells = _cells(_run(tmp_path, *_done(1, 1.0, "partition", **links), *healed))
    assert (cells[2], cells[-1]) == ("1.00 s\nto the end", "? not proven")


def test_twenty_at_most_unless_all_is_asked_for(tmp_path: Path) -> None:
    many = [e for n in range(30) for e in _done(n + 1, float(n), "pause", f"p{n}.")]
    run = _run(tmp_path, *many)
    assert "… and 10 more" in as_text(run, Detail.TABLES)
    assert "p29." in as_text(run, Detail.EVERYTHING)


def test_hostile_text_is_shown_as_it_is(tmp_path: Path) -> None:
    odd: list[Any] = [NASTY, 7, None, {"what": "packets", "before": {NASTY: 1}, "during": NASTY}]
    given: dict[str, Any] = {"fault": NASTY, "says": NASTY, "links": [[NASTY, NASTY], NASTY, 3],
                             "proof": odd, "means": {NASTY: NASTY, "x": 3}}  # fmt: skip
    drawn = Entry(0.5, "lab", "", "chaos", 0, {"seed": NASTY, "for": NASTY})
    run = _run(tmp_path, drawn, *_done(1, 1.0, "partition", **given))
    text = as_text(run, Detail.EVERYTHING)
    assert not [c for c in text if not (c.isprintable() or c == "\n")]
    json.dumps(runs_as_data([run]))
