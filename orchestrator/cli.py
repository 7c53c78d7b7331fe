"""`peerlab`: one command line for all of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from orchestrator import checks, definition, document, profile, report, runs, scenario
from orchestrator.compose import Mesh, attach_command
from orchestrator.engines.base import Progress
from orchestrator.engines.choose import EngineName, choose
from orchestrator.errors import LabError
from orchestrator.history import History
from orchestrator.image import ensure_image
from orchestrator.report import PeerRow
from orchestrator.runner import Run, Runner

_PROFILE = "peerlab"  # the mesh of compose.yaml runs the project's own peer
_BROKEN = 2  # exit status: the lab itself failed, or nobody can tell
_INTERRUPTED = 130  # as shells have it
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Text is printed as it is: no numbers coloured, no :emoji: replaced.
_out = Console(highlight=False, emoji=False)
_err = Console(stderr=True, highlight=False, emoji=False)

app = typer.Typer(
    help="A lab bench for programs that talk to each other over a network and to a person.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


class _Interrupted(BaseException):
    """Somebody pressed Ctrl-C, or asked politely; typer would swallow a KeyboardInterrupt."""


def main() -> NoReturn:
    """Run the command line; every error of the lab becomes one message and status 2."""
    for number in _ENDINGS:
        signal.signal(number, _interrupt)
    try:
        app()
    except LabError as error:
        _print_error("error:", error)
        sys.exit(_BROKEN)
    except _Interrupted:
        _err.print("interrupted: nothing was left running")
        sys.exit(_INTERRUPTED)
    sys.exit(0)


def _print_error(label: str, error: LabError) -> None:
    """Print what failed, no line folded: `file:line:column` must stay in one piece."""
    _err.print(f"[bold red]{label}[/] {report.safe_lines(error.what)}", soft_wrap=True)
    if error.hint:
        _err.print(f"[bold]hint:[/] {report.safe(error.hint)}", soft_wrap=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """The first Ctrl-C begins to clean up, and no further one may disturb that."""
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    raise _Interrupted


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """Show progress on standard error: a spinner on a terminal, a line a phase elsewhere."""

    def say(line: str) -> None:
        _err.print(report.safe(line))

    if not _err.is_terminal:
        yield Progress(phase=say, step=lambda _: None)
        return
    with _err.status("…") as status:
        yield Progress(phase=say, step=lambda line: status.update(report.safe(line)))


@app.command(epilog="Example: peerlab up --peers 20")
def up(
    peers: Annotated[int, typer.Option(min=1, max=200, help="How many peers.")] = 4,
    as_json: Json = False,
) -> None:
    """Start a mesh to use by hand: alice, bob, carol, dave, and more as asked for."""
    with _progress() as progress:
        mesh = Mesh(profile.load(_PROFILE))
        mesh.up(peers, progress)
        rows = _rows(mesh)
    _show_peers(rows, as_json=as_json)
    if not as_json:
        _out.print(f"chat at one: docker attach {rows[0].peer}   (leave with Ctrl-P Ctrl-Q)")


@app.command(epilog="Example: peerlab down")
def down() -> None:
    """Remove the mesh, and whatever a killed run left behind."""
    with _progress() as progress:
        count = Mesh(profile.load(_PROFILE)).down(progress)
    _out.print(f"removed {count} peers" if count else "there was no mesh")


@app.command(epilog="Example: peerlab ps --json | jq '.[].address'")
def ps(as_json: Json = False) -> None:
    """Show the mesh: peer, address, port, state, connections, memory."""
    rows = _rows(Mesh(profile.load(_PROFILE)))
    _show_peers(rows, as_json=as_json)
    if not rows and not as_json:
        _out.print("no peers: start some with peerlab up")


def _rows(mesh: Mesh) -> list[PeerRow]:
    return [
        PeerRow(
            peer.name,
            peer.address,
            peer.port,
            (status := peer.status()).phrase,
            peer.connections(),
            peer.memory() if status.state == "running" else None,
        )
        for peer in mesh.peers()
    ]


def _show_peers(rows: list[PeerRow], *, as_json: bool) -> None:
    if as_json:
        _print_json([row.as_data() for row in rows])
    elif rows:
        _out.print(report.peers_table(rows))


@app.command(epilog="Example: peerlab image")
def image() -> None:
    """Build the peers' image ahead of time; the other commands do so where they need it."""
    with _progress() as progress:
        name = ensure_image(progress.phase, definition.ROOT)
    _out.print(f"{name} is up to date")


@app.command(epilog="Example: peerlab attach alice")
def attach(name: Annotated[str, typer.Argument(help="The peer's name.")]) -> None:
    """Put this terminal on a peer's console; leave it with Ctrl-P Ctrl-Q."""
    peers = {peer.name: peer for peer in Mesh(profile.load(_PROFILE)).peers()}
    if name not in peers:
        near = document.nearest(name, peers)
        raise LabError(f"there is no peer {name!r}{near}", hint="peerlab ps shows the peers")
    status = peers[name].status()
    if status.state != "running":
        raise LabError(f"{name} does not run: {status.phrase}", hint="peerlab up starts it again")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabError("attach needs a terminal", hint="peerlab run drives peers from a script")
    _err.print(f"on {name}'s console; leave it with Ctrl-P Ctrl-Q, help shows its commands")
    command = attach_command(name)
    os.execvp(command[0], command)  # noqa: S606 - this process becomes `docker attach`


@app.command(epilog="Example: peerlab run scenarios/demo.yaml --engine process")
def run(
    files: Annotated[list[Path], typer.Argument(help="Scenario files.")],
    engine: Annotated[EngineName, typer.Option(help="Where peers run.")] = EngineName.AUTO,
    runs_folder: Annotated[Path, typer.Option("--runs", help="Where to keep runs.")] = Path("runs"),
    as_json: Json = False,
) -> None:
    """Run scenarios; exit status 0 valid, 1 invalid, 2 unknown or the lab broke."""
    scripts = [(file, scenario.load(file)) for file in files]
    results = []
    for file, script in scripts:
        done, folder = _carry_out(file, script, engine, runs_folder)
        verdicts = checks.judge(done.history.entries)
        # Of a run that broke off nobody can tell.
        judgement = checks.Judgement.UNKNOWN if done.error else checks.worst(verdicts)
        results.append((judgement, _as_data(done, verdicts, judgement, folder)))
        if not as_json:
            _print_run(done, verdicts, judgement, folder)
    worst = max((each for each, _ in results), key=lambda judgement: judgement.badness)
    if as_json:
        _print_json({"verdict": worst.name.lower(), "runs": [data for _, data in results]})
    raise typer.Exit(worst.value)


def _carry_out(
    file: Path, script: scenario.Scenario, engine: EngineName, runs_folder: Path
) -> tuple[Run, Path]:
    """Run one scenario; return what happened, and the folder where it is kept."""
    look = profile.load(script.profile)
    with _progress() as progress, choose(engine, progress.phase) as place:
        folder = runs.make(runs_folder, file, script.name)
        history = History(folder / "history.jsonl")
        runner = Runner(script, look, place, history, progress)
        try:
            return runner.carry_out(), folder
        finally:
            history.close()
            runs.write_transcripts(runner.run, folder)


def _print_run(
    done: Run, verdicts: list[checks.Verdict], judgement: checks.Judgement, folder: Path
) -> None:
    entries, script = done.history.entries, done.scenario
    _out.rule(report.safe(f"{script.name} on {done.engine}"), align="left")
    _out.print(report.safe(script.why))
    report.show(
        _out,
        report.ends_table(script.peers, entries),
        report.messages_table(script.peers, entries),
        report.connections_table(entries),
        report.verdict_table(verdicts),
    )
    times = {"start": done.boot, "drive": done.drive}
    _out.print(report.verdict_line(script.name, judgement, times))
    _out.print(f"history and transcripts: {report.safe(folder)}", soft_wrap=True)
    if done.error:
        _print_error("the run broke off:", done.error)


def _as_data(
    done: Run, verdicts: list[checks.Verdict], judgement: checks.Judgement, folder: Path
) -> dict[str, Any]:
    return {
        "scenario": done.scenario.name,
        "engine": done.engine,
        "verdict": judgement.name.lower(),
        "checks": report.as_data(verdicts),
        "error": done.error.what if done.error else None,
        "seconds": {"start": done.boot, "drive": done.drive},
        "folder": str(folder),
    }


def _print_json(data: object) -> None:
    sys.stdout.write(json.dumps(data, indent=2) + "\n")
