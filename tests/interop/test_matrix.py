"""`peerlab interop`: every pair both ways, judged on evidence that each cell leads to."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.grading.results import Cell, Matrix, Outcome, Result
from orchestrator.history.runs import transcript
from orchestrator.history.transcript import Transcript
from orchestrator.report.grading.formats import matrix_as_csv, matrix_as_data
from orchestrator.report.grading.pages import matrix_page
from orchestrator.report.grading.tables import print_matrix
from tests import json_output
from tests.e2e.support import peerlab
from tests.orchestrator.cli.support import peerlab as in_process

HERE = Path(__file__).parent
TESTS = ["connects", "sends", "answers", "ends"]


PROGRAMS = ["broken", "peerlab", "riddle"]

Results = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a matrix leaves behind: a program that does not start, ours, and one read in part."""
    folder = tmp_path_factory.mktemp("interop")
    command = ["interop", str(broken(folder)), "peerlab", str(HERE / "riddle/profile.yaml"),
               "--engine", "process", "--output", str(folder / "out")]  # fmt: skip
    for name in ("first", "second"):
        done = in_process(*command)
        (folder / "out" / name).write_text(done.stdout)
        assert done.returncode == 2, done.stdout + done.stderr
    return folder / "out"


def broken(folder: Path) -> Path:
    """Make a program that does not start."""
    home = folder / "broken"
    shutil.copytree(HERE / "plain", home)
    profile = (home / "profile.yaml").read_text()
    (home / "profile.yaml").write_text(profile.replace("name: plain", "name: broken"))
    (home / "chat.py").write_text("def (")
    return home


@pytest.fixture(scope="module")
def pairs(output: Path) -> dict[tuple[str, str], Results]:
    data = json.loads((output / "interop.json").read_text())
    assert data["programs"] == PROGRAMS
    return {(cell["dialler"], cell["dialled"]): cell["results"] for cell in data["pairs"]}


def outcomes(results: Results) -> list[str]:
    return [results[test]["outcome"] for test in TESTS]


pytestmark = pytest.mark.timeout(150)  # the first test runs the matrix


def test_our_peer_understands_itself(pairs: dict[tuple[str, str], Results]) -> None:
    assert outcomes(pairs["peerlab", "peerlab"]) == ["passed"] * 4


def test_what_cannot_be_read_is_unknown_and_no_fault(pairs: dict[tuple[str, str], Results]) -> None:
    unread = ["passed", "unknown", "passed", "passed"]  # the reply to `send` at the dialler
    assert outcomes(pairs["riddle", "peerlab"]) == unread
    assert outcomes(pairs["peerlab", "riddle"]) == ["passed", "passed", "unknown", "passed"]
    assert outcomes(pairs["riddle", "riddle"]) == ["passed", "unknown", "unknown", "passed"]
    assert "could not read 'said'" in pairs["riddle", "peerlab"]["sends"]["reason"]


def check_broken(pairs: dict[tuple[str, str], Results], says: str) -> None:
    """Check that only the cell of a program that does not start is failed."""
    assert outcomes(pairs["broken", "broken"]) == ["failed", *["not run"] * 3]
    assert says in pairs["broken", "broken"]["connects"]["reason"]
    for pair, results in pairs.items():
        if pair.count("broken") == 1:
            assert outcomes(results) == ["not run"] * 4
            assert results["connects"]["reason"].startswith("broken does not start: ")
            assert says in results["connects"]["reason"]


def test_what_does_not_start_fails_with_itself_alone(
    pairs: dict[tuple[str, str], Results],
) -> None:
    check_broken(pairs, "exited with status 1")


def test_a_second_command_resumes(output: Path) -> None:
    first, second = ((output / name).read_text() for name in ("first", "second"))
    assert first == second
    assert len(list((output / "runs/peerlab/peerlab/sends").glob("2*"))) == 1, "it ran once"


@pytest.mark.docker
@pytest.mark.thorough
def test_what_does_not_start_fails_with_itself_alone_on_docker(tmp_path: Path) -> None:
    command = ["interop", "peerlab", str(broken(tmp_path)), "--engine", "docker"]
    done = peerlab(*command, "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "! one of the two does not start" in done.stdout
    assert "│ ✗!!! │" in done.stdout
    assert done.stdout.count("!!!!") == 2
    data = json.loads((tmp_path / "out/interop.json").read_text())
    pairs = {(cell["dialler"], cell["dialled"]): cell["results"] for cell in data["pairs"]}
    assert outcomes(pairs["peerlab", "peerlab"]) == ["passed"] * 4
    check_broken(pairs, "exited with status 1")


def test_the_terminal_shows_marks_and_reasons(output: Path) -> None:
    said = (output / "first").read_text()
    assert re.search(r"1 │ broken +│ ✗!!! │ !!!! │ !!!!", said)
    assert re.search(r"2 │ peerlab +│ !!!! │ ✓✓✓✓ │ ✓✓\?✓", said)
    assert re.search(r"3 │ riddle +│ !!!! │ ✓\?✓✓ │ ✓\?\?✓", said)
    assert "each cell: connects, sends, answers, ends; ✓ works; ✗ does not work;" in said
    assert "? the lab does not know" in said
    assert "riddle → peerlab" in said
    assert "1 of 9 pairs work in every way" in said


def test_each_cell_leads_to_its_evidence(output: Path) -> None:
    seen = Seen((output / "interop.html").read_text())
    inside = [href for href in seen.links if href.startswith("#")]
    assert len(inside) == 9
    assert {href[1:] for href in inside} <= seen.ids
    outward = [href for href in seen.links if not href.startswith("#")]
    pages = [href for href in outward if href.endswith("/report.html")]
    runs = [href for href in outward if href not in pages]
    assert len(runs) == 4 * 4 + 1
    assert len(pages) == 5  # of what does not work
    assert {page.removesuffix("report.html") for page in pages} < {*runs}
    assert all((output / page).is_file() for page in pages)
    for href in runs:
        assert (output / href / "history.jsonl").is_file()
        assert (output / href / "bob.transcript").is_file()
    assert "hello from the one who dialled" in seen.text
    rows = list(csv.DictReader(io.StringIO((output / "interop.csv").read_text())))
    assert len(rows) == 36
    assert {row["result"] for row in rows} == {"passed", "unknown", "failed", "not run"}


class Seen(HTMLParser):
    """The text, links and tags of a page."""

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
    """Return a matrix in which every text is hostile."""
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
    """Return a matrix in which the first program fails a test with itself."""
    fine = [Result(test=test, why="", points=1, outcome=Outcome.PASSED) for test in TESTS]
    run = "runs/" + "/".join([names[0], names[0], "ends", "20260101-120000"])
    bad = Result(test="ends", why="", points=1, outcome=Outcome.FAILED, reason="no end", run=run)
    cells = [Cell(one, other, fine) for one in names for other in names]
    cells[0] = Cell(names[0], names[0], [*fine[:3], bad])
    return Matrix("Interop", "", [(test, "") for test in TESTS], names, "process", cells)


@pytest.mark.parametrize(
    ("width", "name"), [(120, "p"), (80, "a-student-with-quite-a-long-name-in-the-course")]
)
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
    shown = [int(digits) for head in heads for digits in re.findall(r"\d+", head)]
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
    json_output.check(json.dumps(matrix_as_data(matrix)))
