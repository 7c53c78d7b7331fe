"""Checking profiles: what the driver records of programs that fail in some way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.discovery import check as checking
from orchestrator.discovery.check import ProfileDriver, check
from orchestrator.discovery.pattern_matches import MatchState, NoticeSeen, Observations
from orchestrator.errors import NoAnswerError, PeerGoneError, SessionError
from orchestrator.profile import Profile
from orchestrator.profile import load as load_profile

VERBS = ("help", "list", "connect", "send", "terminate", "exit", "raw")
TEXT = """\
name: it
summary: it
port: 5000
start: {command: [it]}
ready: '^ready$'
console: {echo: false}
verbs:
  help: {send: help, ok: '^help$'}
  list: {send: list, ok: '^list$', row: '^(?P<id>\\d+) '}
  connect: {send: connect, ok: '^connect$'}
  send: {send: send, ok: '^send$'}
  terminate: {send: terminate, ok: '^terminate$'}
  exit: {send: exit, ok: '^exit$'}
  raw: {send: '{line}'}
notices: {connected: '^connected$', message: '^message$'}
"""


class FakeSession:
    """Answers each verb with its name, and prints notices at once."""

    failures: dict[str, Exception] = {}
    ready: Exception | None = None
    is_quiet = False

    def __init__(self, peer: Any, _: Profile, on_notice: Callable[[Any], None]) -> None:
        self.peer, self._on_notice = peer, on_notice
        self.lines = ["ready"]
        self.transcript = SimpleNamespace(screen=lambda: list(self.lines))
        self.unclaimed: list[str] = []

    def meet(self, peers: Iterable[str], texts: dict[str, None]) -> None:
        assert self.peer.name in peers

    def await_ready(self) -> None:
        if self.ready:
            raise self.ready

    def ask(self, verb: str, **_: object) -> Any:
        self.lines.append(verb)
        if verb in self.failures:
            raise self.failures[verb]
        rows = [{"id": "7"}] if verb == "list" else []
        return SimpleNamespace(ok=True, lines=[verb], rows=rows)

    def take_in(self, _: float) -> None:
        if self.is_quiet:
            raise SessionError("it", "gone")
        for kind in ("connected", "message"):
            self._on_notice(SimpleNamespace(kind=kind, line=f"{kind}\nmore"))

    def await_notice(self, *_: object) -> Any:
        if not self.unclaimed:
            raise SessionError("it", "nothing")
        return SimpleNamespace(line=self.unclaimed.pop())

    def catch_up(self) -> None:
        if self.is_quiet:
            raise SessionError("it", "gone")
        self.unclaimed.append("stray")

    def await_end(self, _: float) -> None:
        raise SessionError("it", "still running")

    def close(self) -> None:
        pass


class FakeEngine:
    """Starts peers that do nothing, and notes which were killed or discarded."""

    def __init__(self) -> None:
        self.killed: list[str] = []
        self.discarded: list[str] = []
        self.has_canary = False

    def bring_canary(self) -> None:
        self.has_canary = True

    def start(self, names: Sequence[str], *_: object) -> list[Any]:
        return [
            SimpleNamespace(name=name, address="10.0.0.2", port=5000,
                            kill=lambda name=name: self.killed.append(name))
            for name in names
        ]  # fmt: skip

    def discard(self, peers: Sequence[Any]) -> None:
        self.discarded += [peer.name for peer in peers]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> type[FakeSession]:
    monkeypatch.setattr(checking, "Session", FakeSession)
    monkeypatch.setattr(FakeSession, "failures", {})
    monkeypatch.setattr(checking, "_NOTICE_WITHIN", 0.01)
    monkeypatch.setattr(checking, "_SILENT_WITHIN", 0.01)
    return FakeSession


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "profile.yaml"
    path.write_text(TEXT)
    return path


def drive(file: Path) -> tuple[Observations, FakeEngine]:
    engine: Any = FakeEngine()
    profile = load_profile(str(file))
    return ProfileDriver(engine, profile, lambda _: None).run(), engine


@pytest.mark.usefixtures("session")
def test_all_verbs_are_used(file: Path) -> None:
    seen, engine = drive(file)
    assert {reply.verb for reply in seen.replies} == set(VERBS)
    assert seen.greeting == ["ready"] * 4, "carol is started twice"
    assert seen.problems == ["carol exits: it is still running"]
    assert "stray" in seen.stray
    assert engine.killed == ["carol"]
    assert engine.discarded == ["carol", "carol"]
    assert all(notice.read for notice in seen.notices)
    assert NoticeSeen("message", True, ("message", "more"), "alice sent a message") in [
        NoticeSeen(it.kind, it.read, it.lines[-2:], it.occasion) for it in seen.notices
    ]


@pytest.mark.usefixtures("session")
def test_results_have_positions_in_the_file(file: Path) -> None:
    engine: Any = FakeEngine()
    result = check(engine, str(file), lambda _: None)
    positions = {it.name: at for it, at in zip(result.patterns, result.positions, strict=True)}
    assert positions["ready"] == "5:1"
    assert positions["operations.help.ok"] == "8:22"
    states = {it.name: it.state for it in result.patterns}
    assert states["operations.list.row"] is MatchState.UNMATCHED
    assert states["notices.message"] is MatchState.MATCHED
    assert result.is_wrong
    assert not result.broke
    assert result.unread == ["stray"]


def test_a_program_that_is_never_ready(file: Path, session: type[FakeSession],
                                       monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(session, "ready", SessionError("alice", "not ready", ["hm"]))
    seen, _ = drive(file)
    assert seen.problems == ["alice not ready"]
    assert seen.greeting == ["ready"]
    assert not seen.replies


@pytest.mark.parametrize("silent", [False, True])
def test_programs_that_exit_or_do_not_answer(
    file: Path, session: type[FakeSession], *, silent: bool
) -> None:
    gone = PeerGoneError("it", "gone")
    session.failures = {"send": NoAnswerError("it", "no reply"), "exit": gone, "terminate": gone}
    file.write_text(TEXT.replace("ok: '^exit$'", "silent: true") if silent else TEXT)
    seen, engine = drive(file)
    replies = {reply.verb: reply.ok for reply in seen.replies}
    assert replies["send"] is None
    assert replies["exit"] is True
    assert "terminate" not in replies
    assert seen.problems[:2] == [
        "alice sends to bob: it no reply",
        "bob sends to alice: it no reply",
    ]
    assert engine.discarded == ["alice"] * 3 + ["carol"] * 2, "alice is started again each time"


@pytest.mark.parametrize("ending", [NoAnswerError("it", "no reply"), PeerGoneError("it", "gone")])
def test_a_mistake_that_ends_a_console_costs_no_pattern(
    file: Path, session: type[FakeSession], ending: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = session.ask

    def ask(self: FakeSession, verb: str, **arguments: object) -> Any:
        if arguments.get("port") == "vkbj" or self.transcript.screen()[-1] == "dead":
            self.lines.append("dead")
            raise ending
        return answer(self, verb, **arguments)

    monkeypatch.setattr(session, "ask", ask)
    seen, engine = drive(file)
    assert engine.discarded == ["alice", "carol", "carol"]
    assert not [reply for reply in seen.replies if "dead" in reply.lines]
    assert [reply.ok for reply in seen.replies if reply.occasion == "alice terminates"] == [True]


def test_an_exit_without_its_confirmation_is_unread(file: Path, session: type[FakeSession]) -> None:
    session.failures = {"exit": PeerGoneError("it", "gone")}
    file.write_text(TEXT.replace("'^exit$'", "'^goodbye$'"))
    seen, _ = drive(file)
    assert [reply.ok for reply in seen.replies if reply.verb == "exit"] == [None]


def test_carol_may_exit_on_its_own_before_it_is_killed(
    file: Path, session: type[FakeSession]
) -> None:
    session.failures = {"connect": PeerGoneError("it", "gone")}
    seen, engine = drive(file)
    assert engine.killed == []
    assert "carol connects to bob: it gone" in seen.problems


def test_a_program_that_goes_while_a_notice_is_due(
    file: Path, session: type[FakeSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "is_quiet", True)
    seen, _ = drive(file)
    assert not any(notice.read for notice in seen.notices)


def test_a_program_without_connections(file: Path, session: type[FakeSession]) -> None:
    session.failures = {"list": NoAnswerError("it", "no reply")}
    file.write_text("".join(line for line in TEXT.splitlines(keepends=True)
                            if not line.startswith(("  connect", "  send"))))  # fmt: skip
    seen, _ = drive(file)
    assert {reply.verb for reply in seen.replies} == {"help", "list", "terminate", "exit", "raw"}
    assert seen.notices == []
