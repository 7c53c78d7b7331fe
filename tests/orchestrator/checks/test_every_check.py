"""Every check has its file, its tests, its row in docs/checks.md; the page's example works."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from pathlib import Path

import pytest

from orchestrator import checks, promises
from orchestrator.checks.index import HistoryIndex
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/checks.md").read_text()
MODULES = [Path(inspect.getfile(check)) for check in checks.CHECKS.values()]
HERE = Path(__file__).parent


def test_names() -> None:
    assert checks.NAMES == promises.NAMES
    index = HistoryIndex([])
    assert [check(index).check for check in checks.CHECKS.values()] == [*checks.CHECKS]


def test_the_page_has_a_row_for_each_check() -> None:
    rows = re.findall(r"^\| `([a-z -]+)` \|", PAGE, re.MULTILINE)
    assert rows == [*checks.CHAT, *(name for name in checks.CHECKS if name not in checks.CHAT)]


def test_every_check_says_what_it_judges() -> None:
    offenders = []
    for module in MODULES:
        says = " ".join((ast.get_docstring(ast.parse(module.read_text())) or "").split())
        if "Invalid when" not in says or "Unknown when" not in says:
            offenders.append(module.stem)
    assert not offenders


def test_every_check_has_a_fault_and_a_doubt_by_hypothesis() -> None:
    offenders = []
    for module in MODULES:
        folder = HERE / "models" if module.parent.name == "models" else HERE
        tree = ast.parse((folder / f"test_{module.stem}.py").read_text())
        given = {
            function.name
            for function in tree.body
            if isinstance(function, ast.FunctionDef)
            and any("given" in ast.unparse(mark) for mark in function.decorator_list)
        }
        if not {"test_a_fault_is_caught", "test_a_doubt_is_reported"} <= given:
            offenders.append(module.stem)
    assert not offenders


def _example() -> dict[str, object]:
    *_, code = re.findall(r"( *```python\n.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(textwrap.dedent(code).partition("\n")[2], names)
    return names


@pytest.mark.parametrize(("pause", "judgement"), [(0.0, VALID), (2.0, INVALID)])
def test_the_example_on_the_page(pause: float, judgement: checks.Judgement) -> None:
    check = _example()["check"]
    assert callable(check)
    story = Story()
    story.connect("alice", "bob")
    story.send("alice", "bob", "x", arrives=False)
    story._at += pause
    assert check(HistoryIndex(story.finish())).judgement is judgement
    assert check(HistoryIndex(story.entries[:5])).judgement is UNKNOWN
