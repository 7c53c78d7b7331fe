"""From a program's folder to a draft of its profile."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from orchestrator.discovery.commands.learn import CommandLearner, names_other_commands
from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import read_output, uses_line_editor
from orchestrator.discovery.experiments import Experiments
from orchestrator.discovery.finder import WordFinder
from orchestrator.discovery.inference import infer
from orchestrator.discovery.raw_console import FloodError
from orchestrator.discovery.replies import ProgramEvidence
from orchestrator.discovery.start_commands import (
    StartCommand,
    as_typed,
    by_usage,
    hint_for,
)
from orchestrator.discovery.started import greeting_of, start_of, start_profile
from orchestrator.discovery.trio import NAMES, NotStartedError, Trio
from orchestrator.discovery.typist import Typist
from orchestrator.engines.base import Engine, Say
from orchestrator.engines.docker.client import EngineLostError
from orchestrator.errors import (
    EngineError,
    LabError,
    MissingToolError,
    ShortageError,
    TooLargeError,
)
from orchestrator.profile import Profile

_NOT_FOUND = re.compile(r": ([\w.+-]+): (?:command )?not found$")  # of a shell
_T = TypeVar("_T")
_QUOTED = 4  # lines of output that an error quotes


def discover(
    engine: Engine,
    folder: Path,
    commands: Sequence[StartCommand],
    port: int,
    say: Say,
    answers: Sequence[str] = (),
) -> Draft:
    """Learn the profile of the program in a folder.

    Args:
        engine: where it runs.
        folder: the program's.
        commands: what may start it, the most likely first.
        port: the port that peers listen on.
        say: hears what is being tried.
        answers: what to answer to its first questions, with `{port}` and the like; it answers
            further ones itself if it can.

    Raises:
        ShortageError: the machine has too little of something.
        EngineLostError: Docker does not answer any more.
        MissingToolError: its compiler or interpreter is not on this machine.
        LabError: it cannot be started, or never answers.
    """

    def chat(profile: Profile, command: StartCommand) -> Draft:
        return _try(engine, profile, command, say)

    return _first_that_starts(folder, commands, port, say, answers, chat)


def discover_commands(
    engine: Engine,
    folder: Path,
    commands: Sequence[StartCommand],
    port: int,
    say: Say,
    answers: Sequence[str] = (),
    usages: Sequence[str] = (),
) -> Draft:
    """Learn the profile of a program that is no chat, from the commands that its help names.

    Args:
        engine: where it runs.
        folder: the program's.
        commands: what may start it, the most likely first.
        port: the port that peers listen on.
        say: hears what is being tried.
        answers: what to answer to its first questions.
        usages: the commands, if its help does not name them, such as `put <key> <value>`.

    Raises:
        NoCommandsError: nothing names its commands.
        LabError: as by `discover`.
    """

    def learn(profile: Profile, command: StartCommand) -> Draft:
        with contextlib.closing(Trio(engine, profile, say)) as trio:
            trio.start()
            _check_tools(trio)
            return CommandLearner(usages).learn(trio, profile, command, say)

    return _first_that_starts(folder, commands, port, say, answers, learn)


def is_other_program(
    engine: Engine,
    folder: Path,
    commands: Sequence[StartCommand],
    port: int,
    say: Say,
    answers: Sequence[str] = (),
) -> bool:
    """Return whether a program is surely no chat: its help names commands, and none of those.

    It is not known to be one if it cannot be started: `discover` says why.

    Args:
        engine: where it runs.
        folder: the program's.
        commands: what may start it, the most likely first.
        port: the port that peers listen on.
        say: hears what is being tried.
        answers: what to answer to its first questions.
    """

    def look(profile: Profile, command: StartCommand) -> bool:
        del command
        with contextlib.closing(Trio(engine, profile, say)) as trio:
            trio.start(NAMES[:1])
            return names_other_commands(trio, say)

    try:
        return _first_that_starts(folder, commands, port, say, answers, look)
    except LabError:
        return False


def _first_that_starts(
    folder: Path,
    commands: Sequence[StartCommand],
    port: int,
    say: Say,
    answers: Sequence[str],
    learn: Callable[[Profile, StartCommand], _T],
) -> _T:
    """Return what is learnt of the first command that starts the program."""
    name = folder.resolve().name
    failures: list[str] = []
    waiting, tried = list(commands), list[StartCommand]()
    while waiting:
        tried.append(command := waiting.pop(0))
        words = " ".join(command.words).replace("{python}", "python3", 1)
        say(f"trying {words} ({command.why})")
        try:
            return learn(start_profile(name, folder, command, port, answers), command)
        except NotStartedError as error:
            failures.append(f"{words} exited at once and {_quote(error.said)}")
            waiting = [*by_usage(command, error.said, but=[*tried, *waiting]), *waiting]
        except FloodError as error:
            raise LabError(
                f"{name} prints without end", hint="it must wait for input on its terminal"
            ) from error
        except (ShortageError, EngineLostError, MissingToolError, TooLargeError):
            raise
        except EngineError as error:
            failures.append(f"{words}: {error.what}")
    raise LabError(
        f"{name} could not be started; {failures[0]}",
        hint=hint_for(as_typed(commands[0])),
    )


def _try(engine: Engine, profile: Profile, command: StartCommand, say: Say) -> Draft:
    """Learn the profile of a program that one command starts.

    A program that never connects may take all others for itself, because they have its port: it
    is tried again with a port of its own for each peer.
    """
    with contextlib.closing(Trio(engine, profile, say)) as trio:
        trio.start()
        _check_tools(trio)
        have_one_port = len({trio.peer(name).port for name in NAMES}) == 1
        draft = _learn(trio, profile, command, say)
    if "connect" in draft.data["operations"] or not have_one_port:
        return draft
    say("no peer connects: trying again with a port of its own for each")
    separate = profile.model_copy(update={"own_ports": True})
    with contextlib.closing(Trio(engine, separate, say)) as trio:
        trio.start()
        other = _learn(trio, separate, command, say)
    return other if "connect" in other.data["operations"] else draft


def _check_tools(trio: Trio) -> None:
    """Raise a MissingToolError if a program says that a tool is missing which it calls."""
    for greeting in trio.greeting.values():
        for line in read_output(greeting).lines:
            if found := _NOT_FOUND.search(line):
                raise MissingToolError(
                    f"{found[1]} is missing on this machine: it printed {line.strip()!r}",
                    hint="install it, or take --engine docker, which gets it from `packages`",
                )


def _quote(lines: Sequence[str]) -> str:
    quoted = [line.strip() for line in lines if line.strip()][-_QUOTED:]
    return f"printed: {' / '.join(quoted)}" if quoted else "printed nothing"


def _learn(trio: Trio, profile: Profile, command: StartCommand, say: Say) -> Draft:
    """Experiment on three peers that were started, and infer the profile."""
    name = profile.name
    typist = Typist(trio)
    finder = WordFinder(typist, say)
    experiments = Experiments(typist, finder, say)
    experiments.run()
    greetings = experiments.greetings
    has_line_editor = any(uses_line_editor(raw) for raw, _ in greetings.values())
    if not any(exchange.lines for exchange in typist.exchanges):
        raise LabError(
            f"{name} never answered: no input made it print anything",
            hint="does it read commands from its terminal? Try its command by hand",
        )
    lists = experiments.lists
    evidence = ProgramEvidence(
        exchanges=experiments.evidence(), wordings=finder.wordings, prompts=typist.prompts,
        greetings=[greeting_of(trio, *it, typist.prompts) for it in greetings.values()],
        lists=lists.seen, empty=lists.empty, known=lists.known(), first=experiments.first,
        first_id=lists.lowest(), column=lists.column,
        start=start_of(command, trio, has_line_editor=has_line_editor),
    )  # fmt: skip
    draft = infer(name, profile.port, evidence)
    if profile.own_ports:
        draft.data = _with_own_ports(draft.data)
        why = "peers connect only if no two have the same port"
        draft.note(("own_ports",), "", "", why)
    for note in experiments.notes:
        draft.note(("on the way",), "", "", note)
    return draft


def _with_own_ports(data: dict[str, Any]) -> dict[str, Any]:
    """Return a profile's content with the key behind `port`."""
    items = list(data.items())
    after = [key for key, _ in items].index("port") + 1
    return dict([*items[:after], ("own_ports", True), *items[after:]])
