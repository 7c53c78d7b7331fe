"""`python -m tests.examples.unread`: no unreadable answer costs a program points.

Grades copies of a flawless program, each with one pattern of its profile spoilt. Exit status 0 if
no test of any copy is failed, 1 otherwise. The suite does this with a few of the patterns.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any

import typer
from ruamel.yaml import YAML

from orchestrator import profile
from orchestrator.grading import rubric as rubrics
from orchestrator.grading.results import Grade, Outcome
from orchestrator.scenario import EngineName
from tests import trials
from tests.examples.trial import HOME, graded

TESTS = ["help", "own-address", "own-port", "dial", "message", "end-at-the-other", "leave",
         "itself", "told-of-a-connection", "told-of-an-end", "three-in-the-list"]  # fmt: skip
"""Tests of the suite. Each pattern is needed by at least one of them."""

_NEVER_NEEDED = {"errors-0", "operations-exit-ok-0", "operations-raw-ok-0"}
"""Patterns of answers that these tests do not ask for: what was done is seen elsewhere."""

_RIGHT = HOME / "by-the-book"


def spoilt(folder: Path, wanted: Callable[[str], bool] = lambda _: True) -> Iterator[Path]:
    """Yield copies of a flawless program, each with one of the wanted patterns spoilt."""
    yaml = YAML(typ="safe")
    for place, pattern in profile.load(str(_RIGHT / "profile.yaml")).patterns():
        name = "-".join(map(str, place))
        if place[0] == "crash" or not wanted(name):
            continue
        data = yaml.load(_RIGHT / "profile.yaml")
        _spoil(data, place, pattern)
        data |= {"name": name, "answer_within": 1, "ready_within": 2}
        home = folder / name
        shutil.copytree(_RIGHT, home)
        with (home / "profile.yaml").open("w", encoding="utf-8") as file:
            yaml.dump(data, file)
        yield home


def _spoil(data: Any, place: tuple[Any, ...], pattern: str) -> None:
    for key in place[:-1]:
        if not isinstance(data[key], dict):
            break
        data = data[key]
    else:
        key = place[-1]
    assert data[key] == pattern
    data[key] = f"SPOILT {pattern}"


def grade(homes: Sequence[Path], output: Path, tests: Sequence[str], jobs: int) -> list[Grade]:
    """Grade spoilt copies by some tests of the suite."""
    suite = rubrics.load(rubrics.CONFORMANCE).only(tests)
    return graded([*homes], EngineName.PROCESS, output, jobs=jobs, suite=suite)


def mistakes(done: Sequence[Grade]) -> list[str]:
    """Return each failed test, and each unknown one that does not say it could not be read."""
    return [
        f"{one.program} {result.test}: {result.outcome}, {result.reason}"
        for one in done
        for result in one.results
        if result.outcome is Outcome.FAILED
        or (
            result.outcome is Outcome.UNKNOWN
            and not result.reason.startswith("not tried")
            and "the lab could not read" not in result.reason
        )
    ]


def main(jobs: Annotated[int, typer.Option(min=1, max=16, help="Tests side by side.")] = 2) -> None:
    """Grade a copy for every pattern."""
    console = trials.console()
    folder = Path(mkdtemp(prefix="peerlab-unread-"))
    homes = [*spoilt(folder / "programs")]
    done = grade(homes, folder / "runs", TESTS, jobs)
    found = mistakes(done)
    needless = {one.program for one in done if one.is_certain} - _NEVER_NEEDED
    found += [f"{name}: no test needs it" for name in sorted(needless)]
    for line in found:
        console.print(line, soft_wrap=True)
    console.print(f"{len(done)} patterns, {len(found)} mistakes")
    raise typer.Exit(1 if found else 0)


if __name__ == "__main__":
    trials.run(main)
