"""Scenarios through the plugin: in `make thorough` one on Docker, and the command's verdicts.

All shipped scenarios, on processes, with both: `python -m tests.agreement`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import agreement
from tests.e2e.support import LONG, SHORT
from tests.orchestrator.cli.support import peerlab
from tests.orchestrator.support import ROOT

pytestmark = pytest.mark.timeout(150)  # on a busy machine

ONE = ROOT / "scenarios/texts-that-deceive.yaml"


@pytest.mark.docker
@pytest.mark.thorough  # test_plugin.py has a partition on Docker
def test_one_on_docker(pytester: pytest.Pytester) -> None:
    done = pytester.runpytest_inprocess(
        "-p", "no:hypothesispytest", "--peerlab-engine=docker", str(ONE)
    )
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["1 run on docker *"])


@pytest.mark.thorough  # `.ci/run` has every shipped scenario
def test_the_plugin_and_the_command_agree(pytester: pytest.Pytester, tmp_path: Path) -> None:
    folder = pytester.mkdir("scenarios")
    texts = {
        "short": SHORT,
        "long": LONG.replace("within: 60", "within: 0.1"),
        "endless": "limits: {total: 0.05}\n" + LONG.replace("name: long", "name: endless").replace(
            "  - expect: ", "  - repeat: {times: 1000, steps: [{list: bob}]}\n  - expect: "
        ),
    }  # fmt: skip
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    words = ["scenarios", "--peerlab-engine", "process", "--junitxml=out.xml"]
    pytester.runpytest_inprocess("-p", "no:hypothesispytest", *words)
    found = agreement.of_report(pytester.path / "out.xml")
    done = peerlab("run", str(folder), "--engine", "process", "--runs", str(tmp_path), "--json")
    assert found == agreement.of_runs(done.stdout)
    assert {*found.values()} == {"valid", "invalid", "unknown"}


def test_differences_are_listed() -> None:
    one = {"both": "valid", "other": "valid", "tested": "none"}
    other = {"both": "valid", "other": "invalid", "ran": "valid"}
    assert [*agreement.differences(one, other)] == [
        "other: valid by pytest, invalid by peerlab run",
        "ran: not run by pytest, valid by peerlab run",
        "tested: none by pytest, not run by peerlab run",
    ]
