"""Rows name the ports at which their peers listen."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import given

from orchestrator.checks import Judgement
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "ports"


def _listed(**row: str) -> Entries:
    """Return a settled run in which alice lists one row."""
    story = Story()
    story.lab("ready", "bob", address="10.0.0.3", port=5000)
    story.settle()
    one = {"id": "1", "peer": "bob", "address": "10.0.0.3", "port": "5000", **row}
    story.end(story.invoke("alice", "list"), rows=[one])
    return story.entries


@pytest.mark.parametrize(
    ("row", "judgement"),
    [
        ({"at": "listening"}, VALID),
        ({}, VALID),  # a history from before rows said so
        ({"at": "", "peer": ""}, VALID),  # no peer's: see `lists`
        ({"at": "elsewhere", "port": "49152"}, INVALID),
        ({"at": "elsewhere", "address": "127.0.0.9"}, VALID),  # the right port, by a relay
    ],
)
def test_a_row(row: dict[str, str], judgement: Judgement) -> None:
    assert judged(_listed(**row), NAME) is judgement


def test_what_is_said() -> None:
    (finding,) = support.verdict(_listed(at="elsewhere", port="49152"), NAME).findings
    wanted = "alice lists bob at port 49152, where it does not listen: it does at 5000"
    assert finding.says.partition(", ")[2] == wanted
    assert finding.peers == ("alice", "bob")
    assert support.verdict(_listed(), NAME).says == "1 row, each with a right port"


def test_a_wrong_port_does_not_concern_lists() -> None:
    story = Story()
    story.connect("alice", "bob")
    entries = story.finish()
    place = support.outcomes(entries, "list")[-1]
    (row,) = entries[place].fields["rows"]
    wrong = support.changed(entries, place, rows=[{**row, "port": "49152", "at": "elsewhere"}])
    assert support.not_valid(wrong) == {NAME: INVALID}


@few
@given(support.any_right_histories(), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    after = support.settled(entries)
    found = [i for i in support.outcomes(entries, "list") if i > after]
    place = support.pick([i for i in found if entries[i].fields["rows"]], chance)
    rows = list(entries[place].fields["rows"])
    number = chance.randrange(len(rows))
    rows[number] = {**rows[number], "port": "49152", "at": "elsewhere"}
    assert judged(support.changed(entries, place, rows=rows), NAME) is INVALID


@few
@given(support.any_right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    settled = support.settled(entries)
    assert judged(support.without(entries, settled), NAME) is UNKNOWN
    cut = chance.randrange(1, settled + 1)
    assert judged([dataclasses.replace(entry) for entry in entries[:cut]], NAME) is UNKNOWN


@pytest.mark.parametrize(("port", "judgement"), [("5000", UNKNOWN), ("49152", INVALID)])
def test_a_row_beside_the_others_that_could_not_be_read(port: str, judgement: Judgement) -> None:
    entries = _listed(at="elsewhere", port=port)
    entries[-1].fields["missed"] = "2 <- 10.0.0.3:49152"  # type: ignore[index]
    verdict = support.verdict(entries, NAME)
    assert verdict.judgement is judgement
    says = "alice lists more than is known: the lab could not read '2 <- 10.0.0.3:49152',"
    assert f"{says} which is a row as well" in verdict.findings[-1].says
