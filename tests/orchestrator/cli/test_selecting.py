"""Which scenarios `peerlab run` runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.cli import selecting
from orchestrator.errors import DocumentError
from orchestrator.history import runs
from orchestrator.history.runs import EngineInfo, Record
from tests.e2e.support import SHORT
from tests.orchestrator.cli.support import peerlab

NAMES = {Path(name): name for name in ("burst", "burst-slow", "partition", "exit")}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("burst", "burst burst-slow"),
        ("BURST and not slow", "burst"),
        ("not burst", "partition exit"),
        ("slow or exit", "burst-slow exit"),
        ("not (slow or exit) and t", "burst partition"),
        ("exit or burst and slow", "burst-slow exit"),
        ("not not exit", "exit"),
        ("(part)", "partition"),
        ("android or exit", "exit"),  # a name may begin like an operator
    ],
)
def test_expressions(text: str, meant: str) -> None:
    assert {*map(str, selecting.matching(NAMES, text))} == {*meant.split()}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("and", "a part of a name is missing before 'and'"),
        ("burst and", "a part of a name is missing at the end"),
        ("(burst", "a parenthesis is not closed"),
        ("burst)", "')' is not expected here"),
        ("burst slow", "'slow' is not expected here"),
        ("()", "a part of a name is missing before ')'"),
        ("nothing", "selects none of these scenarios: burst, burst-slow, partition, exit"),
    ],
)
def test_what_selects_nothing_is_said(text: str, what: str) -> None:
    with pytest.raises(DocumentError) as caught:
        selecting.matching(NAMES, text)
    assert what in str(caught.value)


def _keep(folder: Path, name: str, verdict: str) -> None:
    run = runs.make(folder, name, "")
    (run / runs.HISTORY).touch()
    if verdict:
        engine = EngineInfo("process", "", "")
        runs.write(run, Record(name, "w", "peerlab", engine, "now", {}, verdict))


def test_those_that_were_not_valid_last_time(tmp_path: Path) -> None:
    for name, verdicts in {
        "burst": ("invalid", "valid"),
        "burst-slow": ("valid", "invalid"),
        "partition": ("unknown",),
        "exit": ("",),  # its lab was killed
    }.items():
        for verdict in verdicts:
            _keep(tmp_path, name, verdict)
    found = selecting.failed({**NAMES, Path("never"): "never"}, tmp_path)
    assert {*map(str, found)} == {"burst-slow", "partition", "exit"}
    with pytest.raises(DocumentError, match="no run of these scenarios is kept in"):
        selecting.failed({Path("never"): "never"}, tmp_path)


def test_run_selects(tmp_path: Path) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text(SHORT.replace("name: short", f"name: {name}"))
    kept = tmp_path / "runs"
    words = ["run", str(folder), "--engine", "process", "--output", str(kept)]
    first = peerlab(*words, "-k", "not two")
    assert first.returncode == 0
    assert first.stdout.startswith("✓ one: valid")
    assert first.stdout.count("\n") == 1
    again = peerlab(*words, "--failed")
    assert (again.returncode, again.stdout) == (0, "")
    assert again.stderr == (
        "nothing to run: each of these scenarios that has run was valid last time\n"
    )
    empty = peerlab(*words, "--failed", "--json")
    assert (json.loads(empty.stdout)["verdict"], json.loads(empty.stdout)["runs"]) == ("valid", [])
    _keep(kept, "two", "invalid")
    assert peerlab(*words, "--failed", "-k", "one").stderr.startswith("nothing to run")
    assert peerlab(*words, "--failed", "-q").stdout.startswith("✓ two: valid")
    wrong = peerlab(*words, "-k", "three")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "error: -k 'three' selects none of these scenarios: one, two" in wrong.stderr
