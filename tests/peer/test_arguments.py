"""The command line."""

from __future__ import annotations

import pytest

from peer import __version__, arguments
from peer.wire import Hello, Identity, encode, parse_greeting


def test_defaults() -> None:
    settings = arguments.parse(["5000"])
    assert (settings.port, settings.bind, settings.connect_timeout) == (5000, "", 5.0)
    assert (settings.limits.greeting, settings.limits.silence) == (2.0, 6.0)


def test_the_default_name_fits_a_greeting() -> None:
    identity = Identity("a" * 16, 1, arguments.parse(["0"]).name)
    hello = Hello(identity, "b" * 16)
    assert parse_greeting(encode(hello)[:-1]) == hello


def test_everything() -> None:
    words = "0 --bind ::1 --name a.b-c_d --connect-timeout 1 --greeting-timeout .5 --silence 9"
    settings = arguments.parse(words.split())
    assert (settings.port, settings.bind, settings.name) == (0, "::1", "a.b-c_d")
    assert settings.connect_timeout == 1.0
    assert (settings.limits.greeting, settings.limits.silence) == (0.5, 9.0)


@pytest.mark.parametrize(
    "words",
    ["", "x", "65536", "-1", "5000 6000", "1 --bind localhost", "1 --bind 300.1.1.1",
     "1 --name a/b", "1 --silence 0", "1 --silence nan", "1 --silence inf",
     "1 --connect-timeout x", "1 --greeting-timeout 86401", "1 --nonsense"],
)  # fmt: skip
def test_what_is_wrong_is_told(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        arguments.parse(words.split())
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_an_empty_name_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments.parse(["1", "--name", ""])
    assert "63 at most" in capsys.readouterr().err


@pytest.mark.parametrize(("flag", "shown"), [("--version", __version__), ("--help", "usage")])
def test_asked_for(flag: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        arguments.parse([flag])
    assert caught.value.code == 0
    assert shown in capsys.readouterr().out
