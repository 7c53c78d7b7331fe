"""From a program's folder to a draft of its profile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import KnownValues, Sample, read_output, uses_line_editor
from orchestrator.discovery.experiments import Experiments
from orchestrator.discovery.finder import WordFinder
from orchestrator.discovery.inference import ProgramEvidence, infer
from orchestrator.discovery.raw_console import FloodError
from orchestrator.discovery.start_commands import StartCommand
from orchestrator.discovery.templates import escape
from orchestrator.discovery.trio import NAMES, NotStartedError, Trio, Typist
from orchestrator.engines.base import Engine, Say
from orchestrator.errors import EngineError, LabError
from orchestrator.profile import ConsoleSettings, Profile, Start

_QUOTED = 4  # lines of output that an error quotes
_NO_KEY_BINDINGS = {"INPUTRC": "/dev/null"}  # the user's key bindings do not apply here


def discover(
    engine: Engine, folder: Path, commands: Sequence[StartCommand], port: int, say: Say
) -> Draft:
    """Learn the profile of the program in a folder.

    Args:
        engine: where to start it.
        folder: the program's folder.
        commands: commands to try, the most likely first.
        port: the port on which it should listen.
        say: reports progress.

    Raises:
        LabError: it cannot be started, or never answers.
    """
    name = folder.resolve().name
    failures: list[str] = []
    for command in commands:
        words = " ".join(command.words).replace("{python}", "python3", 1)
        trio = Trio(engine, _start_profile(name, folder, command, port), say)
        say(f"trying {words} ({command.why})")
        try:
            trio.start()
            return _learn(trio, name, command, port, say)
        except NotStartedError as error:
            failures.append(f"{words} exited at once and {_quote(error.said)}")
        except FloodError as error:
            raise LabError(
                f"{name} prints without end", hint="it must wait for input on its terminal"
            ) from error
        except EngineError as error:
            failures.append(f"{words}: {error.what}")
        finally:
            trio.close()
    raise LabError(
        f"{name} could not be started; {failures[0]}",
        hint='give the command that starts it: --command "python3 chat.py {port}"',
    )


def _quote(lines: Sequence[str]) -> str:
    quoted = [line.strip() for line in lines if line.strip()][-_QUOTED:]
    return f"printed: {' / '.join(quoted)}" if quoted else "printed nothing"


def _start_profile(name: str, folder: Path, command: StartCommand, port: int) -> Profile:
    """Return a profile that is just enough to start a program."""
    start = Start(
        command=list(command.words), folder=str(folder.resolve()), environment=_NO_KEY_BINDINGS,
        build=[list(words) for words in command.build], packages=list(command.packages),
    )  # fmt: skip
    return Profile(name=name, summary="not known yet", port=port, start=start, ready="",
                   console=ConsoleSettings(echo=True), verbs={})  # fmt: skip


def _learn(trio: Trio, name: str, command: StartCommand, port: int, say: Say) -> Draft:
    """Experiment on three peers that were started, and infer the profile."""
    typist = Typist(trio)
    finder = WordFinder(typist, say)
    greetings = [_greeting(trio, peer) for peer in NAMES]
    has_line_editor = any(map(uses_line_editor, trio.greeting.values()))
    experiments = Experiments(typist, finder, say)
    experiments.run()
    if not any(exchange.lines for exchange in typist.exchanges):
        raise LabError(
            f"{name} never answered: no input made it print anything",
            hint="does it read commands from its terminal? Try its command by hand",
        )
    lists = experiments.lists
    evidence = ProgramEvidence(
        exchanges=typist.exchanges, wordings=finder.wordings, prompts=typist.prompts,
        greetings=[_without_prompts(it, typist.prompts) for it in greetings],
        lists=lists.seen, empty=lists.empty, known=lists.known(), first=experiments.first,
        first_id=lists.lowest(), start=_start(command, trio, has_line_editor=has_line_editor),
    )  # fmt: skip
    draft = infer(name, port, evidence)
    for note in experiments.notes:
        draft.note(("on the way",), "", "", note)
    return draft


def _greeting(trio: Trio, name: str) -> Sample:
    peer = trio.peer(name)
    known = KnownValues(frozenset({peer.address}), frozenset({peer.port}))
    questions = [answer.after for answer in trio.answers if answer.after]
    return Sample(read_output(trio.greeting[name], "", questions).lines, known, name)


def _without_prompts(greeting: Sample, prompts: Sequence[str]) -> Sample:
    lines = tuple(line for line in greeting.lines if line not in prompts)
    return Sample(lines, greeting.known, greeting.at)


def _start(command: StartCommand, trio: Trio, *, has_line_editor: bool) -> dict[str, Any]:
    """Return the profile's section `start`."""
    made: dict[str, Any] = {"command": list(command.words), "folder": "."}
    if has_line_editor:
        made["environment"] = dict(_NO_KEY_BINDINGS)
    if command.packages:
        made["packages"] = list(command.packages)
    if command.build:
        made["build"] = [list(words) for words in command.build]
    if trio.answers:
        made["answers"] = [
            {"after": escape((answer.after or "").strip()), "type": answer.type}
            for answer in trio.answers
        ]
    return made
