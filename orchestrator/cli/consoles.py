"""Where commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import TextIO

from rich.console import Console

from orchestrator.engines.base import Progress
from orchestrator.engines.counting import Occasionally, counted
from orchestrator.errors import LabError
from orchestrator.report.printing import safe, safe_lines

SECONDS_BETWEEN_LINES = 20.0  # of progress in a log, unless something new begins
BROKEN = 2  # exit status: the lab itself failed, or the outcome is unknown
_UNREAD = 128 + signal.SIGPIPE  # exit status if the reader of the output has gone, as in shells


class _Stream(io.TextIOWrapper):
    """A standard stream that ends the command in a clear way if it cannot be written."""

    def write(self, text: str, /) -> int:
        with self._translated():
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with self._translated():
            super().flush()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())  # for what is still buffered
            if isinstance(error, BrokenPipeError):
                raise SystemExit(_UNREAD) from error  # not 1, which is a verdict
            if self is sys.stdout:
                raise LabError(f"standard output cannot be written: {error.strerror}") from error
            # If standard error cannot be written, there is no way to say so.


# Text is printed unchanged: no coloured numbers, no :emoji: replaced.
out = Console(highlight=False, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


def say(line: str) -> None:
    """Print a line of progress."""
    err.print(safe(line), soft_wrap=True)


def print_json(data: object) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")
    sys.stdout.flush()


def prepare() -> None:
    """Have output that cannot be written end a command without a traceback.

    Raises:
        LabError: standard output is closed: the next file to be opened would take its place.
    """
    sys.stdout, sys.stderr = _robust(sys.stdout), _robust(sys.stderr)
    if sys.stdout is None:
        raise LabError("standard output is closed", hint="send it to /dev/null instead")


def _robust(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    by_line, encoding = stream.line_buffering, stream.encoding
    return _Stream(stream.detach(), encoding, "backslashreplace", line_buffering=by_line)


def print_error(label: str, error: LabError) -> None:
    """Print an error without folding lines: `file:line:column` must stay in one piece."""
    err.print(f"[bold red]{label}[/] {safe_lines(error.what)}", soft_wrap=True)
    if error.hint:
        err.print(f"[bold]hint:[/] {safe(error.hint)}", soft_wrap=True)


def print_warning(what: str) -> None:
    """Print what went wrong although the command goes on."""
    err.print(f"[bold yellow]warning:[/] {safe(what)}", soft_wrap=True)


def print_notes(notes: Iterable[str]) -> None:
    """Print what the user should know besides the result."""
    for note in notes:
        err.print(f"[bold]note:[/] {safe(note)}", soft_wrap=True)


def print_mistakes(mistakes: Iterable[str]) -> None:
    """Print one mistake a line, beginning with the file, as editors expect."""
    found = [*mistakes]
    for mistake in found:
        err.print(safe(mistake), soft_wrap=True)
    annotate(lambda github: github.of_mistakes(found))


def annotate(made: Callable[[ModuleType], Iterable[str]]) -> None:
    """Print annotations in a job of GitHub Actions, elsewhere nothing.

    Args:
        made: returns them, given the module `annotations`, which other commands do not import.
    """
    if not os.environ.get("GITHUB_ACTIONS"):
        return
    from orchestrator.report import annotations

    for line in made(annotations) if annotations.are_wanted() else ():
        err.print(line, markup=False, soft_wrap=True)


@contextlib.contextmanager
def progress() -> Iterator[Progress]:
    """Show progress on standard error: a spinner on a terminal, else a line for each phase.

    What takes longer has a line now and then.
    """
    if not err.is_terminal:
        now_and_then = Occasionally(say, SECONDS_BETWEEN_LINES)
        with counted(Progress(say, now_and_then)) as telling:
            yield telling
        return
    with (
        err.status("…") as status,
        counted(Progress(say, lambda line: status.update(safe(line)))) as telling,
    ):
        yield telling
