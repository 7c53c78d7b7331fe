"""Once things are quiet, every row of a list names the port at which that peer listens.

Only there can it be dialled. Judged by the last list of each peer behind the `settled` mark, row
by row; which peers a list must show is judged by `lists`. Invalid when a row names another port
of a peer, such as the one that it dialled from. Unknown when the run did not settle, and when a
list has rows that could not be read beside those that were.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.checks.final_lists import final, half_read_lists
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.invocations import Operation
from orchestrator.checks.phrases import both, when
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.history.entries import row_text
from orchestrator.text import count

NAME = "ports"


def check(index: HistoryIndex) -> Verdict:
    """Judge the ports in the final lists."""
    last = final(index)
    rows = [(operation, row) for operation in last.values() for row in operation.last.rows]
    wrong = [_finding(index, *one) for one in rows if _is_elsewhere(index, one[1])]
    says = f"{count(len(rows), 'row')}, each with a right port"
    unsure = [*half_read_lists(last), *index.unsettled]
    return conclude(NAME, says, wrong, unsure, judged=rows)


def _is_elsewhere(index: HistoryIndex, row: Mapping[str, Any]) -> bool:
    """Return whether a row names another port of a peer than the one that it listens on.

    A peer whose connections go through a relay may be listed by another address of its own.
    """
    right = _listening_port(index, row_text(row, "peer"))
    return row_text(row, "at") == "elsewhere" and row_text(row, "port") != right


def _finding(index: HistoryIndex, operation: Operation, row: Mapping[str, Any]) -> Finding:
    other = row_text(row, "peer")
    says = f"at {when(operation.last.at)}, {operation.peer} lists {other or 'an unknown peer'}"
    says += f" at port {row_text(row, 'port') or 'unknown'}"
    if right := _listening_port(index, other):
        says += f", where it does not listen: it does at {right}"
    peers = both(operation.peer, other)
    return Finding(says, operation.last.at, peers, operation=operation.number)


def _listening_port(index: HistoryIndex, peer: str) -> str:
    ports = [entry.fields.get("port") for entry in index.marks("ready") if entry.peer == peer]
    return str(ports[-1]) if ports and ports[-1] is not None else ""
