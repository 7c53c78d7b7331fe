"""What every test of the orchestrator runs on: a machine that is taken to have nothing else to do.

Many let a program be late by a fraction of a second. On a busy machine the lab would wait longer,
and would rightly blame no one. Tests of just that override the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.engines.canary.canary import Canary
from orchestrator.runner.lateness import LatenessMeter


@pytest.fixture(autouse=True, scope="module")
def quiet_machine() -> Iterator[None]:
    """Have runs in this process find the machine fine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Canary, "slowness", 1.0)
        patch.setattr(LatenessMeter, "_slowness", lambda *_: 1.0)
        patch.setattr(LatenessMeter, "found", {"late": []})
        yield
