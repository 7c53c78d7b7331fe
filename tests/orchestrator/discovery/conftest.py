"""Fixtures for learning programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.profile import Profile, Reader
from tests.orchestrator.discovery.learning import Learned, learn, loaded
from tests.orchestrator.discovery.simulated import Chat, SimulatedTrio, Style


@pytest.fixture
def learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Learned:
    """Learn a program; return its profile, its reader and what was noted on the way."""

    def one(program: type[Chat], **style: Any) -> tuple[Profile, Reader, list[str]]:
        draft = learn(tmp_path, SimulatedTrio(Style(**style), program), monkeypatch)
        found = loaded(tmp_path, draft)
        notes = [note.understood for note in draft.notes if note.what == "on the way"]
        return found, Reader(found), notes

    return one
