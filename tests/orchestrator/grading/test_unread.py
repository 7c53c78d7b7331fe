"""What a profile cannot read is never held against its program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.unread import grade, mistakes, spoilt

_PATTERNS = ["ready", "operations-connect-ok-0", "notices-message-0-block-0"]
_TESTS = ["dial", "message"]


@pytest.mark.thorough
@pytest.mark.timeout(120)
def test_no_pattern_that_does_not_match_costs_a_point(tmp_path: Path) -> None:
    """A few patterns; `python -m tests.examples.unread` does all of them."""
    homes = [*spoilt(tmp_path / "programs", _PATTERNS.__contains__)]
    done = grade(homes, tmp_path / "runs", _TESTS, jobs=2)
    assert mistakes(done) == []
    assert {one.program for one in done if not one.is_certain} == {*_PATTERNS}
