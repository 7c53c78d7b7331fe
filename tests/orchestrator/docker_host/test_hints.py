"""What helps if Docker does not answer: each command's hint is right for it."""

from __future__ import annotations

import pytest

from tests.orchestrator.cli.support import peerlab

_SCENARIO = "scenarios/hello.yaml"
_NO_MESH = (
    "a mesh needs it, to keep consoles that you can attach to; without it,"
    " `peerlab run SCENARIO --engine process` runs peers for a scenario"
)
_THERE = "the peers of a mesh are there, and their faults"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("up", _NO_MESH),
        ("down", _THERE),
        ("fault kill alice", _THERE),
        (f"run {_SCENARIO} --engine docker", "`--engine process` does without it"),
        (f"run {_SCENARIO} --keep", "without --keep, `--engine process` does without it"),
    ],
)
def test_what_helps_without_docker(words: str, hint: str) -> None:
    done = peerlab(*words.split(), columns=500)
    assert done.returncode == 2
    assert f"hint: start Docker, which should listen at /nonexistent; {hint}\n" in done.stderr
