"""Mistakes that a model of one value cannot see, found in a file as it is.

They are found whatever else is wrong with the file, so that all mistakes are reported at once;
hence every function here accepts values of any type.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator import definition, document
from orchestrator.document import Problem
from orchestrator.faults.kinds import LIFTED_BY, NETWORK, PROCESS, lifted_by
from orchestrator.scenario import call_mistakes, rules, topology, workloads
from orchestrator.scenario.calls import Vocabulary
from orchestrator.scenario.fault_rules import OF_FAULT, of_entry, spelt_out
from orchestrator.scenario.rules import FAULTS, SINGLE, Location, blocks, walk
from orchestrator.scenario.values import ALL

_UNDONE_BY = {LIFTED_BY[kind]: lifted_by(LIFTED_BY[kind]) for kind in PROCESS}
"""The faults of a peer that a verb undoes."""

_NEVER = {"start": "has not been killed or stopped", "resume": "has not been paused"}
_BY_ITSELF = ("exit", "type")  # a line that is typed may end a peer as well


def find(raw: Any, vocabulary: Vocabulary | None = None) -> Iterator[Problem]:
    """Yield the mistakes in a scenario as it is in its file."""
    if not isinstance(raw, dict):
        return
    peers = declared(raw)
    if isinstance(raw.get("peers"), list):
        yield from _named_twice(raw["peers"])
    if peers:
        yield from topology.problems(raw.get("connections"), peers)
    for place, step in walk(raw.get("steps")):
        yield from (Problem(place, what) for what in rules.of_step(step))
        for verb, act in step.items():
            is_call = vocabulary is not None and vocabulary.is_call(verb, act)
            if isinstance(act, dict) and None not in act.values():  # else that is reported
                of_verb = () if is_call else rules.OF_VERB.get(verb, ())
                wrong = (what for rule in of_verb for what in rule(act))
                yield from (Problem((*place, verb), what) for what in wrong)
        yield from _overlaps(step.get("parallel"), (*place, "parallel"), peers)
        if isinstance(repeat := step.get("repeat"), dict):
            yield from _counted_twice(repeat, (*place, "repeat"))
        yield from _in_schedule(step.get("schedule"), (*place, "schedule"))
    yield from _in_faults(raw.get("steps"), peers)
    if vocabulary:
        yield from call_mistakes.find(raw, vocabulary, peers)
        yield from workloads.find(raw, vocabulary, peers)


def _named_twice(peers: list[Any]) -> Iterator[Problem]:
    named = set[str]()
    for index, name in enumerate(peers):
        if str(name) in named:
            yield Problem(("peers", index), f"peer {name!r} is named twice")
        named.add(str(name))


def _counted_twice(repeat: dict[str, Any], place: Location) -> Iterator[Problem]:
    """Yield the repeats inside one that use its counter's name: they hide the outer count."""
    name = repeat.get("counter", "n")
    for inside, step in walk(repeat.get("steps"), (*place, "steps")):
        inner = step.get("repeat")
        if isinstance(inner, dict) and inner.get("counter", "n") == name:
            what = f"{{{name}}} is the counter of an outer repeat: use another `counter`"
            yield Problem((*inside, "repeat"), what)


def _overlaps(branches: Any, place: Location, peers: list[str]) -> Iterator[Problem]:
    """Yield the parallel branches that share a console: it takes one line at a time."""
    busy: set[str] = set()
    for number, branch in enumerate(branches if isinstance(branches, list) else ()):
        acting = _acting(branch, peers)
        if both := sorted(acting & busy):
            what = f"{both[0]} is used in an earlier branch: a console takes part in one"
            yield Problem((*place, number), what)
        busy |= acting


def _acting(steps: Any, peers: list[str]) -> set[str]:
    found: set[str] = set()
    for step in steps if isinstance(steps, list) else ():
        for verb, act in step.items() if isinstance(step, dict) else ():
            at = _place_of(verb, act)
            if verb not in ("never", *FAULTS):  # these can share a console with any step
                several = peers if at == ALL else at if isinstance(at, list) else [at]
                found |= {name for name in several if isinstance(name, str)}
        for _, block in blocks(step) if isinstance(step, dict) else ():
            found |= _acting(block, peers)
    return found


def _place_of(verb: str, act: Any) -> Any:
    """Return the peers at whose consoles a step acts."""
    if not isinstance(act, dict):
        return act
    inner = act.values() if verb == "eventually" else ()  # its operation may say where
    named = (one.get("at") for one in (act, *inner) if isinstance(one, dict))
    at = next((at for at in named if at is not None), None)
    return ALL if at is None and verb == "workload" else at


def _in_faults(steps: Any, peers: list[str]) -> Iterator[Problem]:
    acts = list(_acts(steps))
    for place, verb, act in acts:
        for rule in OF_FAULT.get(verb, ()) if None not in act.values() else ():
            yield from (Problem(place, what) for what in rule(act))
        yield from (Problem(place, what) for what in _too_few(verb, act, peers))
    yield from _wrong_names(acts)
    if not any(set(step) & {"chaos", "schedule", "parallel"} for _, step in walk(steps)):
        yield from _EndedPeers().check(steps, ("steps",))


def _in_schedule(entries: Any, place: Location) -> Iterator[Problem]:
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield from (Problem((*place, index), what) for what in of_entry(entry))


def _acts(steps: Any) -> Iterator[tuple[Location, str, dict[str, Any]]]:
    """Yield the faults with their keys spelt out, those of schedules included."""
    for place, step in walk(steps):
        entries = step.get("schedule")
        many = [(place, step)]
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                many.append(((*place, "schedule", index), entry))
        for here, one in many:
            for verb in (*SINGLE, "chaos"):
                act = spelt_out(verb, one.get(verb))
                if isinstance(act, dict):
                    yield (*here, verb), verb, act


def _too_few(verb: str, act: dict[str, Any], peers: list[str]) -> Iterator[str]:
    """Yield that there is no link, since there is one peer only."""
    to_all = act.get("at") is not None or ALL in (act.get("from"), act.get("to"))
    of_all = verb == "isolate" or (verb in NETWORK and to_all)
    if len(peers) == 1 and (of_all or verb == "chaos"):
        yield "there is only one peer, so there is no link"


def _wrong_names(acts: list[tuple[Location, str, dict[str, Any]]]) -> Iterator[Problem]:
    given: dict[str, str] = {}
    for place, verb, act in acts:
        name = act.get("as")
        if verb in NETWORK and isinstance(name, str):
            if name in given:
                yield Problem((*place, "as"), f"another fault already has the name {name!r}")
            given.setdefault(name, verb)
    for place, verb, act in acts:
        name = act.get("fault")
        if lifted_by(verb) and isinstance(name, str) and name != ALL:
            yield from (Problem(place, what) for what in _unknown(verb, name, given))


def _unknown(verb: str, name: str, given: dict[str, str]) -> Iterator[str]:
    kinds = lifted_by(verb)
    if name not in given:
        known = [other for other, kind in given.items() if kind in kinds]
        hint = document.nearest(name, [*known, ALL])
        hint = hint or f": {ALL!r}, or a name that a step gives with `as`"
        yield f"no {' or '.join(kinds)} has the name {name!r}{hint}"
    elif given[name] not in kinds:
        kind = given[name]
        yield f"{name!r} is of the kind {kind!r}: lift it with {LIFTED_BY[kind]!r}"


class _EndedPeers:
    """Follows which peers have been ended or paused, step by step."""

    def __init__(self) -> None:
        self._done: set[tuple[str, str]] = set()  # the verb that undoes it, and the peer

    def check(self, steps: Any, place: Location) -> Iterator[Problem]:
        """Yield the starts of peers that have not ended, and resumptions of unpaused ones."""
        for index, step in enumerate(steps if isinstance(steps, list) else ()):
            for verb, raw in step.items() if isinstance(step, dict) else ():
                act = spelt_out(verb, raw)
                if isinstance(act, dict):
                    yield from self._check_act(verb, act, (*place, index, verb))

    def _check_act(self, verb: str, act: dict[str, Any], place: Location) -> Iterator[Problem]:
        at = act.get("at")
        if verb == "repeat":
            self._note_all(act.get("steps"))  # one round comes after another
            yield from self.check(act.get("steps"), (*place, "steps"))
        elif verb in _UNDONE_BY and isinstance(at, str):
            if not {(verb, at), (verb, ALL)} & self._done:
                yield Problem(place, f"{at} {_NEVER[verb]} before this")
            self._done.discard((verb, at))
        else:
            self._note(verb, act)
            yield from self.check(act.get("during"), (*place, "during"))
            if act.get("for") is not None or act.get("during") is not None:
                self._done -= {(undo, at) for undo, verbs in _UNDONE_BY.items() if verb in verbs}

    def _note(self, verb: str, act: dict[str, Any]) -> None:
        at = act.get("at")
        for undo, verbs in _UNDONE_BY.items():
            if verb in verbs and isinstance(at, str):
                self._done.add((undo, at))
        may_end = verb in _BY_ITSELF or verb not in rules.STEPS  # a program's own operation may
        if may_end and isinstance(at, str):
            self._done.add(("start", at))

    def _note_all(self, steps: Any) -> None:
        for _, step in walk(steps):
            for verb, raw in step.items():
                act = spelt_out(verb, raw)
                if isinstance(act, dict) and act.get("for") is None and act.get("during") is None:
                    self._note(verb, act)


_COUNT_AT_MOST = 1_000


def declared(raw: Any) -> list[str]:
    """Return the names of the peers that a scenario declares, as far as they can be read."""
    peers = raw.get("peers") if isinstance(raw, dict) else None
    if isinstance(peers, int) and 0 < peers <= _COUNT_AT_MOST:
        return definition.names(peers)
    return [name for name in peers if isinstance(name, str)] if isinstance(peers, list) else []
