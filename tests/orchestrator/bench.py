"""Scenarios run by a runner, as the command line does it, and what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from orchestrator.cancel import CancelToken
from orchestrator.checks.judged_run import Run
from orchestrator.engines.base import Engine, Progress
from orchestrator.history.entries import Entry
from orchestrator.runner.pool import Pool
from orchestrator.runner.run import Runner, ScenarioSource
from tests.orchestrator.support import PROGRAMS, make_engine, run_of

QUIET = Progress(lambda _: None, lambda _: None)
HEAD = "name: test\nwhy: A test.\n"


def write(folder: Path, text: str, name: str = "scenario.yaml") -> Path:
    """Write a scenario, given without its name and purpose."""
    path = folder / name
    path.write_text(text if text.startswith("name:") else HEAD + text)
    return path


def odd(folder: Path, **changes: str) -> Path:
    """Write the profile of the program that misbehaves when it is told to."""
    text = (PROGRAMS / "odd.yaml").read_text().replace("PROGRAM", str(PROGRAMS / "odd.py"))
    for old, new in changes.items():
        assert f"{old}: " in text
        text = "\n".join(
            f"{old}: {new}" if line.startswith(f"{old}: ") else line for line in text.split("\n")
        )
    path = folder / "odd.yaml"
    path.write_text(text)
    return path


class Bench:
    """A runner with an engine of its own, and peers that stay for the next scenario."""

    def __init__(self, engine: str | Engine, folder: Path, *, keep: bool = False) -> None:
        self.folder, self.stop = folder, CancelToken()
        self.engine = make_engine(engine) if isinstance(engine, str) else engine
        self.engine.stop = self.stop
        self.owner = run_of(self.engine)
        self.runner = Runner(Pool(self.engine, self.stop), folder / "runs", self.stop, keep)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.pool.close()

    def run(self, text: str, progress: Progress = QUIET) -> Run:
        """Run a scenario."""
        return self.runner.run(ScenarioSource.read(write(self.folder, text)), progress)


def judged(run: Run) -> dict[str, str]:
    """Return each check's verdict."""
    return {verdict.check: verdict.judgement.word for verdict in run.verdicts}


def outcomes(run: Run, verb: str = "", peer: str = "") -> list[Entry]:
    """Return how operations ended, in the order in which they did, the last lists left out."""
    settled = [n for n, entry in enumerate(run.entries) if entry.verb == "settled"]
    return [
        entry
        for entry in run.entries[: settled[0] if settled else None]
        if entry.is_done and verb in ("", entry.verb) and peer in ("", entry.peer)
    ]


def ended(run: Run, verb: str = "", peer: str = "") -> list[str]:
    """Return the outcomes alone."""
    return [entry.type for entry in outcomes(run, verb, peer)]


def texts(run: Run, peer: str) -> list[str]:
    """Return the messages that a peer showed."""
    return [
        str(entry.fields["text"])
        for entry in run.entries
        if (entry.type, entry.verb, entry.peer) == ("notice", "message", peer)
    ]


def marks(run: Run, verb: str) -> list[dict[str, Any]]:
    """Return the fields of the lab's own lines of one kind, with their peers."""
    return [
        {"peer": entry.peer, **entry.fields}
        for entry in run.entries
        if entry.type == "lab" and entry.verb == verb
    ]
