"""What a check says: its judgement, and the findings behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """One thing that speaks against the program, or that is not certain."""

    says: str  # a sentence with the peers, the message or connection, and the times
    at: float  # when, in seconds since the run began
    peers: tuple[str, ...] = ()  # whose consoles show more about it around that time
    text: str = ""  # what to look for there: the text of a message
    near: str = ""  # what to look for if that was not shown: the text of a message next to it
    kind: str = ""  # what sort of thing went wrong, if its check knows several; the same in any run
    operation: int = 0  # the number of the operation that it is about; 0 if its check knows none
    others: tuple[int, ...] = ()  # the numbers of the operations with which that one does not fit


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check's judgement."""

    check: str  # the check's name
    judgement: Judgement  # valid, invalid or unknown
    says: str  # a few words that sum up what was checked or found
    findings: tuple[Finding, ...] = ()  # the evidence, what is wrong before what is uncertain
    wrong: int = 0  # how many of the findings, the first ones, are wrong and not just uncertain
    judged: bool = True  # whether there was anything to judge; if not, valid means nothing

    @property
    def word(self) -> str:
        """The judgement as people and files have it, `not judged` if there was nothing to judge."""
        return self.judgement.word if self.judged else "not judged"

    @property
    def kinds(self) -> list[str]:
        """What sorts of things are wrong, each once: the check's name, and more if it knows."""
        return [*dict.fromkeys(map(self.kind_of, self.findings[: self.wrong]))]

    def kind_of(self, finding: Finding) -> str:
        """Return what sort of thing a finding is about: the check's name, and more if it knows."""
        return f"{self.check}: {finding.kind}".removesuffix(": ")

    def as_data(self) -> dict[str, Any]:
        """Return the verdict as files have it."""
        return {
            "check": self.check,
            "verdict": self.word,
            "says": self.says,
            "witnesses": [asdict(finding) for finding in self.findings],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Verdict:
        """Return the verdict that `as_data` wrote.

        Raises:
            ValueError: it did not, or was changed since.
        """
        try:
            words = {one.word: one for one in Judgement} | {"not judged": Judgement.VALID}
            findings = tuple(_finding(one) for one in data["witnesses"])
            judgement, says = words[data["verdict"]], str(data["says"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a verdict: {error!r}") from error
        number = says.partition(" wrong")[0]
        wrong = int(number) if number.isdecimal() else len(findings)
        wrong = wrong if judgement is Judgement.INVALID else 0
        is_judged = data["verdict"] != "not judged"
        return cls(str(data["check"]), judgement, says, findings, wrong, is_judged)


def _finding(data: Mapping[str, Any]) -> Finding:
    texts = {key: str(data.get(key, "")) for key in ("says", "text", "near", "kind")}
    peers, operation = tuple(map(str, data["peers"])), int(data.get("operation", 0))
    others = tuple(map(int, data.get("others", ())))
    return Finding(at=float(data["at"]), peers=peers, operation=operation, others=others, **texts)


def conclude(
    check: str,
    says: str,
    wrong: Sequence[Finding],
    unsure: Sequence[Finding] = (),
    *,
    judged: object = True,
) -> Verdict:
    """Return the verdict of a check with these findings.

    Args:
        check: its name.
        says: what it says if there are no findings.
        wrong: what is wrong.
        unsure: what is uncertain.
        judged: false, or an empty collection or zero, if there was nothing to judge.
    """
    if wrong:
        findings = (*wrong, *unsure)
        return Verdict(check, Judgement.INVALID, f"{len(wrong)} wrong", findings, len(wrong))
    if unsure:
        return Verdict(check, Judgement.UNKNOWN, f"{len(unsure)} uncertain", tuple(unsure))
    return Verdict(check, Judgement.VALID, says, judged=bool(judged))


def overall(verdicts: Sequence[Verdict]) -> Judgement:
    """Return the judgement of a run: the worst, but unknown if no check had anything to judge."""
    found = worst(verdict.judgement for verdict in verdicts)
    idle = verdicts and not any(verdict.judged for verdict in verdicts)
    return Judgement.UNKNOWN if idle and found is Judgement.VALID else found


def worst(judgements: Iterable[Judgement]) -> Judgement:
    """Return the worst judgement; valid if there is none."""
    return max(judgements, key=lambda judgement: judgement.badness, default=Judgement.VALID)
