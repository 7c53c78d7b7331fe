"""The example peers, graded by profiles that nobody wrote.

Each is copied without its profile, `peerlab profile new` writes one, and the grade by that must
be what the grade by the profile that was made by hand is.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.scenario import EngineName
from tests.examples.trial import HOME
from tests.orchestrator.support import ROOT

_SECONDS = 400  # for one profile
_WRITTEN = (0, 1)  # exit statuses: all is sure, something is doubtful
_NOT_TAKEN = ("profile.yaml", "findings.yaml", "__pycache__")


@dataclass(frozen=True)
class Discovery:
    """How `peerlab profile new` fared with one example.

    Attributes:
        name: the example's.
        folder: its copy, with the profile that was written.
        status: with which the command ended; None where it did not end in time.
        said: all that it printed.
        seconds: how long it took.
    """

    name: str
    folder: Path
    status: int | None
    said: str
    seconds: float

    @property
    def is_written(self) -> bool:
        """Whether there is a profile now."""
        return self.status in _WRITTEN and (self.folder / "profile.yaml").is_file()

    @property
    def doubtful(self) -> int:
        """How many lines are marked as doubtful."""
        file = self.folder / "profile.yaml"
        return file.read_text(encoding="utf-8").count("# doubtful:") if self.is_written else 0


def copied(name: str, folder: Path) -> Path:
    """Return a copy of an example without anything that says what its console looks like."""
    target = folder / name
    shutil.copytree(HOME / name, target, ignore=shutil.ignore_patterns(*_NOT_TAKEN))
    return target


def discovered(name: str, engine: EngineName, output: Path) -> Discovery:
    """Have a profile written for a copy of an example."""
    folder = copied(name, output)
    began = time.monotonic()
    status, said = peerlab("profile", "new", str(folder), "--engine", str(engine), "--no-check")
    return Discovery(name, folder, status, said, time.monotonic() - began)


def peerlab(*words: str) -> tuple[int | None, str]:
    """Return the exit status of a command and what it printed; no status where it hung."""
    command: Sequence[str] = [str(Path(sys.executable).with_name("peerlab")), *words]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_SECONDS, cwd=ROOT
        )
    except subprocess.TimeoutExpired:
        return None, f"no end within {_SECONDS} s"
    return done.returncode, done.stdout + done.stderr
