"""The rubric: which scenarios are tests, what each is worth, and which checks count. Pure data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from orchestrator import checks, document, scenario
from orchestrator.document import Problem, Strict, nearest
from orchestrator.errors import DocumentError
from orchestrator.installation import ROOT
from orchestrator.scenario import Scenario

SHIPPED = ROOT / "conformance/rubric.yaml"
"""The rubric that comes with the lab."""

_SUFFIX = ".yaml"


class Test(Strict):
    """One line of a rubric.

    Attributes:
        test: the scenario's file, as seen from the rubric, without `.yaml`.
        points: what it is worth.
        required: whether a program fails as a whole without it.
        extra: whether its points come on top, not being part of the total.
        checks: the checks that count; what others say of its run does not.
    """

    __test__ = False  # no test of pytest's

    test: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]+$")]
    points: Annotated[float, Field(ge=0, le=10_000, strict=False)]
    required: bool = False
    extra: bool = False
    checks: Annotated[list[str], Field(min_length=1)] = ["expectations"]

    @property
    def name(self) -> str:
        """What people call it."""
        return Path(self.test).name


class Rubric(Strict):
    """What is asked of a program.

    Attributes:
        title: what the whole is called.
        why: a sentence that says what it is for.
        tests: in the order in which they are done and shown.
    """

    title: Annotated[str, Field(min_length=1)]
    why: str = ""
    tests: Annotated[list[Test], Field(min_length=1)]


@dataclass(frozen=True)
class Task:
    """A test with its scenario.

    Attributes:
        test: its line of the rubric.
        scenario: what is done.
        text: of the scenario's file.
    """

    test: Test
    scenario: Scenario
    text: str


@dataclass(frozen=True)
class Suite:
    """A rubric with all its scenarios."""

    title: str
    why: str
    tasks: Sequence[Task]

    @property
    def total(self) -> float:
        """The points of all tests but the extra ones."""
        return sum(task.test.points for task in self.tasks if not task.test.extra)

    def only(self, names: Sequence[str]) -> Suite:
        """Return the suite with these tests alone; all of it where none is named.

        Raises:
            DocumentError: there is no test of such a name.
        """
        known = [task.test.name for task in self.tasks]
        for name in names:
            if name not in known:
                hint = nearest(name, known) or f": one of {', '.join(known)}"
                raise DocumentError(f"no test {name!r} in {self.title!r}{hint}")
        kept = [task for task in self.tasks if not names or task.test.name in names]
        return Suite(self.title, self.why, kept)


def load(path: Path) -> Suite:
    """Return the suite of the rubric in the file `path`.

    Raises:
        DocumentError: it is wrong, or one of its scenarios is; each mistake on a line of its own.
    """
    home = path.parent
    rubric = document.read(path, Rubric, closer=lambda one: _problems(one, home))
    tasks, wrong = [], []
    for test in rubric.tests:
        file = _file(home, test)
        try:
            found = scenario.load(file)
            tasks.append(Task(test, found, file.read_text(encoding="utf-8")))
        except DocumentError as error:
            wrong.append(error.what)
    if wrong:
        raise DocumentError("\n".join(wrong))
    return Suite(rubric.title, rubric.why, tasks)


def _file(home: Path, test: Test) -> Path:
    return home / f"{test.test}{_SUFFIX}"


def _problems(rubric: Rubric, home: Path) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, test in enumerate(rubric.tests):
        place = ("tests", index)
        if test.name in seen:
            yield Problem((*place, "test"), f"{test.name!r} is a test already")
        seen.add(test.name)
        if not _file(home, test).is_file():
            yield Problem((*place, "test"), _no_such_test(test, home))
        if test.required and test.extra:
            yield Problem((*place, "extra"), "what is required is no extra")
        for number, check in enumerate(test.checks):
            if check not in checks.NAMES:
                yield Problem((*place, "checks", number), _no_such_check(check))


def _no_such_test(test: Test, home: Path) -> str:
    folder = _file(home, test).parent
    hint = nearest(test.name, _stems(folder.glob(f"*{_SUFFIX}")))
    return f"there is no scenario {_file(home, test)}{hint}"


def _stems(paths: Iterable[Path]) -> list[str]:
    return [path.stem for path in paths]


def _no_such_check(check: str) -> str:
    hint = nearest(check, checks.NAMES) or f": one of {', '.join(checks.NAMES)}"
    return f"no check {check!r}{hint}"
