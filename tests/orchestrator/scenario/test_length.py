"""How long steps take at least."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import scenario
from orchestrator.scenario.steps import least_seconds

HEAD = "name: long\nwhy: It takes a while.\npeers: [alice, bob]\nsteps:\n"


@pytest.mark.parametrize(
    ("steps", "seconds"),
    [
        ("  - list: alice\n", 0.0),
        ("  - pause: {at: alice, for: 60}\n  - isolate: {at: bob, for: 2.5}\n", 62.5),
        ("  - repeat: {times: 5, every: 2, steps: [list: alice]}\n", 8.0),
        ("  - repeat: {times: 5, every: 2, steps: [{pause: {at: bob, for: 3}}]}\n", 15.0),
        ("  - repeat: {times: 5, steps: [{pause: {at: bob, for: 3}}]}\n", 15.0),
        ("  - isolate: {at: bob, during: [{pause: {at: alice, for: 4}}, list: bob]}\n", 4.0),
        ("  - chaos: {seed: 1, for: 30}\n", 30.0),
        (("  - schedule:\n    - {when: 5, isolate: {at: bob, for: 2}}\n"
         "    - {when: 6, heal: all}\n"), 7.0),
        (("  - parallel:\n    - [{pause: {at: bob, for: 3}}]\n"
         "    - [{repeat: {times: 3, every: 2, steps: [list: alice]}}]\n"), 4.0),
    ],
)  # fmt: skip
def test_what_steps_take(tmp_path: Path, steps: str, seconds: float) -> None:
    file = tmp_path / "long.yaml"
    file.write_text(HEAD + steps)
    assert least_seconds(scenario.load(file).steps) == pytest.approx(seconds)
