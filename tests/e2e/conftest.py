"""Nothing that an end-to-end test starts outlives it, even if it fails in the middle."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e import support


@pytest.fixture(autouse=True)
def _end_all() -> Iterator[None]:
    yield
    support.end_all()
