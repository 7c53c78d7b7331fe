"""The lab's own errors.

A failed expectation is a verdict, never an exception. Library exceptions are translated
once, at the boundary, with `raise … from`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

Kind = TypeVar("Kind", bound=BaseException)

REMOVED_LATER = "the next peerlab command removes what is left"
"""What happens to that which a command could not remove itself."""

QUOTED_LINES = 8  # how many lines of a program's output are quoted
QUOTE_MARK = "  | "  # what precedes each of them

_QUOTING = "; it last showed:"


class LabError(Exception):
    """The lab could not do what was asked."""

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.what = what  # a sentence that says what failed and where; quoted output may follow
        self.hint = hint  # a sentence that says what to try; may be empty


class EngineError(LabError):
    """The engine failed, or cannot do what was asked."""


class ShortageError(EngineError):
    """The machine has too little of something; no program is to blame."""


class NetworkError(EngineError):
    """The lab's own network carries nothing; no program can be judged on it."""


class BuildError(EngineError):
    """A program cannot be built or started as its profile says."""


class LimitError(EngineError):
    """A program needs more than the lab gives it: room for its folder, or time to be built."""


class MissingToolError(EngineError):
    """A compiler or interpreter that a program needs is not on this machine."""


class DocumentError(LabError):
    """A scenario, a profile or compose.yaml cannot be read."""


class SessionError(LabError):
    """A console did not show what was awaited.

    Args:
        peer: the peer's name.
        what: what the peer did instead, or did not do, and for how long: the rest of a sentence
            that begins with its name.
        tail: the last lines of its transcript.
        hint: what to try.
    """

    def __init__(self, peer: str, what: str, tail: Sequence[str] = (), *, hint: str = "") -> None:
        quoted = f"{_QUOTING}{quote(tail)}" if tail else ""
        super().__init__(f"{peer} {what}{quoted}", hint=hint)
        self.peer = peer


class PeerGoneError(SessionError):
    """The peer is gone: it exited, was killed or was removed."""


class NoAnswerError(SessionError):
    """Nothing came in time; it may still come."""

    is_silent = False  # whether not even a line came that the profile cannot read


class ClientGoneError(SessionError):
    """A console's client ended before it answered, while the peer's program runs on."""


class NoClientError(SessionError):
    """A console's client cannot be started, so nothing was typed."""


def quote(lines: Iterable[str]) -> str:
    """Return lines of a program's output as an error quotes them."""
    return "".join(f"\n{QUOTE_MARK}{line}" for line in lines)


def first_line(error: LabError) -> str:
    """Return an error's sentence without the quoted output."""
    return error.what.partition("\n")[0].removesuffix(_QUOTING).removesuffix(":")


def behind(error: BaseException | None, kind: type[Kind]) -> Kind | None:
    """Return the error of a kind that this is, or in whose handling it was raised."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, kind):
            return one
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            waiting += [one.__context__, one.__cause__]
    return None
