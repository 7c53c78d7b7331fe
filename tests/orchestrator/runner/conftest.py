"""Fixtures of every test of runs."""

from __future__ import annotations

import pytest

from orchestrator.runner import disconnect


@pytest.fixture(autouse=True)
def _patient_disconnect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let peers have the time that a busy machine takes: who is late does not serve again."""
    monkeypatch.setattr(disconnect, "_WITHIN", 40.0)
    monkeypatch.setattr(disconnect, "_ANSWER_WITHIN", 5.0)
