"""Faults by hand, in the mesh that `up` started: `fault`, `heal` and `faults`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated, NoReturn

import typer

from orchestrator import profile
from orchestrator.cli import completion
from orchestrator.cli.commands import Commands
from orchestrator.cli.consoles import BROKEN, err, out, print_json, print_notes, progress
from orchestrator.cli.interrupted import leaving
from orchestrator.cli.options import Json, MeshName, PeerName
from orchestrator.engines.status import require_alive
from orchestrator.errors import LabError
from orchestrator.mesh.manual_faults import ManualFault, ManualFaults
from orchestrator.mesh.mesh import PROFILE, Mesh
from orchestrator.report.active_faults import FaultRow, print_active_faults
from orchestrator.report.output_format import FORMAT, ChangeOutput, FaultsOutput
from orchestrator.report.printing import safe
from orchestrator.scenario.values import ALL

commands = Commands()
fault = Commands(
    help="Inject a fault into the mesh, and prove that it is active.",
    no_args_is_help=True,
)
commands.add_typer(fault, name="fault")

Links = Annotated[
    list[str],
    typer.Argument(
        metavar="LINKS",
        autocompletion=completion.peers_or_all,
        help="FROM TO: that direction. One peer: all its links. `all`: every link.",
    ),
]
Both = Annotated[bool, typer.Option("--both", help="Both directions between the two.")]
Name = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="A name for it, to heal it by.")
]
Delay = Annotated[float | None, typer.Option(metavar="S", help="Seconds of delay.")]
Jitter = Annotated[
    float | None, typer.Option(metavar="S", help="Seconds by which the delay varies, up and down.")
]


@fault.command(epilog="Example: peerlab fault partition alice / bob,carol")
def partition(
    groups: Annotated[
        list[str],
        typer.Argument(help="Peers; a / between groups.", autocompletion=completion.peers),
    ],
    one_way: Annotated[
        bool, typer.Option("--one-way", help="Drop only what the first group sends to the second.")
    ] = False,
    called: Name = None,
    name: MeshName = "",
    as_json: Json = False,
) -> None:
    """Drop all packets between groups of peers."""
    keys = {"groups": _grouped(groups), "one_way": one_way, "as": called}
    _inject(name, "partition", keys, as_json=as_json)


def _grouped(words: list[str]) -> list[list[str]]:
    """Return groups of names; blanks and commas separate names, slashes separate groups."""
    text = " ".join(words).replace(",", " ")
    if "/" not in text:
        raise LabError(
            "partition: separate the groups with a /",
            hint="peerlab fault partition alice / bob,carol",
        )
    return [group.split() for group in text.split("/") if group.split()]


@fault.command(epilog="Example: peerlab fault isolate alice")
def isolate(
    peer: PeerName, called: Name = None, name: MeshName = "", as_json: Json = False
) -> None:
    """Cut a peer off from all others."""
    _inject(name, "isolate", {"at": peer, "as": called}, as_json=as_json)


@fault.command(epilog="Example: peerlab fault impair alice bob --loss 20%")
def impair(
    links: Links,
    both: Both = False,
    loss: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Share of packets to drop: 20%.")
    ] = None,
    bandwidth: Annotated[
        str | None, typer.Option(metavar="RATE", help="Most that gets through: '64 kB/s'.")
    ] = None,
    delay: Delay = None,
    jitter: Jitter = None,
    called: Name = None,
    name: MeshName = "",
    as_json: Json = False,
) -> None:
    """Make links lossy, slow or narrow."""
    what = {"loss": loss, "bandwidth": bandwidth, "delay": delay, "jitter": jitter}
    _inject(name, "impair", _scope(links, both=both) | what | {"as": called}, as_json=as_json)


@fault.command(epilog="Example: peerlab fault stream alice bob --both --pieces 1")
def stream(
    links: Links,
    both: Both = False,
    pieces: Annotated[
        int | None, typer.Option(metavar="BYTES", help="Bytes to pass on at a time.")
    ] = None,
    hold: Annotated[
        float | None,
        typer.Option(metavar="S", help="Seconds to hold bytes back, then pass them on at once."),
    ] = None,
    delay: Delay = None,
    jitter: Jitter = None,
    reset: Annotated[
        int | None, typer.Option(metavar="BYTES", help="Bytes until the connection is reset.")
    ] = None,
    called: Name = None,
    name: MeshName = "",
    as_json: Json = False,
) -> None:
    """Change how the bytes of new TCP connections arrive."""
    what = {"pieces": pieces, "hold": hold, "delay": delay, "jitter": jitter, "reset": reset}
    _inject(name, "stream", _scope(links, both=both) | what | {"as": called}, as_json=as_json)


def _scope(links: list[str], *, both: bool) -> dict[str, object]:
    match links:
        case [one]:
            return {"at": one}
        case [one, other]:
            return {"between": [one, other]} if both else {"from": one, "to": other}
    raise LabError("name one peer, two peers, or `all`", hint="peerlab fault impair --help")


def _inject(name: str, verb: str, keys: dict[str, object], *, as_json: bool) -> None:
    with _manual_faults(name) as (_, faults):
        kept = faults.apply(verb, **keys)
        print_notes([*faults.lapses(), *faults.notes(kept)])
    _show([_row(kept)], as_json=as_json)
    _end([kept])


@fault.command(epilog="Example: peerlab fault kill alice")
def kill(peer: PeerName, name: MeshName = "", as_json: Json = False) -> None:
    """Kill a peer's program without warning (SIGKILL)."""
    _change(name, "kill", peer, as_json=as_json)


@fault.command(epilog="Example: peerlab fault stop alice")
def stop(peer: PeerName, name: MeshName = "", as_json: Json = False) -> None:
    """Ask a peer's program to exit (SIGTERM)."""
    _change(name, "stop", peer, as_json=as_json)


@fault.command(epilog="Example: peerlab fault start alice")
def start(peer: PeerName, name: MeshName = "", as_json: Json = False) -> None:
    """Restart a peer that has ended, with the same name and address."""
    _change(name, "start", peer, as_json=as_json)


@fault.command(epilog="Example: peerlab fault pause alice")
def pause(peer: PeerName, name: MeshName = "", as_json: Json = False) -> None:
    """Freeze a peer's program."""
    _change(name, "pause", peer, as_json=as_json)


@fault.command(epilog="Example: peerlab fault resume alice")
def resume(peer: PeerName, name: MeshName = "", as_json: Json = False) -> None:
    """Let a paused peer's program continue."""
    _change(name, "resume", peer, as_json=as_json)


_PARTICIPLES = {"kill": "killed", "stop": "stopped"}


def _change(mesh_name: str, verb: str, name: str, *, as_json: bool) -> None:
    with _mesh(mesh_name) as mesh:
        peer = mesh.peer(name)
        if verb in _PARTICIPLES:
            require_alive(name, peer.status(), _PARTICIPLES[verb])
        before = peer.status().phrase
        with leaving(lambda: f"{name}: {before} → {peer.status().phrase}"):
            getattr(peer, verb)()
            if verb == "start":
                with contextlib.closing(mesh.faults()) as faults:
                    faults.refresh()
                    print_notes(faults.lapses())
            now = peer.status().phrase
    if as_json:
        print_json(ChangeOutput(format=FORMAT, peer=name, before=before, now=now))
    else:
        out.print(f"{safe(name)}: {before} → {now}")


@commands.command(epilog="Example: peerlab heal impair 1")
def heal(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="A fault's name, as `faults` shows it."),
    ] = None,
    name: MeshName = "",
    as_json: Json = False,
) -> None:
    """Lift one fault, or all.

    Without NAME, paused peers resume; stopped peers stay stopped.
    """
    which = " ".join(words or [ALL])  # `impair 1` is a name
    with _manual_faults(name) as (mesh, faults):
        lifted = faults.heal(which)
        print_notes(faults.lapses())
        resumed = _resume_all(mesh) if which == ALL else []
    rows = [_row(fault) for fault in lifted]
    if as_json:
        rows += [_peer_row(peer, before="paused", after=phrase) for peer, phrase in resumed]
    for peer, phrase in () if as_json else resumed:
        out.print(f"{safe(peer)}: paused → {phrase}")
    if lifted or as_json:
        _show(rows, as_json=as_json)
    elif not resumed:
        out.print("there was nothing to heal")
    _end(lifted)


def _resume_all(mesh: Mesh) -> list[tuple[str, str]]:
    paused = [peer for peer in mesh.peers() if peer.status().state == "paused"]
    for peer in paused:
        peer.resume()
    return [(peer.name, peer.status().phrase) for peer in paused]


@commands.command(epilog="Example: peerlab faults --json")
def faults(name: MeshName = "", as_json: Json = False) -> None:
    """Show active faults, measured again.

    Peers that are paused or have ended are listed too.
    """
    with _manual_faults(name) as (mesh, manual):
        held, lapses = manual.measured(), manual.lapses()
        peers = [(peer.name, peer.status()) for peer in mesh.peers()]
    print_notes(lapses)
    down = [
        _peer_row(peer, during=status.phrase) for peer, status in peers if status.state != "running"
    ]
    if not held and not as_json:
        out.print("no network fault is active")
    if held or down or as_json:
        _show([*map(_row, held), *down], as_json=as_json)
    _end(held)


def _active(mesh: Mesh, faults: ManualFaults) -> str:
    """Return which faults are active after an interrupted command."""
    names = faults.names
    if not names:
        mesh.forget_faults()
        return "no network fault is active"
    are, them = ("is", "it") if len(names) == 1 else ("are", "them")
    return f"{', '.join(names)} {are} active: peerlab heal lifts {them}"


def _show(rows: list[FaultRow], *, as_json: bool) -> None:
    if as_json:
        print_json(FaultsOutput(format=FORMAT, faults=[row.as_data() for row in rows]))
    else:
        print_active_faults(out, rows)


def _row(kept: ManualFault) -> FaultRow:
    fault, finding = kept.active.fault, kept.finding
    return FaultRow(
        fault.name, fault.phrase, kept.mechanisms, kept.since, finding.proof, finding.doubts
    )


def _peer_row(name: str, **seen: str) -> FaultRow:
    """Return the row of a peer that is or was paused, or has ended; `seen` is its state by time."""
    state = next(iter(seen.values())).partition(" ")[0]
    return FaultRow(state, name, {}, None, [seen], [])


def _end(kept: list[ManualFault]) -> NoReturn:
    """Exit with 0 if all faults are proven, else with 2."""
    doubts = [doubt for fault in kept for doubt in fault.finding.doubts]
    for doubt in doubts:
        err.print(f"[bold red]not proven:[/] {safe(doubt)}", soft_wrap=True)
    raise typer.Exit(BROKEN if doubts else 0)


@contextlib.contextmanager
def _mesh(name: str) -> Iterator[Mesh]:
    with progress() as telling:
        mesh = Mesh(profile.load(PROFILE), name)
        with leaving(lambda: "nothing was changed"), mesh.locked(telling.phase):
            if not mesh.peers():
                raise LabError("there is no mesh", hint="peerlab up starts one")
            yield mesh


@contextlib.contextmanager
def _manual_faults(name: str) -> Iterator[tuple[Mesh, ManualFaults]]:
    """Yield the mesh and its faults. Remove the sidecars once there are no faults."""
    with _mesh(name) as mesh, contextlib.closing(mesh.faults()) as faults:
        with leaving(lambda: _active(mesh, faults)):
            yield mesh, faults
        if not faults.names:
            mesh.forget_faults()
