"""No id is generated twice.

Invalid when two answers have the same id. Unknown when the lab could not read an answer, when a
person typed at a console before, and when the run did not settle.
"""

from __future__ import annotations

from collections import defaultdict

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.calls import Call, spelled
from orchestrator.checks.models.judging import Subject
from orchestrator.checks.phrases import quoted, when
from orchestrator.checks.verdict import Verdict
from orchestrator.text import count

NAME = "unique-ids"


def check(index: HistoryIndex) -> Verdict:
    """Judge every id that was generated."""
    subject = Subject(index, NAME)
    by_id = defaultdict[str, list[Call]](list)
    for call in subject.calls:
        if call.is_ok and not call.is_nil:
            by_id[spelled(call.results["id"])].append(call)
    wrong = []
    for number, calls in by_id.items():
        if len(calls) > 1:
            said = " and ".join(f"to {call.peer} at {when(call.completed)}" for call in calls)
            says = f"the id {quoted(number)} was given {said}"
            wrong.append(subject.finding(says, *calls, kind="repeated"))
    return subject.verdict(f"{count(len(by_id), 'id')}, all different", wrong, judged=by_id)
