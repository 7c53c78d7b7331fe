"""The page of a run: one file that runs nothing but the viewer, whatever the run holds."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.checks import judged_run
from orchestrator.checks.verdict import Finding, Judgement, Verdict
from orchestrator.errors import LabError
from orchestrator.history import runs
from orchestrator.history.entries import Entry
from orchestrator.history.runs import EngineInfo, Record
from orchestrator.history.transcript import Piece
from orchestrator.report.page import page as pages
from orchestrator.report.page.data import page_data
from orchestrator.report.page.page import keep_page, packed, write_page
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import Entries, any_right_histories, few, seeds, spoil
from tests.orchestrator.report.page.support import judged, read_data, transcribe

NASTY = "</script><script>alert(1)</script>\x1b[31m\udcff\u202e\u2028"


class _Markup(HTMLParser):
    """The text of each kind of element of a page, and its policy."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._open = ""
        self.texts: dict[str, str] = {}
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._open = tag
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open] = data  # of the last one: the data are a script as well


def story() -> Entries:
    found = Story()
    found.connect("alice", "bob")
    found.send("alice", "bob", "hi")
    return found.finish()


def kept(folder: Path, entries: Entries) -> Path:
    """Keep a history as a run."""
    lines = "".join(entry.as_json() + "\n" for entry in entries)
    (folder / runs.HISTORY).write_text(lines)
    return folder


def test_only_the_viewers_style_and_script_may_act(tmp_path: Path) -> None:
    text = write_page(judged(story(), tmp_path)).read_text()
    page = _Markup(text)
    hashes = [
        base64.b64encode(hashlib.sha256(page.texts[tag].encode()).digest()).decode()
        for tag in ("style", "script")
    ]
    style, script = hashes
    assert page.policy == (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'"
    )
    assert "</script" not in page.texts["script"]
    assert not re.search(r'(src|href)="[^#]', text)
    reaching_out = r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|\.innerHTML|AdjacentHTML|eval\("
    assert not re.search(reaching_out, page.texts["style"] + page.texts["script"])


def test_nothing_that_a_program_printed_is_markup(tmp_path: Path) -> None:
    entries = [
        Entry(0.0, "lab", "", "began", 0, {"scenario": NASTY, "why": NASTY, "peers": [NASTY]}),
        Entry(0.1, "lab", NASTY, "ready", 0, {"address": NASTY, "port": NASTY}),
        Entry(0.2, "invoke", NASTY, "send", 1, {"to": NASTY, "text": NASTY}),
        Entry(0.3, "ok", NASTY, "send", 1, {"to": NASTY, "text": NASTY, "said": NASTY}),
        Entry(0.4, "notice", NASTY, "message", 0, {"of": NASTY, "text": NASTY, "said": NASTY}),
    ]
    run = judged(entries, tmp_path)
    run.verdicts = [Verdict(NASTY, Judgement.INVALID, NASTY, (Finding(NASTY, 0.2, (NASTY,)),), 1)]
    text = write_page(run).read_text()
    assert text.count("<script") == 2
    assert "alert(1)" not in text.replace("&lt;/script&gt;&lt;script&gt;alert(1)", "")
    data = read_data(tmp_path / runs.PAGE)
    assert data["operations"][0][6] == NASTY.replace("\x1b", "\ufffd").replace(
        "\udcff", "\ufffd"
    ).replace("\u202e", "\ufffd").replace("\u2028", "\ufffd")


def test_a_run_without_a_record_and_with_a_damaged_transcript(tmp_path: Path) -> None:
    piece = Piece(0.01, typed=False, data=b"hello\r\n\xff")
    transcribe(tmp_path, "alice", piece, tail="   0.02 < b'cut \\x")
    runs.transcript(tmp_path, "bob").write_bytes(b"\xff\xfe no transcript\n      0.3 < boo\n\n")
    data = read_data(write_page(judged_run.load(kept(tmp_path, story()))))
    assert data["run"]["verdict"] == "valid"
    assert data["consoles"] == [
        {"peer": 0, "log": False, "pieces": [[0.01, 0, "hello\r\n\xff"]], "cut": False},
        {"peer": 1, "log": False, "pieces": [], "cut": False},
    ]


def test_a_run_that_was_cut_off_anywhere(tmp_path: Path) -> None:
    entries = story()
    for place in range(len(entries)):
        run = judged_run.load(kept(tmp_path, entries[:place]))
        data = read_data(write_page(run))
        assert data["run"]["verdict"] == run.judgement.word
        assert data["run"]["error"] == "its lab was ended before it could end the run"


def test_what_is_known_of_the_run_as_a_whole(tmp_path: Path) -> None:
    run = judged(story(), tmp_path)
    engine = EngineInfo("docker", "20.10", "peerlab:1")
    seconds = {"starting": 0.123456}
    run.record = Record("demo", "Why.", "p", engine, "2026-01-01T00:00:00Z", seconds, "valid")
    data = page_data(run)
    assert data["run"] == {
        "name": "demo", "why": "Why.", "verdict": "valid", "headline": "", "step": None,
        "at_end": False,
        "place": "docker 20.10 peerlab:1", "started": "2026-01-01T00:00:00Z",
        "seconds": {"starting": 0.1235}, "machine": "", "error": "", "folder": str(tmp_path),
    }  # fmt: skip
    assert data["peers"][0] == {
        "name": "alice", "address": "10.0.0.5:5000", "program": "p", "lives": [(0.0, None, "")],
    }  # fmt: skip


def test_a_page_that_cannot_be_written_costs_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = judged(story(), tmp_path / "gone")
    (tmp_path / "gone").write_text("a file in the way")
    with pytest.raises(LabError, match="cannot be written"):
        write_page(run)
    assert "cannot be written: File exists; the verdict stands" in keep_page(run)
    monkeypatch.setattr(pages, "page_data", lambda _: 1 / 0)
    assert "its page could not be made: ZeroDivisionError" in keep_page(judged(story(), tmp_path))
    assert not (tmp_path / runs.PAGE).exists()


@few
@given(any_right_histories() | st.just([]), seeds)
def test_any_history_has_a_page(entries: Entries, chance: random.Random) -> None:
    for _ in range(4):
        assert packed(page_data(judged(spoil(entries, chance) if entries else [])))
