"""The picture of a finding on a program's page."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator import checks
from orchestrator.checks.verdict import Finding
from orchestrator.history import runs
from orchestrator.history.entries import Entry
from orchestrator.report.grading.diagram import WIDTH, Diagram, diagram
from orchestrator.report.grading.pages import program_page
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import Entries, places, without
from tests.orchestrator.report.test_report_grades import HOSTILE, SUITE, Page, failed, grade

NOWHERE = Path("nowhere")


def story(*texts: str) -> Entries:
    found = Story(("alice", "bob", "carol"))
    found.connect("alice", "bob")
    found.connect("carol", "bob")
    for text in texts:
        found.send("alice", "bob", text)
        found.send("carol", "bob", f"{text} from carol")
    return found.finish()


def drawn(entries: Entries, finding: Finding | None = None) -> Diagram:
    wrong = (one for verdict in checks.judge(entries) for one in verdict.findings)
    picture = diagram(NOWHERE, entries, finding or next(wrong))
    assert picture
    return picture


def test_a_message_that_was_lost() -> None:
    entries = story("one", "two")
    gone = places(entries, "message", where=lambda entry: entry.text("text") == "one")
    picture = drawn(without(entries, *gone))
    alice, bob = picture.lanes
    assert (alice.name, bob.name) == ("alice", "bob")
    lost, arrived = sorted(picture.arrows, key=lambda arrow: arrow.has_arrived)
    assert (lost.state, lost.says, lost.has_arrived) == ("lost", "lost: one", False)
    assert (lost.y, alice.y < lost.to_y < bob.y) == (alice.y, True)
    assert (arrived.state, arrived.y, arrived.to_y) == ("shown", alice.y, bob.y)
    (named,) = (bar for bar in picture.bars if bar.is_named)
    assert (named.says, named.y) == ("send to bob: one", alice.y)
    assert "carol" not in str(picture)


def test_everything_is_within_the_picture() -> None:
    entries = story("one", "two", "three")
    picture = drawn(without(entries, places(entries, "message")[0]))
    for bar in picture.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert 0 < bar.y < picture.height
    for arrow in picture.arrows:
        assert 0 <= arrow.x <= arrow.to_x <= WIDTH
    at = [float(tick.says.removesuffix(" s")) for tick in picture.ticks]
    assert at == sorted(at)
    assert at[0] >= 0


def test_among_very_many_only_what_the_finding_is_about_is_drawn() -> None:
    entries = story(*map(str, range(60)))
    gone = places(entries, "message", where=lambda entry: entry.text("text") == "30")
    whole = drawn(without(entries, *gone))
    assert [bar.says for bar in whole.bars if bar.is_named] == ["send to bob: 30"]
    slow = [Entry(e.at * 0.01, e.type, e.peer, e.verb, e.operation, e.fields) for e in entries]
    crowded = drawn(without(slow, *gone))
    assert [bar.says for bar in crowded.bars] == ["send to bob: 30"]
    assert [arrow.state for arrow in crowded.arrows] == ["lost"]


def test_there_is_no_picture_of_what_names_no_operation_or_no_peer() -> None:
    entries = story("one")
    assert diagram(NOWHERE, entries, Finding("odd", 0.0, ("alice",))) is None
    assert diagram(NOWHERE, entries, Finding("odd", 0.0, ("mallory",), operation=1)) is None
    assert diagram(NOWHERE, [], Finding("odd", 0.0, ("alice",), operation=1)) is None


def test_a_picture_has_no_markup_of_a_program(tmp_path: Path) -> None:
    folder = tmp_path / "runs/burst/1"
    folder.mkdir(parents=True)
    lines = "".join(entry.as_json() + "\n" for entry in story(HOSTILE))
    (folder / runs.HISTORY).write_text(lines)
    one = failed(HOSTILE)
    finding = Finding(HOSTILE, 0.01, ("alice", "bob"), operation=3)
    check = one.findings[0].model_copy(update={"findings": (finding,)})
    one = one.model_copy(update={"findings": (check,)})
    text = program_page(SUITE, grade(one), tmp_path)
    page = Page(text)
    assert "svg" in page.tags
    assert not {"script", "img"} & {*page.tags}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert re.search(r"<title>send to bob: &lt;script&gt;", text)
