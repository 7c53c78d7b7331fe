"""Faults that are common in the wild: each is shown by a test of the conformance suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.grading import rubric as rubrics
from orchestrator.grading.results import Outcome
from orchestrator.grading.rubric import CONFORMANCE
from orchestrator.scenario import EngineName
from tests.examples.trial import graded
from tests.orchestrator.grading.submissions import variant

HEAD = "from peer import __main__, events, render\nfrom peer.node import Node\n"
TAIL = "\n__main__.main()\n"
RELAYS = """
right = Node._lines


def lines(node, connection, event):
    if isinstance(event, events.Received):
        for other in node._established():
            if other is not connection:
                other.send(event.raw.decode())
    return right(node, connection, event)


Node._lines = lines
"""
SENDS_TO_ALL = """
right = Node.send


def send(node, number, text):
    sent = right(node, number, text)
    for row in node.rows():
        if row.id != number:
            right(node, row.id, text)
    return sent


Node.send = send
"""
SENDS_BY_PLACE = """
right = Node.send
Node.send = lambda node, number, text: right(
    node, node.rows()[min(number, len(node.rows())) - 1].id, text
)
"""
OVERWRITES = """
from peer.registry import Registry

right = Registry.release


def release(registry, member):
    right(registry, member)
    registry._last_id = len(registry._by_id)


Registry.release = release
"""
OBEYS_SLASHES = """
right = Node._lines


def lines(node, connection, event):
    if isinstance(event, events.Received) and event.raw.startswith(b"/"):
        connection.abort("told to")
        return []
    return right(node, connection, event)


Node._lines = lines
"""
FORGETS_AT_A_WORD = """
right, rows, left = Node._lines, Node.rows, []


def lines(node, connection, event):
    if isinstance(event, events.Received) and event.raw == b"BYE":
        left.append(event)
    return right(node, connection, event)


Node._lines = lines
Node.rows = lambda node: [] if left else rows(node)
"""
ANSWERS_PINGS = """
right = Node._lines
Node._lines = lambda node, connection, event: (
    [] if isinstance(event, events.Received) and event.raw == b"PING"
    else right(node, connection, event)
)
"""

ENDS_WHEN_LEFT = """
import os

right = Node._ended


def ended(node, connection, failure):
    if not getattr(connection, "id", 0):
        os._exit(1)
    right(node, connection, failure)


Node._ended = ended
"""
SPINS_WHEN_LEFT = """
import threading

right, started = Node._ended, []


def spin():
    while True:
        pass


def ended(node, connection, failure):
    right(node, connection, failure)
    if not started:
        started.append(threading.Thread(target=spin, daemon=True))
        started[0].start()


Node._ended = ended
"""
DEAF_WHEN_LEFT = ENDS_WHEN_LEFT.replace("os._exit(1)", "node._listener.close()")


@pytest.mark.parametrize(
    ("code", "test", "check"),
    [
        (RELAYS, "only-to-one", "invention"),
        pytest.param(SENDS_BY_PLACE, "after-an-end", "expectations", marks=pytest.mark.thorough),
        pytest.param(OVERWRITES, "new-after-an-end", "expectations", marks=pytest.mark.thorough),
        pytest.param(ANSWERS_PINGS, "protocol-words", "delivery", marks=pytest.mark.thorough),
        pytest.param(
            FORGETS_AT_A_WORD, "protocol-words", "expectations", marks=pytest.mark.thorough
        ),
        pytest.param(OBEYS_SLASHES, "protocol-words", "expectations", marks=pytest.mark.thorough),
        pytest.param(
            SPINS_WHEN_LEFT, "idle-after-an-end", "expectations", marks=pytest.mark.thorough
        ),
        (ENDS_WHEN_LEFT, "blank-connection", "expectations"),
        pytest.param(
            DEAF_WHEN_LEFT, "blank-connection", "expectations", marks=pytest.mark.thorough
        ),
        pytest.param(SENDS_TO_ALL, "only-to-one", "invention", marks=pytest.mark.thorough),
    ],
)
def test_a_fault_is_shown(tmp_path: Path, code: str, test: str, check: str) -> None:
    folder = variant(tmp_path, "anna", HEAD + code + TAIL)
    suite = rubrics.load(CONFORMANCE).only([test])
    (grade,) = graded([folder], EngineName.PROCESS, tmp_path / "grades", suite=suite)
    (result,) = grade.results
    assert result.outcome is Outcome.FAILED, result.reason
    assert check in grade.findings[test], result.reason


ENDS_LATER = """
import threading

right = Node.terminate


def terminate(node, number):
    row = node._find(number).row
    threading.Timer(0.2, right, [node, number]).start()
    return row


Node.terminate = terminate
"""
UNLISTS_AND_ENDS_LATER = (
    ENDS_LATER
    + """
rows, left = Node.rows, set()


def unlist(node, number):
    left.add(number)
    return terminate(node, number)


Node.terminate = unlist
Node.rows = lambda node: [row for row in rows(node) if row.id not in left]
"""
)


@pytest.mark.parametrize(
    "code", [pytest.param(ENDS_LATER, marks=pytest.mark.thorough), UNLISTS_AND_ENDS_LATER]
)
def test_an_end_behind_its_answer_is_no_fault(tmp_path: Path, code: str) -> None:
    folder = variant(tmp_path, "anna", HEAD + code + TAIL)
    suite = rubrics.load(CONFORMANCE).only(["ended-twice", "sent-after-the-end"])
    (grade,) = graded([folder], EngineName.PROCESS, tmp_path / "grades", suite=suite)
    assert [(r.outcome, r.reason) for r in grade.results] == [(Outcome.PASSED, "")] * 2


KEEPS_ROWS = """
rows, kept = Node.rows, {}


def keep(node):
    kept.update({row.id: row for row in rows(node)})
    return list(kept.values())


Node.rows = keep
"""


@pytest.mark.parametrize(
    ("code", "cause", "others"),
    [
        pytest.param(KEEPS_ROWS, "killed", ["again-at-once"], marks=pytest.mark.thorough),
        (SENDS_TO_ALL, "only-to-one", ["after-an-end", "new-after-an-end"]),
    ],
    ids=["rows", "others"],
)
def test_a_fault_costs_its_points_once(
    tmp_path: Path, code: str, cause: str, others: list[str]
) -> None:
    folder = variant(tmp_path, "anna", HEAD + code + TAIL)
    suite = rubrics.load(CONFORMANCE).only([cause, *others])
    (grade,) = graded([folder], EngineName.PROCESS, tmp_path / "grades", suite=suite)
    found = {result.test: (result.outcome, result.because) for result in grade.results}
    assert found[cause] == (Outcome.FAILED, "")
    assert [found[name] for name in others] == [(Outcome.NOT_TESTED, cause)] * len(others)


SHOWS_TWICE = """
right = Node._lines
Node._lines = lambda node, connection, event: (
    [*right(node, connection, event)] * (1 + isinstance(event, events.Received))
)
"""
FAILS_IN_A_THREAD = """
import threading

right = Node.send


def send(node, number, text):
    threading.Thread(target=int, args=[text]).start()
    return right(node, number, text)


Node.send = send
"""


@pytest.mark.parametrize(
    ("code", "test", "check"),
    [
        (RELAYS, "sender", "invention"),
        (SHOWS_TWICE, "message", "duplicates"),
        (FAILS_IN_A_THREAD, "message", "crashes"),
    ],
)
def test_what_is_found_where_it_is_not_counted_is_listed(
    tmp_path: Path, code: str, test: str, check: str
) -> None:
    folder = variant(tmp_path, "anna", HEAD + code + TAIL)
    suite = rubrics.load(CONFORMANCE).only([test])
    (grade,) = graded([folder], EngineName.PROCESS, tmp_path / "grades", suite=suite)
    assert [result.outcome for result in grade.results] == [Outcome.PASSED]
    assert check in grade.uncounted
