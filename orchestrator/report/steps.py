"""Which step of its scenario, or line of its test, a finding is about."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.invocations import Operation
from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Finding
from orchestrator.errors import DocumentError
from orchestrator.history import runs
from orchestrator.reading import read_text

_MOST_MEGABYTES = 1
_COMMENT = "#"  # before each line of a test that is kept with its run
_SAME_MOMENT = 0.0005  # seconds; a finding may have its time from a rounded entry


def operation_of(index: HistoryIndex, finding: Finding) -> Operation | None:
    """Return the operation of a step that a finding is about, or the last before it.

    If its check names none, that is the last one at one of its consoles, or with one of its
    peers, that had begun by then.
    """
    steps = [one for one in index.operations if one.invoked.number("step")]
    for one in steps:
        if finding.operation and one.number == finding.operation:
            return one
    peers = {*finding.peers}
    for one in reversed(steps):
        is_near = not peers or not peers.isdisjoint((one.peer, one.to, one.of))
        if is_near and one.at <= finding.at + _SAME_MOMENT:
            return one
    return None


@dataclass(frozen=True)
class WrittenStep:
    """A step as it is written.

    Attributes:
        file: where, as the history has it.
        line: its number, from 1.
        text: the line, without the blanks around it; empty if it is not kept with the run.
        is_near: whether it is just the last step before a finding, whose check names none.
    """

    file: str
    line: int
    text: str
    is_near: bool = False

    @property
    def place(self) -> str:
        """The file and the line, as editors read them; `after` it, if it is just the last step."""
        return f"{'after ' if self.is_near else ''}{self.file}:{self.line}"


class WrittenSteps:
    """The steps of one run, in its kept scenario or in the test that drove it."""

    def __init__(self, run: Run) -> None:
        self._run, self._index = run, run.index

    def of(self, finding: Finding) -> WrittenStep | None:
        """Return the step that a finding is about, or the last before it; None if none is known."""
        operation = operation_of(self._index, finding)
        step = self.of_operation(operation) if operation else None
        if step and operation and operation.number != finding.operation:
            return replace(step, is_near=True)
        return step

    def is_about_the_end(self, finding: Finding) -> bool:
        """Return whether a finding is about what was there when every step was over."""
        settled = self._index.settled
        if settled is None or self.named_by(finding):
            return False
        return finding.at >= self._index.entries[settled].at - _SAME_MOMENT

    def named_by(self, finding: Finding) -> WrittenStep | None:
        """Return the step of the operation that a finding names; None if its check knows none."""
        named = (one for one in self._index.operations if one.number == finding.operation)
        operation = next(named, None) if finding.operation else None
        return self.of_operation(operation) if operation else None

    def of_operation(self, operation: Operation) -> WrittenStep | None:
        """Return the step that an operation belongs to; None if the history does not say."""
        line, file = operation.invoked.number("step"), operation.invoked.text("file")
        if not line:
            return None
        own = file or self.file
        is_test = bool(file) or not own.endswith((".yaml", ".yml"))
        return WrittenStep(own, line, self._of_test(own, line) if is_test else self._kept(line))

    @cached_property
    def file(self) -> str:
        """The file of the scenario or the test; what is kept with the run if it is not known."""
        named = next((entry.text("file") for entry in self._index.marks("began")), "")
        return named or str(self._run.folder / runs.SCENARIO)

    def _kept(self, line: int) -> str:
        return self._lines[line - 1].strip() if line <= len(self._lines) else ""

    def _of_test(self, file: str, line: int) -> str:
        """Return a line of a test, unless the file has changed since: the kept test has it not."""
        text = linecache.getline(str(Path(file).absolute()), line).strip()
        return text if text in self._test else ""

    @cached_property
    def _lines(self) -> list[str]:
        try:
            return read_text(self._run.folder / runs.SCENARIO, _MOST_MEGABYTES).split("\n")
        except (FileNotFoundError, DocumentError):
            return []

    @cached_property
    def _test(self) -> frozenset[str]:
        return frozenset(self._uncommented())

    def _uncommented(self) -> Iterator[str]:
        for line in self._lines:
            yield line.removeprefix(_COMMENT).strip()
