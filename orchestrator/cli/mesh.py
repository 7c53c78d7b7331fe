"""The mesh for manual use: `up`, `down`, `ps`, `attach`, and the images: `image`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from orchestrator import command, profile
from orchestrator.cli.commands import Commands
from orchestrator.cli.consoles import err, out, print_json, print_notes, progress
from orchestrator.cli.interrupted import leaving
from orchestrator.cli.options import Json, MeshName, PeerName
from orchestrator.compose.stack import Stack
from orchestrator.engines.docker.mesh_peers import MeshPeer
from orchestrator.errors import EngineError, LabError
from orchestrator.image import (
    ensure_image,
    ensure_packages,
    ensure_sidecar_image,
    name_for_compose,
)
from orchestrator.mesh.mesh import PROFILE, Mesh, attach_command
from orchestrator.parallel import map_parallel
from orchestrator.paths import ROOT
from orchestrator.profile import Profile
from orchestrator.report.mesh_tables import PeerRow, print_peers
from orchestrator.report.output_format import FORMAT, PeersOutput
from orchestrator.scenario import services
from orchestrator.scenario.values import among
from orchestrator.text import count

commands = Commands()

_NO_MESH = (
    "a mesh needs it, to keep consoles that you can attach to; without it,"
    " `peerlab run SCENARIO --engine process` runs peers for a scenario"
)


@commands.command(epilog="Example: peerlab up --peers 20")
def up(
    peers: Annotated[int, typer.Option(min=1, max=200, metavar="N", help="How many peers.")] = 4,
    compose: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A Compose file whose services are the peers."),
    ] = None,
    profiles: Annotated[
        list[str] | None,
        typer.Option(
            "--profile",
            metavar="[SERVICE=]PROFILE",
            help="The program of all peers; with --compose, how a service is read. Repeatable.",
        ),
    ] = None,
    name: MeshName = "",
    as_json: Json = False,
) -> None:
    """Start a mesh to use by hand, of this user and checkout.

    The peers are called alice, bob, carol, dave, peer5 and so on, or as the services.
    Active faults also apply to peers that are new or were restarted.
    """
    stack = services.load(compose) if compose else None
    own = _profiles(stack, profiles or []) if stack else {}
    program = profile.load(PROFILE if stack else _only(profiles or [PROFILE]))
    with progress() as telling:
        mesh = Mesh(program, name, without=_NO_MESH)
        with mesh.locked(telling.phase), leaving(lambda: _left(mesh)):
            if stack:
                mesh.up_stack(stack, own, telling)
            else:
                mesh.up(peers, telling)
            with contextlib.closing(mesh.faults()) as faults:  # applies them to new peers
                faults.refresh()
                notes = faults.lapses()
            rows = _rows(mesh)
    print_notes(notes)
    _show_peers(rows, as_json=as_json)
    if not (as_json or stack or profiles):
        out.print(f"to chat: docker attach {rows[0].container}   (leave with Ctrl-P Ctrl-Q)")


def _only(given: Sequence[str]) -> str:
    """Return the profile of a mesh whose peers all run one program."""
    first, *more = given
    if more or "=" in first:
        raise LabError(
            "all peers of a mesh run the same program: give one --profile PROFILE",
            hint="--compose FILE has peers with different ones",
        )
    return first


def _profiles(stack: Stack, given: Sequence[str]) -> dict[str, Profile]:
    """Return the profile of each peer of a stack.

    Raises:
        LabError: one is given for no service, or is wrong.
    """
    found = dict.fromkeys(stack.by_peer, profile.load(services.LOG))
    for one in given:
        service, _, file = one.partition("=")
        names = stack.members.get(service, [service])
        if not file or names[0] not in found:
            why = among(service, [*found], stack.members) if file else ": write SERVICE=FILE"
            raise LabError(f"--profile {one}: there is no service {service!r}{why}")
        found |= dict.fromkeys(names, profile.load(file))
    return found


@commands.command(epilog="Example: peerlab down --kept")
def down(
    kept: Annotated[
        bool, typer.Option("--kept", help="Remove only what `run --keep` left running.")
    ] = False,
    name: MeshName = "",
) -> None:
    """Remove the mesh, and what runs left behind."""
    with progress() as telling:
        mesh = Mesh(profile.load(PROFILE), name, telling.phase)
        with mesh.locked(telling.phase), leaving(lambda: _left(mesh)):
            removed = mesh.remove_kept() if kept else mesh.down(telling)
    nothing = "`run --keep` left nothing running" if kept else "there was no mesh"
    out.print(f"removed {count(removed, 'peer')}" if removed else nothing)


def _left(mesh: Mesh) -> str:
    """Return what there is of a mesh that was only partly started or removed."""
    number = len(mesh.peers())
    if not number:
        return "there is no mesh"
    are, them = ("is", "it") if number == 1 else ("are", "them")
    return (
        f"{count(number, 'peer')} of the mesh {are} left:"
        f" peerlab ps shows {them}, peerlab down removes {them}"
    )


@commands.command(epilog="Example: peerlab ps --json | jq '.peers[].address'")
def ps(name: MeshName = "", as_json: Json = False) -> None:
    """Show the peers of the mesh."""
    rows = _rows(Mesh(profile.load(PROFILE), name))
    _show_peers(rows, as_json=as_json)
    if not rows and not as_json:
        out.print("no peers: start some with peerlab up")


def _rows(mesh: Mesh) -> list[PeerRow]:
    return map_parallel(_row, mesh.peers())


def _row(peer: MeshPeer) -> PeerRow:
    status = peer.status()
    return PeerRow(
        peer.name,
        peer.handle,
        peer.address,
        peer.port,
        status.phrase,
        peer.connections(),
        peer.memory() if status.state == "running" else None,
    )


def _show_peers(rows: list[PeerRow], *, as_json: bool) -> None:
    if as_json:
        print_json(PeersOutput(format=FORMAT, peers=[row.as_data() for row in rows]))
    elif rows:
        print_peers(out, rows)


@commands.command(epilog="Example: peerlab image")
def image() -> None:
    """Build the lab's images now instead of when they are needed."""
    with progress() as telling:
        names = [ensure(telling.phase, ROOT) for ensure in (ensure_image, ensure_sidecar_image)]
        names.append(ensure_packages(telling.phase, ROOT, ()))
        names.append(name_for_compose(ROOT))
    for name in names:
        out.print(f"{name} is up to date")


@commands.command(epilog="Example: peerlab attach alice")
def attach(
    peer: PeerName,
    name: MeshName = "",
) -> None:
    """Attach this terminal to a peer's console.

    Leave it with Ctrl-P Ctrl-Q.
    """
    found = Mesh(profile.load(PROFILE), name).peer(peer)
    status = found.status()
    if status.state != "running":
        raise LabError(f"{peer} does not run: {status.phrase}", hint="peerlab up starts it again")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabError("attach needs a terminal", hint="peerlab run drives peers from a script")
    called = attach_command(found)
    how = "type help for its commands, " if found.program in ("", PROFILE) else ""
    err.print(f"attached to {peer}: {how}Ctrl-P Ctrl-Q to leave")
    try:
        with leaving(lambda: f"{peer} goes on without you"):
            ended = command.on_terminal(*called)
    except EngineError:
        err.print()  # its prompt may be on this line
        raise
    raise typer.Exit(ended)
