"""The labs of one test function."""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.errors import LabError
from orchestrator.profile import located
from orchestrator.pytest_plugin import failures, plugin_options, reporting
from orchestrator.pytest_plugin.lab import Lab, LabSettings, NotAsWantedError, RunTitle
from orchestrator.pytest_plugin.lab_run import mistakes
from orchestrator.pytest_plugin.runners import session_runners, skip_reason
from orchestrator.scenario import Scenario, services
from orchestrator.text import printable

__tracebackhide__ = True  # a traceback ends in the test

_LONGEST_NAME = 80  # characters of the name of a run's folder


class Labs:
    """Makes the labs of a test and ends them."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item
        self._labs: list[Lab] = []
        self._cause = "the test did not start"
        item.stash[plugin_options.LABS] = self

    def make(self, **changes: Any) -> Lab:
        """Return a new lab with the settings of the test's markers and these arguments."""
        config, chosen = self._item.config, self._settings(changes)
        if why := skip_reason(config, chosen.engine):
            pytest.skip(why)
        self._labs.append(Lab(session_runners(config), chosen, _title(self._item)))
        return self._labs[-1]

    def _settings(self, changes: dict[str, Any]) -> LabSettings:
        given: dict[str, Any] = {}
        for marker in reversed(list(self._item.iter_markers("peerlab"))):
            if marker.args:
                pytest.fail("the marker peerlab takes only named arguments", pytrace=False)
            given |= marker.kwargs
        given |= changes
        if unknown := sorted(given.keys() - LabSettings.__dataclass_fields__.keys()):
            known = ", ".join(LabSettings.__dataclass_fields__)
            pytest.fail(f"a lab takes no {unknown[0]!r}, only {known}", pytrace=False)
        given = self._defaults(given) | given
        homes = _homes(self._item)
        try:
            found = LabSettings(**given)
        except ValidationError as error:
            pytest.fail(f"wrong settings of a lab: {mistakes(error, Scenario)}", pytrace=False)
        if found.compose and (found.engine == "process" or found.arguments):
            wrong = "are containers" if found.engine == "process" else "have their own arguments"
            pytest.fail(f"the services of {found.compose} {wrong}", pytrace=False)
        own = {name: located(profile, *homes) for name, profile in found.profiles.items()}
        placed: dict[str, Any] = {"profile": located(found.profile, *homes), "profiles": own}
        if found.compose:
            placed["compose"] = located(found.compose, *homes)
        return LabSettings(**given | placed)

    def _defaults(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return settings for what a test leaves open: services are watched, and need Docker."""
        if given.get("compose"):
            return {"profile": services.LOG, "engine": "docker"}
        profile = self._item.config.getini("peerlab_profile")
        return {"profile": profile} if profile else {}

    def judge(self) -> None:
        """End every run; fail the test if a verdict is not as declared."""
        failed = []
        for lab in self._labs:
            if lab.is_active:
                lab.end()
            if lab.run:
                session_runners(self._item.config).keep_page(lab.run)
                reporting.record(self._item, lab.run)
                if (declared := lab.wrong()) is not None:
                    failed.append(failures.of_run(lab.run, declared, self._item.path))
        if failed:
            raise failures.ReportedError(failed)

    @property
    def is_late(self) -> bool:
        """Whether a run says too little because the machine was busy."""
        return any(lab.run is not None and lab.run.is_late for lab in self._labs)

    def failed(self, error: BaseException) -> None:
        """Report the labs of a test that ended early."""
        summary = str(error).partition("\n")[0]
        self._cause = printable(f"the test ended early: {type(error).__name__}: {summary}")
        for lab in self._labs if isinstance(error, Exception) else ():  # Ctrl-C is not reported
            if lab.folder:
                self._item.user_properties.append(("peerlab_run", str(lab.folder)))
                lines = [*lab.verdict_so_far(), f"kept in {lab.folder}"]
                if not isinstance(error, NotAsWantedError):
                    lines += lab.last_lines()
                self._item.add_report_section("call", "peerlab", "\n".join(lines))

    def close(self) -> None:
        """Break off runs that are still active; their peers are not used again."""
        runners = session_runners(self._item.config)
        for lab in self._labs:
            if lab.is_active:
                try:
                    lab.abandon(self._cause)
                except LabError as error:
                    runners.left.append(error)
                if lab.run:
                    self._item.user_properties += reporting.properties(lab.run)
            if lab.run:
                runners.keep_page(lab.run)


def _homes(item: pytest.Item) -> tuple[Path, ...]:
    """Return the folders to which the paths that a test names are relative."""
    return item.path.parent, item.config.rootpath


def _title(item: pytest.Item) -> RunTitle:
    function: Any = getattr(item, "function", None)
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        source = ""
    lines = [f"A test drove this run: {item.nodeid}", "", *source.splitlines()]
    text = "".join(f"# {line}".rstrip() + "\n" for line in lines)
    why = (inspect.getdoc(function) or item.nodeid).partition("\n")[0]
    name = re.sub(r"[^a-z0-9]+", "-", item.name.lower()).strip("-")
    name = name[:_LONGEST_NAME] or "test"
    return RunTitle(name, printable(why), text, item.path, _homes(item))
