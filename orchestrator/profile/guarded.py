"""A reader of somebody's own: what goes wrong in it is an error of the profile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from orchestrator.errors import DocumentError
from orchestrator.profile.model import Line
from orchestrator.profile.reader import Found, Reader


class GuardedReader(Reader):
    """Passes everything on to another reader.

    Args:
        own: that one.

    Raises:
        DocumentError: by each method, where that one raises anything.
    """

    def __init__(self, own: Reader) -> None:
        super().__init__(own.profile)
        self._own = own

    def typed(self, verb: str, arguments: Mapping[str, object]) -> list[Line]:
        """Return what to type for a verb."""
        if verb not in self.profile.verbs:
            raise KeyError(verb)
        with self._told("typed"):
            return self._own.typed(verb, arguments)

    def ready(self, line: str) -> Mapping[str, str] | None:
        """Return what the line that says the program is ready tells."""
        with self._told("ready"):
            return self._own.ready(line)

    def outcome(self, verb: str, line: str) -> tuple[bool, Mapping[str, str]] | None:
        """Return whether a line says yes or no."""
        with self._told("outcome"):
            return self._own.outcome(verb, line)

    def row(self, verb: str, line: str) -> Mapping[str, str] | None:
        """Return the named parts of a row."""
        with self._told("row"):
            return self._own.row(verb, line)

    def notice(self, lines: Sequence[str]) -> Found | None:
        """Return the notice that these lines are."""
        with self._told("notice"):
            return self._own.notice(lines)

    def is_crash(self, line: str) -> bool:
        """Tell whether only a crash shows such a line."""
        with self._told("is_crash"):
            return self._own.is_crash(line)

    @contextlib.contextmanager
    def _told(self, method: str) -> Iterator[None]:
        try:
            yield
        except (Exception, SystemExit) as error:
            what = f"{type(error).__name__}: {error}"
            raise DocumentError(
                f"{self.profile.reader}: its {method}() has failed: {what}",
                hint="it is given the lines of a console, whatever stands there",
            ) from error
