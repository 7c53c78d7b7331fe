"""`peerlab interop`: every pair both ways, judged on evidence that each cell leads to."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.grading.matrix import Cell, Matrix
from orchestrator.grading.results import Outcome, Result
from orchestrator.history.runs import transcript
from orchestrator.history.transcript import Transcript
from orchestrator.report.grading.formats import matrix_as_csv, matrix_as_data
from orchestrator.report.grading.pages import matrix_page
from orchestrator.report.grading.tables import print_matrix
from tests.e2e.support import PEERLAB, environment, peerlab

HERE = Path(__file__).parent
TESTS = ["connects", "sends", "answers", "ends"]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a matrix of our peer, a plain chat and one that cannot be read leaves behind."""
    folder = tmp_path_factory.mktemp("interop")
    words = [
        "interop",
        "peerlab",
        str(HERE),
        "--trust",
        "--engine",
        "process",
        "--output",
        str(folder),
    ]
    done = subprocess.run([PEERLAB, *words], capture_output=True, text=True, env=environment(),
                          timeout=180, check=False)  # fmt: skip
    (folder / "said").write_text(done.stdout)
    assert done.returncode == 2, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pairs(output: Path) -> dict[tuple[str, str], dict[str, dict[str, str]]]:
    data = json.loads((output / "interop.json").read_text())
    assert data["programs"] == ["peerlab", "plain", "riddle"]
    return {(each["dialler"], each["dialled"]): each["results"] for each in data["pairs"]}


@pytest.mark.parametrize(
    ("engine", "build", "says"),
    [
        ("process", "", "exited with status 1"),
        ("process", "  build: [['{python}', chat.py]]\n", "cannot be built"),
        pytest.param("docker", "", "exited with status 1", marks=pytest.mark.docker),
    ],
)
def test_what_does_not_start_is_marked_alike_whoever_comes_first(
    tmp_path: Path, engine: str, build: str, says: str
) -> None:
    fine, broken = tmp_path / "fine", tmp_path / "broken"
    for folder in (fine, broken):
        shutil.copytree(HERE / "plain", folder)
        look = (folder / "profile.yaml").read_text()
        (folder / "profile.yaml").write_text(look.replace("name: plain", f"name: {folder.name}"))
    (broken / "chat.py").write_text("def (")
    look = (broken / "profile.yaml").read_text()
    (broken / "profile.yaml").write_text(look.replace("start:\n", f"start:\n{build}"))
    found = []
    for order in ([fine, broken], [broken, fine]):
        output = tmp_path / f"out-{order[0].name}"
        words = ["interop", *map(str, order), "--engine", engine, "--output", str(output)]
        done = peerlab(*words)
        assert done.returncode == 0, done.stderr
        assert "! one of the two does not start" in done.stdout
        assert "│ ✗!!! │" in done.stdout
        assert done.stdout.count("!!!!") == 2
        pairs = json.loads((output / "interop.json").read_text())["pairs"]
        found.append({(each["dialler"], each["dialled"]): each["results"] for each in pairs})
    for pair, results in found[0].items():
        assert outcomes(results) == outcomes(found[1][pair])
    assert outcomes(found[0]["fine", "fine"]) == ["passed"] * 4
    assert outcomes(found[0]["broken", "broken"]) == ["failed", *["not run"] * 3]
    for pair in (("fine", "broken"), ("broken", "fine")):
        assert outcomes(found[0][pair]) == ["not run"] * 4
        assert found[0][pair]["connects"]["reason"].startswith("broken does not start: ")
        assert says in found[0][pair]["connects"]["reason"]


def outcomes(results: dict[str, dict[str, str]]) -> list[str]:
    return [results[test]["outcome"] for test in TESTS]


pytestmark = pytest.mark.timeout(200)


def test_our_peer_understands_a_plain_chat_both_ways(
    pairs: dict[tuple[str, str], dict[str, dict[str, str]]],
) -> None:
    for pair in [("peerlab", "plain"), ("plain", "peerlab"), ("plain", "plain")]:
        assert outcomes(pairs[pair]) == ["passed"] * 4, pairs[pair]


def test_what_cannot_be_read_is_unknown_and_nobodys_fault(
    pairs: dict[tuple[str, str], dict[str, dict[str, str]]],
) -> None:
    for pair, results in pairs.items():
        assert "failed" not in outcomes(results), results
        sends, answers = results["sends"], results["answers"]
        assert (sends["outcome"] == "unknown") is (pair[0] == "riddle"), sends
        assert (answers["outcome"] == "unknown") is (pair[1] == "riddle"), answers
    assert "could not read 'said'" in pairs["riddle", "plain"]["sends"]["reason"]


def test_the_terminal_shows_marks_and_reasons(output: Path) -> None:
    said = (output / "said").read_text()
    assert re.search(r"1 │ peerlab +│ ✓✓✓✓ │ ✓✓✓✓ │ ✓✓\?✓", said)
    assert re.search(r"3 │ riddle +│ ✓\?✓✓ │ ✓\?✓✓ │ ✓\?\?✓", said)
    assert "each cell: connects, sends, answers, ends; ✓ works; ? the lab cannot tell" in said
    assert "riddle → plain" in said
    assert "4 of 9 pairs work in every way" in said


def test_each_cell_leads_to_its_evidence(output: Path) -> None:
    seen = Seen((output / "interop.html").read_text())
    inside = [href for href in seen.links if href.startswith("#")]
    assert len(inside) == 9
    assert {href[1:] for href in inside} <= seen.ids
    runs = [href for href in seen.links if not href.startswith("#")]
    assert len(runs) == 36
    for href in runs:
        assert (output / href / "history.jsonl").is_file()
        assert (output / href / "bob.transcript").is_file()
    assert "hello from the one who dialled" in seen.text
    rows = list(csv.DictReader(io.StringIO((output / "interop.csv").read_text())))
    assert len(rows) == 36
    assert {row["result"] for row in rows} == {"passed", "unknown"}


class Seen(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.tags: set[str] = set()
        self.outside: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for key, value in attrs:
            if key == "href":
                self.links.append(value or "")
            if key == "id":
                self.ids.add(value or "")
            if key == "src" or key.startswith("on"):
                self.outside.append(f"{key}={value}")

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e{{7*7}}'\"><img src=x onerror=y>"


def hostile(folder: Path) -> Matrix:
    """Return a matrix of which every text comes from somebody who means no good."""
    run = Path("runs/x")
    (folder / run).mkdir(parents=True)
    for peer in ("alice", "bob"):
        record = Transcript(transcript(folder / run, peer))
        record.typed(f"send 1 {HOSTILE}\n".encode())
        record.seen(f"{HOSTILE}\r\n".encode(), 0.0)
        record.close()
    bad = Result(test="sends", why=HOSTILE, points=1, outcome=Outcome.FAILED,
                 reason=f"=cmd {HOSTILE}", run=str(run))  # fmt: skip
    good = bad.model_copy(update={"test": "connects", "outcome": Outcome.PASSED, "run": ""})
    name = f"@{HOSTILE}"
    cell = Cell(name, name, [good, bad])
    tests = [("connects", "x"), ("sends", HOSTILE)]
    return Matrix(HOSTILE, HOSTILE, tests, [name], "process", [cell])


def test_hostile_text_is_text_on_the_page(tmp_path: Path) -> None:
    html = matrix_page(hostile(tmp_path), tmp_path)
    seen = Seen(html)
    assert not seen.tags & {"script", "img", "iframe", "object"}
    assert seen.outside == []
    assert "<script>alert(1)</script>" in seen.text
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "{{7*7}}" in seen.text, "no template of ours"
    assert "default-src 'none'" in html


def matrix_of(names: Sequence[str]) -> Matrix:
    """Return a matrix in which the first one ends no connection of its own."""
    fine = [Result(test=test, why="", points=1, outcome=Outcome.PASSED) for test in TESTS]
    run = "runs/" + "/".join([names[0], names[0], "ends", "20260101-120000"])
    bad = Result(test="ends", why="", points=1, outcome=Outcome.FAILED, reason="no end", run=run)
    cells = [Cell(one, other, fine) for one in names for other in names]
    cells[0] = Cell(names[0], names[0], [*fine[:3], bad])
    return Matrix("Interop", "", [(test, "") for test in TESTS], names, "process", cells)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["p", "somebody-with-quite-a-long-name-in-the-course"])
def test_every_mark_and_name_is_shown_however_many_there_are(width: int, name: str) -> None:
    matrix = matrix_of([f"{number:02}-{name}" for number in range(1, 41)])
    file = io.StringIO()
    print_matrix(Console(file=file, width=width), matrix, Path("out"))
    text = file.getvalue()
    marks = re.findall("[✓✗]{4}", text)
    assert len(marks) == 40 * 40
    assert marks.count("✓✓✓✗") == 1
    rows = [line for line in text.splitlines() if "✓✓✓✓" in line]
    assert all(len(line) <= width for line in rows)
    for number in range(1, 41):
        assert any(f"│ {number:02}-{name[:20]}" in line for line in rows)
    heads = re.findall(r"┃ +┃ dials ╲ is dialled +((?:┃ \d+ +)+)┃", text)
    shown = [int(each) for head in heads for each in re.findall(r"\d+", head)]
    assert shown == [*range(1, 41)]
    assert f"peerlab report out/{matrix.cells[0].results[-1].run}\n" in text, "in one piece"


def test_hostile_text_does_no_harm_elsewhere(tmp_path: Path) -> None:
    matrix = hostile(tmp_path)
    _, *rows = csv.reader(io.StringIO(matrix_as_csv(matrix)))
    for row in rows:
        assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in row)
    file = io.StringIO()
    print_matrix(Console(file=file, width=120), matrix, tmp_path)
    assert "\x1b[31m" not in file.getvalue()
    assert "\u202e" not in file.getvalue()
    json.dumps(matrix_as_data(matrix))
