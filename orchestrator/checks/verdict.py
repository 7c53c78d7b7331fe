"""What a check says: its judgement, and the findings behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any


class Judgement(IntEnum):
    """How a check ended; the value is the run's exit status."""

    VALID = 0
    UNKNOWN = 2
    INVALID = 1

    @property
    def badness(self) -> int:
        """Invalid is worse than unknown, which is worse than valid."""
        return {"VALID": 0, "UNKNOWN": 1, "INVALID": 2}[self.name]

    @property
    def word(self) -> str:
        """The judgement as people and files have it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that speaks against the program, or that is not certain.

    Attributes:
        says: a sentence with the peers, the message or connection, and the times.
        at: when, in seconds since the run began.
        peers: whose consoles show more about it around that time.
        text: what to look for there: the text of a message.
        near: what to look for if that was not shown: the text of a message next to it.
    """

    says: str
    at: float
    peers: tuple[str, ...] = ()
    text: str = ""
    near: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check's judgement.

    Attributes:
        check: the check's name.
        judgement: valid, invalid or unknown.
        says: a few words that sum up what was checked or found.
        findings: the evidence, what is wrong before what is uncertain.
    """

    check: str
    judgement: Judgement
    says: str
    findings: tuple[Finding, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """Return the verdict as files have it."""
        return {
            "check": self.check,
            "verdict": self.judgement.word,
            "says": self.says,
            "witnesses": [asdict(finding) for finding in self.findings],
        }


def conclude(
    check: str, says: str, wrong: Sequence[Finding], unsure: Sequence[Finding] = ()
) -> Verdict:
    """Return the verdict of a check with these findings; `says` is used if there are none."""
    if wrong:
        return Verdict(check, Judgement.INVALID, f"{len(wrong)} wrong", (*wrong, *unsure))
    if unsure:
        return Verdict(check, Judgement.UNKNOWN, f"{len(unsure)} uncertain", tuple(unsure))
    return Verdict(check, Judgement.VALID, says)


def worst(judgements: Iterable[Judgement]) -> Judgement:
    """Return the worst judgement; valid if there is none."""
    return max(judgements, key=lambda judgement: judgement.badness, default=Judgement.VALID)
