"""Waiting: for what a test looks at, or, where time itself is what is tested, for its passing."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 30.0  # seconds; far longer than anything here takes, on a busy machine too


def until(
    condition: Callable[[], object],
    what: str | Callable[[], str] = "",
    timeout: float = PATIENCE,
) -> None:
    """Wait for `condition`; fail at the deadline, and say what did not come."""
    deadline = time.monotonic() + timeout
    while True:
        looked = time.monotonic()
        if condition():
            return
        now = time.monotonic()
        if now >= deadline:
            shown = what() if callable(what) else what or condition
            raise AssertionError(f"waited {timeout:g} s for {shown}")
        time.sleep(max(0.005, 2 * (now - looked)))  # others need the processor that looking takes


def let_pass(seconds: float) -> None:
    """Let time go by, as a limit of the program's own must run out, or must not yet."""
    time.sleep(seconds)
