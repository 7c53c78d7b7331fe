"""What all models share: the calls that they judge, and what makes their verdicts uncertain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from orchestrator.checks import punctuality
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.calls import Call, Told
from orchestrator.checks.phrases import WITHOUT_FIELD, quoted, unread, when, with_arguments
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.promises import MEANINGS, MODELS

_MOST_NAMED = 5  # values in a sentence


class Subject:
    """What one model judges of a history.

    Args:
        index: the history.
        model: its name.
    """

    def __init__(self, index: HistoryIndex, model: str) -> None:
        self.index, self.model = index, model

    @cached_property
    def calls(self) -> list[Call]:
        """The operations that mean something to the model and have all that it needs of them."""
        return [call for call in self._meant if not self._missing(call)]

    @cached_property
    def told(self) -> list[Told]:
        """The notices that mean something to it."""
        return [told for told in self.index.told if told.meaning in MODELS[self.model]]

    def meaning(self, *meanings: str) -> list[Call]:
        """Return the operations with one of these meanings that happened, or may have."""
        return [c for c in self.calls if c.meaning in meanings and c.may_happen]

    @cached_property
    def _meant(self) -> list[Call]:
        return [call for call in self.index.calls if call.meaning in MODELS[self.model]]

    @property
    def doubts(self) -> Iterator[Finding]:
        """What is uncertain whatever the model finds."""
        for call in self._meant:
            if call.unread is not None:
                what = unread(call.unread) if call.unread else "the lab saw no answer"
                yield self.finding(f"{asked(call)}: {what}", call)
            elif call.may_happen and (missing := self._missing(call)):
                says = f"has no `{missing}`, {WITHOUT_FIELD} `{call.meaning}` says nothing"
                yield self.finding(f"{asked(call)} {says}", call)
        yield from self.index.unsettled

    def _missing(self, call: Call) -> str:
        """Return what the model needs of a call and does not find; empty if nothing is missing."""
        needs = MEANINGS[call.meaning]
        for name in needs.takes:
            if name not in call.arguments:
                return name
        if call.is_ok and not call.is_nil:
            for name in needs.gives:
                if name not in call.results:
                    return name
        return ""

    def quiet_since(self, at: float) -> float:
        """Return since when no fault is felt and no peer began or ended, as seen at a time."""
        several = (i for peer in self.index.peers for i in self.index.incarnations.of(peer))
        changes = [t for i in several for t in (i.began, i.ended) if t is not None and t <= at]
        return max([self.index.quiet.since_all_by(at), *changes])

    def proves_absence(self, read: Call, since: float) -> bool:
        """Return whether what a reply does not show, though it was due since a time, is missing.

        All must have been left alone for longer than anything takes, or than the lab waits at the
        end of the run.
        """
        return read.completed - max(since, self.quiet_since(read.completed)) > self.patience

    @property
    def patience(self) -> float:
        """For how many seconds what is under way may take."""
        return punctuality.limit(self.index)

    @property
    def read_again(self) -> str:
        """What to do if the last replies came too early to prove that anything is missing."""
        after = "after a fault also as long as it lasted"
        return f"read it once more, over {self.patience:g} s later, and {after}"

    def last_reads(self, meaning: str) -> dict[str, Call]:
        """Return the last answer of each peer to an operation with a meaning."""
        return {call.peer: call for call in self.calls if call.meaning == meaning and call.is_ok}

    def may_be_gone(self, peer: str) -> bool:
        """Return whether a peer is not running at the end, or may not be."""
        return self.index.incarnations.last(peer).may_have_ended

    def finding(self, says: str, *calls: Call, kind: str = "") -> Finding:
        """Return a finding about calls: at the last of them, with the consoles of all."""
        last = max(calls, key=lambda call: call.position, default=None)
        at = last.invoked if last else self.index.last_at
        peers = tuple(dict.fromkeys(call.peer for call in calls))
        positions = sorted({call.position for call in calls})
        *others, number = [self.index.entries[place].operation for place in positions] or [0]
        return Finding(says, at, peers, kind=kind, operation=number, others=tuple(others))

    def verdict(
        self,
        says: str,
        wrong: Sequence[Finding],
        unsure: Iterable[Finding] = (),
        *,
        judged: object = True,
    ) -> Verdict:
        """Return the verdict. What a person typed before may explain what is wrong.

        Args:
            says: what it says if there are no findings.
            wrong: what is wrong.
            unsure: what is uncertain besides `doubts`.
            judged: false or empty if there was nothing to judge.
        """
        by_hand = [finding for finding in wrong if self.index.is_typed("", finding.at)]
        certain = [finding for finding in wrong if finding not in by_hand]
        perhaps = [
            replace(f, says=f"{f.says}; a person typed at a console before") for f in by_hand
        ]
        doubts = [*perhaps, *unsure, *self.doubts]
        return conclude(self.model, says, certain, doubts, judged=judged)


def named(values: Sequence[str]) -> str:
    """Return some values, the first of them quoted."""
    shown = ", ".join(quoted(value) for value in values[:_MOST_NAMED])
    more = len(values) - _MOST_NAMED
    return f"{shown} and {more:,} more" if more > 0 else shown


def asked(call: Call) -> str:
    """Return what a peer was asked to do, and when, for the beginning of a sentence."""
    what = with_arguments(call.arguments)
    return f"at {when(call.invoked)}, `{call.name}` of {call.peer}{what}"
