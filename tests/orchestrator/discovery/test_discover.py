"""Experiments on simulated programs, from the first nonsense to a profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from orchestrator import profile
from orchestrator.discovery import discover as discovery
from orchestrator.discovery.evidence import ConsoleOutput
from orchestrator.discovery.experiments import Experiments
from orchestrator.discovery.finder import WordFinder
from orchestrator.discovery.raw_console import FloodError
from orchestrator.discovery.trio import NAMES, NotStartedError
from orchestrator.discovery.typist import Typist
from orchestrator.engines.docker.client import EngineLostError
from orchestrator.errors import EngineError, LabError, MissingToolError, ShortageError
from orchestrator.profile import Profile, Reader
from tests.orchestrator.discovery.learning import COMMANDS, learn, loaded
from tests.orchestrator.discovery.simulated import PORT, VERBS, Chat, SimulatedTrio, Style

PLAIN = {verb: verb for verb in VERBS}


def experiment(style: Style) -> tuple[Experiments, WordFinder, Typist]:
    trio: Any = SimulatedTrio(style)
    trio.start()
    typist = Typist(trio)
    finder = WordFinder(typist, lambda _: None)
    experiments = Experiments(typist, finder, lambda _: None)
    experiments.begin()
    experiments.run()
    return experiments, finder, typist


@pytest.mark.parametrize(
    "style",
    [
        Style(),
        Style(first_id=0),
        Style(prompt=""),
        Style(shows_ids=False, prompt="$ "),
        Style(words={verb: f"/{verb}" for verb in VERBS}),
        Style(words={verb: verb.upper() for verb in VERBS}),
        Style(words={verb: verb.title() for verb in VERBS}),
        Style(words=PLAIN | {verb: verb.title() for verb in ("list", "terminate", "send", "exit")}),
        Style(words=PLAIN | {verb: verb.title() for verb in ("help", "connect")}),
        Style(words=dict(zip(VERBS, ("help", "ip", "port", "dial", "ls", "drop", "msg", "quit"),
                             strict=True))),
    ],
    ids=["plain", "from zero", "no prompt", "no ids", "slash", "upper", "capitals", "some capitals",
         "capitals first", "other words"],
)  # fmt: skip
def test_words_of_a_program(style: Style) -> None:
    experiments, finder, typist = experiment(style)
    words = {verb: wording.lines[0].split()[0] for verb, wording in finder.wordings.items()}
    assert words == style.words
    assert experiments.lists.lowest() == style.first_id
    assert experiments.notes == []
    assert experiments.first == {}
    arrived = [it for it in typist.exchanges if it.verb == "send" and it.right]
    assert len(arrived) == 6
    assert all(it.known.text in "\n".join(it.other_lines) for it in arrived)


def test_a_menu_that_asks_for_arguments() -> None:
    _, finder, _ = experiment(Style(menu=True))
    assert {verb: wording.lines for verb, wording in finder.wordings.items()} == {
        "help": ("1",),
        "myip": ("2",),
        "myport": ("3",),
        "connect": ("4", "{address}", "{port}"),
        "list": ("5",),
        "terminate": ("6", "{id}"),
        "send": ("7", "{id}", "{text}"),
        "exit": ("8",),
    }
    assert finder.wordings["send"].after == ("", "Connection id: ", "Message: ")


def test_a_program_that_must_list_before_it_sends() -> None:
    experiments, _, _ = experiment(Style(lists_first=True))
    assert experiments.first == {"send": "list", "terminate": "list"}


def test_a_program_that_exits_after_mistakes_is_started_again() -> None:
    experiments, finder, typist = experiment(Style(fragile=True))
    assert experiments.notes == [
        "it exited after: connect to a bad port",
        "it exited after: send to a bad id",
        "it exited after: terminate a bad id",
    ]
    assert set(finder.wordings) == set(VERBS)
    assert [it.verb for it in typist.exchanges if it.ended and it.right is False] == [
        "connect",
        "send",
        "terminate",
    ]


def test_a_program_that_cannot_be_started_again() -> None:
    experiments, _, _ = experiment(Style(starts=2))
    assert experiments.notes == ["it could not be started again: address already in use"]


class OtherStarts(SimulatedTrio):
    """Exits with its usage unless it gets the port behind a flag."""

    said: ClassVar[list[str]] = ["usage: chat.py -l PORT"]

    def __init__(self, command: Sequence[str]) -> None:
        super().__init__(Style())
        self._command = command

    def start(self, names: Sequence[str] = NAMES) -> None:
        if "-l" not in self._command:
            raise NotStartedError(self.said)
        super().start(names)


def test_a_program_is_started_as_its_usage_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trio(_: object, given: Profile, __: object) -> OtherStarts:
        return OtherStarts(given.start.command or ())

    monkeypatch.setattr(discovery, "Trio", trio)
    engine: Any = None
    draft = discovery.discover(engine, tmp_path, COMMANDS, 5000, lambda _: None)
    assert draft.data["start"]["command"] == ["{python}", "chat.py", "-l", "{port}"]


@pytest.mark.parametrize(
    "line", ["chat.sh: line 12: socat: command not found", "sh: 1: socat: not found"]
)
def test_a_missing_tool_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    class Lame(Chat):
        greeting = f"{line}\n"

    with pytest.raises(MissingToolError, match=r"^socat is missing on this machine"):
        learn(tmp_path, SimulatedTrio(Style(), Lame), monkeypatch)


def test_a_program_without_connections() -> None:
    words = {verb: verb for verb in VERBS if verb != "connect"}
    experiments, finder, _ = experiment(Style(words=words))
    assert experiments.notes == ["no word for connect was found, so nothing else could be tried"]
    assert set(finder.wordings) == {"help", "myip", "myport", "list", "exit"}


class Watched(SimulatedTrio):
    """Notes what is done to it."""

    def __init__(self, style: Style, program: type[Chat] | None = None) -> None:
        super().__init__(style, program)
        self.done: list[str] = []

    def start(self, names: Sequence[str] = NAMES) -> None:
        self.done.append(f"start {' '.join(names)}")
        super().start(names)

    def type(
        self, name: str, line: str, prompts: Iterable[str], *, slow: bool = False
    ) -> ConsoleOutput:
        self.done.append(f"{name}: {line}")
        return super().type(name, line, prompts, slow=slow)


@pytest.mark.parametrize(
    "style",
    [Style(), Style(usage="connect <address> <port>\nsend <id> <text>\nlist   show all")],
    ids=["words", "usages"],
)
def test_a_chat_does_nothing_more_to_be_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, style: Style
) -> None:
    known, unknown = Watched(style), Watched(style)
    draft = learn(tmp_path, known, monkeypatch, is_chat=True)
    assert learn(tmp_path, unknown, monkeypatch, is_chat=False).data == draft.data
    assert [*filter(_is_regular, unknown.done)] == [*filter(_is_regular, known.done)]


def _is_regular(done: str) -> bool:
    return " " not in done.partition(": ")[2]  # made-up texts differ


class Store(Chat):
    """Has no help, and nothing to say at its start."""

    says = "error: what?"

    @property
    def greeting(self) -> str:
        return self.prompt

    def _reply(self, verb: str, words: Sequence[str]) -> str:
        return self.says


class HintingStore(Store):
    """Names its commands in every complaint."""

    says = "usage: put <key> <value> | get <key>"


@pytest.mark.parametrize(
    ("program", "is_chat", "hint"),
    [
        (Store, False, "if it is no chat, name its commands: --usage"),
        (HintingStore, False, "if it is no chat, --vocabulary none learns `put`"),
        (Store, True, "describe its console by hand"),
    ],
)
def test_a_program_in_which_nothing_of_a_chat_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: type[Store], is_chat: bool, hint: str
) -> None:
    trio = SimulatedTrio(Style(), program)
    with pytest.raises(LabError, match=r"understands none of \d+ lines tried") as caught:
        learn(tmp_path, trio, monkeypatch, is_chat=is_chat)
    assert f"(help, myport, myip, list, connect, exit); it printed\n  | {program.says}" in str(
        caught.value
    )
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize("missing", ["terminate", "send", "list", "exit"])
def test_a_program_that_lacks_a_verb(missing: str) -> None:
    words = {verb: verb for verb in VERBS if verb != missing}
    experiments, finder, _ = experiment(Style(words=words))
    assert set(finder.wordings) == set(words)
    assert experiments.notes == []


@pytest.mark.parametrize("quotes", ["", '"'])
def test_usage_in_help_is_tried_first(quotes: str) -> None:
    usage = f"usage: say <id> {quotes}<message>{quotes}"
    _, finder, typist = experiment(Style(words=PLAIN | {"send": "say"}, usage=usage))
    assert finder.wordings["send"].lines == (f"say {{id}} {quotes}{{text}}{quotes}",)
    assert next(it for it in typist.exchanges if it.verb == "send").typed[0].startswith("say 1 ")


def test_a_profile_from_folder_to_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = learn(tmp_path, SimulatedTrio(Style(first_id=0)), monkeypatch)
    assert draft.doubts == {}
    found = loaded(tmp_path, draft)
    assert found.start.command == ["{python}", "chat.py", "{port}"]
    assert found.console.prompt == ["> "]
    assert (found.sync, found.first_id) == ("myport", 0)
    assert set(found.operations) == {*VERBS, "raw"}
    assert set(found.lacks) == {"delivered", "undelivered"}
    reader = Reader(found)
    assert reader.ready("ready on port 5001") == {"port": "5001"}
    assert reader.outcome("connect", "connected to 10.0.0.9:5000") == (
        True,
        {"address": "10.0.0.9", "port": "5000"},
    )
    assert reader.outcome("send", "error: no such connection") == (False, {})
    assert reader.row("list", "3: 10.0.0.9 5000") == {
        "id": "3",
        "address": "10.0.0.9",
        "port": "5000",
    }
    notice = reader.notice(["message from 3: so long"])
    assert notice
    assert (notice.kind, notice.fields) == ("message", {"id": "3", "text": "so long"})


def test_notes_and_answers_are_part_of_the_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trio = SimulatedTrio(Style(fragile=True))
    trio.answers = [profile.InputLine(type="{port}", after="Port? ")]
    draft = learn(tmp_path, trio, monkeypatch)
    assert draft.data["start"]["answers"] == [{"after": r"Port\?", "type": "{port}"}]
    assert "it exited after: connect to a bad port" in [note.understood for note in draft.notes]


def _fail(error: Exception) -> Callable[[], None]:
    def start() -> None:
        raise error

    return start


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (NotStartedError([" usage: chat.py ", ""]), "exited at once and printed: usage: chat.py"),
        (NotStartedError([]), "exited at once and printed nothing"),
        (EngineError("no such command"), "{port}: no such command"),
        (FloodError("alice"), "prints without end"),
    ],
)
def test_programs_that_cannot_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, what: str
) -> None:
    trio = SimulatedTrio(Style())
    monkeypatch.setattr(trio, "start", _fail(error))
    with pytest.raises(LabError) as caught:
        learn(tmp_path, trio, monkeypatch)
    assert what in caught.value.what
    assert caught.value.hint


@pytest.mark.parametrize(
    "error", [ShortageError("no addresses are left"), EngineLostError("Docker does not answer")]
)
def test_what_the_machine_lacks_is_not_the_programs_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: EngineError
) -> None:
    trio = SimulatedTrio(Style())
    monkeypatch.setattr(trio, "start", _fail(error))
    with pytest.raises(LabError) as caught:
        learn(tmp_path, trio, monkeypatch)
    assert caught.value is error


def test_a_silent_program_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trio = SimulatedTrio(Style(prompt=""))
    monkeypatch.setattr(SimulatedTrio, "type", lambda *_, **__: ConsoleOutput())
    with pytest.raises(LabError, match="never answered: no input made it print anything"):
        learn(tmp_path, trio, monkeypatch)


class Deaf(SimulatedTrio):
    """Listens on one port, whatever it is told."""

    told = 0

    def port_of_its_own(self) -> int | None:
        return PORT

    def use_port(self, port: int) -> None:
        self.told = port
        self.restart(*NAMES)


@pytest.mark.parametrize("port", [6000, 7000])
def test_a_program_is_learnt_on_the_port_that_it_listens_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    trio: Any = Deaf(Style())
    monkeypatch.setattr(discovery, "Trio", lambda *_: trio)
    engine: Any = None
    draft = discovery.discover(engine, tmp_path, COMMANDS, port, lambda _: None)
    assert trio.told == draft.data["port"] == PORT
    assert set(VERBS) < draft.data["operations"].keys()
