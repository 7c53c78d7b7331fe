"""Once things are quiet, every row of a list names the port at which that peer listens.

Only there can it be dialled. Judged by the last list of each peer behind the `settled` mark, row by
row; whom a list must show is for `lists`. Invalid when a row names another port of a peer, such as
the one that it dialled from. Unknown when the run did not settle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.checks import final_lists
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.operations import Operation
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.checks.wording import both, when
from orchestrator.history.entries import row_text
from orchestrator.text import count

NAME = "ports"


def check(index: HistoryIndex) -> Verdict:
    """Judge the ports in the final lists."""
    last = final_lists.final(index).values()
    wrong = [_finding(index, one, row) for one in last for row in _elsewhere(one)]
    rows = sum(len(each.last.rows) for each in last)
    return conclude(NAME, f"{count(rows, 'row')}, each with a right port", wrong, index.unsettled)


def _elsewhere(operation: Operation) -> Iterator[Mapping[str, Any]]:
    for row in operation.last.rows:
        if row_text(row, "at") == "elsewhere":
            yield row


def _finding(index: HistoryIndex, operation: Operation, row: Mapping[str, Any]) -> Finding:
    other = row_text(row, "peer")
    says = f"at {when(operation.last.at)}, {operation.peer} lists {other or 'somebody'}"
    says += f" at port {row_text(row, 'port') or 'unknown'}"
    if right := _listens(index, other):
        says += f", where it does not listen: it does at {right}"
    return Finding(says, operation.last.at, both(operation.peer, other))


def _listens(index: HistoryIndex, peer: str) -> str:
    """Return the port on which a peer listens; empty where nobody knows."""
    ports = [each.fields.get("port") for each in index.marks("ready") if each.peer == peer]
    return str(ports[-1]) if ports and ports[-1] is not None else ""
