"""What a busy machine left unknown is run again, scenario files and tests of a lab alike."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from orchestrator.runner.lateness import LatenessMeter
from tests.orchestrator.pytest_plugin.test_plugin import _on_processes, hello, properties, scenarios

__all__ = ["_on_processes"]  # a fixture


@pytest.mark.parametrize(
    ("late", "runs", "verdict"),
    [(1, 2, "invalid"), pytest.param(9, 3, "unknown", marks=pytest.mark.thorough)],
)
def test_what_a_busy_machine_left_unknown_is_run_again(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    late: int,
    runs: int,
    verdict: str,
) -> None:
    states = iter([{"late": [{"since": 0.0, "by": 60.0}]}] * late + [{}] * 9)
    monkeypatch.setattr(LatenessMeter, "found", property(lambda _: next(states)))
    scenarios(pytester, one=hello("one", "something else"))
    done = pytester.runpytest("scenarios")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines([f"*one - {verdict}: expectations*"])
    assert len([*pytester.path.glob("runs/one/2*")]) == runs


@pytest.mark.parametrize(
    ("how", "late", "runs", "verdict"),
    [
        ("act", 9, 3, "unknown"),
        pytest.param("verdict", 1, 2, "invalid", marks=pytest.mark.thorough),
    ],
)
def test_a_test_of_a_lab_that_a_busy_machine_failed_is_run_again(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    late: int,
    runs: int,
    verdict: str,
) -> None:
    states = iter([{"late": [{"since": 0.0, "by": 60.0}]}] * late + [{}] * 9)
    monkeypatch.setattr(LatenessMeter, "found", property(lambda _: next(states)))
    pytester.makepyfile(
        test_one="""
        import pytest

        @pytest.mark.peerlab(limits={"expect": 0.2, "settle": 0.1})
        def test_act(lab, tmp_path):
            (tmp_path / "new").mkdir()
            lab.peer("alice").expect_line("never", within=0.3)

        @pytest.mark.peerlab(limits={"expect": 0.2, "settle": 0.1})
        def test_verdict(lab, tmp_path):
            (tmp_path / "new").mkdir()
            with pytest.raises(AssertionError):
                lab.peer("alice").expect_line("never", within=0.3)
        """
    )
    done = pytester.runpytest("-k", how, "--junitxml=out.xml")
    done.assert_outcomes(failed=1)
    (case,) = ET.parse(pytester.path / "out.xml").iter("testcase")
    found = properties(case)
    assert found["peerlab_verdict"] == verdict
    assert found["peerlab_repeated"] == str(runs - 1)
    assert len([*pytester.path.glob(f"runs/test-{how}/2*")]) == runs
