"""A test of the fixture `lab` runs again if the machine was too busy for its verdict."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from _pytest.runner import runtestprotocol  # what pytest itself and its plugins for reruns use

from orchestrator.pytest_plugin import plugin_options
from orchestrator.runner.jobs import MOST_REPEATS


def run(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Run a test, with its fixtures, until its failure is no machine's; report the last time."""
    place = {"nodeid": item.nodeid, "location": item.location}
    item.ihook.pytest_runtest_logstart(**place)
    properties = [*item.user_properties]
    may_repeat = MOST_REPEATS if not item.config.getoption("usepdb") else 0
    for repeated in range(may_repeat + 1):
        note = [("peerlab_repeated", repeated)] if repeated else []
        item.user_properties[:] = [*properties, *note]
        item._report_sections.clear()
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if not _is_late(item, reports):
            break
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(**place)


def _is_late(item: pytest.Item, reports: Sequence[pytest.TestReport]) -> bool:
    """Return whether a test has failed, and a busy machine may be why."""
    labs = item.stash.get(plugin_options.LABS, None)
    has_failed = any(report.failed and report.when == "call" for report in reports)
    return bool(has_failed and labs and labs.is_late)
