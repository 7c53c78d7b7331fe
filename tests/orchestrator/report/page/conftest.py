"""One browser for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.orchestrator.report.page.browser import Browser, browsing, lacking


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A browser; its tests are skipped where there is none."""
    if lacking():
        pytest.skip(lacking())
    with browsing() as one:
        yield one
