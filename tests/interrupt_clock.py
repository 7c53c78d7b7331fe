"""A pytest plugin that notes how long a session takes to end after Ctrl-C, but for pytest's part.

pytest reads the source of every frame to print where it was, which takes seconds on a busy machine.
`-p tests.interrupt_clock` writes two lines to the file that CLOCK names: when the interrupt was
over, on the monotonic clock, and how many seconds the end of the session took.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest

NAME = __name__
"""The plugin's, for `-p`."""


@pytest.hookimpl(tryfirst=True)
def pytest_keyboard_interrupt() -> None:
    """Note that the test has been left."""
    with Path(os.environ["CLOCK"]).open("a") as file:
        file.write(f"{time.monotonic()}\n")


@pytest.hookimpl(wrapper=True, trylast=True)  # inside the terminal's, which prints the summary
def pytest_sessionfinish() -> Generator[None]:
    """Note what cleaning up took."""
    began = time.monotonic()
    yield
    with Path(os.environ["CLOCK"]).open("a") as file:
        file.write(f"{time.monotonic() - began}\n")


def seconds(clock: Path, since: float, otherwise: float = 0.0) -> float:
    """Return how long a session has taken to end.

    Args:
        clock: the file.
        since: when Ctrl-C was pressed.
        otherwise: what to return if it ended in another way.
    """
    noted = [*map(float, clock.read_text().split())] if clock.exists() else []
    return noted[0] - since + noted[1] if len(noted) > 1 else otherwise
