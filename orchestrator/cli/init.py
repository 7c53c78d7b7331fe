"""`init`: a first scenario, a profile and a file for CI, for a program or from nothing."""

from __future__ import annotations

import importlib.util
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.commands import Commands
from orchestrator.cli.consoles import out, print_notes, progress
from orchestrator.cli.options import Engine
from orchestrator.discovery.discover import discover
from orchestrator.discovery.draft import Draft
from orchestrator.discovery.first_scenario import first_steps
from orchestrator.discovery.start_commands import StartCommand, command_of, start_commands
from orchestrator.engines.choose import choose
from orchestrator.errors import LabError
from orchestrator.grading.programs import fit
from orchestrator.paths import ROOT
from orchestrator.report.printing import safe
from orchestrator.scenario import EngineName

_STARTER = ROOT / "starter"
_PROFILES, _SCENARIO = Path("profiles"), Path("scenarios/hello.yaml")
_CI, _TESTS = Path(".github/workflows/peers.yaml"), Path("test_chat.py")
_FROM_NOTHING = (Path("chat/chat.py"), _PROFILES / "chat.yaml", _SCENARIO, _TESTS, _CI)
_KEPT = (Path(".gitignore"), "runs/\n")  # written if there is none
_PORT = 5000

commands = Commands()


@commands.command(epilog="Example: peerlab init --program chat.py")
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to write to.", show_default=False)
    ] = Path(),
    program: Annotated[
        Path | None,
        typer.Option(
            "--program", metavar="PATH", help="Your program, or its folder: learn its profile."
        ),
    ] = None,
    engine: Engine = EngineName.AUTO,
) -> None:
    """Write a first scenario, a profile and a file for CI that work as they are.

    Without --program, a small chat program to start from and some tests in Python as well. Files
    that exist are left as they are.
    """
    texts = _of_program(program, folder, engine) if program else _from_nothing()
    written = {path: _write(folder / path, text) for path, text in texts.items()}
    _write(folder / _KEPT[0], _KEPT[1])
    for path, is_new in written.items():
        what = "wrote" if is_new else "exists, left as it is:"
        out.print(f"{what} {safe(folder / path)}", soft_wrap=True)
    _print_next(folder)


def _from_nothing() -> dict[Path, str]:
    return {path: _starter(path) for path in _FROM_NOTHING}


def _starter(path: Path) -> str:
    return (_STARTER / path).read_text(encoding="utf-8")


def _of_program(program: Path, folder: Path, engine: EngineName) -> dict[Path, str]:
    """Return the files for a program by their paths below `folder`.

    Raises:
        LabError: there is no program, or it cannot be learnt.
    """
    if not program.exists():
        raise LabError(f"{program}: there is no such file or folder")
    home = program if program.is_dir() else program.parent
    name = fit(program.resolve().stem)
    profile = _PROFILES / f"{name}.yaml"
    if (folder / profile).exists():
        raise LabError(
            f"{folder / profile} exists already",
            hint="write scenarios for it: peerlab docs scenarios",
        )
    commands_to_try = _start_commands(program, home)
    with progress() as says, choose(engine, says.phase) as place:
        draft = discover(place, home, commands_to_try, _PORT, says.step, is_chat=False)
    draft.data["name"], draft.data["summary"] = name, f"learned from {program.name}"
    draft.data["start"]["folder"] = os.path.relpath(home.resolve(), (folder / _PROFILES).resolve())
    if doubtful := sum(bool(note.doubt) for note in draft.notes):
        print_notes([f"{folder / profile}: {doubtful} doubtful, marked in the file"])
    return {profile: draft.to_yaml(), _SCENARIO: _scenario(profile, draft), _CI: _starter(_CI)}


def _start_commands(program: Path, home: Path) -> list[StartCommand]:
    """Return the commands to try for a program, or for one of those in its folder."""
    if program.is_dir():
        return start_commands(home)
    return start_commands(home, command_of(home, program.name))


def _scenario(profile: Path, draft: Draft) -> str:
    """Return a scenario of what a program can do.

    Raises:
        LabError: nothing that it can do is known.
    """
    if draft.data.get("vocabulary") == "chat":
        return _of_chat(profile, draft)
    peers, steps = first_steps(draft)
    if not steps:
        name = draft.data["name"]
        raise LabError(
            f"{name}: none of its commands was ever seen to succeed",
            hint="say what they take: peerlab profile new DIR --usage 'put <key> <value>'"
            " --usage 'get <key>'",
        )
    return _file("Each command works once.", profile, peers, steps)


def _file(why: str, profile: Path, peers: Sequence[str], steps: Sequence[str]) -> str:
    lines = "".join(f"  - {step}\n" for step in steps)
    return (
        f"name: hello\nwhy: {why}\nprofile: ../{profile}\n"
        f"peers: [{', '.join(peers)}]\nsteps:\n{lines}"
    )


def _of_chat(profile: Path, draft: Draft) -> str:
    """Return a scenario of what every chat can do, as far as this one can.

    Raises:
        LabError: it is no chat.
    """
    operations, notices = draft.data["operations"], draft.data.get("notices", {})
    name = draft.data["name"]
    if "connect" not in operations:
        raise LabError(
            f"{name} is no chat that the lab understands: no command connected two of them",
            hint="`peerlab docs own-program` shows how to describe a program of another kind",
        )
    steps = ["connect: {at: alice, to: bob}"]
    if {"send", "list"} <= operations.keys():
        steps.append('send: {at: alice, to: bob, text: "hello"}')
        if "message" in notices:
            steps.append('expect: {at: bob, from: alice, message: "hello"}')
    return _file("Two peers greet each other.", profile, ("alice", "bob"), steps)


def _write(path: Path, text: str) -> bool:
    """Write a new file; return whether it was new.

    Raises:
        LabError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            return False
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise LabError(f"{path}: cannot be written: {error.strerror}") from error
    return True


def _print_next(folder: Path) -> None:
    there = {} if folder == Path() else {f"cd {shlex.quote(str(folder))}": ""}
    missing = "" if importlib.util.find_spec("pytest") else "; pip install pytest first"
    commands_and_why = there | {
        f"peerlab run {_SCENARIO.parent}/": "run the scenario",
        "pytest": f"the same as a test{missing}",
        "peerlab docs scenarios": "what a scenario can say",
    }
    out.print("next:")
    width = max(map(len, commands_and_why))
    for words, why in commands_and_why.items():
        out.print(f"  {safe(words):{width}}   {why}".rstrip(), soft_wrap=True)
