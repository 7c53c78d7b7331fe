"""Fixtures of every test of runs."""

from __future__ import annotations

import pytest

from orchestrator.runner import disconnect as tidying


@pytest.fixture(autouse=True)
def _patient_tidying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let peers have the time that a busy machine takes: who is late does not serve again."""
    monkeypatch.setattr(tidying, "_WITHIN", 40.0)
    monkeypatch.setattr(tidying, "_ANSWER_WITHIN", 5.0)
