"""Every read gives what was last written, as if each operation took effect at one moment.

That is linearizability, judged for each key by itself. A write that may have happened stays open
to the end; a read without an answer says nothing. A key that was never written reads as nil.

Invalid when the operations on a key fit no order; the finding is the shortest stretch that fits
none by itself. Unknown when the search for an order grew past its limit, when the lab could not
read an answer, when a person typed at a console before, and when the run did not settle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.calls import Call, spelled
from orchestrator.checks.models.judging import Subject
from orchestrator.checks.models.linearizability import Access, Fit, Value
from orchestrator.checks.models.orders import search
from orchestrator.checks.models.stretch import Stretch
from orchestrator.checks.phrases import between, when
from orchestrator.checks.verdict import Finding, Verdict
from orchestrator.text import count, cut

NAME = "register"

LIMIT = 150_000  # effort of the search for an order on one key; some seconds
_MOST_NAMED = 12  # operations of a stretch
_MOST_POSSIBLE = 3  # values that would fit
_LONGEST = 30  # characters of a value that are quoted


def check(index: HistoryIndex) -> Verdict:
    """Judge the operations on each key."""
    subject = Subject(index, NAME)
    wrong, unsure, judged = list[Finding](), list[Finding](), 0
    for key, calls in _by_key(subject.calls).items():
        accesses = [access(call) for call in calls if call.may_happen and _says_something(call)]
        judged += sum(one.is_required for one in accesses)
        match search(accesses, LIMIT)[0]:
            case Fit.IMPOSSIBLE:
                wrong.append(_impossible(subject, key, accesses, calls))
            case Fit.TOO_MANY:
                several = count(len(accesses), "operation")
                says = f"{_at(key)}, {several} have too many possible orders to look at them all"
                unsure.append(subject.finding(says, *(one.call for one in accesses)))
            case Fit.FITS:
                pass
    keys = count(len(_by_key(subject.calls)), "key")
    says = f"{count(judged, 'operation')} on {keys} fit an order"
    return subject.verdict(says, wrong, unsure, judged=judged)


def _by_key(calls: Sequence[Call]) -> dict[str, list[Call]]:
    keys = defaultdict[str, list[Call]](list)
    for call in calls:
        keys[call.key].append(call)
    return dict(keys)


def _says_something(call: Call) -> bool:
    """Return whether a call says anything about a register."""
    match call.meaning:
        case "read":
            return call.is_ok
        case "cas":
            return not call.is_nil  # there was nothing to replace
        case _:
            return True


def access(call: Call) -> Access:
    """Return what a call does to its register."""
    places = call.is_ok, call.position, call.done_position
    match call.meaning:
        case "read":
            value = None if call.is_nil else spelled(call.results.get("value", ""))
            return Access(call, value, None, True, False, *places)
        case "cas":
            old, new = (spelled(call.arguments[name]) for name in ("old", "new"))
            return Access(call, old, new, True, True, *places)
        case _:
            return Access(call, None, spelled(call.arguments["value"]), False, True, *places)


def _impossible(
    subject: Subject, key: str, accesses: Sequence[Access], calls: Sequence[Call]
) -> Finding:
    """Return the finding about a key whose operations fit no order."""
    stretch = Stretch(accesses)
    last = stretch.operations[-1]
    why = _unwritten(last, calls) or f"which fits no order with {_rest(stretch, calls)}"
    says = f"{_at(key)}, {_did(last)}, {why}"
    return subject.finding(says, *(one.call for one in stretch.operations), kind="impossible")


def _unwritten(last: Access, calls: Sequence[Call]) -> str:
    """Return that the value that an operation found had not been written; empty if it had."""
    if last.needs is None:
        return ""
    writes = [call for call in calls if _leaves(call) == last.needs]
    if not any(call.may_happen for call in writes):
        refused = [f"; {c.peer} was refused to write it at {when(c.invoked)}" for c in writes[:1]]
        return "which was never written" + "".join(refused)
    if all(call.position > last.end for call in writes if call.may_happen):
        return "which was written only later"
    return ""


def _rest(stretch: Stretch, calls: Sequence[Call]) -> str:
    """Return the other operations of a stretch, and what is to know of the last one's value."""
    *others, last = stretch.operations
    more = len(others) - _MOST_NAMED
    told = [f"{count(more, 'operation')} before"] if more > 0 else []
    told += [_did(one) for one in others[-_MOST_NAMED:]]
    if possible := stretch.fitting()[:_MOST_POSSIBLE]:
        told.append(f"{' or '.join(map(_quoted, possible))} would fit")
    writes = [call for call in calls if call.may_happen and _leaves(call) == last.needs]
    if last.needs is not None and len(writes) == 1 and all(w.call is not writes[0] for w in others):
        told.append(f"{_quoted(last.needs)} was written once, by {writes[0].peer}"
                    f" from {when(writes[0].invoked)} on")  # fmt: skip
    return "; ".join(told)


def _leaves(call: Call) -> str | None:
    name = {"write": "value", "cas": "new"}.get(call.meaning, "")
    return spelled(call.arguments[name]) if name in call.arguments else None


def _did(one: Access) -> str:
    """Return what a peer did to a register, and from when to when."""
    call = one.call
    match call.meaning:
        case "read":
            what = f"read {_quoted(one.needs)}"
        case "cas":
            what = f"replaced {_quoted(one.needs)} by {_quoted(one.leaves)}"
        case _:
            what = f"wrote {_quoted(one.leaves)}"
    return f"{call.peer} {what} ({between(call.invoked, call.completed)})"


def _quoted(value: Value) -> str:
    return "nil" if value is None else cut(value, _LONGEST)


def _at(key: str) -> str:
    return f"at key {cut(key, _LONGEST)}" if key else "at the register"
