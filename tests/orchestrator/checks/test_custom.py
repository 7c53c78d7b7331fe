"""Checks of one's own: from files and packages, when they go wrong, and in kept runs."""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from orchestrator import checks, promises
from orchestrator.checks import Verdict, custom, judged_run
from orchestrator.errors import DocumentError
from orchestrator.history import runs
from orchestrator.history.entries import Entry
from orchestrator.history.runs import EngineInfo, Record
from tests.orchestrator.checks.models.records import INVALID, UNKNOWN, VALID, Recorded

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/checks.md").read_text()

GOOD = """
from orchestrator.checks import conclude
def fine(index):
    return conclude("another name", "fine", [], judged=True)
def none(index):
    return 7
def raises(index):
    return 1 / 0
def leaves(index):
    raise SystemExit(3)
constant = 5
"""


def recorded(promise: str, seconds: float = 0.1) -> list[Entry]:
    run = Recorded(promise, {"get": "read"})
    begun = run.begin("alice", "get")
    run.wait(seconds)
    run.end(begun, results={"value": 1})
    return run.settle()


def judge(promise: str, **kwargs: float) -> Verdict:
    entries = recorded(promise, **kwargs)
    verdicts = checks.judge(entries, custom.load([promise]))
    assert [verdict.check for verdict in verdicts][::3] == ["expectations", "crashes"]
    return verdicts[1]


def written(folder: Path, text: str = GOOD) -> str:
    (folder / "mine.py").write_text(text)
    return str(folder / "mine.py")


@pytest.mark.parametrize(("seconds", "judgement"), [(0.1, VALID), (2.0, INVALID)])
def test_the_check_on_the_page(tmp_path: Path, seconds: float, judgement: checks.Judgement) -> None:
    (code,) = re.findall(r"```python\n(from .*?)```", PAGE, re.DOTALL)
    assert code.count("\n") <= 15
    verdict = judge(f"{written(tmp_path, code)}:quick_reads", seconds=seconds)
    assert (verdict.check, verdict.judgement) == ("mine.py:quick_reads", judgement)


def test_it_is_called_like_its_promise(tmp_path: Path) -> None:
    verdict = judge(f"{written(tmp_path)}:fine")
    assert (verdict.check, verdict.judgement, verdict.says) == ("mine.py:fine", VALID, "fine")


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ("raises", "it raised ZeroDivisionError: division by zero, at {path}:8"),
        ("leaves", "it raised SystemExit: 3, at {path}:10"),
        ("none", "it returned 7, where a Verdict is expected"),
        ("constant", "mine.py:constant is not a function"),
        ("fin", "{path} has no function 'fin'; did you mean 'fine'?"),
    ],
)
def test_one_that_goes_wrong_is_unknown(tmp_path: Path, function: str, says: str) -> None:
    path = written(tmp_path)
    verdict = judge(f"{path}:{function}")
    assert verdict.judgement is UNKNOWN
    assert verdict.findings[0].says == says.format(path=path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\ndef f(:\n", "cannot be loaded: SyntaxError: invalid syntax, at {path}:2"),
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
    ],
)
def test_a_file_that_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text)
    assert says.format(path=path) in judge(f"{path}:f").findings[0].says
    with pytest.raises(DocumentError, match="cannot be loaded") as caught:
        custom.find(f"{path}:f")
    assert "takes a HistoryIndex" in caught.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    says = judge(f"{tmp_path}/none.py:f").findings[0].says
    assert says == f"{tmp_path}/none.py: there is no such file, which none.py:f names"
    assert promises.missing("none.py:f", tmp_path) == f"there is no file {tmp_path}/none.py"


def test_a_promise_that_is_not_known() -> None:
    assert judge("regster").findings[0].says == (
        "there is no check 'regster'; did you mean 'register'?"
    )
    entries = recorded("regster")
    assert checks.judge(entries)[1].findings[0].says == "this Peerlab has no check 'regster'"


def test_one_of_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    point = importlib.metadata.EntryPoint("of-a-package", "mine:fine", promises.GROUP)
    monkeypatch.setattr(promises, "installed", lambda: {"of-a-package": point})
    assert judge("of-a-package").judgement is VALID
    assert promises.missing("of-a-package", tmp_path) == ""


def keep(folder: Path, entries: list[Entry], verdicts: list[dict[str, Any]] | None) -> None:
    folder.mkdir()
    lines = "".join(entry.as_json() + "\n" for entry in entries)
    (folder / runs.HISTORY).write_text(lines)
    if verdicts is not None:
        record = Record(
            "demo", "", "p", EngineInfo("docker", "", ""), "", {}, "valid", "", verdicts
        )
        assert asdict(record)["checks"] == verdicts
        runs.write(folder, record)


def test_a_kept_run_has_the_verdict_of_its_record(tmp_path: Path) -> None:
    marker = tmp_path / "was-run"
    path = written(tmp_path, f"open({str(marker)!r}, 'w')\n{GOOD}")
    promise = f"{path}:quick"
    said = {"says": "slow", "at": 1.0, "peers": ["alice"]}
    data = {"check": "mine.py:quick", "verdict": "invalid", "says": "1 wrong", "witnesses": [said]}
    keep(tmp_path / "run", recorded(promise), [data])
    run = judged_run.load(tmp_path / "run")
    found = run.verdicts[1]
    assert (found.check, found.judgement, found.wrong) == ("mine.py:quick", INVALID, 1)
    assert (found.findings[0].says, found.findings[0].peers) == ("slow", ("alice",))
    assert run.judgement is INVALID
    assert not marker.exists()


@pytest.mark.parametrize(
    "verdicts",
    [
        None,
        [],
        [{"check": "mine.py:quick"}],
        [{"check": "mine.py:quick", "verdict": "odd", "says": "", "witnesses": []}],
        [{"check": "mine.py:quick", "verdict": "valid", "says": "", "witnesses": [5]}],
    ],
)
def test_a_kept_run_without_such_a_verdict_is_unknown(
    tmp_path: Path, verdicts: list[dict[str, Any]] | None
) -> None:
    keep(tmp_path / "run", recorded(f"{written(tmp_path)}:quick"), verdicts)
    assert judged_run.load(tmp_path / "run").verdicts[1].judgement is UNKNOWN


def test_verdicts_are_read_as_they_were_written() -> None:
    one = checks.Finding("wrong", 1.5, ("bob",), "t", "n", "k")
    for verdict in (
        checks.conclude("a", "fine", []),
        checks.conclude("a", "fine", [], judged=False),
        checks.conclude("a", "", [], [one]),
        checks.conclude("a", "", [one], [one, one]),
    ):
        assert Verdict.from_data(verdict.as_data()) == verdict
