"""Install the programs that the sidecar calls, if its base image lacks them.

Runs while the image is built, never in a sidecar. PROGRAMS in the Dockerfile lists the
programs as ``program=package``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

_LISTS = Path("/var/lib/apt/lists")


def missing(programs: str) -> list[str]:
    """Return the packages of those programs that are not installed."""
    pairs = [pair.split("=", 1) for pair in programs.split()]
    return sorted({package for program, package in pairs if not shutil.which(program)})


def main() -> None:
    """Install what is missing, from the mirrors of the base image."""
    packages = missing(os.environ["PROGRAMS"])
    if packages:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            subprocess.run(["apt-get", "-q", *words], check=True, env=environment)
        shutil.rmtree(_LISTS)


if __name__ == "__main__":
    main()
