"""The pytest plugin: scenario files as tests, and the fixture `lab`. See docs/pytest.md.

pytest imports this wherever Peerlab is installed, also where nobody uses it: whatever it
needs of the lab itself is imported when it is used first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.files import YAML
from orchestrator.pytest_plugin import options
from orchestrator.text import count

if TYPE_CHECKING:
    from orchestrator.pytest_plugin.lab import Lab

__all__ = ["lab", "make_lab"]

_MARKER = (
    "peerlab(profile=…, engine=…, fresh=…, limits=…): how the fixture `lab` is made;"
    " every scenario file has this marker"
)
pytest_addoption = options.add


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take a file that is a scenario; other people's YAML is left alone."""
    if file_path.suffix not in YAML:
        return None
    if not (parent.session.isinitpath(file_path) or options.is_scenario(parent.config, file_path)):
        return None
    from orchestrator.pytest_plugin.scenarios import ScenarioFile

    return ScenarioFile.from_parent(parent, path=file_path)


@pytest.fixture
def make_lab(request: pytest.FixtureRequest) -> Iterator[Callable[..., Lab]]:
    """Make labs, each with a run of its own: `make_lab(profile=…, engine=…, …)`."""
    from orchestrator.pytest_plugin.labs import Labs

    labs = Labs(request.node)
    yield labs.make
    labs.close()


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    """Peers to drive, and the verdict on what they did: see docs/pytest.md."""
    return make_lab()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Judge what the labs of a test did while it is still the test that can fail."""
    try:
        result = yield
    except BaseException as error:
        if labs := item.stash.get(options.LABS, None):
            labs.failed(error)
        raise
    if labs := item.stash.get(options.LABS, None):
        labs.judge()
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove every peer, also after Ctrl-C."""
    options.close(session.config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The same, for a session that never began."""
    options.close(config)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many runs there were, on what, and where they are kept."""
    runs = [
        dict(report.user_properties)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
    ]
    places = {each["peerlab_on"] for each in runs if "peerlab_on" in each}
    if places:
        made = count(sum("peerlab_run" in each for each in runs), "run")
        kept = options.runs_folder(terminalreporter.config)
        terminalreporter.write_sep("-", "peerlab")
        terminalreporter.write_line(f"{made} on {' and '.join(sorted(places))}")
        terminalreporter.write_line(f"kept in {kept}")
