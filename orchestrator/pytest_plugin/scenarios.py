"""Scenario files as tests: one item a file."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import Any

import pytest

from orchestrator.checks import Judgement
from orchestrator.checks.judged_run import Run
from orchestrator.errors import LabError
from orchestrator.pytest_plugin import options, outcome
from orchestrator.pytest_plugin.lab import SILENT
from orchestrator.runner.jobs import misfit
from orchestrator.runner.run import Runner, ScenarioSource
from orchestrator.scenario import EngineName
from orchestrator.scenario.validation import Validator
from orchestrator.text import printable

_REVIEW: pytest.StashKey[Validator] = pytest.StashKey()
"""What was looked through in a session: names must differ from file to file."""

_AROUND = 180  # seconds for starting and ending the peers of a scenario


class ScenarioFile(pytest.File):
    """A scenario's file."""

    def collect(self) -> Iterator[ScenarioItem]:
        """Yield the scenario.

        Raises:
            CollectError: the file is wrong, or does not go with its profile, or has the name of
                another; each mistake with line and column.
        """
        validator = self.session.stash.setdefault(_REVIEW, Validator())
        before = len(validator.mistakes)
        validator.check_files([self.path])
        if mistakes := validator.mistakes[before:]:
            raise self.CollectError("\n".join(map(printable, mistakes)))
        text = self.path.read_text(encoding="utf-8")
        script = ScenarioSource(validator.scenarios[self.path], text)
        yield ScenarioItem.from_parent(self, name=script.scenario.name, script=script)


class ScenarioItem(pytest.Item):
    """A scenario that is run."""

    def __init__(self, *, script: ScenarioSource, **rest: Any) -> None:
        super().__init__(**rest)
        self._script = script
        self.add_marker("peerlab")
        if self.config.pluginmanager.hasplugin("timeout"):  # it has limits of its own
            limits = script.scenario.limits
            self.add_marker(pytest.mark.timeout(limits.total + 2 * limits.settle + _AROUND))
        if why := self._unfit():
            self.add_marker(pytest.mark.skip(reason=why))

    def _unfit(self) -> str:
        """Return why it cannot run where this session's scenarios do; empty where it may."""
        script = self._script.scenario
        if why := outcome.refusal(self.config, script.engine):
            return why
        why = misfit(script, EngineName(script.engine or options.engine(self.config)))
        return f"{script.name} {why}" if why else ""

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
            return self._conductor().run(self._script, SILENT), ""
        except LabError as error:
            return None, outcome.told(error)

    def _conductor(self) -> Runner:
        """Return who conducts it; skip it where no Docker answers that it needs.

        Raises:
            EngineError: the engine does not answer.
        """
        script, known = self._script.scenario, outcome.conductors(self.config)
        if known.engine is EngineName.AUTO and (script.engine or script.has_faults):
            there = EngineName(known.on(None).pool.engine.name)
            if there is EngineName.PROCESS and (why := misfit(script, there)):
                pytest.skip(f"{script.name} {why}")
        return known.on(script.engine)

    def reportinfo(self) -> tuple[PathLike[str], int, str]:
        """Return where the test is, and what it is called."""
        return self.path, 0, self.name
