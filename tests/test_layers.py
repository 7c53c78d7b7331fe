"""The rules of the whole: which layer may know which, and how long things may get."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST_FILE, LONGEST_FUNCTION = 400, 50  # lines
FOLDERS = ("peer", "sidecar", "orchestrator", "bench", "tests")
CODE = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("**/*.py"))]
ALONE = {
    "peer": "peer/*.py",
    "sidecar": "sidecar/*.py",
    "inside": "orchestrator/image/inside/*.py",
    "nxdomain": "orchestrator/engines/nxdomain.py",
}
"""What runs in containers with nothing but Python, and the names that it may import besides."""


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module or ""


@pytest.mark.parametrize("own", ALONE)
def test_what_runs_in_containers_needs_the_standard_library_alone(own: str) -> None:
    paths = sorted(ROOT.glob(ALONE[own]))
    assert paths
    foreign = {
        (path.name, name)
        for path in paths
        for name in _imports(path)
        if name.partition(".")[0] not in {*sys.stdlib_module_names, own}
    }
    assert foreign == set()


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_too_long(path: Path) -> None:
    functions = [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [each for each in functions if each[1] > LONGEST_FUNCTION] == []
