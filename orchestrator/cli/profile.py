"""`profile`: found out from a program, tried on it, described for editors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from orchestrator import profile as profiles
from orchestrator.cli.consoles import BROKEN, err, out, print_json, progress
from orchestrator.cli.options import Engine, Json
from orchestrator.discovery import checking, profile_file
from orchestrator.discovery.discovering import discover
from orchestrator.discovery.matching import State
from orchestrator.discovery.startable import ways
from orchestrator.engines.choose import choose
from orchestrator.errors import LabError
from orchestrator.files import write_whole
from orchestrator.profile import path_of
from orchestrator.report import profiles as report
from orchestrator.report import safe
from orchestrator.scenario import EngineName

commands = typer.Typer(help="Say what a program's console looks like.", no_args_is_help=True)

_FAILED = 1

Output = Annotated[
    Path | None,
    typer.Option(help=f"The file to write; {profiles.FILE} in DIR where none is given."),
]
Command = Annotated[
    str, typer.Option(help='What starts the program, such as "python3 chat.py {port}".')
]
Port = Annotated[int, typer.Option(min=1024, max=65_535, help="Where peers are to listen.")]
Check = Annotated[bool, typer.Option(help="Try the profile once it is written.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a profile that is there.")]


@commands.command(epilog="Example: peerlab profile new submissions/ada")
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The program's folder.")],
    command: Command = "",
    port: Port = 5000,
    output: Output = None,
    engine: Engine = EngineName.AUTO,
    check: Check = True,
    force: Force = False,
) -> None:
    """Write most of a profile by trying the common words and formats on the program.

    Exit status 0 when all of it is sure, 1 when some lines are doubtful: they are marked.
    """
    if not folder.is_dir():
        raise LabError(f"{folder} is no folder", hint="give the folder that holds the program")
    path = output or folder / profiles.FILE
    _may_write(path, force=force)
    several = ways(folder, command)
    with progress() as told, choose(engine, told.phase) as place:
        draft = discover(place, folder, several, port, told.step)
        if path.resolve().parent != folder.resolve():
            draft.data["start"]["folder"] = str(folder.resolve())
        write_whole(path, profile_file.text(draft), check=lambda part: profiles.load(str(part)))
        found = checking.check(place, str(path), told.step) if check else None
    rows = [report.Understood(each.what, each.typed, each.came, each.understood, each.doubt)
            for each in draft.learnt]  # fmt: skip
    report.print_understood(out, f"{draft.data['name']}: what was understood", rows)
    doubtful = sum(bool(each.doubt) for each in draft.learnt)
    if found:
        _print(found, only_wrong=True)
    sure = f"{doubtful} doubtful, marked there" if doubtful else "sure"
    out.print(safe(f"{path}: {sure}"), soft_wrap=True)
    if doubtful or (found and found.is_wrong):
        raise typer.Exit(_FAILED)


def _may_write(path: Path, *, force: bool) -> None:
    """See that a profile can be written, before the program is asked for half a minute.

    Raises:
        LabError: it cannot.
    """
    if path_of(str(path)) != path:
        raise LabError(f"{path} is no name of a profile", hint="end it with .yaml")
    if path.is_dir():
        raise LabError(f"{path} is a folder", hint="--output takes the name of a file")
    if path.exists() and not force:
        raise LabError(f"{path} is there already", hint="--force writes over it")
    if not os.access(path.parent, os.W_OK):
        raise LabError(f"{path.parent}: no folder that can be written to",
                       hint="--output says where the profile goes")  # fmt: skip


@commands.command(epilog="Example: peerlab profile check submissions/ada/profile.yaml")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The profile.")],
    engine: Engine = EngineName.AUTO,
    as_json: Json = False,
) -> None:
    """Say of each pattern of a profile whether it matched real output, and what it caught.

    Exit status 0 when all matched that had an occasion, 1 when some did not, 2 when the profile
    is wrong or the lab broke.
    """
    profiles.load(str(file))
    with progress() as told, choose(engine, told.phase) as place:
        found = checking.check(place, str(file), told.step)
    if as_json:
        print_json(found.as_data())
    else:
        _print(found)
    if found.broke:
        raise typer.Exit(BROKEN)
    if found.is_wrong:
        raise typer.Exit(_FAILED)


def _print(found: checking.Found, *, only_wrong: bool = False) -> None:
    rows = [
        report.Pattern(each.name, found.where(each), each.pattern, each.state.value, each.says)
        for each in found.checked
        if not only_wrong or each.state is State.UNMATCHED
    ]
    if rows:
        report.print_patterns(out, f"{found.file}: its patterns", rows)
    if not only_wrong:
        report.print_unread(out, found.unread)
    for line in found.complaints():
        err.print(safe(line), soft_wrap=True)
    for problem in found.heard.problems:
        out.print(safe(f"on the way: {problem}"), soft_wrap=True)
    style = "bold red" if found.is_wrong else "green"
    out.print(safe(found.summary), style=style, soft_wrap=True)


@commands.command(epilog="Example: peerlab profile schema > profile.schema.json")
def schema() -> None:
    """Print the JSON Schema of profiles, for editors and other programs."""
    print_json(profiles.schema())
