"""Let `discover` learn a simulated program, or run a real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator import profile
from orchestrator.discovery import discover as discovery
from orchestrator.discovery.draft import Draft
from orchestrator.discovery.start_commands import StartCommand
from orchestrator.discovery.trio import NAMES, Trio
from orchestrator.engines import thread_waits
from orchestrator.engines.choose import choose
from orchestrator.profile import ConsoleSettings, InputLine, Profile, Reader, Start
from orchestrator.scenario import EngineName

Learned = Callable[..., tuple[Profile, Reader, list[str]]]
"""Learns a simulated program, see the fixture `learned`."""

needs_kernel = pytest.mark.skipif(
    not thread_waits.IS_KNOWN_HERE, reason="the kernel of this machine does not say it"
)

COMMANDS = [StartCommand(("{python}", "chat.py", "{port}"), "a guess")]


def learn(
    folder: Path, trio: Any, monkeypatch: pytest.MonkeyPatch, *, is_chat: bool = True
) -> Draft:
    """Return the draft that `discover` makes of a simulated program."""
    monkeypatch.setattr(discovery, "Trio", lambda *_: trio)
    engine: Any = None
    return discovery.discover(engine, folder, COMMANDS, 5000, lambda _: None, is_chat=is_chat)


def loaded(folder: Path, draft: Draft) -> Profile:
    """Return the profile that a draft writes."""
    file = folder / "profile.yaml"
    file.write_text(draft.to_yaml())
    return profile.load(str(file))


@contextmanager
def running(
    folder: Path,
    program: str,
    *arguments: str,
    names: Sequence[str] = NAMES,
    answers: Sequence[InputLine] = (),
) -> Iterator[Trio]:
    """Run a program in Python as several processes, and close their consoles at the end.

    Args:
        folder: where it is written.
        program: its text.
        arguments: of its command line, with `{port}` and the like.
        names: the peers that are started.
        answers: what to answer to its first questions.
    """
    (folder / "chat.py").write_text(program)
    command = ["{python}", "chat.py", *arguments]
    start = Start(command=command, folder=str(folder), answers=list(answers))
    settings = Profile(name="it", summary="it", port=5000, start=start, ready="",
                       console=ConsoleSettings(echo=True), operations={})  # fmt: skip
    with choose(EngineName.PROCESS, lambda _: None) as engine:
        trio = Trio(engine, settings, lambda _: None)
        trio.start(names)
        yield trio
        trio.close()
