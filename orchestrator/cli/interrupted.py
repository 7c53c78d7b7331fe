"""Ctrl-C: how it ends a command, and what the command says it leaves behind."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

from orchestrator import errors
from orchestrator.cancel import ENDINGS, status_of
from orchestrator.cli.consoles import err
from orchestrator.docker_host.health import leave_stalled
from orchestrator.errors import REMOVED_LATER, LabError

_QUICK = 0.3  # seconds in which most commands end without a word
_DELIBERATE_AFTER = 0.5  # seconds
_ENDING = "ending what this command has started; press Ctrl-C again to leave it to the next command"
_ENDED = f"ended at once: {REMOVED_LATER}"
_SHOW_CURSOR = "\x1b[?25h"  # ECMA-48, as every terminal since the VT220 knows it


class Interrupted(BaseException):
    """A signal asked the command to end. Typer would swallow a KeyboardInterrupt.

    Attributes:
        status: the command's exit status.
        left: what the command leaves behind, in a clause; empty until it is known.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.status, self.left = status_of(number), ""


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


def behind(error: BaseException | None) -> Interrupted | None:
    """Return the interruption that an error is, or whose cleaning up it has disturbed.

    Its `left` then says what the error says, or what runs that ended side by side have noted.
    """
    says = [f"{error.what}; {error.hint}"] if isinstance(error, LabError) else []
    if end := errors.behind(error, Interrupted):
        end.left = end.left or "; ".join([*says, *getattr(end, "__notes__", ())])
    return end


def install() -> Endings:
    """Have the first ending signal raise `Interrupted`, and a second Ctrl-C end the process."""
    handler = Endings()
    for number in ENDINGS:
        signal.signal(number, handler)
    return handler


class Endings:
    """Raises at the first signal. Later ones must not disturb the cleaning up, except Ctrl-C.

    It stays in place until the process exits: if a signal is ignored between its arrival and its
    handling by Python, Python complains.
    """

    def __init__(self) -> None:
        self._began: float | None = None
        self._over = threading.Event()

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
            threading.Thread(target=self._attend, daemon=True).start()
            raise Interrupted(number)
        # Sooner it is the same request: a nervous finger, or a shell that passes it on as well.
        if number == signal.SIGINT and now > self._began + _DELIBERATE_AFTER:
            _end_at_once()

    def over(self) -> None:
        """Say no more that the command is ending: it has ended."""
        self._over.set()

    def _attend(self) -> None:
        """Say that the command is ending, if that takes a while, and leave a Docker that hangs."""
        if self._over.wait(_QUICK):
            return
        with contextlib.suppress(LabError, SystemExit):  # standard error cannot be written
            err.print(_ENDING, soft_wrap=True)
        leave_stalled()


def _end_at_once() -> NoReturn:
    shown = _SHOW_CURSOR if os.isatty(2) else ""  # a live display may have hidden it
    with contextlib.suppress(OSError):
        os.write(2, f"{shown}\n{_ENDED}\n".encode())
    os._exit(status_of(signal.SIGINT))


def ignore() -> None:
    """Ignore all further signals; the interpreter restores the defaults while it exits."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)  # also handles those that have arrived
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)
