"""Replies that end without a line break. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from orchestrator.discovery.evidence import ConsoleOutput, Exchange, is_prompt
from orchestrator.discovery.wording import asks


def with_unended(exchanges: Iterable[Exchange], prompts: Sequence[str]) -> list[Exchange]:
    """Return exchanges, each with what stands behind the last line break as a line of its reply.

    That is so unless it is a prompt, or may be a question: one that was answered, or one that may
    come because arguments are missing. What a program says when it ends is read without it.
    """
    return [
        it if it.ended or it.verb == "unknown" or _is_bare(it) else _read(it, prompts)
        for it in exchanges
    ]


def _is_bare(exchange: Exchange) -> bool:
    """Return whether a command was typed without the arguments that it takes."""
    return exchange.verb in ("connect", "send", "terminate") and not exchange.given


def _read(exchange: Exchange, prompts: Sequence[str]) -> Exchange:
    answered = len(exchange.typed) - 1  # steps that ended in a question, which got an answer
    steps = [
        step if number < answered else _with_rest(step, prompts)
        for number, step in enumerate(exchange.steps)
    ]
    return dataclasses.replace(exchange, steps=tuple(steps))


def _with_rest(output: ConsoleOutput, prompts: Sequence[str]) -> ConsoleOutput:
    known = [prompt for prompt in prompts if prompt.strip()]
    ends = [output.rest.removesuffix(prompt) for prompt in known if output.rest.endswith(prompt)]
    said = min(ends, key=len, default=output.rest).rstrip()
    if not said or asks(said) or is_prompt(output.rest, known):
        return output
    return dataclasses.replace(output, lines=(*output.lines, said), rest="")
