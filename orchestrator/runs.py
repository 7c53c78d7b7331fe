"""Where runs are kept: `runs/<scenario>/<time>/`, the newest as `latest` too."""

from __future__ import annotations

import contextlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.errors import LabError
from orchestrator.runner import Run


def make(folder: Path, scenario: Path, name: str) -> Path:
    """Make the folder of a new run, with a copy of its scenario; return it.

    Raises:
        LabError: nothing can be written there.
    """
    stamp = datetime.now(tz=UTC).strftime("%Y%m%d-%H%M%S.%f")
    run = folder / name / stamp
    try:
        run.mkdir(parents=True)
        shutil.copy(scenario, run / "scenario.yaml")
        _point(folder / name / "latest", stamp)
    except OSError as error:
        raise LabError(
            f"the run cannot be kept in {run}: {error.strerror}", hint="choose another with --runs"
        ) from error
    return run


def _point(link: Path, target: str) -> None:
    """Make `latest` point at the newest run; another process may do so at the same time."""
    fresh = link.with_name(f".{target}")
    fresh.symlink_to(target)
    with contextlib.suppress(FileNotFoundError):
        fresh.replace(link)


def write_transcripts(run: Run, folder: Path) -> None:
    """Write what every console showed, and what was typed, into a run's folder."""
    for name, session in run.sessions.items():
        session.transcript.write(folder / f"{name}.transcript")
