"""Kept runs: `runs/<scenario>/<time>/`, the newest as `latest` too. See docs/history.md."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import json
import platform
import shutil
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import FiniteFloat, TypeAdapter, ValidationError

from orchestrator.errors import DocumentError, LabError
from orchestrator.files import write_whole
from orchestrator.folder import OUTPUT_SIGN
from orchestrator.reading import line_and_column, read_text

SCENARIO, HISTORY, RECORD = "scenario.yaml", "history.jsonl", "run.json"  # the files of a run

PAGE = "report.html"  # beside them: what shows the run in a browser
LATEST = "latest"
_TRANSCRIPT = ".transcript"
_MOST_MEGABYTES = 10
_ELSEWHERE = "choose another with --output, in pytest with --peerlab-runs"


@dataclass(frozen=True)
class EngineInfo:
    """The engine that a run used."""

    name: str  # the engine's
    version: str  # the engine's
    image: str  # name and id of the image of the peers' containers; empty for processes


@dataclass(frozen=True)
class Record:
    """What is known of a run besides its history: the file `run.json`."""

    scenario: str  # its name
    why: str  # what it is for
    profile: str  # the program's
    engine: EngineInfo  # that it ran on
    started: str  # when, in UTC, as ISO 8601 has it
    seconds: dict[str, FiniteFloat]  # where the time went, by the kinds of `timing`
    verdict: str  # ``valid``, ``invalid`` or ``unknown``
    error: str = ""  # what ended the run early; empty if nothing did
    # each check's verdict, what it says, and its findings
    checks: list[dict[str, Any]] = field(default_factory=list)
    # the version of Peerlab
    lab: str = field(default_factory=lambda: importlib.metadata.version("peerlab"))
    # the version of Python that the lab ran on
    python: str = field(default_factory=platform.python_version)


@functools.cache
def _record() -> TypeAdapter[Record]:
    """Return what reads a record; most commands do not."""
    return TypeAdapter(Record)


def make(folder: Path, name: str, script: str) -> Path:
    """Make and return the folder of a new run, with the text of its scenario.

    Raises:
        LabError: nothing can be written there.
    """
    stamp = datetime.now(tz=UTC).strftime("%Y%m%d-%H%M%S.%f")
    run = folder / name / stamp
    try:
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / OUTPUT_SIGN).touch()
        run.mkdir(parents=True)
        (run / SCENARIO).write_text(script, encoding="utf-8")
        _point(folder / name / LATEST, stamp)
    except OSError as error:
        shutil.rmtree(run, ignore_errors=True)  # on a full disk it may exist, without its text
        raise LabError(
            f"the run cannot be kept in {run}: {error.strerror}", hint=_ELSEWHERE
        ) from error
    return run


def _point(link: Path, target: str) -> None:
    """Point `latest` at the newest run; another process may do so at the same time."""
    fresh = link.with_name(f".{target}")
    fresh.symlink_to(target)
    with contextlib.suppress(FileNotFoundError):
        fresh.replace(link)


def is_copy(file: Path) -> bool:
    """Return whether a file is the copy of a scenario that is kept with a run."""
    return file.name == SCENARIO and (file.parent / HISTORY).exists()


def transcript(run: Path, peer: str) -> Path:
    """Return the file of a peer's transcript in a run's folder."""
    return run / f"{peer}{_TRANSCRIPT}"


def peers(run: Path) -> list[str]:
    """Return the names of the peers whose consoles a run has kept."""
    names = {path.name.removesuffix(_TRANSCRIPT) for path in run.glob(f"*{_TRANSCRIPT}")}
    return sorted(names - {log_name(name) for name in names})


def log_name(peer: str) -> str:
    """Return what stands for the log of a peer whose console is a client: no peer is called so."""
    return f"{peer}.log"


def log(run: Path, peer: str) -> Path:
    """Return the file of what a peer's program itself prints, if its console is a client."""
    return transcript(run, log_name(peer))


def write(run: Path, record: Record) -> None:
    """Write a run's record, whole or not at all.

    Raises:
        LabError: it cannot be written.
    """
    text = json.dumps(asdict(record), indent=2)
    write_whole(run / RECORD, text + "\n", hint=_ELSEWHERE)


def read(run: Path) -> Record | None:
    """Return a run's record; None if the lab was killed before it could write one.

    Raises:
        DocumentError: it cannot be read.
    """
    path = run / RECORD
    try:
        text = read_text(path, _MOST_MEGABYTES)
    except FileNotFoundError:
        return None

    try:
        return _record().validate_json(text)
    except ValidationError as error:
        raise DocumentError(f"{path}:{_where(text, error)}: not the record of a run") from error


def _where(text: str, error: ValidationError) -> str:
    """Return the line and column of the first mistake in a record."""
    try:
        json.loads(text)
    except json.JSONDecodeError as syntax:
        return f"{syntax.lineno}:{syntax.colno}"
    except (ValueError, RecursionError):
        return "1:1"
    keys = [step for step in error.errors()[0]["loc"] if isinstance(step, str)]
    begin = text.find(f'"{keys[-1]}"') if keys else 0  # a record has each key once
    line, column = line_and_column(text[: max(begin, 0)])
    return f"{line}:{column}"


def find(wanted: Path) -> Path:
    """Return the folder of the run meant by `wanted`: itself, or the latest run in it.

    Raises:
        DocumentError: there is no run.
    """
    try:
        for folder in (wanted, wanted / LATEST):
            if (folder / HISTORY).is_file():
                return folder.resolve()
    except OSError as error:
        raise DocumentError(f"{wanted}: cannot be read: {error.strerror}") from error
    raise DocumentError(
        f"{wanted}: no run is kept there",
        hint="name a run's folder, or its scenario's for the latest: runs/<scenario>",
    )
