"""Find out whether a program shows messages late, or only once a line is typed at it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from orchestrator.discovery.evidence import ConsoleOutput, Exchange
from orchestrator.discovery.repeats import line_shape
from orchestrator.discovery.typist import Typist


def show_what_waits(typist: Typist, names: Iterable[str]) -> None:
    """Have peers show what has come for them, so that no later reply begins with it."""
    for name in names:
        typist.answers(name)


def note_what_comes(typist: Typist, sent: Exchange) -> None:
    """Note what the peer to which a text was sent shows later, if it has shown nothing so far."""
    late = ConsoleOutput() if sent.fact else _later(typist, sent.to)
    if late.lines:
        is_shown = any(sent.given["text"] in line for line in late.lines)
        typist.replace(sent, others={**sent.others, sent.to: late}, fact=is_shown)


def _later(typist: Typist, at: str) -> ConsoleOutput:
    """Take what a peer prints in all the time that a program may take, else once it is asked."""
    typist.trio.await_output(at, news=True)
    late = typist.trio.take(at, typist.prompts)
    if late.lines or not typist.control:
        return late
    line, wanted = typist.control
    output = typist.trio.type(at, line, typist.prompts)
    news = [it for it in output.lines if line_shape(it, [line]) not in wanted]
    return dataclasses.replace(output, lines=tuple(news))
