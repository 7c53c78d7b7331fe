"""`python -m tests.agreement`: every shipped scenario with pytest and with `peerlab run`.

Exit status 0 only if both find every scenario valid, on the process engine; else 1.
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
_PEERLAB = str(Path(sys.executable).with_name("peerlab"))
_ENGINE = "process"
_JOBS = "4"  # most scenarios wait most of the time

Verdicts = dict[str, str]
"""By scenario."""


def of_report(path: Path) -> Verdicts:
    """Return the verdicts in a JUnit report of pytest; `none` for a test that was not judged.

    Skipped tests are left out, as `peerlab run` leaves such scenarios out.
    """
    cases = [case for case in ET.parse(path).iter("testcase") if case.find("skipped") is None]
    return {case.attrib["name"]: _verdict(case) for case in cases}


def _verdict(case: ET.Element) -> str:
    properties = {node.attrib["name"]: node.attrib["value"] for node in case.iter("property")}
    return properties.get("peerlab_verdict", "none")


def of_runs(printed: str) -> Verdicts:
    """Return the verdicts that `peerlab run --json` printed."""
    return {run["scenario"]: run["verdict"] for run in json.loads(printed)["runs"]}


def differences(by_pytest: Mapping[str, str], by_peerlab: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for every scenario on which the two differ."""
    for name in sorted({*by_pytest, *by_peerlab}):
        one, other = by_pytest.get(name, "not run"), by_peerlab.get(name, "not run")
        if one != other:
            yield f"{name}: {one} by pytest, {other} by peerlab run"


def main() -> int:
    """Run everything twice; return the exit status."""
    with tempfile.TemporaryDirectory(prefix="peerlab-agreement-") as name:
        folder = Path(name)
        tested = subprocess.run(
            [sys.executable, "-m", "pytest", "scenarios/", "-q", "-n", _JOBS,
             "--peerlab-engine", _ENGINE, "--peerlab-runs", folder / "tested",
             f"--junitxml={folder / 'report.xml'}"],
            cwd=ROOT, check=False,
        )  # fmt: skip
        ran = subprocess.run(
            [_PEERLAB, "run", "scenarios/", "--jobs", _JOBS, "--engine", _ENGINE,
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
