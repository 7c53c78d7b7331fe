"""What can go wrong in the lab itself, as one small tree of exceptions.

A failed expectation is a verdict, never one of these. Exceptions of libraries are
translated once, at the boundary, with `raise … from`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

QUOTED_LINES = 8
"""How many lines of what a program printed are quoted."""

QUOTE_MARK = "  | "
"""What stands before each of them."""

_QUOTING = "; it last showed:"


class LabError(Exception):
    """The lab could not do what was asked.

    Attributes:
        what: one sentence that says what failed, and where; quoted output may follow.
        hint: one sentence that says what to try; may be empty.
    """

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class EngineError(LabError):
    """Peers cannot be given a place to run."""


class BuildError(EngineError):
    """A program cannot be built, or cannot be started with the command of its profile."""


class DocumentError(LabError):
    """A scenario, a profile or the definition of a peer's container cannot be read."""


class SessionError(LabError):
    """A console did not do what was awaited of it.

    Args:
        peer: the peer's name.
        what: what was awaited, for how long, and what came instead.
        tail: the last lines of its transcript.
        hint: what to try.
    """

    def __init__(self, peer: str, what: str, tail: Sequence[str] = (), *, hint: str = "") -> None:
        quoted = f"{_QUOTING}{quote(tail)}" if tail else ""
        super().__init__(f"{peer}: {what}{quoted}", hint=hint)
        self.peer = peer


class PeerGoneError(SessionError):
    """The peer is not there any more: it exited, was killed or was removed."""


class NoAnswerError(SessionError):
    """What was awaited did not come in time: it may still happen."""


def quote(lines: Iterable[str]) -> str:
    """Return lines that a program printed as they follow the sentence of an error."""
    return "".join(f"\n{QUOTE_MARK}{line}" for line in lines)


def first_line(error: LabError) -> str:
    """Return what went wrong, without the output that is quoted below it."""
    return error.what.partition("\n")[0].removesuffix(_QUOTING)
