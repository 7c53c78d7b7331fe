"""From a program's folder to a profile: starting, asking, provoking, inferring."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator.discovery.draft import Draft
from orchestrator.discovery.errors import escaped
from orchestrator.discovery.evidence import Facts
from orchestrator.discovery.finding import Finder
from orchestrator.discovery.inference import Evidence, infer
from orchestrator.discovery.provoking import Provoker
from orchestrator.discovery.raw import FloodError
from orchestrator.discovery.samples import Sample
from orchestrator.discovery.screen import edits, read
from orchestrator.discovery.startable import Startable
from orchestrator.discovery.talking import Talker
from orchestrator.discovery.trio import NAMES, NotStartedError, Trio
from orchestrator.engines.base import Engine, Say
from orchestrator.errors import EngineError, LabError
from orchestrator.profile import ConsoleSettings, Profile, Start

_QUOTED = 4  # lines of what a program said that an error quotes
_KEYS_OF_NOBODY = {"INPUTRC": "/dev/null"}  # a person's key bindings are not the lab's


def discover(engine: Engine, folder: Path, ways: Sequence[Startable], port: int, say: Say) -> Draft:
    """Return the profile of the program in a folder.

    Args:
        engine: where it is started.
        folder: the program's.
        ways: to start it, the likeliest first.
        port: at which it is to listen.
        say: told what is done.

    Raises:
        LabError: it cannot be started, or answers nothing.
    """
    name = folder.resolve().name
    refused: list[str] = []
    for way in ways:
        trio = Trio(engine, _profile(name, folder, way, port), say)
        say(f"trying {_shown(way)} ({way.why})")
        try:
            trio.start()
            return _learn(trio, name, way, port, say)
        except NotStartedError as error:
            refused.append(f"{_shown(way)} ended at once and {_said(error.said)}")
        except FloodError as error:
            raise LabError(
                f"{name} prints without end", hint="it must wait for what is typed"
            ) from error
        except EngineError as error:
            refused.append(f"{_shown(way)}: {error.what}")
        finally:
            trio.close()
    raise LabError(
        f"{name} could not be started in any way that was tried; {refused[0]}",
        hint='say how it is started: --command "python3 chat.py {port}"',
    )


def _shown(way: Startable) -> str:
    return " ".join(way.command).replace("{python}", "python3", 1)


def _said(lines: Sequence[str]) -> str:
    quoted = [line.strip() for line in lines if line.strip()][-_QUOTED:]
    return f"said: {' / '.join(quoted)}" if quoted else "said nothing"


def _profile(name: str, folder: Path, way: Startable, port: int) -> Profile:
    """Return a profile that starts a program, and says nothing of it."""
    start = Start(
        command=list(way.command), folder=str(folder.resolve()), environment=_KEYS_OF_NOBODY,
        build=[list(each) for each in way.build], packages=list(way.packages),
    )  # fmt: skip
    return Profile(name=name, summary="not known yet", port=port, start=start, ready="",
                   console=ConsoleSettings(echo=True), verbs={})  # fmt: skip


def _learn(trio: Trio, name: str, way: Startable, port: int, say: Say) -> Draft:
    """Ask and provoke three of a program that have been started."""
    talker = Talker(trio)
    finder = Finder(talker, say)
    greetings = [_greeting(trio, each) for each in NAMES]
    is_edited = any(edits(each) for each in trio.greeting.values())
    provoker = Provoker(talker, finder, say)
    provoker.all()
    if not any(each.lines for each in talker.exchanges):
        raise LabError(
            f"{name} never answered: nothing that was typed made it print anything",
            hint="does it read commands from its terminal? Try its command by hand",
        )
    lists = provoker.lists
    known = Evidence(
        talker.exchanges, finder.wordings, talker.prompts, _without(greetings, talker.prompts),
        lists.seen, lists.empty, lists.facts(), provoker.first, lists.lowest(),
        _start(way, trio, is_edited=is_edited), is_edited,
    )  # fmt: skip
    draft = infer(name, port, known)
    for note in provoker.notes:
        draft.learn(("on the way",), "", "", note)
    return draft


def _greeting(trio: Trio, name: str) -> Sample:
    peer = trio.peer(name)
    facts = Facts(frozenset({peer.address}), frozenset({peer.port}))
    questions = [each.after for each in trio.answers if each.after]
    return Sample(read(trio.greeting[name], "", questions).lines, facts, name)


def _without(greetings: Sequence[Sample], prompts: Sequence[str]) -> list[Sample]:
    return [
        Sample(tuple(line for line in each.lines if line not in prompts), each.facts, each.at)
        for each in greetings
    ]


def _start(way: Startable, trio: Trio, *, is_edited: bool) -> dict[str, Any]:
    """Return how it was started, as a profile says it."""
    made: dict[str, Any] = {"command": list(way.command), "folder": "."}
    if is_edited:
        made["environment"] = dict(_KEYS_OF_NOBODY)
    if way.packages:
        made["packages"] = list(way.packages)
    if way.build:
        made["build"] = [list(each) for each in way.build]
    if trio.answers:
        made["answers"] = [
            {"after": escaped((each.after or "").strip()), "type": each.type}
            for each in trio.answers
        ]
    return made
