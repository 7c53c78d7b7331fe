"""A kept run, judged by its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestrator import checks
from orchestrator.checks import HistoryIndex, Judgement, Verdict, worst
from orchestrator.errors import DocumentError, LabError
from orchestrator.history import entries as history
from orchestrator.history import runs
from orchestrator.history.entries import FORMAT, Entry
from orchestrator.history.runs import EngineInfo, Record


@dataclass
class Run:
    """A run that is over, fresh or read again.

    Attributes:
        folder: where it is kept.
        entries: the history.
        verdicts: one of each check.
        record: what is kept besides the history; None if the lab was killed before.
        error: what ended the run early, if more is known than the record's text.
        kept: the names, outside the lab, of the peers that were left running.
        without: which of the run's files could not be read or is incomplete.
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
        """The engine's name."""
        return self.record.engine.name if self.record else self._began("engine")

    @property
    def place(self) -> str:
        """The engine, its version and image, as far as known."""
        known = self.record.engine if self.record else EngineInfo(self._began("engine"), "", "")
        return " ".join(filter(None, (known.name, known.version, known.image)))

    @property
    def peers(self) -> tuple[str, ...]:
        """The peers that took part."""
        return self.index.peers

    @property
    def was_warm(self) -> bool:
        """Whether any of its peers had served an earlier scenario."""
        return any(mark.fields.get("warm") for mark in self.index.marks("ready"))

    @property
    def seconds(self) -> dict[str, float]:
        """Where the time went, by the kinds of `timing`; empty if unknown."""
        return self.record.seconds if self.record else {}

    @property
    def broke_off(self) -> str:
        """What ended the run early; empty if nothing did."""
        if self.error:
            return self.error.what
        if self.record:
            return self.record.error
        for entry in reversed(self.entries):
            if entry.type == "lab" and entry.verb == "over":
                return ""
            if entry.type == "lab" and entry.verb == "broke off":
                return str(entry.fields.get("said", "for an unknown reason"))
        return "its lab was ended before it could end the run"

    @property
    def _first(self) -> Mapping[str, Any]:
        return self.entries[0].fields if self.entries else {}

    def _began(self, key: str) -> str:
        return str(self._first.get(key, "not known"))


def load(wanted: Path) -> Run:
    """Return the run meant by `wanted`, judged again, without its record if that is damaged.

    Raises:
        DocumentError: there is no run, or its history cannot be read.
    """
    folder = runs.find(wanted)
    entries = history.read(folder / runs.HISTORY)
    _refuse_newer(folder / runs.HISTORY, entries)
    verdicts = checks.judge(entries)
    try:
        record, without = runs.read(folder), ""
    except DocumentError as error:
        record, without = None, f"{error}; shown without it"
    if record and not _has_its_end(entries):
        without = (
            f"{folder / runs.HISTORY}: its end is missing, which it had when the record was made"
        )
    return Run(folder, entries, verdicts, record, without=without)


def _has_its_end(entries: Sequence[Entry]) -> bool:
    """Return whether a history has the line that ends every run."""
    return any(entry.type == "lab" and entry.verb in ("over", "broke off") for entry in entries)


def _refuse_newer(path: Path, entries: Sequence[Entry]) -> None:
    """Raise a `DocumentError` if a history may not mean what this version reads in it."""
    given = entries[0].fields.get("format", FORMAT) if entries else FORMAT
    if not isinstance(given, int) or given > FORMAT:
        raise DocumentError(
            f"{path}: written by a newer Peerlab: its format is {given}, this one knows {FORMAT}",
            hint="judge it with the Peerlab that wrote it, or a later one",
        )
