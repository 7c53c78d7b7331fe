"""The shipped scenarios through the plugin: here some on Docker, and what is not valid.

All of them on processes are tests of their own: see `testpaths` in pyproject.toml.
"""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.e2e.support import LONG, SHORT, peerlab
from tests.orchestrator.support import ROOT

pytestmark = pytest.mark.timeout(150)  # on a busy machine

SOME = ["demo", "texts-that-deceive", "exit-in-the-middle"]


@pytest.mark.docker
def test_some_on_docker(pytester: pytest.Pytester) -> None:
    files = [str(ROOT / f"scenarios/{name}.yaml") for name in SOME]
    done = pytester.runpytest_inprocess(
        "-p", "no:hypothesispytest", "--peerlab-engine=docker", *files
    )
    done.assert_outcomes(passed=len(SOME))
    done.stdout.fnmatch_lines([f"{len(SOME)} runs on docker *"])


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
    cases = ET.parse(pytester.path / "out.xml").iter("testcase")
    found = {case.attrib["name"]: verdict(case) for case in cases}
    done = peerlab("run", str(folder), "--engine", "process", "--runs", str(tmp_path), "--json")
    runs = json.loads(done.stdout)["runs"]
    assert found == {run["scenario"]: run["verdict"] for run in runs}
    assert {*found.values()} == {"valid", "invalid", "unknown"}


def verdict(case: ET.Element) -> str:
    """Return the verdict of a test in a JUnit report."""
    properties = {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
    return properties["peerlab_verdict"]
