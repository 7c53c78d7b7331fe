"""The pytest plugin: scenario files as tests, and the fixture `lab`. See docs/pytest.md.

pytest imports this in every environment that has Peerlab, even for projects that do not use it.
So the rest of the lab is imported on first use.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.pytest_plugin import plugin_options
from orchestrator.text import count

if TYPE_CHECKING:
    from orchestrator.pytest_plugin.lab import Lab

_MARKER = (
    "peerlab(profile=…, compose=…, engine=…, fresh=…, limits=…): settings of the fixture `lab`;"
    " every scenario file has this marker"
)
pytest_addoption = plugin_options.add


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect scenario files; all other YAML files are left alone."""
    if not plugin_options.is_scenario(parent.session, file_path):
        return None
    from orchestrator.pytest_plugin.scenarios import ScenarioFile

    return ScenarioFile.from_parent(parent, path=file_path)


@pytest.fixture(name="make_lab")
def make_lab_fixture(request: pytest.FixtureRequest) -> Iterator[Callable[..., Lab]]:
    """Return what makes labs, each with its own run: `make_lab(profile=…, …)`."""
    from orchestrator.pytest_plugin.labs import Labs

    labs = Labs(request.node)
    yield labs.make
    labs.close()


@pytest.fixture(name="lab")
def lab_fixture(make_lab: Callable[..., Lab]) -> Lab:
    """Return peers to drive, which get a verdict when the test ends. See docs/pytest.md."""
    return make_lab()


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test of the fixture `lab`, again if the machine was too busy for its verdict."""
    if not {"lab", "make_lab"} & {*getattr(item, "fixturenames", ())}:
        return None
    from orchestrator.pytest_plugin import again

    again.run(item, nextitem)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    """End the session at Ctrl-C, even if a fixture's peers cannot be removed then."""
    try:
        return (yield)
    except Exception as error:
        _raise_interruption(error)
        raise


def _raise_interruption(error: BaseException) -> None:
    """Raise the `KeyboardInterrupt` in whose handling the lab has failed, if there is one."""
    from orchestrator.errors import LabError, behind

    interruption = behind(error, KeyboardInterrupt) if isinstance(error, LabError) else None
    if interruption:
        raise interruption.with_traceback(None) from None


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Judge the runs of a test while the test itself can still fail."""
    try:
        result = yield
    except BaseException as error:
        _raise_interruption(error)
        if labs := item.stash.get(plugin_options.LABS, None):
            labs.failed(error)
        raise
    if labs := item.stash.get(plugin_options.LABS, None):
        labs.judge()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a failure of the lab's own kinds by its reason."""
    report = yield
    error = call.excinfo.value if call.excinfo else None
    if report.failed and (amend := getattr(error, "amend_report", None)):
        amend(report)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove every peer, also after Ctrl-C. A session that cannot has failed."""
    if plugin_options.close(session.config):
        session.exitstatus = pytest.ExitCode.INTERRUPTED
    if session.config.stash.get(plugin_options.LEFT, []):
        session.exitstatus = session.exitstatus or pytest.ExitCode.INTERNAL_ERROR
        if hasattr(session.config, "workerinput"):  # a worker of pytest-xdist has no summary
            from orchestrator.pytest_plugin.reporting import left_text

            sys.stderr.write(left_text(session.config) + "\n")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Do the same for a session that did not start."""
    plugin_options.close(config)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many runs there were, on which engine, where they are kept, and what is left."""
    runs = [
        dict(report.user_properties)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
    ]
    engines = {run["peerlab_on"] for run in runs if "peerlab_on" in run}
    if engines:
        made = count(sum("peerlab_run" in run for run in runs), "run")
        kept = plugin_options.runs_folder(terminalreporter.config)
        terminalreporter.write_sep("-", "peerlab")
        terminalreporter.write_line(f"{made} on {' and '.join(sorted(engines))}")
        terminalreporter.write_line(f"kept in {kept}")
    if terminalreporter.config.stash.get(plugin_options.LEFT, []):
        from orchestrator.pytest_plugin.reporting import left_text

        terminalreporter.write_sep("-", "peerlab")
        terminalreporter.write_line(left_text(terminalreporter.config))
    if os.environ.get("GITHUB_ACTIONS"):
        from orchestrator.pytest_plugin.reporting import annotated

        for line in annotated(terminalreporter.stats):
            terminalreporter.write_line(line)
