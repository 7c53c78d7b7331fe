"""What of a run its page shows, and the places by which its parts name each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.fault_windows import FaultWindow
from orchestrator.checks.index.invocations import Operation
from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Finding
from orchestrator.history.recorded_workload import WORKLOAD
from orchestrator.report.page.focus import Focus
from orchestrator.report.page.rows import NO_OPERATION, NO_PEER

MOST_ENTRIES = 50_000  # of a history that a page has


class View:
    """A run as its page shows it.

    Args:
        run: the run.
        findings: those that the page names.
        most: how many entries of the history it has at most.
    """

    def __init__(self, run: Run, findings: Sequence[Finding], most: int = MOST_ENTRIES) -> None:
        self.run, self.index = run, run.index
        self._numbers = {name: number for number, name in enumerate(run.peers)}
        self._about = {number for finding in findings for number in _about(finding)}
        whole = Focus(sorted(_moments(self.index, findings)))
        sizes = ((entry.at, 1) for entry in self.index.entries)
        self.focus = whole.limited(sizes, most)

    def peer(self, name: str) -> int:
        """Return a peer's place; `NO_PEER` for any other name."""
        return self._numbers.get(name, NO_PEER)

    def peers(self, names: Iterable[str]) -> list[int]:
        """Return the places of those that are peers of the run, each once."""
        found = map(self.peer, dict.fromkeys(names))
        return [number for number in found if number != NO_PEER]

    @cached_property
    def operations(self) -> list[Operation]:
        """The operations that the page shows: those near its moments, and all that are named."""
        return [op for op in self.index.operations if self._has(op)]

    def _has(self, operation: Operation) -> bool:
        is_named = operation.number in self._about
        return is_named or self.focus.has(operation.at)

    def place(self, operation: Operation) -> int:
        """Return an operation's place; `NO_OPERATION` if the page does not show it."""
        return self._places.get(operation.position, NO_OPERATION)

    def named(self, finding: Finding) -> list[int]:
        """Return the places of the operations that a finding is about, the first one before all."""
        return [self._numbered[number] for number in _about(finding) if number in self._numbered]

    @cached_property
    def _numbered(self) -> dict[int, int]:
        return {operation.number: place for place, operation in enumerate(self.operations)}

    @cached_property
    def _places(self) -> dict[int, int]:
        return {operation.position: place for place, operation in enumerate(self.operations)}

    @property
    def omitted(self) -> str:
        """What the page leaves out of the history; empty if it has everything."""
        entries = self.index.entries
        left = sum(not self.focus.has(entry.at) for entry in entries)
        if not left:
            return ""
        return (
            f"{left:,} of {len(entries):,} lines of the history are left out: what happened more"
            f" than {self.focus.within:.1f} s away from every finding and fault, and from both ends"
        )


def _about(finding: Finding) -> list[int]:
    """Return the numbers of the operations that a finding is about."""
    return [finding.operation, *finding.others]


def _moments(index: HistoryIndex, findings: Iterable[Finding]) -> list[float]:
    """Return the times that a reader of a run looks at."""
    edges = (edge for fault in index.faults for edge in _edges(fault))
    begins = (entry.at for entry in index.marks(WORKLOAD))
    return [0.0, index.last_at, *edges, *begins, *(finding.at for finding in findings)]


def _edges(fault: FaultWindow) -> list[float]:
    return [fault.began, *([] if fault.until is None else [fault.until])]
