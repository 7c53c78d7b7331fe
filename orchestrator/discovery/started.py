"""How an unknown program is started, and what it said then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator.discovery.evidence import KnownValues, Sample, read_output
from orchestrator.discovery.start_commands import StartCommand
from orchestrator.discovery.trio import Trio
from orchestrator.engines.base import Peer
from orchestrator.patterns import escape
from orchestrator.profile import ConsoleSettings, InputLine, Profile, Start

_NO_KEY_BINDINGS = {"INPUTRC": "/dev/null"}  # the user's key bindings do not apply here


def start_profile(
    name: str, folder: Path, command: StartCommand, port: int, answers: Sequence[str]
) -> Profile:
    """Return a profile that is just enough to start a program."""
    start = Start(
        command=list(command.words), folder=str(folder.resolve()), environment=_NO_KEY_BINDINGS,
        build=[list(words) for words in command.build], packages=list(command.packages),
        answers=[InputLine(type=answer) for answer in answers],
    )  # fmt: skip
    return Profile(name=name, summary="not known yet", port=port, start=start, ready="",
                   console=ConsoleSettings(echo=True), operations={})  # fmt: skip


def greeting_of(trio: Trio, raw: str, peer: Peer, prompts: Sequence[str]) -> Sample:
    """Return the lines that a peer printed at its start, without questions and prompts.

    A prompt may stand in front of any of them: many programs greet from another thread.
    """
    known = KnownValues(frozenset({peer.address}), frozenset({peer.port}))
    questions = [answer.after for answer in trio.answers if answer.after]
    output = read_output(raw, "", [*questions, *prompts])
    rest = output.rest
    for question in questions:  # the answer is not echoed, so more stands behind a question
        rest = rest.removeprefix(question)
    lines = tuple(line for line in output.lines if line not in prompts)
    return Sample(lines, known, peer.name, rest)


def start_of(command: StartCommand, trio: Trio, *, has_line_editor: bool) -> dict[str, Any]:
    """Return how a program was started, as a profile says it."""
    made: dict[str, Any] = {"command": list(command.words), "folder": "."}
    if has_line_editor:
        made["environment"] = dict(_NO_KEY_BINDINGS)
    if command.packages:
        made["packages"] = list(command.packages)
    if command.build:
        made["build"] = [list(words) for words in command.build]
    if trio.answers:
        made["answers"] = [
            {"after": escape(answer.after.strip()), "type": answer.type}
            if answer.after
            else {"type": answer.type}
            for answer in trio.answers
        ]
    return made
