"""The labs of one test function."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.profile import located
from orchestrator.pytest_plugin import options, outcome
from orchestrator.pytest_plugin.lab import Lab, NotAsWantedError, Setting
from orchestrator.pytest_plugin.lab.drive import said
from orchestrator.pytest_plugin.lab.lab import Title
from orchestrator.scenario import Scenario
from orchestrator.text import printable

_LONGEST_NAME = 80  # characters of the name of a run's folder


class Labs:
    """Makes labs for a test, and sees to their end.

    Args:
        item: the test.
    """

    def __init__(self, item: pytest.Item) -> None:
        self._item = item
        self._labs: list[Lab] = []
        self._cause = "the test never began"
        item.stash[options.LABS] = self

    def make(self, **changes: Any) -> Lab:
        """Return a new lab, as the test's markers and these arguments say."""
        __tracebackhide__ = True
        setting = self._setting(changes)
        if why := outcome.refusal(self._item.config, setting.engine):
            pytest.skip(why)
        self._labs.append(Lab(outcome.conductors(self._item.config), setting, _title(self._item)))
        return self._labs[-1]

    def _setting(self, changes: dict[str, Any]) -> Setting:
        __tracebackhide__ = True
        given: dict[str, Any] = {}
        if profile := self._item.config.getini("peerlab_profile"):
            given["profile"] = profile
        for marker in reversed(list(self._item.iter_markers("peerlab"))):
            if marker.args:
                pytest.fail("the marker peerlab takes named arguments alone", pytrace=False)
            given |= marker.kwargs
        given |= changes
        if unknown := sorted(given.keys() - Setting.__dataclass_fields__.keys()):
            known = ", ".join(Setting.__dataclass_fields__)
            pytest.fail(f"a lab has no {unknown[0]!r}: one of {known}", pytrace=False)
        homes = (self._item.path.parent, self._item.config.rootpath)
        try:
            found = Setting(**given)
        except ValidationError as error:
            pytest.fail(f"no lab can be so: {said(error, Scenario)}", pytrace=False)
        return Setting(**given | {"profile": located(found.profile, *homes)})

    def judge(self) -> None:
        """Bring every run to its end; fail where a verdict is not as it must be."""
        __tracebackhide__ = True
        wrong = []
        for lab in self._labs:
            if lab.is_under_way:
                lab.end()
            if lab.run:
                outcome.record(self._item, lab.run)
                if what := lab.wrong():
                    wrong.append(outcome.failure(lab.run, what))
        if wrong:
            pytest.fail("\n\n".join(wrong), pytrace=False)

    def failed(self, error: BaseException) -> None:
        """Take note that the test ended early, and say what there is to read about it."""
        summary = str(error).partition("\n")[0]
        self._cause = printable(f"the test ended early: {type(error).__name__}: {summary}")
        for lab in self._labs:
            if lab.folder:
                self._item.user_properties.append(("peerlab_run", str(lab.folder)))
                lines = [*lab.so_far(), f"kept in {lab.folder}"]
                if not isinstance(error, NotAsWantedError):
                    lines += lab.last_lines()
                self._item.add_report_section("call", "peerlab", "\n".join(lines))

    def close(self) -> None:
        """Break off what is still under way: the peers of such a run serve nobody else."""
        for lab in [each for each in self._labs if each.is_under_way]:
            lab.abandon(self._cause)
            if lab.run:
                self._item.user_properties += outcome.judged(lab.run)


def _title(item: pytest.Item) -> Title:
    """Return what a test's run is called, and the test's source, to be kept with it."""
    function: Any = getattr(item, "function", None)
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        source = ""
    lines = [f"A test drove this run: {item.nodeid}", "", *source.splitlines()]
    text = "".join(f"# {line}".rstrip() + "\n" for line in lines)
    why = (inspect.getdoc(function) or item.nodeid).partition("\n")[0]
    name = re.sub(r"[^a-z0-9]+", "-", item.name.lower()).strip("-")
    return Title(name[:_LONGEST_NAME] or "test", printable(why), text)
