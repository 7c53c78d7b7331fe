"""Write profiles for copies of the example peers that have none."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from orchestrator.scenario import EngineName
from tests.examples.trial import HOME
from tests.orchestrator.support import ROOT

_TIMEOUT = 400  # seconds for one profile
_WRITTEN = (0, 1)  # exit statuses of a profile that is sure, or doubtful in parts
_LEFT_OUT = ("profile.yaml", "findings.yaml", "__pycache__")


@dataclass(frozen=True)
class Discovery:
    """The result of `peerlab profile new` for one program.

    Attributes:
        name: the program's name.
        folder: its folder, with the written profile.
        status: the command's exit status; None after a timeout.
        said: the command's output.
        seconds: how long it took.
    """

    name: str
    folder: Path
    status: int | None
    said: str
    seconds: float

    @property
    def is_written(self) -> bool:
        """Whether a profile was written."""
        return self.status in _WRITTEN and (self.folder / "profile.yaml").is_file()

    @property
    def summary(self) -> str:
        """How it ended, in one line."""
        took = f"exit status {self.status}, {self.seconds:.0f} s"
        return f"{self.name}: {took}, {self.doubtful} doubtful"

    @property
    def doubtful(self) -> int:
        """The number of lines marked as doubtful."""
        file = self.folder / "profile.yaml"
        return file.read_text(encoding="utf-8").count("# doubtful:") if self.is_written else 0


def copied(name: str, folder: Path) -> Path:
    """Copy an example without its profile and findings; return the copy."""
    target = folder / name
    shutil.copytree(HOME / name, target, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    return target


def discover(folder: Path, engine: EngineName) -> Discovery:
    """Write a profile into a program's folder."""
    began = time.monotonic()
    status, said = peerlab("profile", "new", str(folder), "--engine", str(engine), "--no-check")
    return Discovery(folder.name, folder, status, said, time.monotonic() - began)


def discover_all(folders: Sequence[Path], engine: EngineName, jobs: int) -> Iterator[Discovery]:
    """Write a profile into the folder of each program, `jobs` at a time; yield them in order."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda folder: discover(folder, engine), folders)


def peerlab(*words: str) -> tuple[int | None, str]:
    """Return a command's exit status and output; None as the status after a timeout."""
    command: Sequence[str] = [str(Path(sys.executable).with_name("peerlab")), *words]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_TIMEOUT, cwd=ROOT
        )
    except subprocess.TimeoutExpired:
        return None, f"no end within {_TIMEOUT} s"
    return done.returncode, done.stdout + done.stderr
