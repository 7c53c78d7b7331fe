"""Findings as a page has them: the worst first, each once, with the operations they are about."""

from __future__ import annotations

from pathlib import Path

from orchestrator.checks.verdict import Finding, Judgement, Verdict
from orchestrator.history import runs
from orchestrator.history.entries import Entry
from orchestrator.report.page.data import page_data
from orchestrator.report.page.rows import FindingData
from tests.orchestrator.checks.models.records import Recorded
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import Entries, places, without
from tests.orchestrator.report.page.support import judged

NOWHERE = Path("nowhere")


def found(entries: Entries) -> list[FindingData]:
    return page_data(judged(entries, NOWHERE))["findings"]


def test_a_lost_message_leads_to_its_send() -> None:
    story = Story()
    story.connect("alice", "bob")
    for text in ("one", "two"):
        story.send("alice", "bob", text)
    entries = story.finish()
    (finding,) = found(without(entries, places(entries, "message")[1]))
    assert (finding["check"], finding["word"], finding["text"]) == ("delivery", "invalid", "two")
    assert (finding["peers"], finding["operations"]) == ([0, 1], [2])


def test_a_stretch_that_fits_no_order_leads_to_each_of_its_operations() -> None:
    story = Recorded("register", {"put": "write", "get": "read"})
    for number, value in enumerate(("1", "2")):
        story.end(story.begin(story.peers[number], "put", key="a", value=value))
    stale = story.begin("carol", "get", key="a")
    story.end(stale, results={"value": "1"})
    (finding,) = (one for one in found(story.entries) if one["word"] == "invalid")
    assert finding["check"] == "register"
    assert finding["operations"][0] == 2  # the impossible one before all
    assert {*finding["operations"]} <= {0, 1, 2}
    assert len(finding["operations"]) > 1


def test_what_is_wrong_comes_first_and_what_several_found_once() -> None:
    run = judged([Entry(0.0, "lab", "", "began", 0, {"peers": ["alice"]})], NOWHERE)
    cut, lost, odd = (Finding(says, 0.0) for says in ("cut off", "lost", "odd"))
    run.verdicts = [
        Verdict("order", Judgement.UNKNOWN, "1 uncertain", (cut,)),
        Verdict("delivery", Judgement.INVALID, "1 wrong", (lost, cut), wrong=1),
        Verdict("mine", Judgement.UNKNOWN, "2 uncertain", (cut, odd)),
    ]
    data = page_data(run)
    assert [(one["check"], one["word"], one["says"]) for one in data["findings"]] == [
        ("delivery", "invalid", "lost"),
        ("delivery, order, mine", "unknown", "cut off"),
        ("mine", "unknown", "odd"),
    ]
    assert data["run"]["headline"] == "lost"
    assert [one["promise"] != "" for one in data["checks"]] == [True, True, False]


def test_the_step_that_failed(tmp_path: Path) -> None:
    (tmp_path / runs.SCENARIO).write_text("name: x\nsteps:\n  - send: {at: alice}\n")
    fields = {"to": "bob", "step": 3, "wants": {"outcome": "ok"}}
    began = {"peers": ["alice", "bob"], "file": "here/x.yaml"}
    entries = [
        Entry(0.0, "lab", "", "began", 0, began),
        Entry(0.1, "invoke", "alice", "send", 1, fields),
        Entry(0.2, "fail", "alice", "send", 1, {**fields, "said": "no"}),
        Entry(0.3, "lab", "", "settled"),
        Entry(0.4, "lab", "", "over"),
    ]
    data = page_data(judged(entries, tmp_path))
    step = {"file": "here/x.yaml", "line": 3, "text": "- send: {at: alice}", "is_near": False}
    assert data["run"]["step"] == step
    assert data["operations"][0].step == 3
    before = [Entry(e.at, e.type, e.peer, e.verb, e.operation, {**e.fields, "step": None})
              for e in entries]  # fmt: skip
    assert page_data(judged(before, tmp_path))["run"]["step"] is None


def test_a_run_in_which_nothing_was_judged_says_so() -> None:
    run = judged(Story().finish(), NOWHERE)
    assert run.nothing_judged
    assert page_data(run)["run"]["headline"] == (
        f"no check had anything to judge: {run.nothing_judged}"
    )


def test_a_notice_that_is_missing_leads_to_what_should_have_caused_it() -> None:
    story = Story()
    story.connect("alice", "bob")
    entries = story.finish()
    (finding,) = (
        one for one in found(without(entries, places(entries, "connected")[0]))
        if one["check"] == "both ends"
    )  # fmt: skip
    assert finding["operations"] == [0]


def test_a_finding_without_an_operation_has_the_last_step_before_it(tmp_path: Path) -> None:
    story = Story()
    story.do("alice", "type", line="x", step=2)
    story.lab("crash", "alice", said="Traceback")
    data = page_data(judged(story.finish(), tmp_path))
    assert data["findings"][0]["check"] == "crashes"
    step = data["run"]["step"]
    assert step
    assert (step["line"], step["is_near"]) == (2, True)


def test_of_very_many_findings_the_first_are_shown_and_the_rest_counted() -> None:
    run = judged([Entry(0.0, "lab", "", "began", 0, {"peers": ["alice"]})], NOWHERE)
    lost = tuple(Finding(f"lost {number}", 0.0) for number in range(1_002))
    run.verdicts = [Verdict("mine", Judgement.INVALID, "1,002 wrong", lost)]
    data = page_data(run)
    assert len(data["findings"]) == 1_000
    assert {finding["word"] for finding in data["findings"]} == {"invalid"}
    assert data["omitted"] == "2 more findings left out"
