"""`python -m tests.agreement`: every shipped scenario by pytest and by `peerlab run`, on processes.

Exit status 0 only if both gave the same verdict on each, and every one is valid; else 1.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[1]
_BESIDE = str(Path(sys.executable).with_name("peerlab"))
_ENGINE = "process"
_AT_ONCE = "2"  # scenarios

Verdicts = dict[str, str]
"""By the names of the scenarios."""


def of_report(path: Path) -> Verdicts:
    """Return the verdicts in a JUnit report of pytest; `none` of a test that was not judged.

    What was skipped is left out, as `peerlab run` leaves it out.
    """
    cases = [case for case in ET.parse(path).iter("testcase") if case.find("skipped") is None]
    return {case.attrib["name"]: _verdict(case) for case in cases}


def _verdict(case: ET.Element) -> str:
    properties = {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
    return properties.get("peerlab_verdict", "none")


def of_runs(printed: str) -> Verdicts:
    """Return the verdicts that `peerlab run --json` printed."""
    return {run["scenario"]: run["verdict"] for run in json.loads(printed)["runs"]}


def differences(by_pytest: Mapping[str, str], by_peerlab: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each scenario on which the two do not agree."""
    for name in sorted({*by_pytest, *by_peerlab}):
        one, other = by_pytest.get(name, "not run"), by_peerlab.get(name, "not run")
        if one != other:
            yield f"{name}: {one} by pytest, {other} by peerlab run"


def main() -> int:
    """Run everything twice; return the exit status."""
    with tempfile.TemporaryDirectory(prefix="peerlab-agreement-") as name:
        folder = Path(name)
        tested = subprocess.run(
            [sys.executable, "-m", "pytest", "scenarios/", "-q", "-n", _AT_ONCE,
             "--peerlab-engine", _ENGINE, "--peerlab-runs", folder / "tested",
             f"--junitxml={folder / 'report.xml'}"],
            cwd=ROOT, check=False,
        )  # fmt: skip
        ran = subprocess.run(
            [_BESIDE, "run", "scenarios/", "--jobs", _AT_ONCE, "--engine", _ENGINE,
             "--runs", folder / "ran", "--json"],
            cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        by_pytest, by_peerlab = of_report(folder / "report.xml"), of_runs(ran.stdout)
    wrong = [*differences(by_pytest, by_peerlab)]
    print(*wrong, f"{len(by_pytest)} scenarios by pytest, {len(by_peerlab)} by peerlab run, "  # noqa: T201
          f"{len(wrong)} differences", sep="\n")  # fmt: skip
    return int(bool(wrong or not by_pytest or tested.returncode or ran.returncode))


if __name__ == "__main__":
    sys.exit(main())
