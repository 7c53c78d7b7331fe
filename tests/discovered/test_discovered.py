"""A profile is found out, and grades as the one that was made by hand.

`python -m tests.discovered` does it with all examples and the whole suite.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.grading import rubric as rubrics
from orchestrator.scenario import EngineName
from tests.discovered.trial import discovered
from tests.examples.trial import differences, graded

_TESTS = ["message", "end-at-the-other", "same-ids", "blanks-within", "told-of-a-connection"]
"""Tests of the suite that take a second or two each."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", ["menu", "silent"])
def test_a_profile_that_was_found_out_grades(name: str, tmp_path: Path) -> None:
    found = discovered(name, EngineName.PROCESS, tmp_path / "peers")
    assert found.is_written, found.said
    suite = rubrics.load(rubrics.CONFORMANCE).only(_TESTS)
    done = graded([found.folder], EngineName.PROCESS, tmp_path / "runs", jobs=2, suite=suite)
    assert [each.program for each in done] == [name]
    assert len(done[0].results) == len(_TESTS)
    assert not differences(done[0], EngineName.PROCESS)
