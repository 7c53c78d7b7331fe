"""Scenario files as tests: one item a file."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Any

import pytest

from orchestrator.checks import Judgement
from orchestrator.errors import DocumentError, LabError
from orchestrator.lab import SILENT
from orchestrator.pytest_plugin import outcome
from orchestrator.running.conduct import Script
from orchestrator.runs import Run

_AROUND = 180  # seconds for starting and ending the peers of a scenario


class ScenarioFile(pytest.File):
    """A scenario's file."""

    def collect(self) -> Iterator[ScenarioItem]:
        """Yield the scenario.

        Raises:
            CollectError: the file is wrong; each mistake with line and column.
        """
        try:
            script = Script.read(self.path)
        except DocumentError as error:
            raise self.CollectError(outcome.told(error)) from None
        yield ScenarioItem.from_parent(self, name=script.scenario.name, script=script)


class ScenarioItem(pytest.Item):
    """A scenario that is run."""

    def __init__(self, *, script: Script, **rest: Any) -> None:
        super().__init__(**rest)
        self._script = script
        self.add_marker("peerlab")
        if self.config.pluginmanager.hasplugin("timeout"):  # it has limits of its own
            limits = script.scenario.limits
            self.add_marker(pytest.mark.timeout(limits.total + 2 * limits.settle + _AROUND))
        if why := outcome.refusal(self.config, script.scenario.engine):
            self.add_marker(pytest.mark.skip(reason=why))

    def runtest(self) -> None:
        """Run it; what is not valid fails."""
        run, broken = self._run()
        if run is None:
            pytest.fail(broken, pytrace=False)
        outcome.record(self, run)
        if run.judgement is not Judgement.VALID:
            wrong = f"{run.name} is {run.judgement.word}"
            pytest.fail(outcome.failure(run, wrong), pytrace=False)

    def _run(self) -> tuple[Run | None, str]:
        """Return the run, or what broke before there was one."""
        try:
            conductor = outcome.conductors(self.config).on(self._script.scenario.engine)
            return conductor.run(self._script, SILENT), ""
        except LabError as error:
            return None, outcome.told(error)

    def reportinfo(self) -> tuple[PathLike[str], int, str]:
        """Return where the test is, and what it is called."""
        return self.path, 0, self.name
