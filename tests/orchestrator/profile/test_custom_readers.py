"""Custom readers, and mistakes in profiles, both read from files."""

from __future__ import annotations

import re
from typing import Any

import pytest

from orchestrator import profile
from orchestrator.errors import DocumentError
from orchestrator.profile import NoticeMatch, Reader
from tests.orchestrator.support import PROGRAMS, ROOT
from tests.programs.styled import styled


def test_blocks_and_alternatives() -> None:
    reader = Reader(styled("plain"))
    assert reader.notice(["bob says hi"]) == NoticeMatch("message", {"name": "bob", "text": "hi"})
    first = "Message received from 10.0.0.2"
    begun = reader.notice([first])
    assert begun
    assert begun.kind == ""
    assert reader.notice([first, "nothing of the kind"]) is None
    whole = [first, "Sender port: 1", 'Message: "x"']
    assert reader.notice(whole) == NoticeMatch(
        "message", {"address": "10.0.0.2", "port": "1", "text": "x"}
    )
    assert reader.notice([*whole, "more"]) is None


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
    with pytest.raises(DocumentError, match=why) as error:
        profile.reader(styled_profile)
    assert error.value.hint


@pytest.mark.parametrize(
    ("old", "new", "where", "what"),
    [
        ("sync: myport", "sync: myprt", "10:", "no verb 'myprt' here; did you mean 'myport'?"),
        ("first: list", "first: lst", "17:", "no verb 'lst' here"),
        ("  terminate:", "  terminat:", "17:", "unknown verb 'terminat'"),
        ("ready: '^welcome$'", "ready: '('", "7:", "not a pattern"),
        ("Sender port: (?P", "Sender port: (?Q", "21:", "not a pattern"),
        ("send: myport,", "send: [myport, {after: '('}],", "14:", "type"),
        ("send: myport,", "send: [myport, {after: '(', type: x}],", "14:", "not a pattern"),
        ("'send {text}'", "'send {txt}'", "15:", "unknown placeholder {txt}"),
        ("  command: ", "  folder: nowhere\n  command: ", "6:", "no such folder: nowhere"),
        ("  command: ", "  image: x\n  folder: .\n  command: ", "", "not in both"),
        ("  command: ", "  process: [x]\n  command: ", "", "either `command`, or"),
        ("first: list", "first: terminate", "17:", "'terminate' itself needs another first"),
        ("'send {text}'", "'send {text:d}'", "15:", "takes no format"),
        ("  command: ", "  answers: '{python}'\n  command: ", "6:", "unknown placeholder {python}"),
        ("errors:", "lacks: {exit: no, list: no}\nerrors:", "12:", "described elsewhere"),
        ("errors:", "lacks: {leave: no}\nerrors:", "12:", "unknown verb or notice 'leave'"),
    ],
)
def test_mistakes_in_a_profile(tmp_path: Any, old: str, new: str, where: str, what: str) -> None:
    text = (PROGRAMS / "styles.yaml").read_text()
    assert old in text
    path = tmp_path / "chat.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DocumentError) as error:
        profile.load(str(path))
    assert what in error.value.what
    assert f"chat.yaml:{where}" in error.value.what


def test_a_missing_profile(tmp_path: Any) -> None:
    for name, hint in (
        ("peerlap", "did you mean 'peerlab'?"),
        (f"{tmp_path}/x.yaml", "writes one"),
    ):
        with pytest.raises(DocumentError, match="cannot be read: No such file") as error:
            profile.load(name)
        assert hint in error.value.hint


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
