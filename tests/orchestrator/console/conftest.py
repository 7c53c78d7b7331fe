"""Consoles without a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.console.support import Screen, made


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Callable[..., Screen]]:
    """Make consoles; the arguments change the profile."""
    screens: list[Screen] = []

    def make(**changes: Any) -> Screen:
        screens.append(Screen(made(tmp_path, **changes)))
        return screens[-1]

    yield make
    for one in screens:
        one.close()
