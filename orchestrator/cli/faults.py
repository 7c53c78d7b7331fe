"""Faults by hand, on the mesh that `up` has started: `fault`, `heal` and `faults`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated, NoReturn

import typer

from orchestrator import profile, report
from orchestrator.cli.consoles import BROKEN, err, out, print_json, print_notes, progress
from orchestrator.cli.interrupted import leaving
from orchestrator.cli.mesh import PROFILE
from orchestrator.cli.options import Json
from orchestrator.engines.states import require_alive
from orchestrator.errors import LabError
from orchestrator.mesh.by_hand import ByHand, Kept
from orchestrator.mesh.compose import Mesh
from orchestrator.report import FaultRow, safe
from orchestrator.scenario.values import ALL

commands = typer.Typer()
fault = typer.Typer(
    help="Break something of the mesh, with proof that it is broken; see also heal, faults.",
    no_args_is_help=True,
)
commands.add_typer(fault, name="fault")

Peer = Annotated[str, typer.Argument(help="A peer's name.")]
Where = Annotated[
    list[str],
    typer.Argument(help="FROM TO: one direction. A single peer: all its links. `all`: every link."),
]
Both = Annotated[bool, typer.Option("--both", help="Both directions between the two.")]
Name = Annotated[str | None, typer.Option("--as", help="A name by which to heal it.")]
Delay = Annotated[float | None, typer.Option(help="Seconds by which all comes later.")]
Jitter = Annotated[float | None, typer.Option(help="Seconds by which the delay varies.")]


@fault.command(epilog="Example: peerlab fault partition alice / bob,carol")
def partition(
    groups: Annotated[list[str], typer.Argument(help="Peers; a / between groups.")],
    one_way: Annotated[
        bool, typer.Option("--one-way", help="Only from the first group to the second.")
    ] = False,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Let groups of peers not reach each other: packets between them vanish."""
    keys = {"groups": _grouped(groups), "one_way": one_way, "as": name}
    _break("partition", keys, as_json=as_json)


def _grouped(words: list[str]) -> list[list[str]]:
    """Return groups of names: words are separated by blanks and commas, groups by slashes."""
    text = " ".join(words).replace(",", " ")
    if "/" not in text:
        raise LabError(
            "partition: a / stands between two groups, and there is none",
            hint="peerlab fault partition alice / bob,carol",
        )
    return [group.split() for group in text.split("/") if group.split()]


@fault.command(epilog="Example: peerlab fault isolate alice")
def isolate(peer: Peer, name: Name = None, as_json: Json = False) -> None:
    """Let a peer reach nobody, and nobody reach it."""
    _break("isolate", {"at": peer, "as": name}, as_json=as_json)


@fault.command(epilog="Example: peerlab fault impair alice bob --loss 20%")
def impair(
    where: Where,
    both: Both = False,
    loss: Annotated[str | None, typer.Option(help="Share of packets that vanish: 20%.")] = None,
    bandwidth: Annotated[str | None, typer.Option(help="What fits through: '64 kB/s'.")] = None,
    delay: Delay = None,
    jitter: Jitter = None,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Let links lose packets, be slow, or let little through."""
    what = {"loss": loss, "bandwidth": bandwidth, "delay": delay, "jitter": jitter}
    _break("impair", _scope(where, both=both) | what | {"as": name}, as_json=as_json)


@fault.command(epilog="Example: peerlab fault stream alice bob --both --pieces 1")
def stream(
    where: Where,
    both: Both = False,
    pieces: Annotated[int | None, typer.Option(help="Bytes that are passed on at a time.")] = None,
    hold: Annotated[float | None, typer.Option(help="Seconds to collect bytes for.")] = None,
    delay: Delay = None,
    jitter: Jitter = None,
    reset: Annotated[int | None, typer.Option(help="Bytes until the connection breaks.")] = None,
    name: Name = None,
    as_json: Json = False,
) -> None:
    """Let bytes of TCP connections that are made from now on come in another way."""
    what = {"pieces": pieces, "hold": hold, "delay": delay, "jitter": jitter, "reset": reset}
    _break("stream", _scope(where, both=both) | what | {"as": name}, as_json=as_json)


def _scope(where: list[str], *, both: bool) -> dict[str, object]:
    match where:
        case [one]:
            return {"at": one}
        case [one, other]:
            return {"between": [one, other]} if both else {"from": one, "to": other}
    raise LabError("one or two peers, or `all`, are expected", hint="peerlab fault impair --help")


def _break(verb: str, keys: dict[str, object], *, as_json: bool) -> None:
    with _by_hand() as (_, faults):
        kept = faults.apply(verb, **keys)
        print_notes([*faults.lapses(), *faults.notes(kept)])
    _show([_row(kept)], as_json=as_json)
    _end([kept])


@fault.command(epilog="Example: peerlab fault kill alice")
def kill(peer: Peer, as_json: Json = False) -> None:
    """End a peer's program without warning."""
    _change("kill", peer, as_json=as_json)


@fault.command(epilog="Example: peerlab fault stop alice")
def stop(peer: Peer, as_json: Json = False) -> None:
    """Ask a peer's program to end."""
    _change("stop", peer, as_json=as_json)


@fault.command(epilog="Example: peerlab fault start alice")
def start(peer: Peer, as_json: Json = False) -> None:
    """Start a peer again that has ended: same name, same address."""
    _change("start", peer, as_json=as_json)


@fault.command(epilog="Example: peerlab fault pause alice")
def pause(peer: Peer, as_json: Json = False) -> None:
    """Hold a peer's program still."""
    _change("pause", peer, as_json=as_json)


@fault.command(epilog="Example: peerlab fault resume alice")
def resume(peer: Peer, as_json: Json = False) -> None:
    """Let a peer's program go on that was paused."""
    _change("resume", peer, as_json=as_json)


_DONE = {"kill": "killed", "stop": "stopped"}


def _change(verb: str, name: str, *, as_json: bool) -> None:
    with _mesh() as mesh:
        peer = mesh.peer(name)
        if verb in ("kill", "stop"):
            require_alive(name, peer.status(), _DONE[verb])
        before = peer.status().phrase
        with leaving(lambda: f"{name}: {before} → {peer.status().phrase}"):
            getattr(peer, verb)()
            if verb == "start":
                faults = mesh.faults()
                faults.refresh()
                print_notes(faults.lapses())
            now = peer.status().phrase
    if as_json:
        print_json({"peer": name, "before": before, "now": now})
    else:
        out.print(f"{safe(name)}: {before} → {now}")


@commands.command(epilog="Example: peerlab heal impair 1")
def heal(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="A fault's name, as `faults` shows it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Lift one fault, or all of them; peers that are paused go on, ended ones stay so."""
    which = " ".join(words or [ALL])  # `impair 1` is a name
    with _by_hand() as (mesh, faults):
        lifted = faults.heal(which)
        print_notes(faults.lapses())
        resumed = _resume_all(mesh) if which == ALL else []
    rows = [_row(each) for each in lifted]
    if as_json:
        rows += [_peer_row(name, before="paused", after=phrase) for name, phrase in resumed]
    for name, phrase in () if as_json else resumed:
        out.print(f"{safe(name)}: paused → {phrase}")
    if lifted or as_json:
        _show(rows, as_json=as_json)
    elif not resumed:
        out.print("nothing was broken")
    _end(lifted)


def _resume_all(mesh: Mesh) -> list[tuple[str, str]]:
    """Let every peer go on that is paused; return their names, and how each is now."""
    paused = [peer for peer in mesh.peers() if peer.status().state == "paused"]
    for peer in paused:
        peer.resume()
    return [(peer.name, peer.status().phrase) for peer in paused]


@commands.command(epilog="Example: peerlab faults --json")
def faults(as_json: Json = False) -> None:
    """Show what holds now, measured anew, and which peers are paused or have ended."""
    with _by_hand() as (mesh, by_hand):
        held, lapses = by_hand.held(), by_hand.lapses()
        peers = [(peer.name, peer.status()) for peer in mesh.peers()]
    print_notes(lapses)
    down = [
        _peer_row(name, during=status.phrase) for name, status in peers if status.state != "running"
    ]
    if not held and not as_json:
        out.print("no fault of the network holds")
    if held or down or as_json:
        _show([*map(_row, held), *down], as_json=as_json)
    _end(held)


def _holding(mesh: Mesh, faults: ByHand) -> str:
    """Return which faults hold, for whoever has broken off what was to change that."""
    names = faults.names
    if not names:
        mesh.forget_faults()
        return "no fault of the network holds"
    holds, them = ("holds", "it") if len(names) == 1 else ("hold", "them")
    return f"{', '.join(names)} {holds}: peerlab heal lifts {them}"


def _show(rows: list[FaultRow], *, as_json: bool) -> None:
    if as_json:
        print_json([row.as_data() for row in rows])
    else:
        report.print_active_faults(out, rows)


def _row(kept: Kept) -> FaultRow:
    fault, finding = kept.held.fault, kept.finding
    return FaultRow(fault.name, fault.phrase, kept.means, kept.since, finding.proof, finding.doubts)


def _peer_row(name: str, **seen: str) -> FaultRow:
    """Return the row of a peer that is or was paused, or has ended, with how it was seen."""
    state = next(iter(seen.values())).partition(" ")[0]
    return FaultRow(state, name, {}, None, [seen], [])


def _end(kept: list[Kept]) -> NoReturn:
    """End with the status that says whether all of it was proven."""
    doubts = [doubt for each in kept for doubt in each.finding.doubts]
    for doubt in doubts:
        err.print(f"[bold red]not proven:[/] {safe(doubt)}", soft_wrap=True)
    raise typer.Exit(BROKEN if doubts else 0)


@contextlib.contextmanager
def _mesh() -> Iterator[Mesh]:
    with progress() as telling:
        mesh = Mesh(profile.load(PROFILE), telling.phase)
        if not mesh.peers():
            raise LabError("there is no mesh to break", hint="peerlab up starts one")
        with leaving(lambda: "nothing was changed"):
            yield mesh


@contextlib.contextmanager
def _by_hand() -> Iterator[tuple[Mesh, ByHand]]:
    """Yield what is broken by hand, and where; sidecars go once nothing is."""
    with _mesh() as mesh:
        faults = mesh.faults()
        with leaving(lambda: _holding(mesh, faults)):
            yield mesh, faults
        if not faults.names:
            mesh.forget_faults()
