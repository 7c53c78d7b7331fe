"""The rubric: which scenarios are tests, what each is worth, and which checks count. Pure data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from orchestrator import checks, document, scenario
from orchestrator.document import Problem, Strict, nearest
from orchestrator.errors import DocumentError
from orchestrator.paths import ROOT
from orchestrator.scenario import Scenario

CONFORMANCE = ROOT / "conformance/rubric.yaml"
"""The rubric of `peerlab grade` unless another is given."""

INTEROP = ROOT / "interop/rubric.yaml"  # the rubric of `peerlab interop`

_SUFFIX = ".yaml"
_TEST = r"[A-Za-z0-9._/-]+"


class RubricTest(Strict):
    """One line of a rubric.

    Attributes:
        test: the scenario's file, relative to the rubric, without `.yaml`.
        points: what it is worth.
        required: whether a program that does not pass it fails as a whole.
        extra: whether its points are added on top of the total.
        checks: the checks that count; other checks of its run do not.
        needs: more basic tests, above it. If one fails, and this one fails in the same way, it
            is not tested.
    """

    test: Annotated[str, Field(pattern=f"^{_TEST}$")]
    points: Annotated[float, Field(ge=0, le=10_000, strict=False)]
    required: bool = False
    extra: bool = False
    checks: Annotated[list[str], Field(min_length=1)] = ["expectations"]
    needs: list[str] = []

    @property
    def name(self) -> str:
        """Its name, without the folder."""
        return Path(self.test).name


NotTested = Literal["left out", "lost"]
"""What becomes of the points of a test that is not tested: see `Rubric`."""


class Rubric(Strict):
    """The tests for a program.

    Attributes:
        title: a heading.
        why: its purpose, in a sentence.
        not_tested: what becomes of the points of tests that fail only by a fault that a more
            basic test shows: left out of the total, or lost. If that test is required, they are
            always lost.
        tests: in the order in which they are run and shown.
    """

    title: Annotated[str, Field(min_length=1)]
    why: str = ""
    not_tested: NotTested = "left out"
    tests: Annotated[list[RubricTest], Field(min_length=1)]


@dataclass(frozen=True)
class Task:
    """A test with its scenario."""

    test: RubricTest  # its line of the rubric
    scenario: Scenario  # what is done
    text: str  # of the scenario's file
    file: Path | None = None  # that file


@dataclass(frozen=True)
class Suite:
    """A rubric with all its scenarios."""

    title: str
    why: str
    tasks: Sequence[Task]
    not_tested: NotTested = "left out"  # what becomes of the points of tests that are not tested

    @property
    def total(self) -> float:
        """The points of all tests but the extra ones."""
        return sum(task.test.points for task in self.tasks if not task.test.extra)

    def only(self, names: Sequence[str]) -> Suite:
        """Return the suite with these tests alone, or the whole suite if none is named.

        Raises:
            DocumentError: there is no such test.
        """
        known = [task.test.name for task in self.tasks]
        for name in names:
            if name not in known:
                hint = nearest(name, known) or f": one of {', '.join(known)}"
                raise DocumentError(f"no test {name!r} in {self.title!r}{hint}")
        kept = [task for task in self.tasks if not names or task.test.name in names]
        return replace(self, tasks=kept)


def load(path: Path) -> Suite:
    """Return the suite of the rubric in the file `path`.

    Raises:
        DocumentError: the rubric or one of its scenarios is wrong; one line per mistake.
    """
    home = path.parent
    rubric = document.read(path, Rubric, raw=lambda raw: _problems(raw, home))
    tasks, wrong = [], []
    for test in rubric.tests:
        file = _file(home, test.test)
        try:
            tasks.append(Task(test, scenario.load(file), file.read_text(encoding="utf-8"), file))
        except DocumentError as error:
            wrong.append(error.what)
    if wrong:
        raise DocumentError("\n".join(wrong))
    return Suite(rubric.title, rubric.why, tasks, rubric.not_tested)


def _file(home: Path, test: str) -> Path:
    return home / f"{test}{_SUFFIX}"


def _problems(raw: Any, home: Path) -> Iterator[Problem]:
    """Yield the mistakes that the model cannot find, even if the rest of the document is wrong."""
    tests = raw.get("tests") if isinstance(raw, dict) else None
    seen: set[str] = set()
    for index, test in enumerate(tests if isinstance(tests, list) else ()):
        if isinstance(test, dict):
            yield from _test_problems(test, ("tests", index), home, seen)


def _test_problems(
    raw: dict[str, Any], place: tuple[str | int, ...], home: Path, seen: set[str]
) -> Iterator[Problem]:
    test = raw.get("test")
    needs = raw.get("needs")
    for number, name in enumerate(needs if isinstance(needs, list) else ()):
        if isinstance(name, str) and name not in seen:
            says = f"no test {name!r} above this one{nearest(name, seen)}"
            yield Problem((*place, "needs", number), says)
    if isinstance(test, str) and re.fullmatch(_TEST, test):
        name = Path(test).name
        if name in seen:
            yield Problem((*place, "test"), f"{name!r} is already a test")
        seen.add(name)
        file = _file(home, test)
        if not file.is_file():
            others = [path.stem for path in file.parent.glob(f"*{_SUFFIX}")]
            says = f"there is no scenario {file}{nearest(name, others)}"
            yield Problem((*place, "test"), says)
    if raw.get("required") is True and raw.get("extra") is True:
        yield Problem((*place, "extra"), "a required test cannot be extra")
    named = raw.get("checks")
    for number, check in enumerate(named if isinstance(named, list) else ()):
        if isinstance(check, str) and check not in checks.NAMES:
            hint = nearest(check, checks.NAMES) or f": one of {', '.join(checks.NAMES)}"
            yield Problem((*place, "checks", number), f"no check {check!r}{hint}")
