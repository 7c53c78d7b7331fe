"""Waiting where time itself is what is tested; for anything else there is something to look at."""

from __future__ import annotations

import time


def let_pass(seconds: float) -> None:
    """Let time go by, as a limit of the program's own must run out, or must not yet."""
    time.sleep(seconds)
