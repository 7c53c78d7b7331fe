"""Which Compose is used, and what it makes of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator import command
from orchestrator.compose import tool
from orchestrator.compose.tool import ComposeTool
from orchestrator.errors import DocumentError, LabError

FIRST = ComposeTool(("docker-compose",), "1.29.2")
SECOND = ComposeTool(("docker", "compose"), "2.26.1")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Forget what other tests have found."""
    tool.find.cache_clear()
    tool.resolved.cache_clear()
    yield
    tool.find.cache_clear()
    tool.resolved.cache_clear()


def says(monkeypatch: pytest.MonkeyPatch, run: Callable[..., str]) -> None:
    """Have commands do this."""
    monkeypatch.setattr(command, "run", run)


def test_the_plugin_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, lambda *words, **_: "v2.26.1\n" if words[0] == "docker" else "1.29.2\n")
    assert tool.find() == SECOND
    assert str(SECOND) == "docker compose 2.26.1"
    assert not SECOND.is_first


def test_the_first_version_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*words: str, **_: object) -> str:
        if words[0] == "docker":
            raise command.CommandFailedError("unknown command", "")
        return "1.29.2\n"

    says(monkeypatch, run)
    assert tool.find() == FIRST
    assert FIRST.is_first
    called = FIRST.called(Path("f.yaml"), "p", "up", "--no-start")
    assert called == (
        "docker-compose", "--project-name", "p", "--file", "f.yaml", "up", "--no-start"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("program", "hint"),
    [
        ("apt-get", "install it: `apt-get install docker-compose`"),
        ("apk", "install it: `apk add docker-cli-compose`"),
        ("", "install it: see Docker's manual, `docker compose`"),
    ],
)
def test_without_compose_the_hint_is_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, program: str, hint: str
) -> None:
    def run(*words: str, **_: object) -> str:
        raise LabError(f"there is no {words[0]} command here")

    says(monkeypatch, run)
    monkeypatch.setattr("shutil.which", lambda name: name if name == program else None)
    with pytest.raises(LabError, match="Docker Compose is not on this machine") as caught:
        tool.find()
    assert caught.value.hint == hint


def test_the_first_version_prints_yaml_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "find", lambda: FIRST)
    says(monkeypatch, lambda *_, **__: "services:\n  a: {image: 0o12, tty: yes, user: 'no'}\n")
    spec = tool.resolved(Path("f"))["services"]["a"]
    assert spec == {"image": "0o12", "tty": True, "user": "no"}


def test_the_second_version_prints_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "find", lambda: SECOND)
    asked: list[tuple[str, ...]] = []

    def run(*words: str, **_: object) -> str:
        asked.append(words)
        return '{"services": {}}'

    says(monkeypatch, run)
    assert tool.resolved(Path("f")) == {"services": {}}
    assert asked[0][-3:] == ("config", "--format", "json")


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (
            "WARNING: The X variable is not set.\nThe file is invalid because:\nUnsupported 'x'\n",
            "The file is invalid because: Unsupported 'x'",
        ),
        ('time="…" level=warning msg="obsolete"\nvalidating f: no\n', "validating f: no"),
        ("WARNING: nothing else\n", "WARNING: nothing else"),
    ],
)
def test_a_refusal_is_quoted(monkeypatch: pytest.MonkeyPatch, printed: str, reason: str) -> None:
    def run(*_: str, **__: object) -> str:
        raise command.CommandFailedError("failed", printed)

    monkeypatch.setattr(tool, "find", lambda: FIRST)
    says(monkeypatch, run)
    with pytest.raises(DocumentError) as caught:
        tool.resolved(Path("f"))
    assert caught.value.what == f"Compose (docker-compose 1.29.2) refuses f: {reason}"
