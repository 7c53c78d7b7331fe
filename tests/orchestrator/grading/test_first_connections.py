"""What goes wrong on a process's first connection alone is found, at either end of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.grading.results import Outcome
from tests.orchestrator.grading.course import Course, outcomes
from tests.orchestrator.grading.submissions import variant
from tests.orchestrator.support import ROOT

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED

LOSES_THE_FIRST_MESSAGE = """\
import sys
from peer import __main__, events
from peer.node import Node

right, seen = Node._lines, []

def lines(node, connection, event):
    if isinstance(event, events.Received):
        seen.append(event)
        return right(node, connection, event) if len(seen) > 1 else []
    return right(node, connection, event)

Node._lines = lines
sys.exit(__main__.main())
"""

REFUSES_THE_FIRST_ID = """\
import sys
from peer import __main__
from peer.node import Node, NodeError
from peer.protocol import Role

right = Node.send

def send(node, number, text):
    if number == 1 and node._find(number).role is Role.ACCEPTOR:
        raise NodeError("no connection 1; list shows the ids")
    return right(node, number, text)

Node.send = send
sys.exit(__main__.main())
"""


@pytest.mark.timeout(120)  # two programs, four tests each
def test_a_fault_of_the_first_connection_does_not_hide_behind_an_earlier_test(
    tmp_path: Path,
) -> None:
    course = Course(tmp_path)
    tests = ("dial", "message", "answer", "end")
    for test in tests:
        shutil.copy(ROOT / "conformance" / f"{test}.yaml", tmp_path)
    rows = "".join(f"  - {{test: {test}, points: 1}}\n" for test in tests)
    course.rubric.write_text(f"title: First\nwhy: A test.\ntests:\n{rows}")
    variant(course.programs, "lost", LOSES_THE_FIRST_MESSAGE)
    variant(course.programs, "refused", REFUSES_THE_FIRST_ID)
    lost, refused = course.grade(jobs=2)
    assert outcomes(lost) == [PASSED, FAILED, FAILED, PASSED]
    assert outcomes(refused) == [PASSED, PASSED, FAILED, PASSED]
