"""The package as users get it: built, and installed into an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest

from tests.orchestrator.support import ROOT

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(120)]

SCENARIO = """
name: hello
why: Two peers talk.
peers: [alice, bob]
steps:
  - connect: {at: alice, to: bob}
"""
TEST = """
from peerlab import Lab

def test_hello(lab: Lab) -> None:
    alice, bob = lab.peers("alice", "bob")
    assert alice.connect(bob)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of an environment with the wheel that is built from the sdist.

    The packages that it needs are those of this environment: to fetch them takes a network.
    """
    folder = tmp_path_factory.mktemp("built")
    _call(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder), cwd=ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    sources = folder / sdist.name.removesuffix(".tar.gz")
    _call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=sources)
    (wheel,) = folder.glob("*.whl")
    _call(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"), cwd=folder)
    programs = folder / "venv/bin"
    pip = (sys.executable, "-m", "pip", "--python", str(programs / "python"))
    _call(*pip, "install", "-q", "--no-deps", "--no-index", str(wheel), cwd=folder)
    (packages,) = (folder / "venv/lib").glob("python*/site-packages")
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib"))
    return programs


def _call(*words: str, cwd: Path) -> str:
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(words, cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("how", [["peerlab"], ["python", "-m", "peerlab"]])
def test_it_runs_a_scenario_with_its_own_peer(
    installed: Path, tmp_path: Path, how: list[str]
) -> None:
    (tmp_path / "hello.yaml").write_text(SCENARIO)
    words = [str(installed / how[0]), *how[1:]]
    assert "hello: valid" in _call(*words, "run", "hello.yaml", "--engine", "process", cwd=tmp_path)


def test_its_code_is_not_that_of_the_checkout(installed: Path, tmp_path: Path) -> None:
    said = "import peerlab, orchestrator; print(peerlab.__file__, orchestrator.__file__)"
    for path in _call(str(installed / "python"), "-c", said, cwd=tmp_path).split():
        assert Path(path).is_relative_to(installed.parent)


def test_it_has_the_documentation_and_the_schemas(installed: Path, tmp_path: Path) -> None:
    peerlab = str(installed / "peerlab")
    *_, last = _call(peerlab, "docs", cwd=tmp_path).splitlines()
    there = Path(last.removeprefix("they are in "))
    assert there.is_relative_to(installed.parent)
    for page in (ROOT / "docs").iterdir():
        assert (there / page.name).read_bytes() == page.read_bytes()
    assert _call(peerlab, "docs", "cli", cwd=tmp_path) == (ROOT / "docs/cli.md").read_text()


def test_tests_import_its_public_names(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "test_hello.py").write_text(TEST)
    words = ["-m", "pytest", "-q", "--peerlab-engine", "process", "test_hello.py"]
    assert "1 passed" in _call(str(installed / "python"), *words, cwd=tmp_path)
