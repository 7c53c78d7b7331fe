"""Read what consoles showed unasked once more, by the profile that was learned from it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.discovery.evidence import PEER_NAMES, Exchange, is_prompt
from orchestrator.profile import NoticeMatch, Profile, Reader

_MESSAGE = "message"


def misread_notices(
    profile: Profile, exchanges: Sequence[Exchange], prompts: Sequence[str]
) -> dict[str, str]:
    """Return which notices read something else than what was sent, and what that was.

    Each text that arrived was shown by a message, and nothing but that text was.
    """
    reader = Reader(profile)
    reader.meet(PEER_NAMES)
    wrong: dict[str, str] = {}
    for exchange in exchanges:
        output = exchange.others.get(exchange.to)
        text = exchange.known.text
        if exchange.verb != "send" or not exchange.fact or not output or not text:
            continue
        lines = [line for line in output.lines if not is_prompt(line, prompts)]
        for found, shown in read_notices(reader, lines):
            if text in shown and (why := _wrong(found, text, shown)):
                wrong.setdefault(found.kind, why)
    return {kind: f"{_pattern(profile, kind)} {why}" for kind, why in wrong.items()}


def _pattern(profile: Profile, kind: str) -> str:
    """Return the first pattern of a notice as people quote it."""
    return repr(" / ".join(profile.notices[kind][0].block))


def _wrong(found: NoticeMatch, text: str, shown: str) -> str:
    """Return what a notice that shows a text was misread as; empty if it was read rightly."""
    if found.kind != _MESSAGE:
        return f"matches {shown!r}, which showed the message {text!r}"
    read = found.fields.get("text")
    is_right = read is None or read.strip() == text.strip()
    return "" if is_right else f"read the text {read!r} in {shown!r}, where {text!r} was right"


def read_notices(reader: Reader, lines: Sequence[str]) -> Iterator[tuple[NoticeMatch, str]]:
    """Yield each notice that a run would read in these lines, with its lines."""
    block: list[str] = []
    for line in lines:
        found = reader.notice([*block, line]) if block else None
        if not found:
            block, found = [], reader.notice([line])
        block = [*block, line] if found else []
        if found and found.kind:
            yield found, "\n".join(block)
            block = []
