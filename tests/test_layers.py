"""Rules of the whole code base: what containers may import, lengths, and names."""

from __future__ import annotations

import ast
import functools
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator import chat

ROOT = Path(__file__).parents[1]
LONGEST_FILE, LONGEST_FUNCTION = 400, 50  # lines
FOLDERS = ("peer", "sidecar", "orchestrator", "peerlab", "bench", "tests")
CODE = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("**/*.py"))]
ALONE = {
    "peer": "peer/*.py",
    "sidecar": "sidecar/*.py",
    "inside": "orchestrator/image/inside/*.py",
    "nxdomain": "orchestrator/engines/docker/nxdomain.py",
}
"""What runs in containers with nothing but Python, and the names that it may import besides."""


@dataclass(frozen=True)
class _Outline:
    """What the rules ask of a file, which is parsed for all of them at once."""

    classes: Sequence[str]  # outside of all others
    functions: Mapping[str, int]  # lines of the longest of each name


@functools.cache
def _outline(path: Path) -> _Outline:
    tree = ast.parse(path.read_text())
    functions: defaultdict[str, int] = defaultdict(int)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            functions[node.name] = max(functions[node.name], lines)
    return _Outline([it.name for it in tree.body if isinstance(it, ast.ClassDef)], functions)


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


def test_files_are_short_enough_to_read() -> None:
    too_long = {_name(path): lines for path in CODE if (lines := _lines(path)) > LONGEST_FILE}
    assert too_long == {}


def test_functions_are_short_enough_to_read() -> None:
    too_long = {
        f"{_name(path)}: {name}": lines
        for path in CODE
        for name, lines in _outline(path).functions.items()
        if lines > LONGEST_FUNCTION
    }
    assert too_long == {}


def test_a_public_class_has_its_name_to_itself() -> None:
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for path in CODE:
        if path.relative_to(ROOT).parts[0] == "orchestrator":
            for name in _outline(path).classes:
                if not name.startswith("_"):
                    homes[name].append(_name(path))
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())


DRIVING = ("console", "engines", "history", "report", "runner")  # and recording, and reporting
ELSEWHERE = {
    "console/dialogue.py": {"send"},  # what is typed for an operation, in a profile's word
    "engines/docker/adapter.py": {"connect", "send"},  # of the HTTP library
    "engines/docker/client.py": {"connect"},  # to Docker
    "engines/docker/sidecar.py": {"send"},  # a request to a sidecar
    "engines/process/peer.py": {"terminate"},  # a process
    "engines/process/sidecar.py": {"send"},
    "engines/sidecar/client.py": {"send"},
    "engines/sock_diag.py": {"send"},  # of a socket
    "report/page/messages.py": {"send"},  # the operation behind a message that was shown
}
"""Where such a name has nothing to do with the command of a chat."""


def test_what_drives_records_and_reports_names_no_command_of_a_chat() -> None:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for folder in DRIVING:
        home = ROOT / "orchestrator" / folder
        for path in sorted(home.glob("**/*.py")):
            found[str(path.relative_to(home.parent))] |= {*_named(path)} & {*chat.VERBS}
    assert {place: names for place, names in found.items() if names} == ELSEWHERE


def test_only_the_methods_of_a_peer_in_a_test_are_called_like_commands_of_a_chat() -> None:
    paths = sorted((ROOT / "orchestrator/pytest_plugin").glob("*.py"))
    assert [_name(path) for path in paths if {*chat.VERBS} & {*_texts(path)}] == []


def _named(path: Path) -> Iterator[str]:
    """Yield the attributes and functions that a file names, and its texts."""
    for node in _nodes(path):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.FunctionDef):
            yield node.name
    yield from _texts(path)


def _texts(path: Path) -> Iterator[str]:
    for node in _nodes(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@functools.lru_cache(maxsize=1)
def _nodes(path: Path) -> list[ast.AST]:
    return [*ast.walk(ast.parse(path.read_text()))]
