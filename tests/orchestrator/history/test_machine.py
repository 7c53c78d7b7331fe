"""How much a machine could do, as the history's line says."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.history.machine import Machine

STALL = {"since": 2.0, "by": 1.0}
CROWD = {"since": 4.0, "until": 6.0, "by": 4.0}


@pytest.mark.parametrize(
    ("fields", "given"),
    [
        ({}, 10.0),
        ({"late": [STALL]}, 9.0),
        ({"canary": {"late": [STALL]}}, 9.0),
        ({"late": [STALL], "canary": {"late": [{"since": 2.5, "by": 1.0}]}}, 8.5),
        ({"late": [{"since": 9.5, "by": 5.0}]}, 9.5),
        ({"crowded": [CROWD]}, 8.5),
        ({"late": [STALL], "crowded": [CROWD]}, 7.5),
        ({"crowded": [{"since": 0.0, "until": 99.0, "by": 2.0}]}, 5.0),
        ({"late": [{"since": 0.0, "by": 99.0}], "crowded": [CROWD]}, 0.0),
    ],
)
def test_what_programs_were_given(fields: dict[str, Any], given: float) -> None:
    assert Machine(fields).given(0.0, 10.0) == pytest.approx(given)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, ""),
        ({"late": [STALL], "waited": 0.9}, "; the machine was up to 1.0 s late around then"),
        ({"canary": {"late": [{"since": 5.0, "by": 3.1}]}},
         "; the machine was up to 3.1 s late around then"),
        ({"late": [STALL], "crowded": [CROWD]},
         "; the machine was up to 1.0 s late around then, and 4 programs wanted each processor"),
        ({"crowded": [CROWD]}, "; the machine was busy: 4 programs wanted each processor"),
        ({"late": [{"since": 70.0, "by": 3.1}], "waited": 0.5},
         "; the machine was busy: programs waited for a CPU 50% of the run"),
    ],
)  # fmt: skip
def test_how_it_is_named(fields: dict[str, Any], says: str) -> None:
    assert Machine(fields).says(5.0) == says


def test_whether_it_was_busy_at_all() -> None:
    fine = Machine({"late": [], "canary": {"trips": 9, "late": []}, "waited": 0.9})
    late, crowded = Machine({"canary": {"late": [STALL]}}), Machine({"crowded": [CROWD]})
    assert [one.was_busy for one in (fine, late, crowded)] == [False, True, True]
    assert (fine.summary, late.summary) == ("", "it was up to 1.0 s late")
    assert crowded.summary == "up to 4 programs wanted each processor"
