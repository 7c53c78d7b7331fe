"""Ctrl-C: how a command learns of it, and what it says of what it leaves."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from orchestrator.errors import LabError

STATUS = 130
"""Exit status, as shells have it."""

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody pressed Ctrl-C, or asked politely; typer would swallow a KeyboardInterrupt.

    Attributes:
        left: what the command leaves, in a clause; empty where it has not said.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left = ""


@contextlib.contextmanager
def leaving(tell: Callable[[], str]) -> Iterator[None]:
    """Let a command that is interrupted say what it leaves; the innermost knows best.

    Args:
        tell: looks what that is; may take something back first.
    """
    try:
        yield
    except Interrupted as end:
        try:
            end.left = end.left or tell()
        except LabError as error:
            end.left = f"what it leaves cannot be told: {error.what}"
        raise


def expect() -> None:
    """Have the first signal that ends commands raise `Interrupted`, and no further one."""
    interrupt = _Interrupt()
    for number in _ENDINGS:
        signal.signal(number, interrupt)


class _Interrupt:
    """The first Ctrl-C begins to clean up, and no further one may disturb that.

    This stays in place until the process exits: Python complains of a signal that is to be
    ignored by the time it turns to it, as one that came together with the first.
    """

    def __init__(self) -> None:
        self._came = False

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        if not self._came:
            self._came = True
            raise Interrupted


def ignore() -> None:
    """Ignore what else comes while the interpreter goes: it puts the defaults back by itself."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)  # and turns to what has come by now
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)
