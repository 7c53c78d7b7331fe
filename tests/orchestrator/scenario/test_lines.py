"""The line of each step in its file."""

from __future__ import annotations

from pathlib import Path

from orchestrator import scenario
from orchestrator.scenario.steps import flatten
from tests.orchestrator.scenario.test_roles import write


def test_every_step_knows_its_line(tmp_path: Path) -> None:
    here = tmp_path / "one.yaml"
    here.write_text(
        "name: one\nwhy: w\npeers: [alice, bob]\nconnections: line\n"
        "steps:\n"
        "  - repeat:\n      times: 2\n      steps:\n"  # line 6
        "        - list: alice\n"
        "        - kill: {at: bob, during: [{list: alice},\n"  # line 10
        "            {list: alice}]}\n"
        "  - parallel:\n"
        "      - [{list: alice}]\n"
        "      - - list: bob\n"
        "  - schedule:\n"
        "      - {when: 2, kill: bob}\n"
        "      - {when: 1, pause: alice}\n"
    )
    found = scenario.load(here)
    lines = [(step.verb, step.line) for step in flatten(found.steps)]
    assert lines == [
        ("repeat", 6), ("list", 9), ("kill", 10), ("list", 10), ("list", 11),
        ("parallel", 12), ("list", 13), ("list", 14), ("schedule", 15),
    ]  # fmt: skip
    entries = found.steps[-1].schedule or []
    assert [(entry.when, entry.line) for entry in entries] == [(1, 17), (2, 16)]
    assert found.connections_line == 4


def test_the_steps_of_a_role_have_the_line_of_the_step(tmp_path: Path) -> None:
    path = write(tmp_path, "  - keys: server1\n  - put: {at: servers, key: x, value: 1}\n")
    alone, both = scenario.load(path).steps
    assert alone.line == 5
    assert [branch[0].line for branch in both.parallel or ()] == [6, 6]
