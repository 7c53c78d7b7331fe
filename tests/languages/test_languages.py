"""Programs that are started by the first guess; `python -m tests.languages` tries all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.discovery.start_commands import start_commands
from tests.languages.trial import problem, put
from tests.orchestrator.support import LivePeers


@pytest.mark.parametrize(
    "name", ["python-script", pytest.param("bash", marks=pytest.mark.thorough)]
)
def test_a_program_is_started_and_answers(
    tmp_path: Path, shared_engine: LivePeers, name: str
) -> None:
    folder = put(tmp_path, name)
    assert not problem(shared_engine.engine, folder, start_commands(folder)[0])
