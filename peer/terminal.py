"""The console for a person: line editing, a prompt, and notices that spare what is typed.

While a person types, only the main thread may touch the line: other threads hand their
notices to it and wake it with a signal, and it clears the line, prints, and draws the
line again, cursor and all.
"""

from __future__ import annotations

import ctypes
import io
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable, Sequence
from types import FrameType, ModuleType

from peer.console import LONGEST_LINE, Console, ConsoleGoneError, LineTooLongError
from peer.render import PROMPT

try:
    import readline as _readline_module
except ImportError:  # some Pythons are built without it
    _readline: ModuleType | None = None
else:
    _readline = _readline_module

_HISTORY = 500  # lines
_RETRY = 0.05  # seconds; a signal that met the main thread between two waits is sent again
_CLEAR_LINE = "\r\x1b[K"


def terminal_console() -> Console:
    """Return the best console that this Python can give a person."""
    return EditingTerminal(_readline) if _readline else CookedTerminal()


class CookedTerminal(Console):
    """A terminal without line editing: the kernel keeps the half-typed line."""

    def __init__(self) -> None:
        super().__init__()
        self._prompted = False

    def read(self) -> str | None:
        """Print the prompt, then read as `Console.read` does."""
        with self._lock:
            self._prompted = True
            self._print(PROMPT)
        try:
            return super().read()
        finally:
            self._prompted = False

    def stop_reading(self, error: Exception) -> None:
        """End the line, which has the prompt, before `read` raises `error`."""
        self._print("\n")
        super().stop_reading(error)

    def notice(self, lines: Sequence[str]) -> None:
        """Print over the prompt, then print it again."""
        with self._lock:
            prompted = self._prompted
            self._print(_CLEAR_LINE if prompted else "")
            self._write(lines)
            self._print(PROMPT if prompted else "")
            self._check()


class EditingTerminal(Console):
    """A terminal with GNU readline (or libedit) and a history.

    Args:
        readline: Python's module of that name.
    """

    buffers_in_c = True

    def __init__(self, readline: ModuleType) -> None:
        super().__init__()
        self._readline = readline
        self._redraw = _find_redraw(readline)
        self._shown_changed = threading.Condition(self._lock)
        self._reading = False  # from before the prompt until the line is entered
        self._editing = False  # from behind the prompt: only then is there a line to spare
        self._busy = False  # drawing: no exception may interrupt that
        self._stop_with: Exception | None = None
        self._stopping = False  # an exception is on its way out of `read`
        self._pending: list[str] = []
        self._queued = self._shown = 0  # lines of notices since the start
        self._main = threading.main_thread().ident or 0
        self._saved = termios.tcgetattr(sys.stdin)
        self._echoes = _find_echoing(readline)
        self._set_echo(on=False)
        signal.signal(signal.SIGUSR1, self._on_wake)
        # Readline's own writes must be taken up again: C's buffers lose what EINTR stops.
        signal.siginterrupt(signal.SIGUSR1, False)
        if isinstance(sys.stdin, io.TextIOWrapper):  # whatever the locale says
            sys.stdin.reconfigure(errors="surrogateescape")
        readline.set_auto_history(False)
        readline.set_pre_input_hook(self._begin_editing)
        for setting in ("enable-bracketed-paste off", "bell-style none"):
            readline.parse_and_bind(f"set {setting}")

    def _set_echo(self, *, on: bool) -> None:
        """What is typed ahead, while a command runs, is shown once: by readline, later.

        Some versions of readline echo only if the terminal did. Without canonical mode a line
        that is typed ahead may also have more than 4,095 bytes.
        """
        mode = termios.tcgetattr(sys.stdin)
        mode[3] &= ~(termios.ECHO | termios.ICANON)
        mode[3] |= termios.ECHO if on else 0
        termios.tcsetattr(sys.stdin, termios.TCSANOW, mode)

    def close(self) -> None:
        """Give the terminal its mode back."""
        self._readline.set_pre_input_hook(None)
        self._readline.set_startup_hook(None)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # its default would end the process
        try:
            termios.tcsetattr(sys.stdin, termios.TCSANOW, self._saved)
        except termios.error:
            self.gone = True  # the terminal itself has gone

    def stop_reading(self, error: Exception) -> None:
        """Make `read` raise `error`, once the line is whole again."""
        if self._busy:
            self._stop_with = error
            return
        self._stopping = True
        raise error

    def read(self) -> str | None:
        """Let the person edit a line; otherwise as `Console.read`."""
        self._check()
        try:
            line = self._edit()
        except EOFError:
            return None
        except SystemError as error:
            # After one signal's handler raised, `input` runs those of the others, and
            # complains of the exception that is under way.
            raise error.__cause__ or error from None
        except (OSError, termios.error) as error:
            raise ConsoleGoneError from error
        if len(line) > LONGEST_LINE:
            raise LineTooLongError
        self._remember(line)
        return line

    def _edit(self) -> str:
        self._busy = self._stopping = False
        self._stop_with = None
        try:
            with self._lock:
                self._reading = True
            if not self._echoes:
                self._set_echo(on=True)
            return input(PROMPT)
        finally:
            self._busy = True  # at once: no other exception may keep the rest from being done
            self._end_editing()
            if not self._echoes:
                self._set_echo(on=False)
            self._busy = False

    def _remember(self, line: str) -> None:
        length = self._readline.get_current_history_length()
        if line.strip() and line != self._readline.get_history_item(length):
            try:
                self._readline.add_history(line)
            except UnicodeEncodeError:
                return  # bytes that are no text are not worth remembering
            if length >= _HISTORY:
                self._readline.remove_history_item(0)

    def notice(self, lines: Sequence[str]) -> None:
        """Show `lines` above the line being typed; returns when they are shown."""
        with self._lock:
            if not self._reading:
                self._write(lines)
                self._check()
                return
            self._pending += lines
            self._queued += len(lines)
            goal = self._queued
            while self._shown < goal:
                signal.pthread_kill(self._main, signal.SIGUSR1)
                self._shown_changed.wait(_RETRY)
            self._check()

    def _begin_editing(self) -> None:
        self._editing = True
        self._show_pending()

    def _end_editing(self) -> None:
        with self._lock:
            if self._stopping and self._editing:
                self._write([""])  # what comes next must not stand behind the prompt
            self._editing = self._reading = False
            self._write_pending()

    def _on_wake(self, _signal: int, _frame: FrameType | None) -> None:
        self._show_pending()
        error, self._stop_with = self._stop_with, None
        if error and not self._busy:
            self.stop_reading(error)

    def _show_pending(self) -> None:
        if self._busy or self._stopping:  # the waiting thread will send another signal
            return
        self._busy = True
        try:
            with self._lock:
                if self._editing and self._pending:
                    self._redraw(self._write_pending)
        finally:
            self._busy = False

    def _write_pending(self) -> None:
        lines, self._pending = self._pending, []
        self._write(lines)
        self._shown += len(lines)
        self._shown_changed.notify_all()


def _find_echoing(readline: ModuleType) -> bool:
    """Make readline echo though the terminal does not; return whether it supports that."""
    try:
        set_echoing = ctypes.CDLL(readline.__file__).rl_tty_set_echoing
    except (OSError, AttributeError, TypeError):
        return False
    readline.set_startup_hook(lambda: set_echoing(1) and None)
    return True


def _find_redraw(readline: ModuleType) -> Callable[[Callable[[], None]], None]:
    """Return a function that runs another one with the typed line out of the way."""
    try:
        library = ctypes.CDLL(readline.__file__)
        clear, new_line, redisplay = (
            library.rl_clear_visible_line,
            library.rl_on_new_line,
            library.rl_redisplay,
        )
        flush, done = library.fflush, ctypes.c_int.in_dll(library, "rl_done")
    except (OSError, AttributeError, TypeError, ValueError):
        return lambda write: _redraw_by_hand(readline, write)

    def redraw(write: Callable[[], None]) -> None:
        if done.value:  # the line was entered a moment ago: nothing is left to spare
            return
        clear()
        flush(None)  # readline writes through C's buffers, we do not
        write()
        new_line()
        redisplay()
        flush(None)

    return redraw


def _redraw_by_hand(readline: ModuleType, write: Callable[[], None]) -> None:
    """Without readline's own functions the cursor ends up behind the typed text."""
    os.write(sys.stdout.fileno(), _CLEAR_LINE.encode())
    write()
    typed = PROMPT + readline.get_line_buffer()
    os.write(sys.stdout.fileno(), typed.encode("utf-8", "backslashreplace"))
