"""Ctrl-C: how it ends a command, and what the command says it leaves behind."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from orchestrator.errors import LabError

STATUS = 130
"""Exit status of an interrupted command, as in shells."""

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal asked the command to end. Typer would swallow a KeyboardInterrupt.

    Attributes:
        left: what the command leaves behind, in a clause; empty until it is known.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left = ""


@contextlib.contextmanager
def leaving(describe: Callable[[], str]) -> Iterator[None]:
    """Have an interrupted command say what it leaves behind. The innermost one wins.

    Args:
        describe: returns that, and may first undo some of it.
    """
    try:
        yield
    except Interrupted as end:
        try:
            end.left = end.left or describe()
        except LabError as error:
            end.left = f"what is left is unknown: {error.what}"
        raise


def install() -> None:
    """Have the first ending signal raise `Interrupted`; later ones do nothing."""
    handler = _FirstOnly()
    for number in _ENDINGS:
        signal.signal(number, handler)


class _FirstOnly:
    """Raises at the first signal. Later ones must not disturb the cleaning up.

    It stays in place until the process exits: if a signal is ignored between its arrival and its
    handling by Python, Python complains.
    """

    def __init__(self) -> None:
        self._came = False

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        if not self._came:
            self._came = True
            raise Interrupted


def ignore() -> None:
    """Ignore all further signals; the interpreter restores the defaults while it exits."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)  # also handles those that have arrived
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)
