"""Which reply a console awaits, and what a line is that may be a notice as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from orchestrator import text
from orchestrator.profile import NoticeMatch, Reader

_NO_TEXTS = ("id", "address", "port")  # arguments that are no message
_LAST = 200  # texts: a changed message is looked for among the latest

Claims = Callable[[str], Mapping[str, str] | None]
"""Returns the arguments that a line repeats if it is the awaited reply, although it may look like a
notice; None for any other line."""


class Awaited:
    """The reply that is awaited at a console, if any, and the messages sent in its run.

    Some programs show a message as its text and nothing else, so that their profile takes any line
    for one. Such a line is a message only if someone has sent that text; or part of it, or more
    around it, while no reply is awaited.

    Args:
        reader: reads the console's lines.
    """

    def __init__(self, reader: Reader) -> None:
        self.claims: Claims = _claims_nothing
        self._reader = reader
        self._verbs: tuple[str, ...] = ()  # whose replies are awaited
        self._texts: dict[str, None] = {}  # of all that may be messages of the run, in order

    def meet(self, peers: Iterable[str], texts: dict[str, None]) -> None:
        """Learn whom and what notices may name: see `Session.meet`."""
        self._reader.meet(peers)
        self._texts = texts

    def note(self, arguments: Mapping[str, object]) -> None:
        """Note what a command is given, which may be a message, whatever the profile calls it."""
        self._texts |= {
            str(value).strip(): None for name, value in arguments.items() if name not in _NO_TEXTS
        }

    @contextmanager
    def reply(self, *verbs: str, claims: Claims | None = None) -> Iterator[None]:
        """Await the replies to these verbs."""
        before = self._verbs, self.claims
        self._verbs, self.claims = verbs, claims or _claims_nothing
        try:
            yield
        finally:
            self._verbs, self.claims = before

    def is_notice(self, line: str, found: NoticeMatch) -> bool:
        """Return whether a line is the notice that it was read as."""
        said, read = line.strip(), found.fields.get("text")
        if not found.kind or read is None or read.strip() != said:
            return True
        if self._reader.is_crash(line) or any(self._reads(verb, line) for verb in self._verbs):
            return False
        shown = text.unescape(said) if self._reader.profile.console.text == "backslash" else said
        return shown in self._texts or (not self._verbs and self._is_like_one(shown))

    def _reads(self, verb: str, line: str) -> bool:
        reader = self._reader
        return reader.outcome(verb, line) is not None or reader.row(verb, line) is not None

    def _is_like_one(self, shown: str) -> bool:
        last = [*self._texts][-_LAST:]  # at once: others may add to them meanwhile
        return any(sent and shown and (shown in sent or sent in shown) for sent in last)


def _claims_nothing(_: str) -> None:
    return None
