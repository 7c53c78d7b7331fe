"""No term has two leaders.

What counts is every answer and every notice that names a term; if it names no leader, the peer
means itself.

Invalid when two leaders are named for one term. Unknown when it is not known whether two names
are of one peer, when the lab could not read an answer, when a person typed at a console before,
and when the run did not settle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.calls import spelled
from orchestrator.checks.models.judging import Subject
from orchestrator.checks.models.names import Names
from orchestrator.checks.phrases import when
from orchestrator.checks.verdict import Finding, Verdict
from orchestrator.text import count

NAME = "leader"


@dataclass(frozen=True, slots=True)
class _Claim:
    """That a peer named a leader."""

    at: float
    peer: str  # at whose console
    term: str
    leader: str  # the name or address
    who: str  # the peer that is meant; empty if that is not certain

    @property
    def says(self) -> str:
        """The claim, in a few words."""
        return f"{self.peer} named {self.leader} at {when(self.at)}"


def check(index: HistoryIndex) -> Verdict:
    """Judge who led in each term."""
    subject = Subject(index, NAME)
    terms = defaultdict[str, list[_Claim]](list)
    for claim in sorted(_claims(subject), key=lambda claim: claim.at):
        terms[claim.term].append(claim)
    wrong, unsure = list[Finding](), list[Finding]()
    for term, claims in terms.items():
        first, *others = {claim.who or claim.leader: claim for claim in reversed(claims)}.values()
        for other in others:
            says = f"two leaders in term {term}: {other.says}, {first.says}"
            peers = tuple(dict.fromkeys((other.peer, first.peer)))
            if bool(first.who) == bool(other.who):
                wrong.append(Finding(says, max(first.at, other.at), peers))
            else:
                says += "; it is not known whether both are the same peer"
                unsure.append(Finding(says, max(first.at, other.at), peers))
    says = f"{count(len(terms), 'term')}, one leader each"
    return subject.verdict(says, wrong, unsure, judged=terms)


def _claims(subject: Subject) -> Iterator[_Claim]:
    names = Names(subject.index)
    for call in subject.calls:
        if call.is_ok and not call.is_nil:
            leader = spelled(call.results.get("leader", "")) or call.peer
            term = spelled(call.results["term"])
            yield _Claim(call.completed, call.peer, term, leader, names.peer(leader))
    for told in subject.told:
        leader = told.text("leader") or told.peer
        if term := told.text("term"):
            yield _Claim(told.at, told.peer, term, leader, names.peer(leader))
