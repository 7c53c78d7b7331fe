"""Replies that stand behind a notice on its line. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from orchestrator.profile import NoticeMatch, Reader


@dataclass(frozen=True, slots=True)
class GluedReply:
    """A way to split a line into a notice and the awaited reply behind it."""

    notice: str  # the first part of the line
    found: NoticeMatch  # what the notice says
    is_certain: bool  # whether the line cannot be a notice as a whole


def glued(
    line: str, reader: Reader, claims: Callable[[str], Mapping[str, str] | None], longest: int
) -> Iterator[GluedReply]:
    """Yield the ways in which a line may be a notice with a reply behind it; a certain one ends it.

    A message may have any text, also the words of a reply. Its end is certainly the reply only if
    it repeats an argument of what was typed. Who knows what was sent can tell.

    Args:
        line: as it is shown.
        reader: reads notices.
        claims: returns the arguments that a line repeats; None if it is not the awaited reply.
        longest: characters that the notice has at most.
    """
    whole = reader.notice([line])
    for end in range(1, min(len(line), longest)):
        repeats = claims(line[end:])
        if repeats is None:
            continue
        found = reader.notice([line[:end]])
        if not (found and found.kind):
            continue
        is_certain = bool(repeats) or not whole
        if is_certain or found.fields.get("text"):
            yield GluedReply(line[:end], found, is_certain)
        if is_certain:
            return
