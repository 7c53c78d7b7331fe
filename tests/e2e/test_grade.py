"""`peerlab grade` as people use it: files, statuses, Ctrl-C and resuming."""

from __future__ import annotations

import csv
import html
import json
import re
import shlex
import signal
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.e2e.support import BUSY, start
from tests.orchestrator.cli.support import peerlab, peerlab_on_docker
from tests.orchestrator.grading.submissions import DIES, disaster, right, rubric, squeezing
from tests.orchestrator.support import marked_processes, until

pytestmark = pytest.mark.timeout(150)  # whole gradings, on a busy machine

LONG = """name: long
why: Bob waits for a message that never comes.
peers: [alice, bob]
steps:
  - expect: {at: bob, from: alice, message: never, within: 60}
"""


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """The options of every command here: the rubric, the engine, the folder."""
    return ["--rubric", str(rubric(tmp_path)), "--engine", "process", "--output",
            str(tmp_path / "grades")]  # fmt: skip


def test_a_folder_of_submissions(tmp_path: Path, words: list[str]) -> None:
    home = tmp_path / "submissions"
    right(home, "anna")
    squeezing(home, "bert")
    disaster(home, "cleo", DIES)
    done = peerlab("grade", str(home), *words, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert "warning: on the process engine programs run as you" in done.stderr
    assert "anna: 10 of 8 points, 2 of them extra; passes" in done.stdout
    assert "bert: 7 of 8 points" in done.stdout
    assert "cleo: 0 of 8 points; does not pass" in done.stdout
    output = tmp_path / "grades"
    rows = list(csv.DictReader((output / "grades.csv").read_text().splitlines()))
    assert [(row["program"], row["points"]) for row in rows] == [
        ("anna", "10"), ("bert", "7"), ("cleo", "0"),
    ]  # fmt: skip
    assert len(list(ET.parse(output / "junit.xml").getroot())) == 3
    page = (output / "bert/report.html").read_text()
    assert "only blanks changed" in page
    assert "alice's console" in page
    assert json.loads((output / "bert/results.json").read_text())["tests"][1]["score"] == 0
    place = next(line for line in done.stdout.splitlines() if "blanks: peerlab report" in line)
    folder = place.split("peerlab report ")[1].split("   #")[0]
    assert peerlab("report", folder).returncode == 1, "the evidence is where it says"

    required = peerlab("grade", str(home), *words, "--require", "--json")
    assert required.returncode == 1
    data = json.loads(required.stdout)
    assert [program["points"] for program in data["programs"]] == [10, 7, 0]
    assert data["programs"][1]["findings"] == {"blanks": ["changes"]}
    assert peerlab("grade", str(home / "anna"), *words, "--require").returncode == 0


def test_one_profile_for_all(tmp_path: Path, words: list[str]) -> None:
    common = squeezing(tmp_path / "teacher", "common")
    for name in ("carl", "dana"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "chat.py").write_text((common / "chat.py").read_text())
    named = ["--profile", str(common / "profile.yaml"), "--only", "blanks"]
    done = peerlab("grade", str(tmp_path / "in"), *words, *named)
    assert done.returncode == 0, done.stderr
    assert "carl: 0 of 3 points" in done.stdout
    assert "dana: 0 of 3 points" in done.stdout
    assert f"with {common}/profile.yaml: {tmp_path}/in/carl, {tmp_path}/in/dana" in done.stderr
    page = html.unescape((tmp_path / "grades/dana/report.html").read_text())
    again = re.search("again: <code>(peerlab grade .*)</code>. The whole", page)
    assert again
    assert peerlab(*shlex.split(again[1])[1:]).returncode == 0
    rows = list(csv.DictReader((tmp_path / "grades/grades.csv").read_text().splitlines()))
    assert [(row["program"], row["passes"]) for row in rows] == [("carl", ""), ("dana", "")]


def test_a_profile_that_is_wrong(tmp_path: Path, words: list[str]) -> None:
    right(tmp_path / "in", "anna")
    (tmp_path / "in/bert").mkdir()
    (tmp_path / "in/bert/profile.yaml").write_text("name: bert\n")
    done = peerlab("grade", str(tmp_path / "in"), *words)
    assert done.returncode == 2
    assert "anna: 10 of 8 points" in done.stdout
    assert "profile.yaml:1:1: key 'console' is missing" in (
        tmp_path / "grades/bert/report.html"
    ).read_text().replace("&#39;", "'")


@pytest.mark.parametrize("more", [["--only", "helo"], ["--rubric", "nowhere.yaml"]])
def test_mistakes_of_the_command(tmp_path: Path, words: list[str], more: list[str]) -> None:
    done = peerlab("grade", "peerlab", *words, *more)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")


def test_ctrl_c_and_the_same_command_again(tmp_path: Path) -> None:
    right(tmp_path / "in", "anna")
    path = rubric(tmp_path, "hello")
    (tmp_path / "long.yaml").write_text(LONG)
    path.write_text(path.read_text() + "  - {test: long, points: 1}\n")
    output = tmp_path / "grades"
    command = ["grade", str(tmp_path / "in"), "--rubric", str(path), "--engine", "process",
               "--output", str(output), "--jobs", "1"]  # fmt: skip
    kept = output / "anna/kept"

    run = start(command)
    try:
        until(lambda: list(output.glob("anna/runs/long/2*/history.jsonl")), "the last test", BUSY)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode == 130
    assert "1 of 2 tests are done and kept: run the same command again" in said
    assert "Traceback" not in said
    assert [pid for pid, owner in marked_processes() if owner.pid == run.pid] == []
    (row,) = csv.DictReader((output / "grades.csv").read_text().splitlines())
    assert (row["points"], row["long: result"]) == ("5", "not run")
    assert "not done yet" in (output / "anna/report.html").read_text()
    before = {path.name: path.stat().st_mtime_ns for path in kept.iterdir()}
    assert set(before) == {"hello.json"}

    (tmp_path / "long.yaml").write_text(LONG.replace("within: 60", "within: 0.1"))
    done = peerlab(*command)
    assert done.returncode == 0, done.stderr
    assert (kept / "hello.json").stat().st_mtime_ns == before["hello.json"], "it is not run again"
    assert "anna: 5 of 6 points" in done.stdout
    again = peerlab(*command, "--again", "--only", "hello")
    assert again.returncode == 0
    (row,) = csv.DictReader((output / "grades.csv").read_text().splitlines())
    assert row["points"] == "5"
    assert (kept / "hello.json").stat().st_mtime_ns > before["hello.json"]


@pytest.mark.docker
@pytest.mark.parametrize(
    ("tests", "points"),
    [(["blanks"], "0 of 3"), pytest.param([], "7 of 8", marks=pytest.mark.thorough)],
)
def test_on_docker(tmp_path: Path, tests: list[str], points: str) -> None:
    squeezing(tmp_path / "in", "bert", packed=True)
    words = ["--rubric", str(rubric(tmp_path, *tests)), "--output", str(tmp_path / "grades")]
    done = peerlab_on_docker(
        "grade", str(tmp_path / "in"), *words, "--engine", "docker", "--jobs", "1"
    )
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    assert f"bert: {points} points" in done.stdout
    assert "only blanks changed" in (tmp_path / "grades/bert/report.html").read_text()
