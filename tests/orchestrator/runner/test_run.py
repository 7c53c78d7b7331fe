"""Runs: whatever happens, they are judged and kept, and no peer is left behind."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from orchestrator import checks
from orchestrator.cancel import RunCancelledError
from orchestrator.checks import Check, HistoryIndex, Verdict, judged_run
from orchestrator.console.pump import PUMP
from orchestrator.console.session import Session
from orchestrator.engines.base import Progress
from orchestrator.errors import EngineError, LabError, behind
from orchestrator.history import runs
from orchestrator.history.entries import FORMAT
from orchestrator.history.timing import KINDS
from orchestrator.report.page.page import write_page
from orchestrator.runner.peers import PeerGroup
from tests.orchestrator.harness import Harness, judged, marks, odd
from tests.orchestrator.runner.scripted import Scripted
from tests.orchestrator.support import PROGRAMS, ROOT, processes_of

ALONE = "peers: [alice]\nsteps:\n  - list: {at: alice, shows: []}\n"


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    """A runner of the test's own."""
    with Harness("process", tmp_path) as one:
        yield one


def test_what_is_kept_of_a_run(harness: Harness) -> None:
    run = harness.run(ALONE)
    assert run.folder.parent == harness.folder / "runs/test"
    assert (harness.folder / "runs/test/latest").resolve() == run.folder.resolve()
    files = {path.name for path in run.folder.iterdir()}
    assert files == {"scenario.yaml", "history.jsonl", "alice.transcript", "run.json"}
    (began,) = marks(run, "began")
    assert (began["scenario"], began["why"], began["engine"]) == ("test", "A test.", "process")
    assert (began["profile"], began["peers"]) == ("peerlab", ["alice"])
    assert "message" in began["notices"]
    assert began["format"] == FORMAT
    assert [run.entries[0].verb, run.entries[-1].verb] == ["began", "over"]
    record = json.loads((run.folder / "run.json").read_text())
    assert (record["verdict"], record["error"]) == ("valid", "")
    assert set(record["seconds"]) == set(KINDS)
    assert 0 < sum(record["seconds"].values()) < 30
    assert {check["check"] for check in record["checks"]} == set(checks.CHAT)
    again = judged_run.load(run.folder)
    assert again.judgement is run.judgement
    assert [e.as_json() for e in again.entries] == [e.as_json() for e in run.entries]


def test_a_run_is_indexed_once_for_its_checks_and_its_page(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[object] = []
    judge = checks.judge

    def watched(index: HistoryIndex, own: Mapping[str, Check]) -> list[Verdict]:
        used.append(index)
        return judge(index, own)

    monkeypatch.setattr(checks, "judge", watched)
    run = harness.run(ALONE)
    write_page(run)
    assert [id(index) for index in used] == [id(run.index)]
    assert len(run.index.entries) == len(run.entries)
    assert run.index.is_complete


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ("[]", "no step was done"),
        ("[{connect: {at: alice, to: alice, may_fail: true}}]", "every step was refused"),
    ],
)
def test_a_run_in_which_nothing_can_be_judged(harness: Harness, steps: str, why: str) -> None:
    run = harness.run(f"peers: [alice]\nsteps: {steps}\n")
    assert (run.judgement.word, run.nothing_judged) == ("unknown", why)
    assert json.loads((run.folder / "run.json").read_text())["verdict"] == "unknown"


def test_a_program_without_a_list_is_judged_by_the_rest(harness: Harness) -> None:
    profile = (ROOT / "examples/peers/by-the-book/profile.yaml").read_text()
    before, _, rest = profile.partition("  list:\n")
    rest = rest[rest.index("  terminate:") :].replace("lacks:\n", "lacks:\n  list: not written\n")
    rest = rest.replace("folder: .", f"folder: {ROOT}/examples/peers/by-the-book")
    before = before.replace("folder: .", f"folder: {ROOT}/examples/peers/by-the-book")
    (harness.folder / "listless.yaml").write_text(f"{before}{rest}")
    run = harness.run(
        f"profile: {harness.folder}/listless.yaml\npeers: [alice, bob]\nsteps:\n"
        "  - connect: {at: alice, to: bob}\n  - expect: {at: bob, connected: true}\n"
    )
    assert run.judgement.word == "valid"
    assert {v.check for v in run.verdicts if not v.judged} >= {"lists", "ports"}


def test_an_engine_that_starts_no_peer_breaks_the_run_off(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise EngineError("no room here\nand more", hint="make some")

    monkeypatch.setattr(harness.engine, "start", refuse)
    run = harness.run(ALONE)
    assert [entry.verb for entry in run.entries] == ["began", "machine", "broke off"]
    assert run.entries[-1].fields == {"said": "no room here"}
    assert run.error
    assert run.error.hint == "make some"
    assert set(judged(run).values()) == {"unknown"}
    assert json.loads((run.folder / "run.json").read_text())["error"] == "no room here\nand more"


def test_times_are_the_scenarios(harness: Harness) -> None:
    path = odd(harness.folder)
    run = harness.run(
        f"profile: {path}\npeers: [alice]\nlimits: {{answer: 0.2, settle: 0.1}}\nsteps:\n"
        "  - type: {at: alice, line: deaf}\n"
    )
    said = [entry.fields["said"] for entry in run.entries if entry.type == "info"]
    assert said == ["alice did not reply to 'deaf' within 0.2 s"]
    text = (PROGRAMS / "profile.yaml").read_text()
    path.write_text(text.replace("PROGRAM", str(PROGRAMS / "never_ready.py")))
    run = harness.run(f"profile: {path}\npeers: [bob]\nlimits: {{ready: 0.3}}\nsteps: []\n")
    assert run.broke_off.startswith("bob was not ready after 0.3 s")


def test_an_engine_that_stops_answering_in_the_middle(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise EngineError("the engine went away")

    def step(line: str) -> None:
        if "step 1" in line:
            patch.setattr(Session, "catch_up", away)

    with monkeypatch.context() as patch:
        run = harness.run(ALONE, Progress(lambda _: None, step))
    assert run.broke_off == "the engine went away"
    assert run.entries[-1].fields == {"said": "the engine went away"}
    assert processes_of(harness.owner) == []


def test_ctrl_c_is_not_lost_if_the_engine_then_fails(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise EngineError("cannot clean up")

    monkeypatch.setattr(PeerGroup, "record_ready", interrupted)
    with pytest.raises(EngineError) as caught:
        harness.run(ALONE)
    assert behind(caught.value, KeyboardInterrupt)


@pytest.mark.parametrize("during", ["take", "judge"])
def test_a_bug_in_the_lab_leaves_no_peer_behind(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, during: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a fault")

    reading = len(PUMP._takers)
    with monkeypatch.context() as patch:
        if during == "take":
            patch.setattr(PeerGroup, "record_ready", fail)
        else:
            patch.setattr(checks, "judge", fail)
        with pytest.raises(ZeroDivisionError):
            harness.run(ALONE)
    assert processes_of(harness.owner) == []
    assert len(PUMP._takers) == reading
    run = harness.run(ALONE)
    assert judged(run) == dict.fromkeys(judged(run), "valid")


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("HISTORY", "/dev/full"),
        # What is written whole takes the place of what was there: never that of a device.
        ("RECORD", "/proc/nowhere/run.json"),
    ],
)
def test_a_run_that_cannot_be_written_is_an_error(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, file: str, path: str
) -> None:
    monkeypatch.setattr(runs, file, path)
    with pytest.raises(LabError, match=rf"^{path}: cannot be written: No s"):
        harness.run(ALONE)
    harness.runner.pool.close()
    assert processes_of(harness.owner) == []


def test_a_disk_that_is_full_in_the_middle(harness: Harness) -> None:
    def step(line: str) -> None:
        if "step 1" in line:
            full = harness.folder / "runs/test/latest/history.jsonl"
            os.dup2(os.open("/dev/full", os.O_WRONLY), descriptor(full))

    run = harness.run(ALONE, Progress(lambda _: None, step))
    assert run.broke_off.endswith("history.jsonl: cannot be written: No space left on device")
    assert run.entries[-1].verb == "broke off"
    assert set(judged(run).values()) == {"unknown"}
    assert processes_of(harness.owner) == []


def descriptor(path: Path) -> int:
    """Return the descriptor with which this process has a file open."""
    for open_file in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if open_file.resolve() == path.resolve():
                return int(open_file.name)
    raise FileNotFoundError(path)


def test_cancelling_while_peers_are_disconnected_loses_no_record(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        harness.cancel.set()
        raise RunCancelledError("the run was stopped")

    monkeypatch.setattr(Session, "renew", stopped)
    run = harness.run(ALONE)
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert (run.folder / "run.json").exists()
    assert processes_of(harness.owner) == []


def test_peers_that_cannot_be_discarded_lose_no_record(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise EngineError("the engine went away")

    with monkeypatch.context() as patch:
        patch.setattr(harness.engine, "discard", refuse)
        with pytest.raises(EngineError, match="went away"):
            harness.run(f"{ALONE}  - exit: alice\n")
    assert json.loads((harness.folder / "runs/test/latest/run.json").read_text())["checks"]


@pytest.mark.parametrize(
    "step",
    [
        "partition: [[alice], [bob]]",
        "impair: {at: alice, loss: 5%, for: 1}",
        "schedule: [{when: 1, isolate: alice}]",
        "chaos: {seed: 1, for: 5, faults: [partition]}",
        "repeat: {times: 2, steps: [{pause: {at: bob, during: [isolate: alice]}}]}",
    ],
)
def test_a_fault_that_is_unsupported_is_refused_before_any_peer_starts(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(harness.engine, "start", None)
    run = harness.run(f"peers: [alice, bob]\nsteps:\n  - list: alice\n  - {step}\n")
    assert [entry.verb for entry in run.entries] == ["began", "machine", "broke off"]
    assert run.error
    what = run.error.what
    assert what.startswith("the process engine cannot do `")
    assert "here: processes share this machine's network, which the lab never touches" in what
    assert run.error.hint == "take --engine docker"
    assert set(judged(run).values()) == {"unknown"}


def test_what_must_be_known_of_a_fault_is_reported(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Scripted()
    notes = {"delay": "no netem here", **harness.engine.network([]).notes()}
    monkeypatch.setattr(network, "notes", lambda: notes)
    monkeypatch.setattr(harness.engine, "network", lambda _: network)
    phases: list[str] = []
    fault = "peers: [alice, bob]\nsteps:\n  - stream: {at: all, pieces: 1, for: 0.01}\n"
    run = harness.run(fault, Progress(phases.append, lambda _: None))
    assert set(judged(run).values()) == {"valid"}
    assert phases[0] == notes["stream"]
    assert "no netem here" not in phases, "for nothing is delayed"
    phases.clear()
    harness.run(ALONE, Progress(phases.append, lambda _: None))
    assert not any("relay" in phase for phase in phases)
