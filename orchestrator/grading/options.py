"""How programs are marked, one by one or in pairs, and who is told how far it is."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from orchestrator.cancel import CancelToken
from orchestrator.grades import Result
from orchestrator.runner.jobs import OpenEngine, Plan, Policy
from orchestrator.runner.run import ScenarioSource
from orchestrator.scenario import EngineName


class Show(Protocol):
    """Told how far each case is, from several threads; cases are numbered from 0."""

    def phase(self, line: str) -> None:
        """Something begins that takes a while."""

    def begin(self, number: int) -> None:
        """A case begins."""

    def step(self, number: int, line: str) -> None:
        """A case does something."""

    def marked(self, number: int, result: Result) -> None:
        """A case is over."""


class Naming(Protocol):
    """Told, before anything is run, which tests of which programs will be."""

    def __call__(self, names: list[str]) -> contextlib.AbstractContextManager[Show]:
        """Return who is shown how far it is, while it goes on."""


@dataclass
class Options:
    """How programs are marked.

    Attributes:
        engine: where programs run; docker or process.
        open_engine: makes engines.
        output: where runs are kept, and what else there is to keep.
        jobs: how many tests are done side by side.
        stop: ends everything early.
    """

    engine: EngineName
    open_engine: OpenEngine
    output: Path
    jobs: int = 1
    stop: CancelToken = field(default_factory=CancelToken)

    def plan(self, scripts: Sequence[ScenarioSource], policy: Policy) -> Plan:
        """Return what is to be run, as `policy` decides along the way."""
        return Plan(
            scripts,
            self.engine,
            self.open_engine,
            self.output,
            self.stop,
            self.jobs,
            policy=policy,
        )
