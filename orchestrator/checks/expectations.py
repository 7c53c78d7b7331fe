"""Every operation ended as the scenario wants: its outcome, its answer, what it showed, when.

Invalid when one ended otherwise, when what an `expect` waited for did not come, or when one that
must end in some way was not answered, and certainly never is, as no program goes on by itself.
Unknown when it is not known how one ended that must end in some way, for instance because its
reply could not be read; when a list that is as it must be has rows besides that could not be
read; when what is missing may stand in a line that could not be read, or was to follow from such
an operation; when the machine was too busy for it to come in time; when a fault was not proven to
take effect or to be gone, or was not in force all the time; and when the run did not settle, so
that steps are missing. A list that shows a peer which was to leave, still runs and has its
connection is not judged, nor is a run that has nothing else against the program.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.checks import punctuality
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.fault_windows import VERBS
from orchestrator.checks.index.invocations import Operation
from orchestrator.checks.phrases import (
    NEVER_ANSWERED,
    awaited,
    both,
    done,
    half_read,
    quoted,
    unread,
    when,
)
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.history import wanted
from orchestrator.history.entries import GONE, Entry
from orchestrator.text import count

NAME = "expectations"

_TWO = 2
_INVOLVE_TWO = ("connect", "send")
_CHANGES = ("connect", "terminate")  # whether two are connected
_MOST_CONSOLES = 4
_OUTCOMES = {"ok": "succeeded", "fail": "failed", "nil": "found nothing"}


def check(index: HistoryIndex) -> Verdict:
    """Judge how the operations ended."""
    wrong, unsure = problems(index)
    unsure += [_lapse(index, entry) for entry in index.marks("lapse")]
    says = f"{count(len(index.operations), 'operation')} as wanted"
    judged = any(map(_wants, index.steps)) and not any(
        _shows_who_stayed(index, step) for step in index.steps
    )
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled], judged=judged)


def problems(index: HistoryIndex) -> tuple[list[Finding], list[Finding]]:
    """Return what is wrong with the operations, and what may be."""
    wrong, unsure = list[Finding](), list[Finding]()
    earlier: dict[str, Operation] = {}  # the last one at each peer that was still there
    for operation in index.operations:
        before = earlier.get(operation.peer)
        if not operation.said.endswith(GONE):
            earlier[operation.peer] = operation
        amiss = [] if _shows_who_stayed(index, operation) else [*_amiss(operation)]
        doubt = _doubt(index, operation) if amiss else ""
        if doubt:
            unsure.append(_finding(index, operation, f"{amiss[0]}; {doubt}"))
            continue
        late = punctuality.of_operation(index, operation) if amiss else ""
        found = [
            _finding(index, operation, f"{what}{_why_gone(operation, what, before)}{late}")
            for what in amiss
        ]
        (unsure if late else wrong).extend(found)
        if not amiss and (line := _missed_row(operation)):
            unsure.append(_finding(index, operation, f": {half_read(line)}"))
        if line := index.unread.forbidden(operation):
            unsure.append(_finding(index, operation, f": {unread(line)}"))
        if operation.is_indeterminate and not amiss and _is_open(operation):
            is_read = "unread" not in operation.last.fields
            late = index.late_at(operation.last.at) if is_read else ""
            unsure.append(_finding(index, operation, f"{_unknown(operation)}{late}"))
    return wrong, unsure


def _why_gone(operation: Operation, what: str, before: Operation | None) -> str:
    """Return at which earlier operation a peer ended that was gone when it was asked again."""
    if not (operation.said and what.endswith(operation.said) and operation.said.endswith(GONE)):
        return ""
    if before is None or not (before.is_indeterminate and before.said):
        return ""
    return f" (before, {done(before).rstrip(',')}: {before.said})"


def _doubt(index: HistoryIndex, operation: Operation) -> str:
    """Return why the lab may be why an operation is not as wanted; empty if it is not."""
    if operation.verb == "list":
        line = operation.last.text("unread")
        lacks_only = not operation.listed - _wanted(_wants(operation).get("shows"))
        if line and operation.status == "ok" and lacks_only:
            return unread(line)
    if operation.verb != "expect":
        return _unread_before(index, operation)
    if line := index.unread.awaited(operation) or _half_named(index, operation):
        return unread(line)
    return _unread_cause(index, operation)


def _half_named(index: HistoryIndex, operation: Operation) -> str:
    """Return a message that was awaited, and has the sender's name where the profile reads none."""
    of, text = operation.last.text("of"), operation.last.text("text")
    for entry in index.entries if of else ():
        if (
            (entry.type, entry.verb, entry.peer) == ("notice", "message", operation.peer)
            and entry.text("text") == text
            and not (entry.text("of") or entry.text("called"))
            and re.search(rf"\b{re.escape(of)}\b", entry.text("said").replace(text, ""))
        ):
            return entry.text("said")
    return ""


def _unread_before(index: HistoryIndex, operation: Operation) -> str:
    """Return what was said of the step on which this one rests, if its answer could not be read.

    Who is still connected is refused, and who is not cannot be written to: for each peer that is
    concerned, the last step that was to change that, which may not even have been typed.
    """
    wants = _wants(operation)
    if operation.verb == "list":
        shows = _wanted(wants.get("shows"))
        others = {*(operation.listed - shows), *(shows - operation.listed)}
    else:
        others = {operation.to} - {""}
    said = []
    for other in others:
        pair = {operation.peer, other}
        before = [it for it in index.operations if it.position < operation.position
                  and it.verb in _CHANGES and {it.peer, it.to} == pair]  # fmt: skip
        last = before[-1] if before else None
        is_unread = last and last.status == "info" and "unread" in last.last.fields
        said.append(last.said if last and is_unread else "")
    return said[0] if said and all(said) else ""


def _shows_who_stayed(index: HistoryIndex, operation: Operation) -> bool:
    """Return whether a list shows too much only because peers have not left that were to.

    One that still runs, and still has its connection, is listed rightly: it is the fault of its
    `exit` alone.
    """
    shows = _wants(operation).get("shows")
    if operation.verb != "list" or operation.status != "ok" or shows is None:
        return False
    more, less = operation.listed - _wanted(shows), _wanted(shows) - operation.listed
    return (
        bool(more)
        and not less
        and all(rows <= _kept(index, peer, operation) for peer, rows in more.items())
    )


def _kept(index: HistoryIndex, peer: str, operation: Operation) -> int:
    """Return how many connections a peer has kept that was to leave before an operation."""
    before = [it for it in index.operations if it.peer == peer and it.position < operation.position]
    if not before or before[-1].verb != "exit" or before[-1].status != "fail":
        return 0
    ends = ((operation.peer, peer), (peer, operation.peer))
    links = [index.sockets.between(*end, operation.position) for end in ends]
    return min(sum(it.state == "ESTABLISHED" for it in several) for several in links)


def _missed_row(operation: Operation) -> str:
    """Return a row of a list that could not be read, if it must show certain peers."""
    return operation.last.text("missed") if _wants(operation).get("shows") is not None else ""


def _unread_cause(index: HistoryIndex, operation: Operation) -> str:
    """Return what was said of the cause of a notice, if its own answer could not be read."""
    text = operation.last.fields.get("text")
    before = [
        cause
        for cause in index.unread.causes(operation.last.text("kind"), operation.peer)
        if cause.position < operation.position and text in (None, cause.last.fields.get("text"))
    ]
    last = before[-1] if before else None
    return last.said if last and last.status == "info" and "unread" in last.last.fields else ""


def _wants(operation: Operation) -> dict[str, Any]:
    """Return how an operation must end; empty if it may end in any way."""
    wants = {**operation.invoked.mapping("wants"), **operation.last.mapping("wants")}
    if operation.verb == "expect" and operation.last.fields.get("may_fail") is not True:
        wants.setdefault("outcome", "ok")
    return wants


def _is_open(operation: Operation) -> bool:
    """Return whether anything wanted of an operation is not known of it."""
    known = {"within"} if operation.done else set()
    known |= {"answered"} & set(operation.last.fields)
    return bool(set(_wants(operation)) - known)


def _unknown(operation: Operation) -> str:
    """Return why it is not known how an operation ended, to be read behind its name."""
    if operation.verb in VERBS:
        return f": {operation.said or 'it is not known whether it took effect'}"
    said = f" ({operation.said})" if operation.said else ""
    return f": it is not known how it ended{said}"


def _lapse(index: HistoryIndex, entry: Entry) -> Finding:
    said = entry.text("said")
    what = (f": {said}" if said else "") + index.late_at(entry.at)
    return Finding(f"at {when(entry.at)}, a fault was not in force all the time{what}", entry.at)


def _amiss(operation: Operation) -> Iterator[str]:
    """Yield what is not as it must be, to be read behind the operation's name."""
    wants = _wants(operation)
    yield from _unanswered(operation, wants)
    if (within := _seconds(wants.get("within"))) is not None:
        yield from _too_late(operation, within)
    if operation.is_indeterminate:
        return
    if (outcome := wants.get("outcome")) and outcome not in _ended(operation):
        yield _ended_otherwise(operation, str(outcome))
    elif operation.status == "ok":
        yield from _misinformed(operation, wants)
    if (says := wants.get("says")) and str(says) not in operation.said:
        answer = quoted(operation.said) if operation.said else "nothing"
        yield f" should have been answered with {quoted(str(says))}, but the answer was {answer}"
    if wants.get("shows") is not None and (shows := operation.listed) != _wanted(wants["shows"]):
        names = _names(_wanted(wants["shows"]))
        yield f" should have shown {names}, but showed {_names(shows)}"
    if (status := wants.get("status")) is not None:
        ended = operation.last.fields.get("status")
        if ended != status:
            how = "its status is not known" if ended is None else f"it was {ended}"
            yield f" should have ended with status {status}, but {how}"


def _unanswered(operation: Operation, wants: Mapping[str, Any]) -> Iterator[str]:
    """Yield that a program printed nothing, if it had to or certainly never will."""
    if wants.get("answered") and operation.last.fields.get("answered") is False:
        yield " should have been answered, but nothing was printed"
    elif wants and operation.is_never_answered:
        yield NEVER_ANSWERED


def _ended(operation: Operation) -> tuple[str, ...]:
    """Return what an operation ended as, in the words of an expected outcome."""
    is_nil = operation.last.fields.get("nil") is True
    return (operation.status, "nil") if is_nil else (operation.status,)


def _too_late(operation: Operation, within: float) -> Iterator[str]:
    """Yield that an operation took too long; nothing of one without an outcome."""
    if operation.done is None:
        return
    took = _seconds(operation.last.fields.get("took"))
    took = operation.last.at - operation.at if took is None else took
    if took > within:
        has_ended = not operation.is_indeterminate or "unread" in operation.last.fields
        how = f"took {took:.1f} s" if has_ended else f"had not after {took:.1f} s"
        yield f" should have ended within {within:g} s, but {how}"


def _misinformed(operation: Operation, wants: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a program should have said otherwise, about itself and its commands."""
    said = operation.said.casefold()
    absent = [name for name in _several(wants.get("names")) if name.casefold() not in said]
    if absent:
        yield f" should have named {', '.join(absent)}, but did not"
    right = _several(wants.get("address"))
    if right and (address := operation.last.text("address")) not in right:
        yield f" should have given {' or '.join(right)}, but gave {address or 'none'}"
    most, used = _seconds(wants.get("processor")), _seconds(operation.last.fields.get("processor"))
    if most is not None and used is not None and used > most:
        yield f" should have used at most {most:.0%} of a processor, but wanted {used:.0%}"
    port = wants.get("port")
    if port is not None and str(operation.last.fields.get("port")) != str(port):
        yield f" should have given {port}, but gave {operation.last.fields.get('port', 'none')}"
    if what := wanted.unmet(wants, operation.last.fields):
        yield f": {what}"


def _several(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _ended_otherwise(operation: Operation, outcome: str) -> str:
    said = f": {operation.said}" if operation.said else ""
    came = _OUTCOMES.get(operation.status, operation.status)
    if operation.verb == "expect":
        return said or f", which {came}"
    if operation.verb == "never" and "seen" in operation.last.fields:
        seen = _seconds(operation.last.fields["seen"]) or 0.0
        return f", which appeared at {when(seen)}: {quoted(operation.said)}"
    return f" should have {_OUTCOMES.get(outcome, outcome)}, but {came}{said}"


def _wanted(shows: object) -> Counter[str]:
    return Counter(map(str, shows)) if isinstance(shows, list | tuple) else Counter()


def _names(peers: Counter[str]) -> str:
    names = sorted(peer or "a stranger" for peer in peers.elements())
    return ", ".join(names) or "no one"


def _finding(index: HistoryIndex, operation: Operation, what: str) -> Finding:
    is_watched = operation.verb in ("expect", "never")
    name = awaited(operation) if is_watched else done(operation)
    peers, text = _consoles(index, operation), operation.last.text("text")
    kind = " ".join(filter(None, (operation.verb, operation.last.text("kind"))))
    return Finding(name + what, operation.at, peers, text, kind=kind, operation=operation.number)


def _consoles(index: HistoryIndex, operation: Operation) -> tuple[str, ...]:
    """Return the peers whose consoles show more, named by the operation or not.

    Of two peers both; of more, those that connect with, or send to or from, the one concerned.
    """
    named = both(operation.peer, operation.to or operation.of)
    if len(named) != 1 or operation.verb in VERBS:
        return named
    if len(index.peers) <= _TWO:
        return both(*named, *index.peers)
    pairs = [(other.peer, other.to) for other in index.operations if other.verb in _INVOLVE_TWO]
    near = [peer for pair in pairs if named[0] in pair for peer in pair]
    return both(*named, *near)[:_MOST_CONSOLES]
