"""The grade of one program: its results, and its points added up. Pure data, kept as JSON."""

from __future__ import annotations

from collections import Counter

from orchestrator.grading.results import KeptModel, Outcome, Result


class Grade(KeptModel):
    """All results of one program.

    Attributes:
        program: its name.
        profile: the file of its profile.
        summary: what the profile says it is.
        start: how to start it by hand; may be empty.
        engine: where it ran.
        trouble: why none of it could be run, such as a mistake in its profile; else empty.
        folder: where the program is.
        sync: the lines that the lab types to see whether the program is done.
        results: of every test, in the order of the rubric.
    """

    program: str
    profile: str
    summary: str = ""
    start: str = ""
    engine: str = ""
    trouble: str = ""
    folder: str = ""
    sync: tuple[str, ...] = ()
    results: tuple[Result, ...]

    @property
    def points(self) -> float:
        """What it earned, extra points included."""
        return sum(result.earned for result in self.results)

    @property
    def extra(self) -> float:
        """The extra points it earned."""
        return sum(result.earned for result in self.results if result.extra)

    @property
    def total(self) -> float:
        """What all tests but the extra ones are worth."""
        return sum(result.points for result in self.results if not result.extra)

    @property
    def passes(self) -> bool | None:
        """Whether it passed all required tests; None if there are none, or some are undecided."""
        required = [result for result in self.results if result.required]
        decided = [r for r in required if r.asked and r.outcome is not Outcome.UNKNOWN]
        if any(result.outcome is not Outcome.PASSED for result in decided):
            return False
        return True if required and decided == required else None

    @property
    def is_certain(self) -> bool:
        """Whether no result is unknown."""
        return all(result.outcome is not Outcome.UNKNOWN for result in self.results)

    @property
    def findings(self) -> dict[str, list[str]]:
        """The names of the checks that were broken, by test."""
        wrong = {r.test: [f.check for f in r.findings if f.is_wrong] for r in self.results}
        return {test: names for test, names in wrong.items() if names}

    def having(self, outcome: Outcome) -> list[str]:
        """Return the tests with this outcome."""
        return [result.test for result in self.results if result.outcome is outcome]

    def counts(self) -> Counter[Outcome]:
        """Return the number of tests with each outcome."""
        return Counter(result.outcome for result in self.results)
