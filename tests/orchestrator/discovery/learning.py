"""Let `discover` learn a simulated program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator import profile
from orchestrator.discovery import discover as discovery
from orchestrator.discovery.draft import Draft
from orchestrator.discovery.start_commands import StartCommand
from orchestrator.profile import Profile, Reader

Learned = Callable[..., tuple[Profile, Reader, list[str]]]
"""Learns a simulated program, see the fixture `learned`."""

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
