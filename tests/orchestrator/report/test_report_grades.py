"""Grades in every format: complete, well-formed, and with all text of programs escaped."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestrator.checks import NAMES, Finding
from orchestrator.grading.results import CheckResult, Grade, Outcome, Result
from orchestrator.grading.rubric import Suite
from orchestrator.history.entries import Entry
from orchestrator.report.grading.formats import grades_as_csv, gradescope, junit
from orchestrator.report.grading.pages import program_page, summary_page
from orchestrator.report.grading.publish import publish_grades
from orchestrator.report.grading.tables import print_grade, print_overview, result_line
from orchestrator.report.grading.transcripts import typed_until
from orchestrator.report.grading.words import promises
from tests.orchestrator.grading.support import task

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[2J\x00\ufffe\ud800&amp;\"' "
VOID = {"meta", "br", "link", "img", "input", "hr"}


def result(outcome: Outcome, test: str = "burst", **more: object) -> Result:
    given = {"test": test, "why": "Twenty sends arrive.", "points": 5, "checks": ("changes",)}
    return Result.model_validate({**given, "outcome": outcome, **more})


def failed(says: str = "glued", **more: Any) -> Result:
    finding = CheckResult(check="changes", verdict="invalid", says="1 wrong",
                      findings=(Finding(says, 1.5, ("alice", "bob"), "hello"),))  # fmt: skip
    return result(Outcome.FAILED, reason=says, findings=(finding,), run="runs/burst/1", at=1.5,
                  seconds=2.25, **more)  # fmt: skip


def grade(*results: Result, program: str = "anna", **more: Any) -> Grade:
    return Grade(program=program, profile="anna/profile.yaml", results=results, **more)


def every() -> Grade:
    return grade(
        result(Outcome.PASSED, "a", required=True, seconds=1.0),
        failed(),
        result(Outcome.UNKNOWN, "c", reason="could not read"),
        result(Outcome.LACKING, "d", reason="no such verb"),
        result(Outcome.NOT_RUN, "e", started=False),
        result(Outcome.PASSED, "f", extra=True, points=1.5),
    )


SUITE = Suite("Eight commands", "Why not.", [task("changes")])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a program, with the transcripts of a run with hostile output."""
    run = tmp_path / "runs/burst/1"
    run.mkdir(parents=True)
    shown = HOSTILE.encode("utf-8", "surrogatepass")
    for name in ("alice", "bob"):
        pieces = [(1.0, ">", b"\x05\x15send 1 hello\n"), (1.2, "<", b"hello\r\n"),
                  (1.5, "<", shown + b"\r\n")]  # fmt: skip
        lines = [f"{at:10.4f} {way} {data!r}\n" for at, way, data in pieces]
        (run / f"{name}.transcript").write_text("".join(lines))
    return tmp_path


class Page(HTMLParser):
    """Reads a page; every element must be closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_has_what_its_reader_needs(home: Path) -> None:
    page = Page(program_page(SUITE, every(), home))
    for text in ("6.5 of 25 points", "Twenty sends arrive.", promises()["changes"], "glued",
                 "alice's console", "bob's console", "send 1 hello", "could not read",
                 "no such verb", "peerlab grade anna/profile.yaml --again"):  # fmt: skip
        assert text in page.text, text


def test_no_text_of_a_program_becomes_markup(home: Path) -> None:
    hostile = every().model_copy(
        update={
            "program": HOSTILE,
            "summary": HOSTILE,
            "trouble": HOSTILE,
            "start": HOSTILE,
            "profile": HOSTILE,
            "results": (failed(HOSTILE),),
        }
    )
    for text in (program_page(SUITE, hostile, home), summary_page(SUITE, [hostile])):
        page = Page(text)
        assert not {"script", "img", "iframe", "link"} & set(page.tags)
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert not [name for name, _ in page.attributes if name in ("src", "srcset")]
        links = [value for name, value in page.attributes if name == "href"]
        assert not [value for value in links if "<" in (value or "")]
        assert "<script>alert(1)</script>" in page.text, "it is shown as the text that it is"
        assert not {"\x1b", "\x00", "\ud800"} & set(text)
        text.encode("utf-8")


def test_a_page_loads_nothing_from_other_sites(home: Path) -> None:
    text = program_page(SUITE, every(), home)
    assert "http" not in text.replace('http-equiv="Content-Security-Policy"', "")
    assert "default-src 'none'" in text
    assert "prefers-color-scheme" in text
    assert "@media print" in text
    assert 'name="viewport"' in text


def test_a_summary_leads_to_every_page() -> None:
    page = Page(summary_page(SUITE, [grade(failed(), program="anna"), grade(failed())]))
    assert ("href", "anna/report.html") in page.attributes
    assert ("href", "anna/report.html#burst") in page.attributes


@pytest.mark.parametrize("outcome", Outcome)
def test_no_link_of_a_summary_is_dead(home: Path, outcome: Outcome) -> None:
    one = grade(result(outcome))
    anchors = [value for key, value in Page(program_page(SUITE, one, home)).attributes
               if key == "id"]  # fmt: skip
    links = [str(value) for key, value in Page(summary_page(SUITE, [one])).attributes
             if key == "href"]  # fmt: skip
    assert [link.partition("#")[2] for link in links if "#" in link] == anchors


def test_a_page_says_how_to_grade_it_again(home: Path) -> None:
    command = ["peerlab", "grade", "in/dana eve", "--rubric", "my/rubric.yaml"]
    page = Page(program_page(SUITE, every(), home, command))
    wanted = "peerlab grade 'in/dana eve' --rubric my/rubric.yaml --again --only burst"
    assert wanted in page.text


def test_programs_of_earlier_gradings_stay(tmp_path: Path) -> None:
    folders = {name: tmp_path / name for name in ("anna", "bert", "cleo")}
    for folder in folders.values():
        folder.mkdir()
    one, other, gone = (
        grade(failed(), program=name, folder=str(folder)) for name, folder in folders.items()
    )
    output = tmp_path / "out"
    publish_grades(output, SUITE, [other, one, gone])
    folders["cleo"].rmdir()
    (output / "damaged").mkdir()
    (output / "damaged/grade.json").write_text("{")
    better = one.model_copy(update={"results": (result(Outcome.PASSED),)})
    publish_grades(output, SUITE, [better])
    rows = list(csv.DictReader((output / "grades.csv").read_text().splitlines()))
    assert [(r["program"], r["points"], r["burst: result"]) for r in rows] == [
        ("anna", "5", "passed"), ("bert", "0", "failed"),
    ]  # fmt: skip
    assert [row["folder"] for row in rows] == [str(tmp_path / "anna"), str(tmp_path / "bert")]
    data = json.loads((output / "grades.json").read_text())
    assert data["programs"][1]["findings"] == {"burst": ["changes"]}

    changed = Suite("Eight commands", "", [task("changes", points=7)])
    publish_grades(output, changed, [better])
    bert = json.loads((output / "grades.json").read_text())["programs"][1]
    assert (bert["program"], bert["results"][0]["outcome"]) == ("bert", "not run")


@pytest.mark.parametrize(
    ("outcome", "asked", "required", "passes"),
    [
        (Outcome.PASSED, True, True, True),
        (Outcome.NOT_RUN, True, True, False),
        (Outcome.NOT_RUN, False, True, None),
        (Outcome.PASSED, True, False, None),
        (Outcome.UNKNOWN, True, True, None),
    ],
)
def test_whether_a_program_passes_if_that_is_known(
    outcome: Outcome, asked: bool, required: bool, passes: bool | None
) -> None:
    one = grade(result(outcome, asked=asked, required=required))
    assert one.passes is passes
    (row,) = csv.DictReader(io.StringIO(grades_as_csv([one])))
    assert row["passes"] == {True: "yes", False: "no", None: ""}[passes]


def test_what_was_typed_is_shown_without_keys(home: Path) -> None:
    lines, count = typed_until(home / "runs/burst/1", 1.5)
    assert [(line.peer, line.text) for line in lines if line] == [
        ("alice", "send 1 hello"), ("bob", "send 1 hello"),
    ]  # fmt: skip
    assert count == 2
    assert typed_until(home / "runs/burst/1", 0.1) == ([], 0)
    assert typed_until(home / "runs/burst/none", None) == ([], 0)


def test_what_the_lab_types_for_itself_is_left_out(home: Path) -> None:
    path = home / "runs/burst/1/alice.transcript"
    path.write_text(path.read_text() + f"{1.3:10.4f} > b'myport\\n'\n")
    one = every().model_copy(update={"sync": ("myport",)})
    assert "<td>myport</td>" not in program_page(SUITE, one, home)
    about = [replace(each, text="steps:\n  - myport: alice\n") for each in SUITE.tasks]
    asked = replace(SUITE, tasks=about)
    assert "<td>myport</td>" in program_page(asked, one, home)


def test_a_page_says_what_happened_instead_and_which_faults_were_active(home: Path) -> None:
    given = Entry(1.1, "invoke", "alice", "pause", 1, {"fault": "pause-1", "says": "pause alice"})
    took = Entry(1.2, "ok", "alice", "pause", 1, {"fault": "pause-1", "says": "pause alice"})
    late = replace(given, at=9.0, operation=2, fields={"says": "pause bob"})
    began = Entry(0.0, "lab", "", "began", 0, {"peers": ["alice", "bob"]})
    whole = [began, given, took, late, Entry(10.0, "lab", "", "over")]
    history = home / "runs/burst/1/history.jsonl"
    history.write_text("".join(f"{each.as_json()}\n" for each in whole))
    text = Page(program_page(SUITE, every(), home)).text
    assert f"{promises()['changes']} What happened instead: glued." in text
    assert "the lab injected faults into the network or the programs" in text
    assert "at 1.100 s, pause alice" in text
    assert "pause bob" not in text


def test_of_many_lines_the_middle_is_left_out(tmp_path: Path) -> None:
    lines = "".join(f"{n / 100:10.4f} > b'line {n}\\n'\n" for n in range(100))
    (tmp_path / "alice.transcript").write_text(lines)
    shown, count = typed_until(tmp_path, None)
    assert count == 100
    assert len(shown) == 25
    assert shown[12] is None
    assert shown[-1]
    assert shown[-1].text == "line 99"


def test_junit(tmp_path: Path) -> None:
    text = junit(SUITE, [every(), grade(failed(HOSTILE), program=HOSTILE)])
    path = tmp_path / "junit.xml"
    path.write_text(text, encoding="utf-8")
    whole = ET.parse(path).getroot()
    assert whole.tag == "testsuites"
    one, other = whole
    assert {key: one.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6", "failures": "1", "errors": "1", "skipped": "2",
    }  # fmt: skip
    assert [[child.tag for child in case] for case in one] == [
        [], ["failure"], ["error"], ["skipped"], ["skipped"], [],
    ]  # fmt: skip
    assert one[1][0].get("message") == "glued"
    assert one[1].get("time") == "2.250"
    assert "evidence: anna/runs/burst/1" in (one[1][0].text or "")
    assert "<script>" in (other[0][0].get("message") or "")
    assert (whole.get("tests"), whole.get("failures")) == ("7", "2")


def test_csv_has_no_formulas() -> None:
    named = ["=1+1", "+x", "-x", "@x", "\t=x", "plain", 'quo"te,d']
    rows = list(
        csv.DictReader(io.StringIO(grades_as_csv([grade(failed(), program=n) for n in named])))
    )
    cells = [row["program"] for row in rows]
    assert cells[:4] == ["'=1+1", "'+x", "'-x", "'@x"]
    assert not [cell for cell in cells if cell.lstrip().startswith("=")]
    assert cells[5:] == ["plain", 'quo"te,d']


def test_csv_has_a_row_for_each_program() -> None:
    (row,) = csv.DictReader(io.StringIO(grades_as_csv([every()])))
    wanted = {"points": "6.5", "total": "25", "extra": "1.5", "passes": "yes"}
    assert {key: row[key] for key in wanted} == wanted
    assert (row["failed"], row["not run"], row["burst"], row["f"]) == ("1", "1", "0", "1.5")
    assert (row["burst: result"], row["e: result"]) == ("failed", "not run")
    assert grades_as_csv([]).startswith("program,folder,points")


def test_gradescope() -> None:
    found = gradescope(every())
    json.dumps(found)
    known = {"score", "max_score", "number", "name", "output", "tags", "visibility", "status"}
    for test in found["tests"]:
        assert set(test) <= known
        assert test["visibility"] in ("visible", "hidden", "after_due_date", "after_published")
        assert isinstance(test["output"], str)
    assert found["score"] == every().points
    assert sum(test.get("score", 0) for test in found["tests"]) == every().points
    unknown = found["tests"].pop(2)
    assert not {"score", "max_score", "status"} & set(unknown), "neither passed nor failed"
    assert (unknown["name"], unknown["tags"]) == ("c (unknown)", ["unknown"])
    assert "the lab does not know" in unknown["output"]
    assert "Still unknown: 1 test for 5 points" in found["output"]
    assert [test["status"] for test in found["tests"]] == ["passed", *["failed"] * 3, "passed"]
    assert [test["name"] for test in found["tests"]] == [
        "a (required)", "burst", "d (lacking)", "e (not run)", "f (extra)",
    ]  # fmt: skip
    assert "glued" in found["tests"][1]["output"]


def test_gradescope_marks_nothing_as_failed_that_was_not_judged() -> None:
    trouble = "its profile cannot be graded with"
    undecided = grade(
        result(Outcome.UNKNOWN, "a", required=True, reason=trouble),
        result(Outcome.UNKNOWN, "b", extra=True, reason=trouble),
        result(Outcome.UNKNOWN, "c", points=0, reason=trouble),
        result(Outcome.NOT_RUN, "d", points=2, reason="it needs a network that can be cut"),
        result(Outcome.NOT_RUN, "e", points=1, reason="not requested yet", asked=False),
        trouble=trouble,
    )
    found = gradescope(undecided)
    marks = {"score", "max_score", "status"}
    assert not any(marks & set(test) for test in found["tests"])
    assert [test["tags"] for test in found["tests"]] == [["unknown"]] * 3 + [["not run"]] * 2
    assert "Still unknown: 3 tests for 10 points" in found["output"]
    assert "Not run: 2 tests for 3 points, for no reason that is yours" in found["output"]
    assert "Not run" not in gradescope(every())["output"]


def test_no_control_character_reaches_the_terminal(home: Path) -> None:
    file = io.StringIO()
    console = Console(file=file, width=100, force_terminal=False)
    hostile = grade(failed(HOSTILE), program="anna", summary=HOSTILE)
    print_grade(console, hostile, home)
    print_overview(console, [hostile, every()])
    console.print(result_line(f"{HOSTILE}: burst", failed(HOSTILE)))
    text = file.getvalue()
    assert not {"\x1b", "\x00"} & set(text)
    assert "0/5" in text
    assert str(home / "anna/runs/burst/1") in text


@pytest.mark.parametrize("name", ["anna", "n" * 36, "n" * 60])
def test_a_narrow_table_shows_all_points(name: str) -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=False)
    print_overview(console, [grade(*[failed(required=True)] * 12, program=name), every()])
    lines = file.getvalue().splitlines()
    assert lines[2].split() == [
        "program", "points", "of", "✓", "✗", "\N{EN DASH}", "?", "○", "·", "required",
    ]  # fmt: skip
    assert lines[4].split()[1:] == ["0", "60", "·", "12", "·", "·", "·", "·", "✗"]
    assert "".join(line[:36].strip() for line in lines[4:6]).startswith(name[:36])
    assert "✗ failed" in file.getvalue()


def test_every_check_has_a_promise() -> None:
    assert list(promises()) == list(NAMES)
    for name, says in promises().items():
        assert len(says) > 20, name
        assert says.endswith("."), name


def test_all_files_are_written(home: Path) -> None:
    one = every()
    (home / "grades").mkdir()
    written = publish_grades(home / "grades", SUITE, [one])
    names = {str(p.relative_to(home / "grades")) for p in (home / "grades").rglob("*.*")}
    assert names == {
        "summary.html", "grades.csv", "grades.json", "junit.xml",
        "anna/report.html", "anna/grade.json", "anna/results.json",
    }  # fmt: skip
    assert written.summary.is_file()
    data = json.loads((home / "grades/grades.json").read_text())
    assert data["programs"][0]["findings"] == {"burst": ["changes"]}
    assert data["programs"][0] == json.loads((home / "grades/anna/grade.json").read_text())
