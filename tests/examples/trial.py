"""The example peers, with what the suite must find in them and what it found.

An example is a folder in `examples/peers/`: a program, its profile, and `findings.yaml`, which
says what the suite must find, and nothing else: under `failed` each test that it fails, with the
checks that are invalid then; under `not_tested` each test that fails by the fault of another, with
that one; under `lacking` and `unknown` the tests that end so. Where the
process engine differs, the same keys stand under `process`; a test that cannot be run there is
not asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from orchestrator.engines.choose import choose
from orchestrator.grading import rubric as rubrics
from orchestrator.grading.grading import GradingOptions, grade_programs
from orchestrator.grading.programs import find
from orchestrator.grading.results import Grade, Outcome, Result
from orchestrator.grading.rubric import Suite
from orchestrator.scenario import EngineName
from tests.orchestrator.support import ROOT

HOME = ROOT / "examples/peers"
NAMES = sorted(path.parent.name for path in HOME.glob("*/profile.yaml"))

_KEYS = ("failed", "not_tested", "lacking", "unknown")


@dataclass(frozen=True)
class Findings:
    """What is found in a program.

    Attributes:
        failed: the invalid checks of each test that is failed.
        not_tested: the test that shows the fault, of each test that fails by it.
        lacking: the tests that need what the program does not have.
        unknown: the tests whose outcome is unknown.
    """

    failed: dict[str, frozenset[str]]
    not_tested: dict[str, str]
    lacking: frozenset[str]
    unknown: frozenset[str]

    @classmethod
    def wanted(cls, name: str, engine: EngineName) -> Findings:
        """Return what must be found in an example."""
        data: dict[str, Any] = YAML(typ="safe").load(HOME / name / "findings.yaml") or {}
        other = data.pop("process", {})
        if engine is EngineName.PROCESS:
            data |= other
        if unfit := {*data, *other} - {*_KEYS}:
            raise ValueError(f"{name}/findings.yaml: no such key: {', '.join(sorted(unfit))}")
        failed = data.get("failed") or {}
        return cls(
            {test: frozenset(checks) for test, checks in failed.items()},
            data.get("not_tested") or {},
            frozenset(data.get("lacking") or ()),
            frozenset(data.get("unknown") or ()),
        )

    @classmethod
    def of(cls, grade: Grade) -> Findings:
        """Return what was found."""
        failed = _ended(grade, Outcome.FAILED)
        return cls(
            {result.test: frozenset(_invalid(result)) for result in failed},
            {result.test: result.because for result in _ended(grade, Outcome.NOT_TESTED)},
            frozenset(_having(grade, Outcome.LACKING)),
            frozenset(_having(grade, Outcome.UNKNOWN)),
        )

    def without(self, tests: Sequence[str]) -> Findings:
        """Return the findings without those of some tests."""
        return Findings(
            {test: checks for test, checks in self.failed.items() if test not in tests},
            {test: cause for test, cause in self.not_tested.items() if test not in tests},
            self.lacking - {*tests},
            self.unknown - {*tests},
        )

    def lines(self) -> set[str]:
        """Return one line for each finding."""
        return {
            *(f"{test} fails: {', '.join(sorted(self.failed[test]))}" for test in self.failed),
            *(
                f"{test} is not tested because of {self.not_tested[test]}"
                for test in self.not_tested
            ),
            *(f"{test} lacks something" for test in self.lacking),
            *(f"{test} is unknown" for test in self.unknown),
        }


def _having(grade: Grade, outcome: Outcome) -> list[str]:
    return [result.test for result in _ended(grade, outcome)]


def _ended(grade: Grade, outcome: Outcome) -> list[Result]:
    return [result for result in grade.results if result.outcome is outcome]


def _invalid(result: Result) -> Iterator[str]:
    yield from (check.check for check in result.findings if check.is_wrong)


def differences(grade: Grade, engine: EngineName) -> list[str]:
    """Return one line for each difference between a grade and what must be found."""
    ran = _having(grade, Outcome.NOT_RUN)
    known = {result.test for result in grade.results}
    every = Findings.wanted(grade.program, engine)
    wanted = every.without([*ran, *(_named(every) - known)]).lines()
    found = Findings.of(grade).lines()
    return [
        *(f"missing: {line}" for line in sorted(wanted - found)),
        *(f"too much: {line}{_why(grade, line)}" for line in sorted(found - wanted)),
    ]


def _named(findings: Findings) -> set[str]:
    return {*findings.failed, *findings.not_tested, *findings.lacking, *findings.unknown}


def _why(grade: Grade, line: str) -> str:
    result = next(r for r in grade.results if r.test == line.split(" ", 1)[0])
    return f" ({result.reason}; {result.run})"


class _Quiet:
    """Shows nothing."""

    def phase(self, line: str) -> None:
        """Show nothing."""

    def begin(self, number: int) -> None:
        """Show nothing."""

    def step(self, number: int, line: str) -> None:
        """Show nothing."""

    def marked(self, number: int, result: Result) -> None:
        """Show nothing."""


def graded(
    names: Sequence[str | Path],
    engine: EngineName,
    output: Path,
    *,
    jobs: int = 1,
    suite: Suite | None = None,
) -> list[Grade]:
    """Grade examples, and programs at other places, as `peerlab grade` does.

    Their runs are kept in `output`.
    """

    def shown(names: list[str]) -> contextlib.AbstractContextManager[_Quiet]:
        return contextlib.nullcontext(_Quiet())

    programs = find([HOME / name for name in names], None, output)
    options = GradingOptions(
        engine, lambda _: choose(engine, lambda _: None, cancel=options.cancel), output, jobs=jobs
    )
    suite = suite or rubrics.load(rubrics.CONFORMANCE)
    return grade_programs(suite, programs, options, shown)
