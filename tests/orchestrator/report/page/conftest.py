"""One browser for all tests of the page, and some pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestrator.report.page.browser import WIDE, Browser, browsing, lacking
from tests.orchestrator.report.page.pages import hostile, long_run, lost_message, worked, written
from tests.orchestrator.report.page.viewer import Viewer


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A browser; its tests are skipped where there is none."""
    if lacking():
        pytest.skip(lacking())
    with browsing() as one:
        yield one


@pytest.fixture(scope="package")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of some runs."""
    folder = tmp_path_factory.mktemp("pages")
    made = {
        "lost": lost_message(), "hostile": hostile(), "long": long_run(2_000), "worked": worked(),
    }  # fmt: skip
    return {name: written(data, folder / f"{name}.html") for name, data in made.items()}


@pytest.fixture
def viewer(browser: Browser, pages: dict[str, Path]) -> Iterator[Viewer]:
    """The page of the lost message; after the test its console must be empty."""
    browser.resize(WIDE)
    browser.open(pages["lost"])
    one = Viewer(browser)
    yield one
    assert browser.complaints() == []
    browser.run("localStorage.clear()")
