"""From a program's folder to a draft of its profile."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from orchestrator.discovery.codes import with_codes
from orchestrator.discovery.commands.learn import CommandLearner, names_other_commands
from orchestrator.discovery.commands.session import CommandSession
from orchestrator.discovery.commands.usage import read_usages
from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import read_output, uses_line_editor
from orchestrator.discovery.experiments import Experiments
from orchestrator.discovery.finder import WordFinder
from orchestrator.discovery.held_prompts import held_prompt, without_held
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
from orchestrator.discovery.unended import with_unended
from orchestrator.engines.base import Engine, Say
from orchestrator.engines.docker.client import EngineLostError
from orchestrator.errors import (
    EngineError,
    LabError,
    LimitError,
    MissingToolError,
    ShortageError,
)
from orchestrator.profile import Profile
from orchestrator.text import count

_NOT_FOUND = re.compile(r": ([\w.+-]+): (?:command )?not found$")  # of a shell
_OTHERS = f"`{{{NAMES[0]}.address}}` in it is the address of one of the peers {', '.join(NAMES)}"
_MOST_USE = 2  # connecting, and doing something with a connection
_QUOTED = 4  # lines of output that an error quotes


def discover(
    engine: Engine,
    folder: Path,
    commands: Sequence[StartCommand],
    port: int,
    say: Say,
    answers: Sequence[str] = (),
    *,
    is_chat: bool = True,
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
        is_chat: whether it is known to be a chat. If not, and its help names other commands than
            those of a chat, these are learnt.

    Raises:
        ShortageError: the machine has too little of something.
        EngineLostError: Docker does not answer any more.
        MissingToolError: its compiler or interpreter is not on this machine.
        LabError: it cannot be started, or never answers.
    """

    def chat(profile: Profile, command: StartCommand) -> Draft:
        return _try(engine, profile, command, say, is_chat=is_chat)

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


def _first_that_starts(
    folder: Path,
    commands: Sequence[StartCommand],
    port: int,
    say: Say,
    answers: Sequence[str],
    learn: Callable[[Profile, StartCommand], Draft],
) -> Draft:
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
        except (ShortageError, EngineLostError, MissingToolError, LimitError):
            raise
        except EngineError as error:
            failures.append(f"{words}: {error.what}")
    hint = hint_for(as_typed(commands[0]))
    raise LabError(
        f"{name} could not be started; {failures[0]}",
        hint=f"{hint}; {_OTHERS}",
    )


def _try(
    engine: Engine, profile: Profile, command: StartCommand, say: Say, *, is_chat: bool
) -> Draft:
    """Learn the profile of a program that one command starts.

    If it ignores the port that it is given and listens on one of its own, that is used. If it never
    connects, or neither lists nor uses a connection, it may take all others for itself, because
    they have its port: it is tried again with a port of its own for each peer.
    """
    with contextlib.closing(Trio(engine, profile, say)) as trio:
        trio.start()
        _check_tools(trio)
        if own := trio.port_of_its_own():
            say(f"it listens on port {own}: starting all three again with that one")
            trio.use_port(own)
            profile = profile.model_copy(update={"port": own})
        have_one_port = len({trio.peer(name).port for name in NAMES}) == 1
        draft = _learn(trio, profile, command, say, is_chat=is_chat)
    is_other = draft.data.get("vocabulary") != "chat"
    if is_other or _use_of_connections(draft) == _MOST_USE or not have_one_port:
        return draft
    say("no connection is of any use so far: trying again with a port of its own for each peer")
    separate = profile.model_copy(update={"own_ports": True})
    with contextlib.closing(Trio(engine, separate, say)) as trio:
        trio.start()
        other = _learn(trio, separate, command, say)
    return other if _use_of_connections(other) > _use_of_connections(draft) else draft


def _use_of_connections(draft: Draft) -> int:
    """Return how far peers get with a connection: 1 if they connect, most if that has an effect."""
    verbs = draft.data["operations"]
    has_effect = "send" in verbs or "terminate" in verbs or "row" in verbs.get("list", {})
    return (_MOST_USE if has_effect else 1) if "connect" in verbs else 0


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


def _learn(
    trio: Trio, profile: Profile, command: StartCommand, say: Say, *, is_chat: bool = True
) -> Draft:
    """Experiment on three peers that were started, and infer the profile."""
    name = profile.name
    typist = Typist(trio)
    finder = WordFinder(typist, say)
    experiments = Experiments(typist, finder, say)
    experiments.begin()
    if not is_chat and names_other_commands(finder.help(), trio, say):
        return _learn_commands(trio, profile, command, say)
    experiments.run()
    if not is_chat and "connect" not in finder.wordings and _names_others_later(trio, say):
        return _learn_commands(trio, profile, command, say)
    greetings = experiments.greetings
    has_line_editor = any(uses_line_editor(raw) for raw, _ in greetings.values())
    if not typist.has_answered:
        raise LabError(
            f"{name} never answered: no input made it print anything",
            hint="does it read commands from its terminal? Try its command by hand",
        )
    lists = experiments.lists
    if held := held_prompt(typist.exchanges):
        typist.add_prompt(held)
    typist.find_more_prompts([read_output(raw).rest for raw, _ in greetings.values()])
    evidence = ProgramEvidence(
        exchanges=with_codes(with_unended(experiments.evidence(), typist.prompts)),
        wordings=finder.wordings, prompts=typist.prompts,
        greetings=[greeting_of(trio, *it, typist.prompts) for it in greetings.values()],
        lists=[without_held(rows, [held]) if held else rows for rows in lists.seen],
        empty=without_held(lists.empty, typist.prompts),
        known=lists.known(), first=experiments.first,
        first_id=lists.lowest(), column=lists.column, form=lists.form,
        start=start_of(command, trio, has_line_editor=has_line_editor),
    )  # fmt: skip
    draft = infer(name, profile.port, evidence)
    if not draft.data["ready"] and not draft.data["sync"]:
        raise _unknown_commands(name, typist, finder, is_chat=is_chat)
    if profile.own_ports:
        draft.data = _with_own_ports(draft.data)
        why = "peers connect only if no two have the same port"
        draft.note(("own_ports",), "", "", why)
    for note in experiments.notes:
        draft.note(("on the way",), "", "", note)
    for verb in sorted(typist.late & draft.data["operations"].keys()):
        draft.note(("operations", verb), "", "", "", "it was typed while a reply was late")
    return draft


def _learn_commands(trio: Trio, profile: Profile, command: StartCommand, say: Say) -> Draft:
    """Learn the profile of a program whose help names other commands than those of a chat."""
    say("its help names other commands than those of a chat: starting all three again")
    trio.restart(*NAMES)
    return CommandLearner().learn(trio, profile, command, say)


def _names_others_later(trio: Trio, say: Say) -> bool:
    """Return whether a program in which no chat was found has a help under another word."""
    try:
        trio.restart(*NAMES)
    except NotStartedError:  # what was learnt stays
        return False
    session = CommandSession(trio, say)
    session.probe()
    session.ask_for_help()
    return names_other_commands(session.help[1], trio, say)


def _unknown_commands(name: str, typist: Typist, finder: WordFinder, *, is_chat: bool) -> LabError:
    """Return that a program cannot be driven: its start says nothing, nor does any answer."""
    by_hand = "describe its console by hand: peerlab docs own-program"
    if finder.wordings.keys() - {"exit"}:
        says = (
            f"nothing shows when {name} is ready: it prints no line at its start, and answers none"
        )
        return LabError(f"{says} of help, myip, myport and list", hint=by_hand)
    tried = [it for it in typist.exchanges if it.verb not in ("unknown", *finder.wordings)]
    verbs = ", ".join(dict.fromkeys(it.verb for it in tried))
    answers = list(dict.fromkeys(line for it in tried for line in it.lines))
    shown = "".join(f"\n  | {line}" for line in answers[:_QUOTED]) or " nothing"
    says = (
        f"{name} understands none of {count(len(tried), 'line')} tried for the commands of a chat"
    )
    if is_chat:
        hint = by_hand
    elif usages := read_usages(answers):
        hint = (
            f"if it is no chat, --vocabulary none learns `{usages[0].word}` and what else it names"
        )
    else:
        hint = (
            "if it is no chat, name its commands: --usage 'put <key> <value>' --usage 'get <key>'"
        )
    return LabError(f"{says} ({verbs}); it printed{shown}", hint=hint)


def _with_own_ports(data: dict[str, Any]) -> dict[str, Any]:
    """Return a profile's content with the key behind `port`."""
    items = list(data.items())
    after = [key for key, _ in items].index("port") + 1
    return dict([*items[:after], ("own_ports", True), *items[after:]])
