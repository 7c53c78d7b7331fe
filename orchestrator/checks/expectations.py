"""Every operation ended as the scenario wants: its outcome, what was said, what was shown, when.

Invalid when one ended otherwise, or when what an `expect` waited for did not come. Unknown
when nobody knows how one ended that must end in some way, be it that its reply could not be read,
when what is missing may stand in a line that could not be read, or was to come of what was so,
when a fault was not proven to hold or to be gone, or did not hold all the time, or when the run
did not settle, so that steps are missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.checks.index import HistoryIndex, faults
from orchestrator.checks.index.operations import Operation
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.checks.wording import awaited, both, quoted, told, unread, when
from orchestrator.history.entries import Entry, row_text
from orchestrator.text import count

NAME = "expectations"

_TWO = 2
_MEETING = ("connect", "send")
_MOST_CONSOLES = 4
_OUTCOMES = {"ok": "succeeded", "fail": "failed"}


def check(index: HistoryIndex) -> Verdict:
    """Judge how the operations ended."""
    wrong, unsure = [], []
    for each in index.operations:
        amiss = [*_amiss(each)]
        doubt = _doubt(index, each) if amiss else ""
        if doubt:
            unsure.append(_finding(index, each, f"{amiss[0]}; {doubt}"))
            continue
        wrong += [_finding(index, each, what) for what in amiss]
        if each.is_perhaps and not amiss and _is_open(each):
            unsure.append(_finding(index, each, _unknown(each)))
    unsure += [_lapse(entry) for entry in index.marks("lapse")]
    says = f"{count(len(index.operations), 'operation')} as wanted"
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled])


def _doubt(index: HistoryIndex, operation: Operation) -> str:
    """Return why it may be the lab's fault that an operation is not as wanted; may be empty."""
    if operation.verb == "list":
        line = operation.last.text("unread")
        lacks_only = not _listed(operation) - _wanted(_wants(operation).get("shows"))
        return unread(line) if line and operation.status == "ok" and lacks_only else ""
    if operation.verb != "expect":
        return ""
    if line := index.unread.awaited(operation):
        return unread(line)
    return _led_to_by_what_is_unread(index, operation)


def _led_to_by_what_is_unread(index: HistoryIndex, operation: Operation) -> str:
    """Return that nobody knows whether what was to lead to a notice was done; may be empty."""
    text = operation.last.fields.get("text")
    before = [
        each
        for each in index.unread.causes(operation.last.text("kind"), operation.peer)
        if each.position < operation.position and text in (None, each.last.fields.get("text"))
    ]
    last = before[-1] if before else None
    return last.said if last and last.status == "info" and "unread" in last.last.fields else ""


def _wants(operation: Operation) -> dict[str, Any]:
    """Return how an operation must end; empty where it may end in any way."""
    wants = dict(operation.invoked.mapping("wants"))
    wants |= operation.last.mapping("wants")
    if operation.verb == "expect" and operation.last.fields.get("may_fail") is not True:
        wants.setdefault("outcome", "ok")
    return wants


def _is_open(operation: Operation) -> bool:
    """Return whether something is wanted of an operation that nobody knows of it."""
    known = {"within"} if operation.done else set()
    known |= {"answered"} & set(operation.last.fields)
    return bool(set(_wants(operation)) - known)


def _unknown(operation: Operation) -> str:
    """Return why nobody knows how an operation ended, to be read behind its name."""
    if operation.verb in faults.VERBS:
        return f": {operation.said or 'nobody knows whether it took hold'}"
    said = f" ({operation.said})" if operation.said else ""
    return f": nobody knows how it ended{said}"


def _lapse(entry: Entry) -> Finding:
    said = entry.text("said")
    what = f": {said}" if said else ""
    return Finding(f"at {when(entry.at)}, a fault did not hold all the time{what}", entry.at)


def _amiss(operation: Operation) -> Iterator[str]:
    """Yield what is not as it must be, to be read behind the operation's name."""
    wants = _wants(operation)
    if wants.get("answered") and operation.last.fields.get("answered") is False:
        yield " should have been answered, but nothing was printed"
    if (within := _seconds(wants.get("within"))) is not None:
        yield from _too_late(operation, within)
    if operation.is_perhaps:
        return
    if (outcome := wants.get("outcome")) and operation.status != outcome:
        yield _ended_otherwise(operation, str(outcome))
    elif operation.status == "ok":
        yield from _misinformed(operation, wants)
    if (says := wants.get("says")) and str(says) not in operation.said:
        answer = quoted(operation.said) if operation.said else "nothing"
        yield f" should have been answered with {str(says)!r}, but the answer was {answer}"
    if wants.get("shows") is not None and (shows := _listed(operation)) != _wanted(wants["shows"]):
        wanted = _names(_wanted(wants["shows"]))
        yield f" should have shown {wanted}, but showed {_names(shows)}"
    if (status := wants.get("status")) is not None:
        ended = operation.last.fields.get("status")
        if ended != status:
            yield f" should have ended with status {status}, but {_status(ended)}"


def _too_late(operation: Operation, within: float) -> Iterator[str]:
    """Yield that an operation took too long; nothing of one that has no end."""
    if operation.done is None:
        return
    took = _seconds(operation.last.fields.get("took"))
    took = operation.last.at - operation.at if took is None else took
    if took > within:
        yield f" should have ended within {within:g} s, but took {took:.1f} s"


def _misinformed(operation: Operation, wants: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a program should have told otherwise, of itself and of what it can do."""
    said = operation.said.casefold()
    absent = [n for n in _several(wants.get("names")) if n.casefold() not in said]
    if absent:
        yield f" should have named {', '.join(absent)}, but did not"
    right = _several(wants.get("address"))
    if right and (told := operation.last.text("address")) not in right:
        yield f" should have told {' or '.join(right)}, but told {told or 'none'}"
    port = wants.get("port")
    if port is not None and str(operation.last.fields.get("port")) != str(port):
        yield f" should have told {port}, but told {operation.last.fields.get('port', 'none')}"


def _several(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else []


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _ended_otherwise(operation: Operation, outcome: str) -> str:
    said = f": {operation.said}" if operation.said else ""
    if operation.verb == "expect":
        return said or f", which {_OUTCOMES.get(operation.status, operation.status)}"
    wanted, came = (_OUTCOMES.get(each, each) for each in (outcome, operation.status))
    return f" should have {wanted}, but {came}{said}"


def _listed(operation: Operation) -> Counter[str]:
    return Counter(row_text(row, "peer") for row in operation.last.rows)


def _wanted(shows: object) -> Counter[str]:
    return Counter(map(str, shows)) if isinstance(shows, list | tuple) else Counter()


def _names(peers: Counter[str]) -> str:
    names = sorted(each or "somebody not in the run" for each in peers.elements())
    return ", ".join(names) or "nobody"


def _status(status: object) -> str:
    return "nobody knows its status" if status is None else f"it was {status}"


def _finding(index: HistoryIndex, operation: Operation, what: str) -> Finding:
    name = awaited(operation) if operation.verb == "expect" else told(operation)
    peers = _consoles(index, operation)
    return Finding(name + what, operation.at, peers, operation.last.text("text"))


def _consoles(index: HistoryIndex, operation: Operation) -> tuple[str, ...]:
    """Return where there is more to read: also where nobody named, but somebody has to do with it.

    Of two peers both, of more those that dial, or send to, the one that does not do as it should.
    """
    named = both(operation.peer, operation.to or operation.of)
    if len(named) != 1 or operation.verb in faults.VERBS:
        return named
    if len(index.peers) <= _TWO:
        return both(*named, *index.peers)
    pairs = [(each.peer, each.to) for each in index.operations if each.verb in _MEETING]
    near = [peer for pair in pairs if named[0] in pair for peer in pair]
    return both(*named, *near)[:_MOST_CONSOLES]
