"""Custom readers that are loaded from files."""

from __future__ import annotations

import re
from typing import Any

import pytest

from orchestrator import profile
from orchestrator.errors import DocumentError
from orchestrator.profile import NoticeMatch
from tests.orchestrator.support import PROGRAMS, ROOT
from tests.programs.styled import styled

READER = """
from orchestrator.profile import NoticeMatch, Reader

class Shouting(Reader):
    def notice(self, lines):
        return NoticeMatch("message", {"text": lines[0].lower()}) if lines[0].isupper() else None
"""


def test_a_custom_reader(tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text(READER)
    text = (PROGRAMS / "styles.yaml").read_text()
    (tmp_path / "chat.yaml").write_text(text + "reader: mine.py:Shouting\n")
    styled_profile = profile.load(str(tmp_path / "chat.yaml"))
    made = profile.reader(styled_profile)
    assert made.notice(["HELLO"]) == NoticeMatch("message", {"text": "hello"})
    assert made.outcome("send", "sent x") == (True, {"text": "x"})


def test_the_reader_of_the_page_about_profiles(tmp_path: Any) -> None:
    page = (ROOT / "docs/profiles.md").read_text()
    text, reading = (
        re.findall(rf"^```{kind}\n({first}.*?)^```", page, re.DOTALL | re.MULTILINE)[0]
        for kind, first in (("yaml", "name: "), ("python", "from "))
    )
    (tmp_path / "reading.py").write_text(reading)
    (tmp_path / "profile.yaml").write_text(text + "reader: reading.py:Hexadecimal\n")
    made = profile.reader(profile.load(str(tmp_path / "profile.yaml")))
    row = {"id": "1", "address": "10.0.0.2", "port": "5000"}
    assert made.row("list", "1  10.0.0.2  1388") == row
    assert made.row("list", "nobody") is None


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("mine.py:Nobody", "AttributeError"),
        ("none.py:Shouting", "FileNotFoundError"),
        ("mine.py:NoticeMatch", "TypeError: not a subclass of Reader"),
        ("broken.py:Shouting", "SyntaxError"),
        ("leaves.py:Shouting", "SystemExit"),
    ],
)
def test_broken_readers(tmp_path: Any, named: str, why: str) -> None:
    (tmp_path / "mine.py").write_text(READER)
    (tmp_path / "broken.py").write_text("class (")
    (tmp_path / "leaves.py").write_text("raise SystemExit(0)")
    styled_profile = styled("plain", reader=f"{tmp_path}/{named}")
    expected = rf"\.py: cannot load the reader '\w+': {why}"
    with pytest.raises(DocumentError, match=expected) as error:
        profile.reader(styled_profile)
    assert error.value.hint


BROKEN = """
from orchestrator.profile import Reader

class Broken(Reader):
    def notice(self, lines):
        return lines[7]
"""


def test_a_reader_that_fails_is_an_error_of_the_profile(tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text(BROKEN)
    made = profile.reader(styled("plain", reader=f"{tmp_path}/mine.py:Broken"))
    with pytest.raises(DocumentError, match=r"notice\(\) failed: IndexError"):
        made.notice(["hi"])
    assert made.outcome("send", "sent x") == (True, {"text": "x"})
    with pytest.raises(KeyError):
        made.typed("nothing", {})
