"""`logs`: what a peer's program has printed, in the mesh or in a kept run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from orchestrator import profile
from orchestrator.cli import completion
from orchestrator.cli.commands import Commands
from orchestrator.cli.consoles import out
from orchestrator.cli.interrupted import leaving
from orchestrator.cli.options import MeshName, PeerName
from orchestrator.errors import DocumentError, LabError
from orchestrator.history import runs, transcript
from orchestrator.report.printing import plain
from orchestrator.scenario.values import among
from orchestrator.text import shown

commands = Commands()


@commands.command(epilog="Example: peerlab logs alice --follow")
def logs(
    peer: PeerName,
    run: Annotated[
        Path | None,
        typer.Option(
            "--run",
            metavar="RUN",
            autocompletion=completion.kept_runs,
            help="Of this kept run, or of a scenario's latest, not the mesh.",
        ),
    ] = None,
    console: Annotated[
        bool,
        typer.Option(
            "--console", help="Of a kept run: what the client showed that was its console."
        ),
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Of the mesh: go on with what it prints from now on.")
    ] = False,
    name: MeshName = "",
) -> None:
    """Print what a peer's program has printed.

    Of a kept run, each line has the seconds since the run began. Control characters are replaced.
    """
    if run and follow:
        raise LabError("a kept run is over, so there is nothing to --follow")
    if console and not run:
        raise LabError("--console is for kept runs: a peer of the mesh has its own console")
    if run:
        for line in _of_run(runs.find(run), peer, of_client=console):
            out.print(plain(f"{line.at:9.3f} │ {line.text}"), soft_wrap=True)
    else:
        # Around the printing as well: Ctrl-C mostly comes while a line is being printed.
        with leaving(lambda: f"{peer} goes on without you"):
            for text in _of_mesh(name, peer, follow=follow):
                out.print(plain(shown(text)), soft_wrap=True)


def _of_run(folder: Path, peer: str, *, of_client: bool) -> list[transcript.Line]:
    """Return what a program printed in a run, or the client that was its console.

    Raises:
        DocumentError: the run has no such peer, or it cannot be read.
    """
    path, log = runs.transcript(folder, peer), runs.log(folder, peer)
    if not path.is_file():
        there = runs.peers(folder)
        raise DocumentError(f"{folder}: there was no peer {peer!r}{among(peer, there)}")
    if of_client and not log.is_file():
        raise DocumentError(f"{folder}: the console of {peer} was the program's own")
    path = log if log.is_file() and not of_client else path
    try:
        return transcript.screen(transcript.read(path))
    except (OSError, ValueError) as error:
        raise DocumentError(f"{path}: cannot be read: {error}") from error


def _of_mesh(name: str, wanted: str, *, follow: bool) -> Iterator[str]:
    """Yield the lines of a peer's log, and the begun one at its end."""
    # Only this needs Docker, whose SDK takes a third of a second.
    from orchestrator.engines.docker import peer as docker_peer
    from orchestrator.mesh.mesh import PROFILE, Mesh

    found = Mesh(profile.load(PROFILE), name).peer(wanted)
    if follow:
        yield from _lines(docker_peer.follow(found))
    else:
        yield from docker_peer.logs(found).removesuffix("\n").split("\n")


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    begun = b""
    for chunk in chunks:
        *whole, begun = (begun + chunk).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in whole)
    if begun:
        yield begun.decode("utf-8", "replace")
