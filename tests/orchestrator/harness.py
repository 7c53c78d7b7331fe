"""A runner for tests, and readers for what came of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from orchestrator.cancel import CancelToken
from orchestrator.checks import Verdict
from orchestrator.checks.judged_run import Run
from orchestrator.engines.base import Engine, Progress
from orchestrator.history.entries import Entry
from orchestrator.runner.pool import Pool
from orchestrator.runner.run import Runner, ScenarioSource, all_valid
from tests.orchestrator.support import PROGRAMS, make_engine, run_of

QUIET = Progress(lambda _: None, lambda _: None)
HEAD = "name: test\nwhy: A test.\n"


def write(folder: Path, text: str, name: str = "scenario.yaml") -> Path:
    """Write a scenario, given without its name and purpose."""
    path = folder / name
    path.write_text(text if text.startswith("name:") else HEAD + text)
    return path


def odd(folder: Path, **changes: str) -> Path:
    """Write the profile of the program that misbehaves on command."""
    text = (PROGRAMS / "odd.yaml").read_text().replace("PROGRAM", str(PROGRAMS / "odd.py"))
    for key, value in changes.items():
        assert f"{key}: " in text
        text = "\n".join(
            f"{key}: {value}" if line.startswith(f"{key}: ") else line for line in text.split("\n")
        )
    path = folder / "odd.yaml"
    path.write_text(text)
    return path


class Harness:
    """A runner with an engine of its own, and peers that stay for the next scenario.

    Args:
        engine: its name, or the engine itself.
        folder: for scenarios and runs.
        keep: as in `Runner`.
        may_reuse: as in `Runner.run`, for all runs.
    """

    def __init__(
        self,
        engine: str | Engine,
        folder: Path,
        *,
        keep: bool = False,
        may_reuse: Callable[[Sequence[Verdict]], bool] = all_valid,
    ) -> None:
        self.folder, self.cancel, self._may_reuse = folder, CancelToken(), may_reuse
        self.engine = make_engine(engine) if isinstance(engine, str) else engine
        self.engine.cancel = self.cancel
        self.owner = run_of(self.engine)
        self.runner = Runner(Pool(self.engine, self.cancel), folder / "runs", self.cancel, keep)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.pool.close()

    def run(self, text: str, progress: Progress = QUIET, *, discard: bool = False) -> Run:
        """Run a scenario; `discard` its peers afterwards in any case."""
        source = ScenarioSource.read(write(self.folder, text))
        may_reuse = never if discard else self._may_reuse
        return self.runner.run(source, progress, may_reuse=may_reuse)


def always(_: Sequence[Verdict]) -> bool:
    """Let peers serve again whatever the verdicts, as for programs that are known to behave."""
    return True


def never(_: Sequence[Verdict]) -> bool:
    """Let no peer serve again."""
    return False


def judged(run: Run) -> dict[str, str]:
    """Return each check's verdict."""
    return {verdict.check: verdict.judgement.word for verdict in run.verdicts}


def outcomes(run: Run, verb: str = "", peer: str = "") -> list[Entry]:
    """Return how operations ended, in the order in which they did, without the last lists."""
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
