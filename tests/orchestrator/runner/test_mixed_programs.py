"""A chat beside other programs: each promise judges the peers that it is about, and no others."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestrator.harness import Harness, judged
from tests.orchestrator.support import PROGRAMS

CHAT = """
peers: [alice, bob, carol]
profiles: {carol: %s}
steps:
  - connect: {at: alice, to: bob}
  - send: {at: alice, to: bob, text: hi}
  - expect: {at: bob, from: alice, message: hi}
"""
QUEUE = (("means: write", "means: enqueue"), ("means: read", "means: dequeue"))


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    for name in ("store", "served"):
        shutil.copytree(PROGRAMS / name, tmp_path / name)
    with Harness("process", tmp_path) as made:
        yield made


def promising(folder: Path, promise: str, *changes: tuple[str, str]) -> str:
    """Write a profile of the store that promises something; return its name."""
    text = (folder / "store/profile.yaml").read_text()
    for before, after in changes:
        text = text.replace(before, after)
    (folder / "store" / f"{promise}.yaml").write_text(f"{text}promises: [{promise}]\n")
    return f"store/{promise}.yaml"


@pytest.mark.parametrize("other", ["store/profile.yaml", "served/log.yaml"])
def test_the_promises_of_the_chat_are_about_the_peers_that_chat(
    harness: Harness, other: str
) -> None:
    run = harness.run(CHAT % other)
    assert {*judged(run).values()} == {"valid"}
    counts = {verdict.check: verdict.says for verdict in run.verdicts}
    assert counts["lists"] == "2 lists, 2 rows, alike at both ends"
    assert counts["sockets"].startswith("2 peers")
    assert counts["receipts"] == "1 message accounted for"
    assert counts["both ends"] == "1 connection and 0 ends, reported at both"


def test_a_chat_and_a_store_keep_their_own_promises(harness: Harness, tmp_path: Path) -> None:
    store = promising(tmp_path, "register")
    steps = """
  - put: {at: carol, key: x, value: 1}
  - get: {at: carol, key: x, expect: {value: 1}}
  - quit: carol
"""
    verdicts = judged(harness.run(CHAT % store + steps))
    assert {*verdicts.values()} == {"valid"}
    assert {"delivery", "lists", "register"} <= verdicts.keys()


def test_a_chat_that_dials_a_store_owes_nothing_for_it(harness: Harness) -> None:
    steps = """
  - connect: {at: alice, to: carol, may_fail: true}
  - send: {at: alice, to: carol, text: "no JSON", may_fail: true}
"""
    run = harness.run(CHAT % "store/profile.yaml" + steps + "ends: {carol: running}\n")
    verdicts = judged(run)
    assert verdicts.pop("crashes") == "invalid"  # the store cannot bear what is no JSON
    assert {*verdicts.values()} == {"valid"}


def test_one_name_may_mean_different_things(harness: Harness, tmp_path: Path) -> None:
    register, queue = promising(tmp_path, "register"), promising(tmp_path, "queue", *QUEUE)
    steps = """
  - put: {at: alice, key: x, value: 1}
  - get: {at: alice, key: x, expect: {value: 1}}
  - get: {at: alice, key: x, expect: {value: 1}}
  - put: {at: bob, key: x, value: 2}
  - get: {at: bob, key: x, expect: {value: 2}}
"""
    head = f"peers: [alice, bob]\nprofile: {register}\nprofiles: {{bob: {queue}}}\nsteps:"
    assert {*judged(harness.run(head + steps)).values()} == {"valid"}
    twice = harness.run(f"{head}{steps}  - get: {{at: bob, key: x, expect: {{value: 2}}}}\n")
    assert {name for name, word in judged(twice).items() if word == "invalid"} == {"queue"}
