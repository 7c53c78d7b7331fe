"""The console for a person: line editing, a prompt, and notices that spare what is typed.

While a person types, only the main thread may touch the line: other threads hand their
notices to it and wake it with a signal, and it clears the line, prints, and draws the
line again, cursor and all.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable, Sequence
from types import FrameType, ModuleType

from peer import editor, render
from peer.console import LONGEST_LINE, Console, ConsoleGoneError, LineTooLongError

_FEWEST_COLOURS = 8
_HISTORY = 500  # lines
_RETRY = 0.05  # seconds; a signal that met the main thread between two waits is sent again


def terminal_console(name: str) -> Console:
    """Return the best console that this Python can give a person, for the peer `name`."""
    colours = _shows_colours()  # before readline reads the description of the terminal as well
    readline = editor.load()
    return (
        EditingTerminal(name, readline, colours=colours)
        if readline
        else CookedTerminal(name, colours=colours)
    )


def _shows_colours() -> bool:
    """Return whether the terminal shows colours, and NO_COLOR does not say otherwise."""
    if os.environ.get("NO_COLOR"):
        return False
    try:
        import curses  # noqa: PLC0415 - some Pythons are built without it

        curses.setupterm(fd=sys.stdout.fileno())
        return curses.tigetnum("colors") >= _FEWEST_COLOURS
    except (ImportError, curses.error):
        return False


class _Terminal(Console):
    """What both kinds of terminal share.

    Args:
        name: the peer's, for the prompt.
        colours: whether to print in colours.
    """

    interactive = True

    def __init__(self, name: str, *, colours: bool) -> None:
        super().__init__()
        self._colours = colours
        self._prompt = render.prompt(name, colours=colours)
        self._saved = termios.tcgetattr(sys.stdin)
        self._free_keys()

    @property
    def columns(self) -> int:
        """How wide the terminal is now; 0 if it does not know."""
        try:
            return os.get_terminal_size(sys.stdout.fileno()).columns
        except OSError:
            return 0

    def _write(self, lines: Sequence[str]) -> None:
        super()._write([render.coloured(line) for line in lines] if self._colours else lines)

    def _free_keys(self) -> None:
        r"""Keep Ctrl-\ from ending the peer, Ctrl-Z from stopping it and Ctrl-S its output.

        A person who attaches to a container has no shell to undo that with.
        """
        mode = termios.tcgetattr(sys.stdin)
        mode[0] &= ~termios.IXON
        for key in (termios.VQUIT, termios.VSUSP):
            mode[6][key] = bytes([os.fpathconf(sys.stdin.fileno(), "PC_VDISABLE")])
        termios.tcsetattr(sys.stdin, termios.TCSANOW, mode)

    def close(self) -> None:
        """Give the terminal its mode back."""
        try:
            termios.tcsetattr(sys.stdin, termios.TCSANOW, self._saved)
        except termios.error:
            self.gone = True  # the terminal itself has gone


class CookedTerminal(_Terminal):
    """A terminal without line editing: the kernel keeps the half-typed line."""

    def __init__(self, name: str, *, colours: bool) -> None:
        super().__init__(name, colours=colours)
        self._prompted = False

    def read(self) -> str | None:
        """Print the prompt, then read as `Console.read` does."""
        with self._lock:
            self._prompted = True
            self._print(self._prompt)
        try:
            line = super().read()
        finally:
            self._prompted = False
        if line is None:
            self._print("\n")  # behind the prompt
        return line

    def stop_reading(self, error: Exception) -> None:
        """End the line, which has the prompt, before `read` raises `error`."""
        self._print("\n")
        super().stop_reading(error)

    def notice(self, lines: Sequence[str]) -> None:
        """Print over the prompt, then print it again."""
        with self._lock:
            prompted = self._prompted
            self._print(editor.CLEAR_LINE if prompted else "")
            self._write(lines)
            self._print(self._prompt if prompted else "")
            self._check()


class EditingTerminal(_Terminal):
    """A terminal with GNU readline (or libedit) and a history.

    Args:
        name: the peer's, for the prompt.
        readline: Python's module of that name.
        colours: whether to print in colours.
    """

    buffers_in_c = True

    def __init__(self, name: str, readline: ModuleType, *, colours: bool) -> None:
        super().__init__(name, colours=colours)
        self._readline = readline
        self._redraw = editor.find_redraw(readline, self._prompt)
        self._shown_changed = threading.Condition(self._lock)
        self._reading = False  # from before the prompt until the line is entered
        self._editing = False  # from behind the prompt: only then is there a line to spare
        self._busy = False  # drawing: no exception may interrupt that
        self._stop_with: Exception | None = None
        self._stopping = False  # an exception is on its way out of `read`
        self._pending: list[str] = []
        self._queued = self._shown = 0  # lines of notices since the start
        self._main = threading.main_thread().ident or 0
        self._echoes = editor.find_echoing(readline)
        self._set_echo(on=False)
        signal.signal(signal.SIGUSR1, self._on_wake)
        # Readline's own writes must be taken up again: C's buffers lose what EINTR stops.
        signal.siginterrupt(signal.SIGUSR1, False)
        if isinstance(sys.stdin, io.TextIOWrapper):  # whatever the locale says
            sys.stdin.reconfigure(errors="surrogateescape")
        readline.set_auto_history(False)
        readline.set_pre_input_hook(self._begin_editing)

    def complete_with(self, complete: Callable[[str, str], list[str]]) -> None:
        """Let Tab complete the word at the cursor."""
        found: list[str] = []

        def one(word: str, number: int) -> str | None:
            busy, self._busy = self._busy, True  # an exception here could keep a lock
            try:
                if number == 0:
                    before = self._readline.get_line_buffer()[: self._readline.get_begidx()]
                    found[:] = complete(before, word)
                return found[number] if number < len(found) else None
            finally:
                self._busy = busy

        self._readline.set_completer_delims(" \t")
        self._readline.set_completer(one)

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
        super().close()

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
            return input(editor.marked(self._prompt))
        except EOFError:
            self._stopping = True
            raise
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
