"""Starts one program by a guessed command, and types a line."""

from __future__ import annotations

import time
from pathlib import Path

from orchestrator.discovery.start_commands import StartCommand
from orchestrator.discovery.trio import Trio
from orchestrator.engines.base import Engine
from orchestrator.profile import ConsoleSettings, Profile, Start
from tests.languages.programs import PROGRAMS

_WITHIN = 60.0  # seconds for an answer, on a busy machine too


def put(home: Path, name: str) -> Path:
    """Write a program's files; return its folder."""
    folder = home / name
    for path, text in PROGRAMS[name].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    return folder


def problem(engine: Engine, folder: Path, command: StartCommand) -> str:
    """Return what is wrong with a program once it is built and started; empty if nothing is."""
    start = Start(
        command=list(command.words), folder=str(folder), packages=list(command.packages),
        build=[list(words) for words in command.build],
    )  # fmt: skip
    profile = Profile(name=folder.name, summary="it", port=5000, start=start, ready="",
                      console=ConsoleSettings(echo=True), operations={})  # fmt: skip
    trio = Trio(engine, profile, lambda _: None)
    try:
        trio.start(["alice"])
        wanted, seen = f"port {trio.peer('alice').port}", trio.greeting["alice"]
        deadline = time.monotonic() + _WITHIN
        while "got hello" not in seen and time.monotonic() < deadline:
            seen += "\n".join(trio.type("alice", "hello", []).lines)
        return "" if wanted in seen and "got hello" in seen else f"said {seen!r}"
    finally:
        trio.close()
