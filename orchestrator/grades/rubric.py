"""The rubric: which scenarios are tests, what each is worth, and which checks count. Pure data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from orchestrator import checks, document, scenario
from orchestrator.document import Problem, Strict, nearest
from orchestrator.errors import DocumentError
from orchestrator.paths import ROOT
from orchestrator.scenario import Scenario

SHIPPED = ROOT / "conformance/rubric.yaml"
"""The rubric that comes with the lab."""

_SUFFIX = ".yaml"
_TEST = r"[A-Za-z0-9._/-]+"


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

    test: Annotated[str, Field(pattern=f"^{_TEST}$")]
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
    rubric = document.read(path, Rubric, raw=lambda raw: _problems(raw, home))
    tasks, wrong = [], []
    for test in rubric.tests:
        file = _file(home, test.test)
        try:
            found = scenario.load(file)
            tasks.append(Task(test, found, file.read_text(encoding="utf-8")))
        except DocumentError as error:
            wrong.append(error.what)
    if wrong:
        raise DocumentError("\n".join(wrong))
    return Suite(rubric.title, rubric.why, tasks)


def _file(home: Path, test: str) -> Path:
    return home / f"{test}{_SUFFIX}"


def _problems(raw: Any, home: Path) -> Iterator[Problem]:
    """Yield what no model finds, as far as a document is a rubric, whatever else is wrong there."""
    tests = raw.get("tests") if isinstance(raw, dict) else None
    seen: set[str] = set()
    for index, each in enumerate(tests if isinstance(tests, list) else ()):
        if isinstance(each, dict):
            yield from _test_problems(each, ("tests", index), home, seen)


def _test_problems(
    each: dict[str, Any], place: tuple[str | int, ...], home: Path, seen: set[str]
) -> Iterator[Problem]:
    test = each.get("test")
    if isinstance(test, str) and re.fullmatch(_TEST, test):
        name = Path(test).name
        if name in seen:
            yield Problem((*place, "test"), f"{name!r} is a test already")
        seen.add(name)
        if not _file(home, test).is_file():
            yield Problem((*place, "test"), _no_such_test(test, home))
    if each.get("required") is True and each.get("extra") is True:
        yield Problem((*place, "extra"), "what is required is no extra")
    named = each.get("checks")
    for number, check in enumerate(named if isinstance(named, list) else ()):
        if isinstance(check, str) and check not in checks.NAMES:
            yield Problem((*place, "checks", number), _no_such_check(check))


def _no_such_test(test: str, home: Path) -> str:
    file = _file(home, test)
    hint = nearest(Path(test).name, _stems(file.parent.glob(f"*{_SUFFIX}")))
    return f"there is no scenario {file}{hint}"


def _stems(paths: Iterable[Path]) -> list[str]:
    return [path.stem for path in paths]


def _no_such_check(check: str) -> str:
    hint = nearest(check, checks.NAMES) or f": one of {', '.join(checks.NAMES)}"
    return f"no check {check!r}{hint}"
