"""Consoles without a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.console.support import FakeConsole, made


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Callable[..., FakeConsole]]:
    """Make consoles; the arguments change the profile."""
    screens: list[FakeConsole] = []

    def make(**changes: Any) -> FakeConsole:
        screens.append(FakeConsole(made(tmp_path, **changes)))
        return screens[-1]

    yield make
    for one in screens:
        one.close()
