"""Patterns mean what they mean in Python, and end on every text."""

from __future__ import annotations

import functools
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import patterns, profile, scenario
from orchestrator.errors import DocumentError
from orchestrator.paths import ROOT
from tests.repeats import times

SYNTAX = [
    r"[^\W\d_]+", r"(?i)Å", r"[]a]+", r"[^]a]+", r"a{,3}b", r"\u00e9+", r"[\s\S]x",
    r"\S+\s+\w+\Z", r"\_x\ y", r"[\b]", r"(?P<a>x)?(?P<b>y)?", r"\x41", r"\101", r"[\101]", r"é{2}",
    r"[a\]b]+", r"\D\W", r"(?:a|b)*?c", r"(?P<name>[^)]*)", r"^$", r"\.\*", r"[\w.-]+",
    r"\{\d{1,3}\}",
]  # fmt: skip
PARTS = [
    *"ab\t xyÅåé中😀0१9_-.:>[]()*\u2028\xa0\x1c²Ⅷ", "foo", "10.0.0.1:5000", " 12 ", "connected ",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)
FATAL = ["^(a|aa)+$", "^(a+)+$", "(a*)*b", "^(?:a?){30}a{30}$", "(.*a){20}"]


@functools.cache
def used() -> list[str]:
    """Return every pattern of the profiles here."""
    profiles = [*ROOT.glob("profiles/*.yaml"), *ROOT.glob("examples/**/profile.yaml")]
    return sorted({one for path in profiles for _, one in profile.load(str(path)).patterns()})


def same_in_python(pattern: str, text: str) -> None:
    ours, python = patterns.compiled(pattern), re.compile(pattern)
    for found, wanted in (
        (ours.search(text), python.search(text)),
        (ours.match(text), python.match(text)),
        (ours.fullmatch(text), python.fullmatch(text)),
    ):
        assert (found is None) == (wanted is None)
        if found and wanted:
            assert (found.groupdict(), found.end()) == (wanted.groupdict(""), wanted.end())


@pytest.mark.parametrize("pattern", SYNTAX)
@given(text=TEXTS)
@settings(max_examples=times(15, 2_000), deadline=None)
def test_they_mean_what_they_mean_in_python(pattern: str, text: str) -> None:
    same_in_python(pattern, text)


@given(text=TEXTS)
@settings(max_examples=times(15, 2_000), deadline=None)
def test_those_of_the_profiles_here_do_too(text: str) -> None:
    unnamed = "|".join(f"(?:{pattern})" for pattern in used() if "(?P" not in pattern)
    same_in_python(unnamed, text)


def test_every_pattern_of_every_profile_here_is_supported() -> None:
    assert len(used()) > 100
    for pattern in used():
        patterns.compiled(pattern)


@pytest.mark.parametrize("pattern", FATAL)
def test_no_text_takes_long(pattern: str) -> None:
    began = time.process_time()
    patterns.compiled(pattern).search("a" * 20_000 + "!")
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("x(?=a)", "not supported in patterns: a lookahead, (?=, at character 2"),
        ("(?!a)b", "not supported in patterns: a negative lookahead, (?!, at character 1"),
        ("(?<=a)b", "not supported in patterns: a lookbehind, (?<=, at character 1"),
        ("(?<!a)b", "not supported in patterns: a negative lookbehind, (?<!, at character 1"),
        (r"(a)\1", r"not supported in patterns: a backreference, \1, at character 4"),
        ("(?P<x>a)(?P=x)", "not supported in patterns: a backreference, (?P=, at character 9"),
        ("a*+", "not supported in patterns: a possessive repetition, *+, at character 2"),
        ("(?>a)", "not supported in patterns: an atomic group, (?>, at character 1"),
        ("(?x) a", "not supported in patterns: invalid perl operator: (?x"),
        ("a{1001}", "not supported in patterns: invalid repetition size: {1001}"),
        ("((a{100}){100}){100}", "not supported in patterns: invalid repetition size"),
        ("(", "not a pattern: missing ), unterminated subpattern at position 0"),
        ("(" * 5_000, "not a pattern: "),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_said(pattern: str, says: str) -> None:
    with pytest.raises(patterns.PatternError) as caught:
        patterns.compiled(pattern)
    assert str(caught.value).startswith(says)


def test_unsupported_syntax_is_a_mistake_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "profile.yaml"
    text = (ROOT / "profiles/peerlab.yaml").read_text()
    ready = next(line for line in text.splitlines() if line.startswith("ready: "))
    path.write_text(text.replace(ready, "ready: 'on (?=port)'"))
    line = text.splitlines().index(ready) + 1
    with pytest.raises(DocumentError) as caught:
        profile.load(str(path))
    assert f"{path}:{line}:1: not supported in patterns: a lookahead" in caught.value.what
    path.write_text(
        "name: x\nwhy: w\npeers: [alice]\nsteps:\n  - expect: {at: alice, line: '(?=x)'}\n"
    )
    with pytest.raises(DocumentError, match=r":5:\d+: not supported in patterns: a lookahead"):
        scenario.load(path)


def test_any_of_none_matches_nothing() -> None:
    assert patterns.any_of([]).search("") is None
    assert patterns.any_of([]).match("x") is None
    found = patterns.any_of(["a", "b|c"]).match("cd")
    assert found is not None
    assert found.end() == 1


def test_half_a_character_is_like_any_other() -> None:
    assert patterns.compiled("^a.b$").search("a\udc80b")


@pytest.mark.parametrize(
    ("one", "line"), [(r"^\((?P<id>\d+)\)$", "(17)"), (r"^[(?P<]+(?P<id>x)\(?P<$", "<(xP<")]
)
def test_any_of_may_have_groups_of_one_name(one: str, line: str) -> None:
    found = patterns.any_of([one, "^(?P<id>[a-z]) ok$"])
    assert found.search("b ok")
    assert found.search(line)
    assert not found.search("b no")
