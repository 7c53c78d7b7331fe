"""Where runs are kept: `runs/<scenario>/<time>/`, the newest as `latest` too.

docs/history.md tells what is in such a folder.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from orchestrator import checks
from orchestrator.checks import HistoryIndex
from orchestrator.checks.verdict import Judgement, Verdict, worst
from orchestrator.errors import DocumentError, LabError
from orchestrator.files import write_whole
from orchestrator.history import entries as history
from orchestrator.history.entries import FORMAT, Entry

SCENARIO, HISTORY, RECORD = "scenario.yaml", "history.jsonl", "run.json"
"""Files of a run."""

LATEST = "latest"
_TRANSCRIPT = ".transcript"
_ELSEWHERE = "choose another with --runs, in pytest with --peerlab-runs"


@dataclass(frozen=True)
class Place:
    """What a run ran on.

    Attributes:
        name: the engine's.
        version: the engine's.
        image: name and id of what the peers' containers were made of; empty for processes.
    """

    name: str
    version: str
    image: str


@dataclass(frozen=True)
class Record:
    """What is known of a run beside its history: the file `run.json`.

    Attributes:
        scenario: its name.
        why: what it is for.
        profile: the program's.
        engine: where it ran.
        started: when, in UTC, as ISO 8601 has it.
        seconds: where the time went, by the kinds of `stopwatch`.
        verdict: ``valid``, ``invalid`` or ``unknown``.
        error: what ended the run early; empty when nothing did.
        checks: each check's verdict, what it says, and its witnesses.
        lab: the version of Peerlab.
        python: the version of Python that the lab ran on.
    """

    scenario: str
    why: str
    profile: str
    engine: Place
    started: str
    seconds: dict[str, float]
    verdict: str
    error: str = ""
    checks: list[dict[str, Any]] = field(default_factory=list)
    lab: str = field(default_factory=lambda: importlib.metadata.version("peerlab"))
    python: str = field(default_factory=platform.python_version)


@dataclass
class Run:
    """A run that is over, fresh or read again.

    Attributes:
        folder: where all of it is kept.
        entries: the history.
        verdicts: each check's.
        record: what is kept beside the history; None where the lab was killed before.
        error: what ended the run early, where that is known as more than the record's text.
        kept: what the peers that were left running are called outside the lab.
        without: what of the run's files could not be read or is missing, and so is left out.
    """

    folder: Path
    entries: list[Entry]
    verdicts: list[Verdict]
    record: Record | None
    error: LabError | None = None
    kept: Sequence[str] = ()
    without: str = ""

    @property
    def judgement(self) -> Judgement:
        """The worst of the verdicts."""
        return worst(verdict.judgement for verdict in self.verdicts)

    @cached_property
    def index(self) -> HistoryIndex:
        """What the history says, parsed."""
        return HistoryIndex(self.entries)

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.record.scenario if self.record else self._began("scenario")

    @property
    def why(self) -> str:
        """What the scenario is for."""
        return self.record.why if self.record else self._began("why")

    @property
    def engine(self) -> str:
        """The name of the engine that it ran on."""
        return self.record.engine.name if self.record else self._began("engine")

    @property
    def place(self) -> str:
        """Where it ran, as far as that is known."""
        known = self.record.engine if self.record else Place(self._began("engine"), "", "")
        return " ".join(filter(None, (known.name, known.version, known.image)))

    @property
    def peers(self) -> tuple[str, ...]:
        """Who took part."""
        return self.index.peers

    @property
    def was_warm(self) -> bool:
        """Whether any of its peers had served before."""
        return any(mark.fields.get("warm") for mark in self.index.marks("ready"))

    @property
    def seconds(self) -> dict[str, float]:
        """Where the time went, by the kinds of `stopwatch`; empty where nobody knows."""
        return self.record.seconds if self.record else {}

    @property
    def broke_off(self) -> str:
        """What ended the run early; empty when nothing did."""
        if self.error:
            return self.error.what
        if self.record:
            return self.record.error
        for entry in reversed(self.entries):
            if entry.type == "lab" and entry.verb == "over":
                return ""
            if entry.type == "lab" and entry.verb == "broke off":
                return str(entry.fields.get("said", "nobody knows why"))
        return "its lab was ended before it could end the run"

    @property
    def _first(self) -> Mapping[str, Any]:
        return self.entries[0].fields if self.entries else {}

    def _began(self, key: str) -> str:
        return str(self._first.get(key, "not known"))


def make(folder: Path, name: str, script: str) -> Path:
    """Make the folder of a new run, with the text of its scenario; return it.

    Raises:
        LabError: nothing can be written there.
    """
    stamp = datetime.now(tz=UTC).strftime("%Y%m%d-%H%M%S.%f")
    run = folder / name / stamp
    try:
        run.mkdir(parents=True)
        (run / SCENARIO).write_text(script, encoding="utf-8")
        _point(folder / name / LATEST, stamp)
    except OSError as error:
        raise LabError(
            f"the run cannot be kept in {run}: {error.strerror}", hint=_ELSEWHERE
        ) from error
    return run


def _point(link: Path, target: str) -> None:
    """Make `latest` point at the newest run; another process may do so at the same time."""
    fresh = link.with_name(f".{target}")
    fresh.symlink_to(target)
    with contextlib.suppress(FileNotFoundError):
        fresh.replace(link)


def transcript(run: Path, peer: str) -> Path:
    """Return the file of a peer's transcript in a run's folder."""
    return run / f"{peer}{_TRANSCRIPT}"


def as_data(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as it stands in files."""
    return {
        "check": verdict.check,
        "verdict": verdict.judgement.word,
        "says": verdict.says,
        "witnesses": [asdict(finding) for finding in verdict.findings],
    }


def write(run: Path, record: Record) -> None:
    """Write a run's record, all of it or nothing.

    Raises:
        LabError: it cannot be written.
    """
    text = json.dumps(asdict(record), indent=2)
    write_whole(run / RECORD, text + "\n", hint=_ELSEWHERE)


def read(run: Path) -> Record | None:
    """Return a run's record; None when its lab was ended before it could write one.

    Raises:
        DocumentError: it cannot be read.
    """
    path = run / RECORD
    try:
        return TypeAdapter(Record).validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise DocumentError(f"{path}: not the record of a run") from error


def find(wanted: Path) -> Path:
    """Return the folder of the run meant by `wanted`: itself, or its latest run.

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


def load(wanted: Path) -> Run:
    """Return the run meant by `wanted`, judged again; without its record if that is damaged.

    Raises:
        DocumentError: there is no run, or its history cannot be read.
    """
    folder = find(wanted)
    entries = history.read(folder / HISTORY)
    _refuse_newer(folder / HISTORY, entries)
    verdicts = checks.judge(entries)
    try:
        record, without = read(folder), ""
    except DocumentError as error:
        record, without = None, f"{error}; this goes without it"
    if record and not _has_its_end(entries):
        without = f"{folder / HISTORY}: its end is missing, which it had when the record was made"
    return Run(folder, entries, verdicts, record, without=without)


def _has_its_end(entries: Sequence[Entry]) -> bool:
    """Return whether a history has the line with which that of every run ends."""
    return any(entry.type == "lab" and entry.verb in ("over", "broke off") for entry in entries)


def _refuse_newer(path: Path, entries: Sequence[Entry]) -> None:
    """Raise a `DocumentError` where a history may mean something else than it seems to."""
    given = entries[0].fields.get("format", FORMAT) if entries else FORMAT
    if not isinstance(given, int) or given > FORMAT:
        raise DocumentError(
            f"{path}: written by a newer Peerlab: its format is {given}, this one knows {FORMAT}",
            hint="judge it with the Peerlab that wrote it, or a later one",
        )
