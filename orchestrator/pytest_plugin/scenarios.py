"""Scenario files as tests: each file is one item."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Any

import pytest

from orchestrator.checks import Judgement
from orchestrator.checks.judged_run import Run
from orchestrator.errors import LabError, behind
from orchestrator.pytest_plugin import failures, plugin_options, reporting
from orchestrator.pytest_plugin.runners import SILENT, session_runners, skip_reason
from orchestrator.runner.jobs import MOST_REPEATS, misfit
from orchestrator.runner.run import Runner, ScenarioSource
from orchestrator.scenario import EngineName
from orchestrator.scenario.validation import Validator
from orchestrator.text import printable

_VALIDATOR: pytest.StashKey[Validator] = pytest.StashKey()
"""One for a session: every file must have a name of its own."""

_START_AND_END = 180  # seconds


class ScenarioFile(pytest.File):
    """A scenario's file."""

    def collect(self) -> Iterator[ScenarioItem]:
        """Yield the scenario.

        Raises:
            CollectError: the file is wrong, does not fit its profile, or has the name of another;
                every mistake comes with line and column.
        """
        validator = self.session.stash.setdefault(_VALIDATOR, Validator())
        before = len(validator.mistakes)
        validator.check_files([self.path])
        if mistakes := validator.mistakes[before:]:
            raise self.CollectError("\n".join(map(printable, mistakes)))
        text = self.path.read_text(encoding="utf-8")
        source = ScenarioSource(validator.scenarios[self.path], text, self.path)
        yield ScenarioItem.from_parent(self, name=source.scenario.name, source=source)


class ScenarioItem(pytest.Item):
    """A scenario to run."""

    def __init__(self, *, source: ScenarioSource, **rest: Any) -> None:
        super().__init__(**rest)
        self._source, self._scenario = source, source.scenario
        self.add_marker("peerlab")
        if self.config.pluginmanager.hasplugin("timeout"):  # it has limits of its own
            limits = source.scenario.limits
            self.add_marker(pytest.mark.timeout(limits.total + 2 * limits.settle + _START_AND_END))
        if why := self._skip_reason():
            self.add_marker(pytest.mark.skip(reason=why))

    def _skip_reason(self) -> str:
        """Return why the engine cannot run it; empty if it can."""
        scenario = self._scenario
        if why := skip_reason(self.config, scenario.engine):
            return why
        why = misfit(scenario, EngineName(scenario.engine or plugin_options.engine(self.config)))
        return f"{scenario.name} {why}" if why else ""

    def runtest(self) -> None:
        """Run the scenario; fail unless it is valid."""
        try:
            run = self._run()
        except LabError as error:
            if behind(error, KeyboardInterrupt):
                raise
            failure = failures.of_error(error, self.path)
        else:
            session_runners(self.config).keep_page(run)
            reporting.record(self, run)
            if run.judgement is Judgement.VALID:
                return
            failure = failures.of_run(run, "", self.path)
        raise failures.ReportedError([failure])

    def _run(self) -> Run:
        """Run the scenario; again if the machine was too busy for a verdict."""
        run = self._runner().run(self._source, SILENT)
        for _ in range(MOST_REPEATS):
            if run.is_late:
                repeated = run.repeated + 1
                run = self._runner().run(self._source, SILENT)
                run.repeated = repeated
        return run

    def _runner(self) -> Runner:
        """Return the runner; skip the test if it needs a Docker engine that does not answer."""
        scenario, runners = self._scenario, session_runners(self.config)
        if runners.engine is EngineName.AUTO and (scenario.engine or scenario.has_faults):
            found = EngineName(runners.on(None).pool.engine.name)
            if found is EngineName.PROCESS and (why := misfit(scenario, found)):
                pytest.skip(f"{scenario.name} {why}")
        return runners.on(scenario.engine)

    def reportinfo(self) -> tuple[PathLike[str], int, str]:
        """Return the position and the name of the test."""
        return self.path, 0, self.name
