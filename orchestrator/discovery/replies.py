"""All that is known about a program, and its replies by what came of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.discovery.evidence import Exchange, KnownValues, Sample, reply_sample
from orchestrator.discovery.list_patterns import Column
from orchestrator.discovery.row_blocks import lines_of
from orchestrator.discovery.row_items import RowForm
from orchestrator.discovery.templates import make_template, reads, to_pattern
from orchestrator.discovery.wording import Wording, sounds_like_error
from orchestrator.patterns import matches_any

_ANYTHING = "qwxz"  # a line that no program prints by itself
_NEVER_REFUSED = ("help", "list")  # verbs whose replies have all sorts of words in them


@dataclass(slots=True)
class ProgramEvidence:
    """Everything that is known about a program."""

    exchanges: Sequence[Exchange]  # all exchanges, in order
    wordings: dict[str, Wording]  # how each verb is typed
    prompts: Sequence[str]  # what is printed when the program waits for input
    greetings: Sequence[Sample]  # what each peer printed at its start
    lists: Sequence[Sequence[str]]  # the rows of every list
    empty: Sequence[str]  # the output of `list` without connections
    known: KnownValues  # addresses and ports of all peers
    first: dict[str, str]  # verbs that only work after another one
    first_id: int  # the id of the first connection in a list
    column: Column | None  # where in a row the id is; None if rows show none
    # how the program is started, in a profile's words
    start: dict[str, Any] = field(default_factory=dict)
    form: RowForm | None = None  # how rows stand on one line; None if they do not


Block = Sequence[str]  # the patterns of a notice's lines


class Replies:
    """Replies to each verb, sorted by success and failure, without notices."""

    def __init__(self, evidence: ProgramEvidence, notices: Mapping[str, Sequence[Block]]) -> None:
        self.evidence = evidence
        # those that differ from any reply: a message may be shown without a word around it
        self._notices = {verb: [it for it in blocks if not reads(it, [_ANYTHING])]
                         for verb, blocks in notices.items()}  # fmt: skip
        self.successes: list[str] = []  # lines that are not errors
        refused: list[tuple[Exchange, Sample]] = []
        self._news = [line for exchange in evidence.exchanges if exchange.worked
                      for line in exchange.other_lines if re.search(r"\w", line)]  # fmt: skip
        self._rows = {line for rows in evidence.lists for row in rows for line in lines_of(row)}
        # all lines of lists
        self._listed = {line for exchange in evidence.exchanges if exchange.verb == "list"
                       for line in exchange.lines}  # fmt: skip
        if evidence.form:
            self._rows = {it for it in self._listed if any(row in it for row in self._rows)}
        for exchange in evidence.exchanges:
            sample = self._sample(exchange)
            if exchange.ended and exchange.verb != "exit":
                continue  # the last words of a program are no refusal
            expected = exchange.verb == "unknown" or exchange.worked is False
            takes_words = exchange.verb not in _NEVER_REFUSED
            unsure = exchange.worked is None and takes_words and sounds_like_error(exchange.lines)
            if (expected and sample.lines) or (unsure and sounds_like_error(sample.lines)):
                refused.append((exchange, self._without_news(sample)))
        claims = [self._claims(*it) for it in refused]
        self.refused = [it for it, claim in zip(refused, claims, strict=True) if not claim]
        # what peers say they did, though it showed nowhere
        self.claimed = [it for (it, _), claim in zip(refused, claims, strict=True) if claim]
        self.claimed += [it for it in evidence.exchanges
                         if it.verb == "send" and it.right and it.fact is None]  # fmt: skip
        self.failures = [(exchange.verb, sample) for exchange, sample in self.refused]

    def listed_in(self, samples: Iterable[Sample]) -> Collection[str]:
        """Return the lines of all lists if replies repeat rows of those; none otherwise."""
        lines = {line for sample in samples for line in sample.lines}
        return () if lines.isdisjoint(self._rows) else self._listed

    def notices_of(self, verb: str) -> Sequence[str]:
        """Return the patterns of the lines that the other end is told when a verb is done."""
        return [line for block in self._notices.get(verb, ()) for line in block]

    def failed(self, verb: str) -> list[str]:
        """Return the lines of the replies that report a failure of a verb."""
        return [line for other, sample in self.failures if other == verb for line in sample.lines]

    def said(self, verb: str) -> list[str]:
        """Return the lines with which a verb succeeds; none if it is not known how to type it."""
        known = self.successful(verb) if verb in self.evidence.wordings else ()
        return [line for _, sample in known for line in sample.lines]

    def _claims(self, exchange: Exchange, sample: Sample) -> bool:
        """Return whether a peer says that it did what did not show at the other end.

        It cannot know what became of what it did, so that is no way to refuse. Neither is what it
        says of a connection to itself that it ends at once, nor that it sent a text, though no
        connection has the id.
        """
        may_work = exchange.right is not False or exchange.to == exchange.at
        if not (may_work or exchange.verb == "send") or exchange.verb not in self.evidence.wordings:
            return False
        return any(len(sample.lines) == len(done.lines) and
                   all(matches_any(line, [alike(it, sample)])
                       for it, line in zip(sample.lines, done.lines, strict=True)) and
                   (may_work or _counts(exchange, sample) == _counts(other, done))
                   for other, done in self.successful(exchange.verb))  # fmt: skip

    def _without_news(self, sample: Sample) -> Sample:
        """Return a refusal without lines in which peers are told what others do.

        A program that does something with itself prints both.
        """
        patterns = {line: alike(line, sample) for line in sample.lines}
        kept = [line for line in sample.lines
                if not any(matches_any(it, [patterns[line]]) for it in self._news)]  # fmt: skip
        return replace(sample, lines=tuple(kept) or sample.lines)

    def _sample(self, exchange: Exchange) -> Sample:
        """Return the reply without notices of something else.

        Some programs answer in the very words that they have for the other end's notice.
        """
        sample = reply_sample(exchange, self.evidence.prompts)
        leaves = exchange.verb == "exit"  # then its own notices are no reply
        is_both_ends = exchange.to == exchange.at  # the same
        own = () if leaves or is_both_ends else self._notices.get(exchange.verb, ())
        others = [block for blocks in self._notices.values() for block in blocks
                  if block not in own]  # fmt: skip
        lines = _without(sample.lines, others)
        said = lines if lines or leaves or is_both_ends else sample.lines
        return Sample(tuple(said), sample.known, sample.at)

    def successful(self, verb: str) -> list[tuple[Exchange, Sample]]:
        """Return the exchanges and replies that report the success of a verb, or should."""
        word = self.evidence.wordings[verb].lines[0].split()[:1]
        always = verb in ("help", "myip", "myport")
        found = [
            (exchange, self._sample(exchange))
            for exchange in self.evidence.exchanges
            if exchange.verb == verb
            and exchange.to != exchange.at  # its reply is mixed with its own notices
            and exchange.right is not False  # what was wrong and worked is no example
            and (exchange.worked or (exchange.worked is None and always))
            and exchange.typed[0].split()[:1] == word
        ]
        spoken = [it for it in found if it[1].lines
                  and (it[0].fact or not sounds_like_error(it[1].lines))]  # fmt: skip
        return [it for it in found if it in spoken or not (spoken and it[1].lines)]


def alike(line: str, sample: Sample) -> str:
    """Return the pattern of lines like one of a sample."""
    return to_pattern(make_template(line, sample.known, sample.at), ())


def _counts(exchange: Exchange, sample: Sample) -> list[str]:
    """Return the numbers in a reply that were not typed, such as that of the bytes sent."""
    found = re.findall(r"\d+", "\n".join(sample.lines))
    return [number for number in found if number not in exchange.given.values()]


def _without(lines: Sequence[str], blocks: Sequence[Block]) -> list[str]:
    """Return lines without whole notices; a rule of one may be a rule of a reply as well."""
    kept, at = list[str](), 0
    while at < len(lines):
        sizes = (len(block) for block in blocks if reads(block, lines[at:]))
        size = max(sizes, default=0)
        kept += [] if size else [lines[at]]
        at += size or 1
    return kept
