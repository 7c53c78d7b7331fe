"""Notices that are not called after what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.paths import ROOT
from tests.orchestrator.harness import Harness, judged, marks
from tests.orchestrator.support import PROGRAMS

STEPS = """
peers: [alice, bob]
steps:
  - connect: {at: alice, to: bob}
  - expect: {at: bob, from: alice, connected: true}
  - send: {at: alice, to: bob, text: "one"}
  - expect: {at: bob, from: alice, message: "one"}
  - send: {at: alice, to: bob, text: "two"}
  - expect: {at: bob, from: alice, notice: got, fields: {body: two}}
  - send: {at: bob, to: alice, text: "three", times: 3}
  - never: {at: bob, from: alice, message: "four", for: 0.1}
"""

PADDED = """
peers: [alice, bob]
connections: line
steps:
  - send: {at: alice, to: bob, text: "two behind  "}
  - expect: {at: bob, from: alice, message: true}
"""


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    with Harness("process", tmp_path) as made:
        yield made


def test_a_chat_is_judged_by_what_its_notices_mean(harness: Harness) -> None:
    text = (ROOT / "profiles/peerlab.yaml").read_text()
    before, rest = text.split("  message: ")
    pattern, after = rest.split("\n", 1)
    meaning = "means: message, fields: {text: body}"
    own = f"  got: {{pattern: {pattern.replace('<text>', '<body>')}, {meaning}}}\n"
    (harness.folder / "own.yaml").write_text(before + own + after)
    run = harness.run("profile: own.yaml" + STEPS)
    assert {*judged(run).values()} == {"valid"}
    (began,) = marks(run, "began")
    assert "message" in began["notices"]
    assert "got" not in began["notices"]
    shown = [entry for entry in run.entries if entry.type == "notice" and entry.verb == "message"]
    assert [entry.fields["text"] for entry in shown] == ["one", "two", *["three"] * 3]
    assert {entry.fields["notice"] for entry in shown} == {"got"}


def test_blanks_at_the_end_of_a_padded_line_prove_nothing(harness: Harness) -> None:
    text = (ROOT / "profiles/peerlab.yaml").read_text()
    own = "(?P<name>[^)]*))\\): (?P<text>.*?) *$'"
    (harness.folder / "own.yaml").write_text(text.replace(own.replace("*?) *$", "*)$"), own))
    run = harness.run("profile: own.yaml" + PADDED)
    assert marks(run, "began")[0]["padded"] == ["alice", "bob"]
    assert judged(run)["changes"] == "unknown"


def test_a_model_reads_a_notice_by_its_meaning(harness: Harness) -> None:
    store = PROGRAMS / "store"
    notice = r"{pattern: '^\* copied (?P<key>\S+) = (?P<it>-?\d+)$', means: leader, "
    notice += "fields: {term: it, leader: key}}"
    text = (store / "profile.yaml").read_text().partition("notices:")[0]
    text = (
        text.replace("folder: .", f"folder: {store}")
        + f"promises: [leader]\nnotices:\n  copied: {notice}\n"
    )
    (harness.folder / "own.yaml").write_text(text)
    copy = "copy: {at: alice, key: %s, host: '{bob.address}', port: '{bob.port}'}"
    steps = [f"put: {{at: alice, key: {key}, value: 7}}" for key in ("x", "y")]
    steps += [copy % "x", "expect: {at: bob, notice: copied, save: {term: t}}", copy % "y",
              "expect: {at: bob, notice: copied, fields: {term: '{t}', leader: y}}"]  # fmt: skip
    run = harness.run(
        "profile: own.yaml\npeers: [alice, bob]\nsteps:\n" + "".join(f"  - {s}\n" for s in steps)
    )
    assert judged(run)["expectations"] == "valid"
    assert judged(run)["leader"] == "invalid"
    (began,) = marks(run, "began")
    assert began["means"]["copied"] == "leader"
