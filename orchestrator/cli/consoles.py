"""Where commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from typing import TextIO

from rich.console import Console

from orchestrator.engines.base import Progress
from orchestrator.errors import LabError
from orchestrator.report import safe, safe_lines

BROKEN = 2
"""Exit status: the lab itself failed, or nobody can tell."""

_UNREAD = 128 + signal.SIGPIPE  # as shells have it


class _Stream(io.TextIOWrapper):
    """A standard stream that ends a command in one clear way once it cannot be written."""

    def write(self, text: str, /) -> int:
        """Write a text; what the stream's encoding lacks is escaped."""
        with self._translated():
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what was put off."""
        with self._translated():
            super().flush()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())  # for what is still to flush
            if isinstance(error, BrokenPipeError):
                raise SystemExit(_UNREAD) from error  # 1, which others end with, is a verdict here
            if self is sys.stdout:
                raise LabError(f"standard output cannot be written: {error.strerror}") from error
            # Of what standard error does not take nobody can be told.


# Text is printed as it is: no numbers coloured, no :emoji: replaced.
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
    """Let no terminal, file or reader end a command with a traceback.

    Raises:
        LabError: standard output is closed: whatever is opened next would take its place.
    """
    sys.stdout, sys.stderr = _robust(sys.stdout), _robust(sys.stderr)
    if sys.stdout is None:
        raise LabError("standard output is closed", hint="send it to /dev/null instead")


def _robust(stream: TextIO) -> TextIO:
    """Return a standard stream, made robust; None where it is closed, as Python has it."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    by_line, encoding = stream.line_buffering, stream.encoding
    return _Stream(stream.detach(), encoding, "backslashreplace", line_buffering=by_line)


def print_error(label: str, error: LabError) -> None:
    """Print what failed, no line folded: `file:line:column` must stay in one piece."""
    err.print(f"[bold red]{label}[/] {safe_lines(error.what)}", soft_wrap=True)
    if error.hint:
        err.print(f"[bold]hint:[/] {safe(error.hint)}", soft_wrap=True)


def print_notes(notes: Iterable[str]) -> None:
    """Print what a person should know beside a result."""
    for note in notes:
        err.print(f"[bold]note:[/] {safe(note)}", soft_wrap=True)


def print_mistakes(mistakes: Iterable[str]) -> None:
    """Print each on a line of its own that begins with the file, as editors want it."""
    for mistake in mistakes:
        err.print(safe(mistake), soft_wrap=True)


@contextlib.contextmanager
def progress() -> Iterator[Progress]:
    """Show progress on standard error: a spinner on a terminal, a line a phase elsewhere."""
    if not err.is_terminal:
        yield Progress(phase=say, step=lambda _: None)
        return
    with err.status("…") as status:
        yield Progress(phase=say, step=lambda line: status.update(safe(line)))
