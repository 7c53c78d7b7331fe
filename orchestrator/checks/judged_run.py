"""A kept run, judged by its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestrator import checks
from orchestrator.checks import HistoryIndex, Judgement, Verdict, custom, overall
from orchestrator.errors import DocumentError, LabError
from orchestrator.history import entries as history
from orchestrator.history import machine, runs
from orchestrator.history.entries import Entry
from orchestrator.history.runs import EngineInfo, Record


@dataclass
class Run:
    """A run that is over, fresh or read again."""

    folder: Path  # where it is kept
    entries: list[Entry]  # the history
    verdicts: list[Verdict]  # one of each check
    record: Record | None  # what is kept besides the history; None if the lab was killed before
    # what ended the run early, if more is known than the record's text
    error: LabError | None = None
    kept: Sequence[str] = ()  # the names, outside the lab, of the peers that were left running
    without: str = ""  # which of the run's files could not be read or is incomplete
    repeated: int = 0  # how often it was run before this, in vain, because the machine was busy

    @property
    def judgement(self) -> Judgement:
        """The worst of the verdicts; unknown if none of them had anything to judge."""
        return overall(self.verdicts)

    @property
    def nothing_judged(self) -> str:
        """Why no check had anything to judge; empty if one had, or if there are no verdicts."""
        if not self.verdicts or any(verdict.judged for verdict in self.verdicts):
            return ""
        return self.index.idle or "there are no steps that say how they must end"

    @property
    def is_doubtful(self) -> bool:
        """Whether the verdict is unknown, and a busy machine may be why."""
        unknown = [v for v in self.verdicts if v.judgement is Judgement.UNKNOWN]
        return any(machine.is_named(finding.says) for v in unknown for finding in v.findings)

    @property
    def is_late(self) -> bool:
        """Whether it is unknown what the programs did, because the machine was busy."""
        return self.judgement is Judgement.UNKNOWN and self.is_doubtful

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

    The verdicts of checks that do not come with the lab are those in the record.

    Raises:
        DocumentError: there is no run, or its history cannot be read.
    """
    folder = runs.find(wanted)
    entries = history.read(folder / runs.HISTORY)
    try:
        record, without = runs.read(folder), ""
    except DocumentError as error:
        record, without = None, f"{error}; shown without it"
    run = Run(folder, entries, [], record)
    # No code runs because a history names it: checks of one's own have the verdicts in the record.
    own = custom.kept(record.checks if record else (), run.index.promises)
    run.verdicts = checks.judge(run.index, own)
    ends = ("over", "broke off")
    if record and not any(entry.type == "lab" and entry.verb in ends for entry in entries):
        without = (
            f"{folder / runs.HISTORY}: its end is missing, which it had when the record was made"
        )
    run.without = without
    return run
