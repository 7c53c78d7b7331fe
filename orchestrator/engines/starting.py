"""What every engine sees to before it starts a program: its name, its port and its folder."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.engines.base import Peer
from orchestrator.errors import BuildError, EngineError
from orchestrator.folder import windows_script
from orchestrator.profile import Profile, Start
from orchestrator.profile.keep import is_in

_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class PeerAddress:
    """Where a peer listens, or will."""

    name: str  # the peer's
    address: str  # the address that others dial
    port: int  # its port
    announced: Mapping[str, str] = field(default_factory=dict)  # see `Peer`
    networks: Mapping[str, str] = field(default_factory=dict)  # see `Peer`

    def seen_from(self, own: PeerAddress) -> PeerAddress:
        """Return it with the address at which another peer dials it, if they share a network."""
        shared = (self.networks[name] for name in own.networks if name in self.networks)
        return replace(self, address=next(shared, self.address))

    def __getattr__(self, name: str) -> str:
        """Return what it printed when it became ready, as a placeholder names it."""
        announced: Mapping[str, str] = object.__getattribute__(self, "announced")
        if name not in announced:
            raise AttributeError(f"{self.name} has not said its {name!r}")
        return announced[name]


def address_of(peer: Peer) -> PeerAddress:
    """Return where a peer listens that has been started."""
    return PeerAddress(peer.name, peer.address, peer.port, peer.announced, peer.networks)


def start_values(
    own: Mapping[str, object], peers: Sequence[PeerAddress] = ()
) -> Mapping[str, object]:
    """Return what the placeholders of a start command stand for.

    Args:
        own: those that are about the peer itself, its `name` among them.
        peers: all peers of the run, in order.
    """
    named = {peer.name: peer for peer in peers}
    index = next((place for place, name in enumerate(named) if name == own["name"]), 0)
    listed = " ".join(f"{peer.address}:{peer.port}" for peer in peers)
    return {**named, "peers": listed, "index": index, **own}


def filled(templates: Iterable[str], values: Mapping[str, object]) -> list[str]:
    """Return texts with their placeholders filled in.

    Raises:
        EngineError: one is about a peer that is not there, or about what that has not printed.
    """
    try:
        return [template.format_map(values) for template in templates]
    except AttributeError as error:
        raise EngineError(
            f"{values['name']} cannot be started: {error} when it became ready",
            hint="name that part in its profile: `ready: '^ready, (?P<token>\\w+)$'`",
        ) from error
    except KeyError as error:
        raise EngineError(
            f"{values['name']} cannot be started: its profile speaks of a peer that is not in this"
            f" run: {error.args[0]}",
            hint="name a peer of the scenario in its `start`, or give the scenario such a peer",
        ) from error


def files_of(start: Start, values: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """Return the files that a program finds in its folder, as `inside.begin` takes them."""
    kept = {name: any(is_in(name, folder) for folder in start.keep) for name in start.files}
    texts = filled(start.files.values(), values)
    return [
        (name, text, "keep" if kept[name] else "")
        for name, text in zip(start.files, texts, strict=True)
    ]


def refuse_taken(names: Iterable[str], peers: Iterable[Peer]) -> None:
    """Raise an `EngineError` if one of `names` belongs to one of `peers` or occurs twice."""
    taken = {peer.name for peer in peers}
    for name in names:
        if name in taken:
            raise EngineError(f"{name}: a peer of that name is there already")
        taken.add(name)


def port_of(profile: Profile, taken: Collection[int]) -> int:
    """Return the port of a new peer: the profile's, or the next that no other peer has.

    Raises:
        EngineError: no higher port is left.
    """
    if not profile.own_ports:
        return profile.port
    for port in range(profile.port, _HIGHEST_PORT + 1):
        if port not in taken:
            return port
    raise EngineError(f"no port from {profile.port} on is left", hint="give a lower `port`")


def require_start(profile: Profile) -> None:
    """Raise a `BuildError` if a profile does not say how its program is started."""
    if profile.start.is_missing:
        raise BuildError(
            f"the profile {profile.name} does not say how its program is started",
            hint="give it a `start`; without one it is for a service of a Compose file",
        )


def folder_of(profile: Profile) -> Path | None:
    """Return the program's folder; None if it brings none.

    Raises:
        EngineError: there is no such folder, or the program in it can never be started.
    """
    if profile.start.folder is None:
        return None
    folder = Path(profile.start.folder)
    if not folder.is_dir():
        raise EngineError(f"{folder} is no folder", hint=f"see `start` in {profile.name}")
    _refuse_windows_scripts(folder, profile.start)
    return folder


def _refuse_windows_scripts(folder: Path, start: Start) -> None:
    """Raise a `BuildError` if a command is a script whose first line ends in CRLF.

    A build may mend the script that starts the program.
    """
    starts = (start.words("process"), start.words("container")) if not start.build else ()
    for words in (*start.build[:1], *starts):
        why = windows_script(folder, words[0].replace("{folder}", ".")) if words else ""
        if why:
            raise BuildError(
                f"the program in {folder} cannot be started: {why}",
                hint="save it with Unix line ends, as `sed -i 's/\\r$//' FILE` does",
            )
