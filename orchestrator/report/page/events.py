"""What happened, one row a thing: operations, notices, sockets, lists and the lab's own lines."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from orchestrator import chat
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.fault_windows import VERBS, phrase
from orchestrator.checks.index.invocations import Operation
from orchestrator.checks.index.sockets import objects
from orchestrator.checks.phrases import with_arguments
from orchestrator.history.entries import Entry, row_text
from orchestrator.history.recorded_workload import WORKLOAD
from orchestrator.report.page.rows import (
    ListCell,
    ListRow,
    MarkRow,
    NoticeRow,
    OperationRow,
    SocketCell,
    SocketRow,
    WorkloadRow,
)
from orchestrator.report.page.view import View
from orchestrator.report.page.wording import at_length, moment
from orchestrator.text import squeeze

_NUMBER = re.compile(r"\d+")
_MARKS = ("chaos", "lapse", "crash", "client", "unread", "settled", "broke off")


def operation_rows(view: View) -> list[OperationRow]:
    """Return every operation, in the order of the invocations."""
    by_lab = _by_lab(view.index)
    return [
        OperationRow(
            moment(operation.at),
            moment(operation.done.at) if operation.done else None,
            view.peer(operation.peer),
            operation.verb,
            operation.status,
            at_length(asked(operation)),
            at_length(_answer(operation)),
            operation.invoked.number("step") or 0,
            int(operation.position in by_lab),
            operation.number,
        )
        for operation in view.operations
    ]


def _by_lab(index: HistoryIndex) -> set[int]:
    """Return the positions of the operations that no step asked for.

    Histories that do not say where a step is written say at least when the steps were over.
    """
    known = any(operation.invoked.number("step") for operation in index.operations)
    end = len(index.entries) if index.settled is None else index.settled
    return {
        operation.position
        for operation in index.operations
        if operation.position > end or (known and not operation.invoked.number("step"))
    }


def asked(operation: Operation) -> str:
    """Return what was done in words, for a reader who knows at which console."""
    last, verb = operation.last, operation.verb
    if verb in VERBS:
        return phrase(operation)
    if "arguments" in operation.invoked.fields:
        return f"{verb}{with_arguments(operation.invoked.mapping('arguments'))}"
    to = f" to {operation.to}" if operation.to else ""
    match verb:
        case "type":
            return f"type {last.text('line')}"
        case chat.SEND:
            return f"{verb}{to}: {last.text('text')}"
        case chat.CONNECT:
            typed = [str(last.fields[key]) for key in ("address", "port") if key in last.fields]
            return f"{verb}{to}{' at ' if typed else ''}{' '.join(typed)}"
        case "expect" | "never":
            return _awaited(operation)
        case _:
            return f"{verb}{f' {operation.to}' if operation.to else ''}"


def _awaited(operation: Operation) -> str:
    last = operation.last
    what = last.text("line") if "line" in last.fields else last.text("kind") or last.text("says")
    of = f" from {operation.of}" if operation.of else ""
    return f"{operation.verb} {what}{of}{': ' if 'text' in last.fields else ''}{last.text('text')}"


def _answer(operation: Operation) -> str:
    """Return what the console said, as far as the lab could read it, or else all of it."""
    return operation.said or (operation.done.text("unread") if operation.done else "")


def notice_rows(view: View) -> Iterator[NoticeRow]:
    """Yield what the consoles showed unasked."""
    for entry in view.index.entries:
        if entry.type == "notice" and view.focus.has(entry.at):
            peer, said = view.peer(entry.peer), at_length(entry.text("said"))
            yield NoticeRow(moment(entry.at), peer, entry.verb, said)


def list_rows(view: View) -> Iterator[ListRow]:
    """Yield what the peers listed, whenever they were asked for that."""
    for operation in view.operations:
        if operation.verb == chat.LIST and operation.status == "ok":
            rows = [_listed(row) for row in operation.last.rows]
            yield ListRow(moment(operation.last.at), view.peer(operation.peer), rows)


def _listed(row: Mapping[str, Any]) -> ListCell:
    address = ":".join(str(row[key]) for key in ("address", "port") if key in row)
    number = at_length(str(row.get("id", "")))
    return ListCell(number, row_text(row, "peer"), at_length(address))


def socket_rows(view: View) -> Iterator[SocketRow]:
    """Yield every reading of a peer's sockets in which something had changed."""
    log = view.index.sockets
    for entry in view.index.marks("sockets"):
        opened = [_socket(one, view.peer(log.peer_at(one))) for one in objects(entry, "opened")]
        closed = [(row_text(o, "local"), row_text(o, "remote")) for o in objects(entry, "closed")]
        is_whole = entry.fields.get("all") is True
        yield SocketRow(moment(entry.at), view.peer(entry.peer), is_whole, opened, closed)


def _socket(given: Mapping[str, Any], other: int) -> SocketCell:
    local, remote, state = (row_text(given, key) for key in ("local", "remote", "state"))
    unread, unsent = (given.get(key) for key in ("unread", "unsent"))
    return SocketCell(local, remote, state, other, _bytes(unread), _bytes(unsent))


def _bytes(value: object) -> int:
    return value if isinstance(value, int) else 0


def workload_rows(view: View) -> Iterator[WorkloadRow]:
    """Yield every workload; operations that the page leaves out count too."""
    parts: defaultdict[int | None, list[Operation]] = defaultdict(list)
    for operation in view.index.operations:
        parts[operation.invoked.number(WORKLOAD)].append(operation)
    for entry in view.index.marks(WORKLOAD):
        done = parts[number] if (number := entry.number("number")) else []
        ends = [operation.done.at if operation.done else inf for operation in done]
        ended = max(ends, default=entry.at)
        says = at_length(f"{WORKLOAD} {entry.text('says')}")
        peers = view.peers(entry.texts("peers"))
        until = None if ended == inf else moment(ended)
        yield WorkloadRow(moment(entry.at), until, peers, says, len(done))


def mark_rows(view: View) -> Iterator[MarkRow]:
    """Yield the lab's own lines that a reader must know of.

    A line that the profile does not read in answers, such as the heading of a list, is shown once.
    """
    told: set[tuple[str, str, str]] = set()
    for _, entry in view.index.lab:
        if entry.verb not in _MARKS or not view.focus.has(entry.at):
            continue
        if answer := entry.text("answer"):
            line = (entry.peer, answer, squeeze(_NUMBER.sub("", entry.text("said"))))
            if line in told:
                continue
            told.add(line)
        says = at_length(_mark(entry))
        yield MarkRow(moment(entry.at), view.peer(entry.peer), entry.verb, says)


def _mark(entry: Entry) -> str:
    said = entry.text("said")
    match entry.verb:
        case "chaos":
            return f"chaos with seed {entry.fields.get('seed')}, for {entry.fields.get('for')} s"
        case "settled":
            quiet = entry.fields.get("quiet") is not False
            return "every step was done" + ("" if quiet else "; something was still under way")
        case "lapse":
            return f"a fault was not in force all the time: {said}"
        case "client":
            return f"the client that is the console ended: {said}"
        case "unread":
            where = f" in the answer to {answer}" if (answer := entry.text("answer")) else ""
            return f"a line that the profile does not read{where}: {said}"
        case "broke off":
            return f"the run broke off: {said}"
        case _:
            return said or entry.verb
