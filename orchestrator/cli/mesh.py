"""The mesh that people use by hand: `up`, `down`, `ps`, `attach`, and its `image`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from orchestrator import profile, report
from orchestrator.cli.consoles import err, out, print_json, print_notes, progress
from orchestrator.cli.interrupted import leaving
from orchestrator.cli.options import Json
from orchestrator.errors import LabError
from orchestrator.image import ensure_image, ensure_sidecar_image
from orchestrator.mesh.compose import Mesh, attach_command
from orchestrator.paths import ROOT
from orchestrator.report import PeerRow
from orchestrator.text import count

PROFILE = "peerlab"  # the mesh of compose.yaml runs the project's own peer

commands = typer.Typer()


@commands.command(epilog="Example: peerlab up --peers 20")
def up(
    peers: Annotated[int, typer.Option(min=1, max=200, help="How many peers.")] = 4,
    as_json: Json = False,
) -> None:
    """Start a mesh to use by hand: alice, bob, carol, dave, and more as asked for.

    Faults that hold do so at peers that were started again, or are new, as well.
    """
    with progress() as telling:
        mesh = Mesh(profile.load(PROFILE), telling.phase)
        with leaving(lambda: _there(mesh)):
            mesh.up(peers, telling)
            faults = mesh.faults()  # which spread to new peers
            faults.refresh()
            rows = _rows(mesh)
    print_notes(faults.lapses())
    _show_peers(rows, as_json=as_json)
    if not as_json:
        out.print(f"chat at one: docker attach {rows[0].peer}   (leave with Ctrl-P Ctrl-Q)")


@commands.command(epilog="Example: peerlab down --kept")
def down(
    kept: Annotated[
        bool, typer.Option("--kept", help="Only what `run --keep` has left up: the mesh stays.")
    ] = False,
) -> None:
    """Remove the mesh, what `run --keep` has left up, and what killed runs left behind."""
    with progress() as telling:
        mesh = Mesh(profile.load(PROFILE), telling.phase)
        with leaving(lambda: _there(mesh)):
            removed = mesh.remove_kept() if kept else mesh.down(telling)
    nothing = "nothing was left up by `run --keep`" if kept else "there was no mesh"
    out.print(f"removed {count(removed, 'peer')}" if removed else nothing)


def _there(mesh: Mesh) -> str:
    """Return what is left of a mesh of which not all was started, or removed."""
    number = len(mesh.peers())
    are = "is" if number == 1 else "are"
    return f"{count(number, 'peer')} of the mesh {are} left: peerlab ps shows, peerlab down removes"


@commands.command(epilog="Example: peerlab ps --json | jq '.[].address'")
def ps(as_json: Json = False) -> None:
    """Show the mesh: peer, address, port, state, connections, memory."""
    with progress() as telling:
        rows = _rows(Mesh(profile.load(PROFILE), telling.phase))
    _show_peers(rows, as_json=as_json)
    if not rows and not as_json:
        out.print("no peers: start some with peerlab up")


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
        print_json([row.as_data() for row in rows])
    elif rows:
        report.print_peers(out, rows)


@commands.command(epilog="Example: peerlab image")
def image() -> None:
    """Build the lab's images ahead of time; the other commands do so where they need them."""
    with progress() as telling:
        names = [ensure(telling.phase, ROOT) for ensure in (ensure_image, ensure_sidecar_image)]
    for name in names:
        out.print(f"{name} is up to date")


@commands.command(epilog="Example: peerlab attach alice")
def attach(name: Annotated[str, typer.Argument(help="The peer's name.")]) -> None:
    """Put this terminal on a peer's console; leave it with Ctrl-P Ctrl-Q."""
    with progress() as telling:
        mesh = Mesh(profile.load(PROFILE), telling.phase)
    status = mesh.peer(name).status()
    if status.state != "running":
        raise LabError(f"{name} does not run: {status.phrase}", hint="peerlab up starts it again")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabError("attach needs a terminal", hint="peerlab run drives peers from a script")
    err.print(f"on {name}'s console; leave it with Ctrl-P Ctrl-Q, help shows its commands")
    command = attach_command(name)
    os.execvp(command[0], command)  # noqa: S606 - this process becomes `docker attach`
