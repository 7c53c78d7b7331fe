"""The plugin's options, and what it keeps with pytest's own objects. Imports nothing else."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

LABS: pytest.StashKey[Any] = pytest.StashKey()
"""The labs of a test."""

CONDUCTORS: pytest.StashKey[Any] = pytest.StashKey()
"""The engines of a session."""

_SCENARIOS = ("scenarios/*.yaml", "scenarios/*.yml", "*.scenario.yaml", "*.scenario.yml")
_ENGINES = ("auto", "docker", "process")


def add(parser: pytest.Parser) -> None:
    """Add the options, and those of the configuration file."""
    group = parser.getgroup("peerlab", "peers that talk to each other (Peerlab)")
    group.addoption(
        "--peerlab-engine",
        choices=_ENGINES,
        help="where peers run: Docker where it answers (auto, the default), docker, process",
    )
    group.addoption("--peerlab-runs", metavar="DIR", help="where runs are kept (default: runs)")
    parser.addini("peerlab_engine", "default of --peerlab-engine", default="auto")
    parser.addini("peerlab_runs", "default of --peerlab-runs, seen from this file", default="")
    parser.addini(
        "peerlab_profile",
        "the program of the fixture lab: a profile's name or file",
        default="",
    )
    parser.addini(
        "peerlab_scenarios",
        "patterns of files that are scenarios (* stands for slashes as well)",
        type="args",
        default=list(_SCENARIOS),
    )


def engine(config: pytest.Config) -> str:
    """Return where peers run."""
    name = str(config.getoption("peerlab_engine") or config.getini("peerlab_engine"))
    if name not in _ENGINES:
        raise pytest.UsageError(f"peerlab_engine: no {name!r}: one of {', '.join(_ENGINES)}")
    return name


def runs_folder(config: pytest.Config) -> Path:
    """Return where runs are kept."""
    if given := config.getoption("peerlab_runs"):
        return Path(config.invocation_params.dir, given)
    if given := config.getini("peerlab_runs"):
        return Path(config.rootpath, given)
    return Path(config.invocation_params.dir, "runs")


def is_scenario(config: pytest.Config, path: Path) -> bool:
    """Tell whether a file's path is that of a scenario."""
    patterns = config.getini("peerlab_scenarios")
    whole = path.as_posix().replace(os.sep, "/")
    return any(fnmatch(whole, f"*/{pattern}") for pattern in patterns)


def close(config: pytest.Config) -> None:
    """End what a session has started."""
    if conductors := config.stash.get(CONDUCTORS, None):
        del config.stash[CONDUCTORS]
        conductors.close()
