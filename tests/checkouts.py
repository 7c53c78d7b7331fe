"""A second checkout of the lab beside this one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.orchestrator.support import ROOT

_PARTS = ("orchestrator", "peer", "sidecar", "profiles", "compose.yaml", ".dockerignore")


@dataclass(frozen=True)
class Checkout:
    """A folder with the lab's code, and what is different in its commands' environment.

    Attributes:
        folder: the folder.
        environment: variables to set; those whose value is empty are left out.
    """

    folder: Path = ROOT
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def copied(cls, folder: Path, **environment: str) -> Checkout:
        """Return a copy of this checkout in an existing folder."""
        for part in _PARTS:
            source = ROOT / part
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, folder / part)
        return cls(folder, environment)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command of the lab without its output."""
        return subprocess.Popen(
            self._called(words), cwd=self.folder, env=self._variables(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def peerlab(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the lab."""
        return subprocess.run(
            self._called(words), cwd=self.folder, env=self._variables(),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def _called(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "orchestrator", *words]

    def _variables(self) -> dict[str, str]:
        return {key: value for key, value in (os.environ | self.environment).items() if value}
