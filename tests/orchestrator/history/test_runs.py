"""Runs on disk: folders, records, and what can be read of a run that was killed."""

from __future__ import annotations

import errno
import json
import os
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from orchestrator.checks import CHAT, Finding, Judgement, Verdict, judged_run
from orchestrator.errors import DocumentError, LabError
from orchestrator.folder import is_output
from orchestrator.history import runs
from orchestrator.history.entries import FORMAT, Entry, History
from orchestrator.history.runs import EngineInfo, Record

RECORD = Record(
    "demo", "Why.", "peerlab", EngineInfo("docker", "20", "i"), "now", {"driving": 1.0}, "valid"
)


def keep(folder: Path, *, over: bool = True) -> Path:
    """Keep a run in which a list was asked for."""
    run = runs.make(folder, "demo", "name: demo\n")
    history = History(run / runs.HISTORY)
    history.lab("began", scenario="demo", why="Why.", engine="docker", peers=["alice"])
    asked = history.invoke("alice", "list", wants={"outcome": "ok"})
    history.complete(asked, "ok", rows=[])
    if over:
        history.lab("settled", quiet=True)
        history.complete(history.invoke("alice", "list"), "ok", rows=[])
        history.lab("ended", "alice", state="running", wants={"state": "running"})
        history.lab("over")
    history.close()
    return run


def test_a_folder_for_runs_that_the_lab_makes_belongs_to_no_program(tmp_path: Path) -> None:
    runs.make(tmp_path / "runs", "x", "name: x\n")
    assert is_output(tmp_path / "runs")
    runs.make(tmp_path, "x", "name: x\n")  # which was there, and may be a program's
    assert not is_output(tmp_path)


def test_every_run_has_a_folder_and_the_newest_is_the_latest(tmp_path: Path) -> None:
    first, second = (runs.make(tmp_path / "runs", "x", "name: x\n") for _ in range(2))
    assert first != second
    assert (second / "scenario.yaml").read_text() == "name: x\n"
    assert (tmp_path / "runs/x/latest").resolve() == second.resolve()
    assert sorted(item.name for item in (tmp_path / "runs/x").iterdir()) == sorted(
        [first.name, second.name, "latest"]
    )
    (tmp_path / "file").touch()
    with pytest.raises(LabError, match="cannot be kept") as caught:
        runs.make(tmp_path / "file", "x", "")
    assert caught.value.hint == "choose another with --output, in pytest with --peerlab-runs"


def test_a_run_is_found_by_its_folder_or_its_scenarios(tmp_path: Path) -> None:
    run = keep(tmp_path)
    for wanted in (run, tmp_path / "demo", tmp_path / "demo/latest"):
        assert runs.find(wanted) == run
    for wanted in (tmp_path, tmp_path / "none", run / runs.HISTORY):
        with pytest.raises(DocumentError, match="no run is kept there") as caught:
            runs.find(wanted)
        assert "runs/<scenario>" in caught.value.hint


def test_a_run_is_judged_again(tmp_path: Path) -> None:
    folder = keep(tmp_path)
    runs.write(folder, RECORD)
    run = judged_run.load(tmp_path / "demo")
    assert [verdict.check for verdict in run.verdicts] == list(CHAT)
    assert (run.judgement, run.record) == (Judgement.VALID, RECORD)
    assert (run.name, run.why, run.engine, run.place) == ("demo", "Why.", "docker", "docker 20 i")
    assert (run.peers, run.seconds, run.broke_off) == (("alice",), {"driving": 1.0}, "")


def test_a_run_whose_lab_was_killed(tmp_path: Path) -> None:
    folder = keep(tmp_path, over=False)
    with (folder / runs.HISTORY).open("a") as file:
        file.write('{"at": 1.0, "ty')
    run = judged_run.load(folder)
    assert (run.judgement, run.record) == (Judgement.UNKNOWN, None)
    assert (run.name, run.why, run.place, run.seconds) == ("demo", "Why.", "docker", {})
    assert "its lab was ended" in run.broke_off


def test_a_history_that_lost_its_end_is_reported(tmp_path: Path) -> None:
    folder = keep(tmp_path)
    runs.write(folder, RECORD)
    path = folder / runs.HISTORY
    whole = path.read_text().splitlines(keepends=True)
    path.write_text("".join(whole[:1]))
    run = judged_run.load(folder)
    assert run.judgement is Judgement.UNKNOWN
    assert run.without.startswith(f"{path}: its end is missing")
    assert run.verdicts[0].findings[0].says == "the history ends in the middle of the run"
    path.write_text("".join(whole))
    assert judged_run.load(folder).without == ""


def test_a_run_that_was_killed_at_once(tmp_path: Path) -> None:
    folder = keep(tmp_path)
    (folder / runs.HISTORY).write_text("")
    run = judged_run.load(folder)
    assert (run.judgement, run.name, run.peers) == (Judgement.UNKNOWN, "not known", ())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"scenario": 5}', "\udcff"])
def test_a_record_that_is_none(tmp_path: Path, text: str) -> None:
    folder = keep(tmp_path)
    (folder / runs.RECORD).write_text(text, errors="surrogateescape")
    with pytest.raises(DocumentError, match=r"run\.json:1:\d+: not (the record|UTF-8)"):
        runs.read(folder)
    run = judged_run.load(folder)
    assert (run.judgement, run.record, run.broke_off) == (Judgement.VALID, None, "")
    assert re.fullmatch(r".*/run\.json:1:\d: not .+; shown without it", run.without)


def test_why_a_run_broke_off_is_known_without_a_record(tmp_path: Path) -> None:
    folder = keep(tmp_path, over=False)
    with (folder / runs.HISTORY).open("a") as file:
        file.write(Entry(1.0, "lab", "", "broke off", 0, {"said": "no more"}).as_json() + "\n")
    assert judged_run.load(folder).broke_off == "no more"


def test_a_name_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read: File name too long"):
        judged_run.load(tmp_path / ("x" * 300))


def test_records_are_written_whole_and_read_by_later_labs(tmp_path: Path) -> None:
    folder = keep(tmp_path)
    runs.write(folder, RECORD)
    data = json.loads((folder / runs.RECORD).read_text())
    assert data == asdict(RECORD)
    (folder / runs.RECORD).write_text(json.dumps({**data, "new": 1}))
    assert runs.read(folder) == RECORD
    assert sorted(item.name for item in folder.iterdir()) == [
        "history.jsonl",
        "run.json",
        "scenario.yaml",
    ]
    with pytest.raises(LabError, match="cannot be written"):
        runs.write(folder / runs.RECORD, RECORD)


def test_what_ended_a_run_early(tmp_path: Path) -> None:
    run = judged_run.load(keep(tmp_path))
    assert run.broke_off == ""
    run.error = LabError("first\n  | second")
    assert run.broke_off == "first\n  | second"


def test_verdicts_as_data() -> None:
    verdict = Verdict("order", Judgement.INVALID, "1 wrong", (Finding("w", 1.5, ("bob",)),))
    assert verdict.as_data() == {
        "check": "order",
        "verdict": "invalid",
        "says": "1 wrong",
        "witnesses": [
            {"says": "w", "at": 1.5, "peers": ("bob",), "text": "", "near": "", "kind": "",
             "operation": 0, "others": ()}
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "not a JSON object, as every line of a history is"),
        ("5", "not a JSON object, as every line of a history is"),
        ('{"at": 0, "peer": "", "verb": "", "operation": 0}', "the key 'type' is missing"),
        ('{"at": "x", "type": "ok", "peer": "", "verb": "", "operation": 0}',
         "at: a number of seconds is expected here, not the text 'x'"),
    ],
)  # fmt: skip
def test_why_a_line_is_none_of_a_history(tmp_path: Path, line: str, said: str) -> None:
    folder, column = keep(tmp_path), 2 if said.startswith("at:") else 1
    (folder / runs.HISTORY).write_text(f"{line}\n")
    with pytest.raises(DocumentError) as caught:
        judged_run.load(folder)
    assert caught.value.what == f"{folder}/history.jsonl:1:{column}: {said}"


@pytest.mark.parametrize("given", [FORMAT + 1, "new"])
def test_the_history_of_a_newer_lab(tmp_path: Path, given: object) -> None:
    folder = keep(tmp_path)
    for item in (FORMAT, given):
        began = Entry(0.0, "lab", "", "began", 0, {"format": item, "peers": ["alice"]})
        (folder / runs.HISTORY).write_text(began.as_json() + "\n")
        if item == FORMAT:
            assert judged_run.load(folder).peers == ("alice",)
    with pytest.raises(DocumentError, match="written by a newer Peerlab") as caught:
        judged_run.load(folder)
    assert "the Peerlab that wrote it" in caught.value.hint


def test_a_run_that_does_not_fit_on_the_disk_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(LabError, match=r"cannot be kept in .*: No space left on device"):
        runs.make(tmp_path, "demo", "name: demo")
    assert [*tmp_path.glob("demo/*")] == []
