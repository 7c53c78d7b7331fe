"""The plugin's options, and the keys of what it keeps on pytest's objects. Imports only pytest."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

LABS: pytest.StashKey[Any] = pytest.StashKey()  # the `Labs` of a test

RUNNERS: pytest.StashKey[Any] = pytest.StashKey()  # the `Runners` of a session

LEFT: pytest.StashKey[Any] = pytest.StashKey()
"""Why a session could not remove all that it had started."""

_SCENARIOS = ("scenarios/*.yaml", "scenarios/*.yml", "*.scenario.yaml", "*.scenario.yml")
_YAML = (".yaml", ".yml")  # `orchestrator.files` has this too, but takes long to import
_HISTORY = "history.jsonl"  # the same of `orchestrator.history.runs`
_ENGINES = ("auto", "docker", "process")


def add(parser: pytest.Parser) -> None:
    """Add the options of the command line and of the configuration file."""
    group = parser.getgroup("peerlab", "Peerlab: peers that talk to each other")
    group.addoption(
        "--peerlab-engine",
        choices=_ENGINES,
        help="where peers run: Docker if it answers (auto, the default), docker, process",
    )
    group.addoption("--peerlab-runs", metavar="DIR", help="where runs are kept (default: runs)")
    parser.addini("peerlab_engine", "default of --peerlab-engine", default="auto")
    parser.addini("peerlab_runs", "default of --peerlab-runs, relative to this file", default="")
    parser.addini(
        "peerlab_profile",
        "the program of the fixture lab: a profile's name or file",
        default="",
    )
    parser.addini(
        "peerlab_scenarios",
        "patterns of scenario files (* also matches slashes)",
        type="args",
        default=list(_SCENARIOS),
    )


def engine(config: pytest.Config) -> str:
    """Return the engine on which peers run by default."""
    name = str(config.getoption("peerlab_engine") or config.getini("peerlab_engine"))
    if name not in _ENGINES:
        raise pytest.UsageError(f"peerlab_engine: {name!r} is not one of {', '.join(_ENGINES)}")
    return name


def runs_folder(config: pytest.Config) -> Path:
    """Return where runs are kept."""
    if given := config.getoption("peerlab_runs"):
        return Path(config.invocation_params.dir, given)
    if given := config.getini("peerlab_runs"):
        return Path(config.rootpath, given)
    return Path(config.invocation_params.dir, "runs")


def is_scenario(session: pytest.Session, path: Path) -> bool:
    """Return whether a file is a scenario: named on the command line, or of a matching name."""
    if path.suffix not in _YAML:
        return False
    patterns = session.config.getini("peerlab_scenarios")
    posix = path.as_posix()
    if session.isinitpath(path):
        return True
    is_copy = (path.parent / _HISTORY).exists()  # kept with a run
    return not is_copy and any(fnmatch(posix, f"*/{pattern}") for pattern in patterns)


def close(config: pytest.Config) -> bool:
    """End everything that a session has started; `LEFT` then says what could not be removed.

    Returns whether Ctrl-C came meanwhile.
    """
    runners = config.stash.get(RUNNERS, None)
    if not runners:
        return False
    del config.stash[RUNNERS]
    runners.close()
    config.stash[LEFT] = runners.left
    return bool(runners.is_interrupted)
