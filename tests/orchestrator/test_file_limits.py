"""Generated files: whatever they contain, they are refused in bounded time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import document, profile, scenario
from orchestrator.errors import DocumentError
from orchestrator.grading import rubric
from tests.repeats import times

HEAD = "why: w\npeers: [alice, bob]\nsteps:\n"
STEP = "  - send: {at: alice, to: bob, text: hello}\n"
KINDS: list[Callable[[Path], object]] = [
    scenario.load,
    lambda path: profile.load(str(path)),
    rubric.load,
]
LARGE = 1_000_000
FRAGMENTS = [
    "a", "name", ": ", "- ", "\n", "\n  ", "{", "}", "[", "]", ", ", "&a ", "*a", "<<: ", "? ",
    "|\n", ">\n", "'", "\"", "\\", "!", "!!int ", "!!float ", "!!timestamp ", "!!set ", "!!omap ",
    "!!binary ", "2020-13-45", "2020-01-01T99:99:99", "9" * 5_000, "1e9999", "0x", "0b2", "~",
    "#", "%YAML 1.1\n", "---\n", "...\n", "\t", "é", "true", "1_", ".inf",
    "!!python/name:os.system ", "!!map ", "!!seq ",
]  # fmt: skip


def refused(path: Path, load: Callable[[Path], object], text: str) -> list[str]:
    """Return the lines of a refusal, without the file's name."""
    path.write_text(text)
    with pytest.raises(DocumentError) as caught:
        load(path)
    return [line.removeprefix(f"{path}:") for line in caught.value.what.splitlines()]


@pytest.mark.parametrize("load", KINDS, ids=["scenario", "profile", "rubric"])
@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("2020-13-45", "1:7: there is no date '2020-13-45': put text in quotes"),
        ("2020-01-01 25:61:61", "1:7: there is no date '2020-01-01 25:61:61': put text"),
        ("9" * 5_000, "1:7: there is no number '99999999999999999999"),
        ("-" + "9" * 5_000, "1:7: there is no number '-9999999999999999999"),
        ("9" * 400, "1:7: a number with more than 18 digits: put text in quotes"),
        ("0x" + "f" * 50_000, "1:7: a number with more than 18 digits"),
        ("!!int one", "1:7: there is no number 'one': put text in quotes"),
        ("!!bool perhaps", "1:7: there is no bool 'perhaps': put text in quotes"),
        ("!!timestamp soon", "1:7: not YAML: failed to construct timestamp"),
        ("!!set [1]", "1:7: not YAML: expected a mapping node"),
        ("&a {<<: *a, b: 1}", "1:7: no value of the type map"),
        ("[" * 500, "nested too deeply: 100 levels at most"),
        ("{a: " * 5_000, "1:400: nested too deeply: 100 levels at most"),
        ("\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 300)), "nested too deeply: 100 levels"),
    ],
)
def test_impossible_values_are_mistakes_with_their_place(
    tmp_path: Path, load: Callable[[Path], object], value: str, says: str
) -> None:
    (line,) = refused(tmp_path / "file.yaml", load, f"name: {value}\n{HEAD}{STEP}")
    assert says in line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"name: x\n{HEAD}{STEP * 240_000}", " larger than 1 MB, the most that is read of it"),
        (f"name: x\n{HEAD}{'  - exit: bob # the end' * 100_000}", " larger than 1 MB"),
        ("name: [" + "a," * 400_000, "1:60002: more than 30,000 values up to here"),
        (f"name: {'x' * 900_000}\n{HEAD}{STEP}", "1:1: 'xxxxxxxx"),
        (f"{'x' * 900_000}: 1\n", "1:900001: not YAML: a colon is not allowed here"),
        ("a: " + "*" * 900_000, "1:4: not YAML: "),
        (
            f"name: x\nwhy: w\npeers: [{', '.join(['alice'] * 20_000)}]\nsteps: []\n",
            "3:1: at most 200 ",
        ),
    ],
    ids=["10 MB", "100,000 steps", "values", "text", "key", "alias", "peers"],
)
def test_large_files_are_refused_soon_in_few_words(tmp_path: Path, text: str, says: str) -> None:
    began = time.process_time()
    lines = refused(tmp_path / "file.yaml", scenario.load, text)
    assert time.process_time() - began < (1 if len(text) > LARGE else 8)
    assert lines[0].startswith(says)
    assert len(lines) <= 101
    assert max(map(len, lines)) < 1_100


def test_of_many_mistakes_the_first_are_listed(tmp_path: Path) -> None:
    text = f"name: x\n{HEAD}" + "  - exxit: bob\n" * 150
    *listed, last = refused(tmp_path / "file.yaml", scenario.load, text)
    assert listed == [
        f"{line}:5: unknown key 'exxit'; did you mean 'exit'?" for line in range(5, 105)
    ]
    assert last == "105:5: 50 more mistakes from here on"


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "&a x: *a\n", "? &a [*a]\n: 1\n"])
def test_what_contains_itself_is_a_mistake(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path / "file.yaml", scenario.load, text)[0].startswith("1:")


@given(parts=st.lists(st.sampled_from(FRAGMENTS), max_size=30))
@settings(max_examples=times(40, 20_000), deadline=None)
def test_no_text_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "random.yaml"
    path.write_text("".join(parts))
    with contextlib.suppress(DocumentError):
        document.load(path)
