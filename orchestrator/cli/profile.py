"""`peerlab profile`: write a profile, test one, and print their schema."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from orchestrator import profile as profiles
from orchestrator.cli import completion, trials
from orchestrator.cli.commands import Commands
from orchestrator.cli.consoles import BROKEN, err, out, print_json, progress
from orchestrator.cli.options import Engine, Jobs, Json
from orchestrator.cli.profile_batch import OUTPUT, write_all
from orchestrator.discovery import check as checking
from orchestrator.discovery.discover import discover, discover_commands
from orchestrator.discovery.draft import Draft
from orchestrator.discovery.pattern_matches import MatchState, ProfileCheck
from orchestrator.discovery.start_commands import StartCommand, start_commands
from orchestrator.discovery.trial.result import Trial
from orchestrator.discovery.trial.setting import setting
from orchestrator.discovery.trial.trial import try_profile
from orchestrator.engines.base import Engine as Place
from orchestrator.engines.base import Progress, Say
from orchestrator.engines.choose import choose
from orchestrator.errors import LabError
from orchestrator.files import write_whole
from orchestrator.grading.programs import folders_of
from orchestrator.profile import stubs as type_stubs
from orchestrator.report import profiles as report
from orchestrator.report.output_format import FORMAT
from orchestrator.report.printing import plain, safe
from orchestrator.scenario import EngineName

commands = Commands()
profile = Commands(
    former={"check": "test", "no-check": "no-test"},
    help="Write and test profiles of programs.",
    no_args_is_help=True,
)
commands.add_typer(profile, name="profile")

_FAILED = 1
ToTry = tuple[
    Place, Path, list[StartCommand], int, Say, list[str]
]  # a program, and how to start it

Output = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help=f"The file to write; {profiles.FILE} in DIR by default. For a folder of programs, the"
        " folder for the page.",
    ),
]
Command = Annotated[
    str,
    typer.Option(
        metavar="COMMAND", help='The command that starts it, such as "python3 chat.py {port}".'
    ),
]
Answers = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        help="An answer to a question that it asks at its start, with {port}, {address} or {name};"
        " repeat it for further ones.",
    ),
]
Port = Annotated[
    int, typer.Option(min=1024, max=65_535, metavar="N", help="The port for peers to listen on.")
]
Test = Annotated[bool, typer.Option("--test/--no-test", help="Test the profile after writing it.")]


class VocabularyName(StrEnum):
    """Which commands a program has."""

    AUTO = "auto"
    CHAT = "chat"
    NONE = "none"


Vocabulary = Annotated[
    VocabularyName,
    typer.Option(
        help="Whether it has the commands of a chat, or others, which its help names; auto asks it."
    ),
]
UsageTexts = Annotated[
    list[str] | None,
    typer.Option(
        "--usage",
        metavar="USAGE",
        help="A command of a program that is no chat, if its help does not say: 'put <key>"
        " <value>'. Repeatable.",
    ),
]
With = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="OPERATION.ARGUMENT=VALUE",
        help="What to type for an argument, instead of a made-up value; ARGUMENT=VALUE is for all"
        " operations that take it. Repeatable.",
    ),
]
PeerPrograms = Annotated[
    list[str] | None,
    typer.Option(
        "--profile",
        metavar="PEER=FILE",
        help="The program of another peer, or with --compose of a service. Repeatable.",
    ),
]
ComposeFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The Compose file, if the profile is that of a service."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing profile.")]


@profile.command(epilog="Example: peerlab profile new submissions/ada")
def new(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The program's folder, or one of programs.")
    ],
    command: Command = "",
    answers: Answers = None,
    port: Port = 5000,
    output: Output = None,
    engine: Engine = EngineName.AUTO,
    test_it: Test = True,
    force: Force = False,
    jobs: Jobs = 2,
    vocabulary: Vocabulary = VocabularyName.AUTO,
    usage: UsageTexts = None,
) -> None:
    """Write most of a profile by trying common words and formats on the program.

    A program whose help names other commands than those of a chat is tried with these. In a
    folder of programs, do so for each that has no profile yet, and write a page to review them;
    all of them are taken for chats. Exit status 0 if all of it is sure, 1 if some lines are
    doubtful: they are marked in the file; 2 if a program has no profile.
    """
    if not folder.is_dir():
        raise LabError(f"{folder} is not a folder", hint="give the folder that holds the program")
    _check_answers(answers or [])
    is_one = command or answers or usage or vocabulary is VocabularyName.NONE
    if not is_one and (found := folders_of(folder, output or OUTPUT)) != [folder]:
        raise typer.Exit(write_all(found, output or OUTPUT, engine, port=port, jobs=jobs,
                                   force=force, test=test_it))  # fmt: skip
    path = output or folder / profiles.FILE
    _check_writable(path, force=force)
    to_try = start_commands(folder, command)
    with progress() as says, choose(engine, says.phase) as place:
        program = (place, folder, to_try, port, says.step, answers or [])
        draft = _discovered(program, vocabulary, usage)
        if path.resolve().parent != folder.resolve():
            draft.data["start"]["folder"] = str(folder.resolve())
        write_whole(path, draft.to_yaml(), check=lambda part: profiles.load(str(part)))
        result = _test_written(place, str(path), says) if test_it else None
    doubtful = _print_draft(draft)
    if isinstance(result, Trial):
        trials.show(result)
    elif result:
        _print(result, only_wrong=True)
    sure = f"{doubtful} doubtful, marked in the file" if doubtful else "sure"
    out.print(safe(f"{path}: {sure}"), soft_wrap=True)
    if doubtful or (result and result.is_wrong):
        raise typer.Exit(_FAILED)


def _discovered(program: ToTry, vocabulary: VocabularyName, usages: Sequence[str] | None) -> Draft:
    """Learn a profile of the vocabulary that the user names, or else of the program's own."""
    if usages or vocabulary is VocabularyName.NONE:
        return discover_commands(*program, usages or [])
    return discover(*program, is_chat=vocabulary is VocabularyName.CHAT)


def _test_written(place: Place, file: str, says: Progress) -> ProfileCheck | Trial:
    """Test a profile that was just written."""
    if profiles.load(file).vocabulary == "chat":
        return checking.check(place, file, says.step)
    return try_profile(place, file, setting(file, [], None), {}, says)


def _print_draft(draft: Draft) -> int:
    """Print what was understood; return how much of it is doubtful."""
    rows = [report.Understood(note.what, note.typed, note.output, note.understood, note.doubt)
            for note in draft.notes]  # fmt: skip
    report.print_understood(out, f"{draft.data['name']}: what was understood", rows)
    return sum(bool(note.doubt) for note in draft.notes)


def _check_answers(answers: Sequence[str]) -> None:
    """Check the placeholders in answers, before half a minute goes into experiments."""
    known = {f"{{{name}}}" for name in profiles.ANSWERS}
    for answer in answers:
        for found in re.findall(r"\{.*?\}", answer):
            if found not in known:
                raise LabError(f"--answers: unknown placeholder {found}",
                               hint=f"there are {', '.join(sorted(known))}")  # fmt: skip


def _check_writable(path: Path, *, force: bool) -> None:
    """Check that a profile can be written, before half a minute goes into experiments."""
    if profiles.path_of(str(path)) != path:
        raise LabError(f"{path} is not the name of a profile", hint="end it with .yaml")
    if path.is_dir():
        raise LabError(f"{path} is a folder", hint="--output takes the name of a file")
    if path.exists() and not force:
        raise LabError(f"{path} already exists", hint="--force overwrites it")
    if not os.access(path.parent, os.W_OK):
        raise LabError(f"{path.parent}: no such folder, or not writable",
                       hint="--output sets where to write the profile")  # fmt: skip


@profile.command("test", epilog="Example: peerlab profile test store.yaml --with put.key=x")
def try_one(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The profile.", autocompletion=completion.profiles),
    ],
    engine: Engine = EngineName.AUTO,
    with_: With = None,
    programs: PeerPrograms = None,
    compose: ComposeFile = None,
    as_json: Json = False,
) -> None:
    """Start a program by its profile, try it, and report how its console was read.

    Of a chat, whether each pattern matched real output, and what it captured; of any other
    program, what each operation made it say, and how that was read. Exit status 0 if all was
    read that came, 1 if something was not, 2 if the profile is wrong or the lab broke.
    """
    name = str(file / profiles.FILE if file.is_dir() else file)
    if profiles.load(name).vocabulary != "chat":
        raise typer.Exit(
            trials.run(name, engine, with_ or [], programs or [], compose, as_json=as_json)
        )
    if with_ or programs or compose:
        raise LabError("--with, --profile and --compose are for programs that are no chat")
    with progress() as says, choose(engine, says.phase) as place:
        result = checking.check(place, name, says.step)
    if as_json:
        print_json({"format": FORMAT, **result.as_data()})
    else:
        _print(result)
    if result.broke:
        raise typer.Exit(BROKEN)
    if result.is_wrong:
        raise typer.Exit(_FAILED)


def _print(result: ProfileCheck, *, only_wrong: bool = False) -> None:
    rows = [
        report.Pattern(found.name, where, found.pattern, found.state.value, found.says)
        for found, where in result.located()
        if not only_wrong or found.state is MatchState.UNMATCHED
    ]
    if rows:
        report.print_patterns(out, f"{result.file}: its patterns", rows)
    if not only_wrong:
        report.print_unread(out, result.unread)
    for line in result.complaints():
        err.print(safe(line), soft_wrap=True)
    for problem in result.observations.problems:
        out.print(safe(f"on the way: {problem}"), soft_wrap=True)
    style = "bold red" if result.is_wrong else "green"
    out.print(safe(result.summary), style=style, soft_wrap=True)


@profile.command(epilog="Example: peerlab profile stubs store.yaml > lab_types.pyi")
def stubs(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The profile.", autocompletion=completion.profiles),
    ],
) -> None:
    """Print Python types for a program's operations, for editors and type checkers."""
    out.print(plain(type_stubs.stubs(profiles.load(str(file))).rstrip()), soft_wrap=True)


@profile.command(hidden=True, epilog="Example: peerlab profile schema > profile.schema.json")
def schema() -> None:
    """Print the JSON Schema of profiles: now `peerlab schema profile`."""
    print_json(profiles.schema())
