"""The network of the mesh that people use by hand: its sidecars outlive each command.

They are found again by their label. What is to hold is noted beside them for the next
command: see `docker_note`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.engines.base import Lapse
from orchestrator.engines.docker import note as docker_note
from orchestrator.engines.docker.attachment import Attachment, Life
from orchestrator.engines.docker.client import Client, engine_id, in_parallel, translated
from orchestrator.engines.docker.network import DockerNetwork
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.sidecar import LIFE, MESH_SIDECAR, DockerSidecar, remove, start
from orchestrator.engines.lock import MeshLock, idle
from orchestrator.engines.sidecar import rules
from orchestrator.engines.sidecar.rules import Rules
from orchestrator.errors import EngineError, first_line
from orchestrator.faults.effect import CLEAR, Effect, Link
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe

_ANSWERS_WITHIN = 5.0  # seconds


class MeshNetwork(DockerNetwork):
    """The network between the peers of the mesh, as an earlier command has left it.

    One command at a time has it, until it closes it or ends; others wait. So where something
    else holds than was noted, a command was killed, or a sidecar was: it is put right.

    `close` leaves the sidecars and what they hold; `remove_mesh_sidecars` ends both.

    Args:
        client: the engine.
        peers: between which it is.

    Raises:
        EngineError: another command has it for long, or Docker does not answer.
    """

    def __init__(self, client: Client, peers: Sequence[DockerPeer]) -> None:
        super().__init__(client, peers, owner="")
        self._said: list[str] = []
        self._turn = MeshLock(engine_id(client))
        try:
            in_parallel(self._find, list(self._seats.values()))
            self._kept = docker_note.read(client, self._containers)
            self._beyond: dict[Link, Effect] = {}
            self._effects = self._here(self._noted())
            self._put_right()
        except BaseException:
            self.close()
            raise

    @property
    def _containers(self) -> list[str]:
        return [seat.peer.container for seat in self._seats.values()]

    def _find(self, seat: Attachment) -> None:
        """Take over the sidecar of a peer, where there is one.

        One that was never started, does not answer, or is one too many, is removed.
        """
        for found in _sidecars(self._client, seat.peer.container):
            if sidecar := self._attached(seat, found):
                seat.take(sidecar, found["Labels"][LIFE])
            else:
                with contextlib.suppress(EngineError):
                    remove(self._client, seat.peer.name, found["Id"])

    def _attached(self, seat: Attachment, found: dict[str, Any]) -> DockerSidecar | None:
        """Attach to a sidecar and return it, if it is of use."""
        if found["State"] != "running" or seat.sidecar:
            return None
        try:
            sidecar = DockerSidecar(self._client, seat.peer.name, found["Id"])
        except EngineError:
            return None  # it has just ended
        try:
            sidecar.ask("state", _ANSWERS_WITHIN)
        except EngineError:
            self._said.append(f"the sidecar of {seat.peer.name} did not answer: it was removed")
            sidecar.close()
            return None
        return sidecar

    def _put_right(self) -> None:
        """Let hold what was noted where something else does. What cannot be so is told."""
        seats = list(self._seats.values())
        if not self._effects and not any(seat.sidecar for seat in seats):
            return
        in_parallel(Attachment.look, seats)
        wanted = self._shares()
        wrong = [seat for seat in seats if seat.life and not self._is_right(seat, wanted[seat])]
        if wrong:
            try:
                self._apply()
            except EngineError as error:
                self._said.append(f"what was noted cannot be held again: {first_line(error)}")

    def _is_right(self, seat: Attachment, wanted: Rules) -> bool:
        """Tell whether a peer's sidecar holds what it must; else tell a person why not."""
        name = seat.peer.name
        if seat.sidecar is None:
            if not rules.is_nothing(wanted):
                self._said.append(f"what held at {name} had lapsed: it has no sidecar any more")
            return rules.is_nothing(wanted)
        if not seat.resume(wanted):
            self._said.append(f"at {name} something else held than was noted: it was put right")
            return False
        return True

    def _noted(self) -> dict[Link, Effect]:
        """Return what is to hold, as it was noted."""
        kept = json.loads(self._kept or "{}").get("effects", [])
        return {(one, other): Effect(**effect) for one, other, effect in kept}

    def _here(self, effects: Mapping[Link, Effect]) -> dict[Link, Effect]:
        """Return what is between the peers that there are; keep the rest in mind.

        Somebody may have removed a container, and have it made anew.
        """
        self._beyond = {link: each for link, each in effects.items() if not self._has(link)}
        return {link: each for link, each in effects.items() if self._has(link)}

    def _has(self, link: Link) -> bool:
        return all(name in self._seats for name in link)

    def shape(self, effects: Mapping[Link, Effect]) -> None:
        """Have the sidecars hold these effects, and no others; peers may have been removed."""
        super().shape(self._here(effects))

    def measure(self, probes: Mapping[Link, Probe]) -> dict[Link, Measured]:
        """Send probes between the peers that there are; the others do not run."""
        nothing = Measured(sent=0, arrived=0, error=NOT_RUNNING)
        here = {link: probe for link, probe in probes.items() if self._has(link)}
        return dict.fromkeys(probes, nothing) | super().measure(here)

    def _start(self, peer: DockerPeer, life: Life) -> DockerSidecar:
        labels = {MESH_SIDECAR: peer.container, LIFE: life.since}
        network = f"container:{peer.container}"
        return start(self._client, peer.handle, network, labels, outlives=True)

    def note(self, text: str) -> None:
        """Keep a text for the next command, together with what holds now.

        Raises:
            EngineError: it cannot be kept.
        """
        with self._lock:
            every = self._effects | self._beyond
            effects = [[*link, _plain(every[link])] for link in sorted(every)]
            noted = json.dumps({"text": text, "effects": effects})
            docker_note.write(self._client, self._containers, noted)
            self._kept = noted

    def notes_kept(self) -> str:
        """Return the text that was kept last; empty where there is none."""
        kept = json.loads(self._kept or "{}")
        return str(kept.get("text", ""))

    def lapses(self) -> list[Lapse]:
        """Return what was put right as well."""
        said, self._said = self._said, []
        return [*map(Lapse, said), *super().lapses()]

    def close(self) -> None:
        """Let go of the sidecars: they stay, and what they hold goes on."""
        with self._lock:
            for seat in self._seats.values():
                seat.detach()
            self._turn.end()


def _plain(effect: Effect) -> dict[str, Any]:
    """Return what of an effect is not as it stands by itself."""
    straight = asdict(CLEAR)
    return {key: value for key, value in asdict(effect).items() if value != straight[key]}


def remove_mesh_sidecars(client: Client, peers: Sequence[DockerPeer] | None = None) -> int:
    """Remove the sidecars of the mesh, all that they hold and what was noted; return how many.

    Args:
        client: the engine.
        peers: whose; None for all.
    """
    whose = None if peers is None else [peer.container for peer in peers]
    found = _sidecars(client)
    going = [each for each in found if whose is None or each["Labels"][MESH_SIDECAR] in whose]
    count = _remove(client, going)
    docker_note.remove(client, whose)
    return count


def remove_orphans(client: Client) -> int:
    """Remove sidecars of the mesh that are of no use to anybody; return how many.

    Their peer is gone, or the command was killed that was about to start them. What was
    noted of peers that are gone goes as well.
    """
    docker_note.remove_orphans(client)
    found = _sidecars(client)
    if not found:
        return 0
    with translated("cannot clean up"):
        there = {each["Id"] for each in client.api.containers(all=True)}
    count = _remove(client, [each for each in found if each["Labels"][MESH_SIDECAR] not in there])
    if any(each["State"] == "created" for each in found):
        with idle(engine_id(client)) as is_idle:
            if is_idle:
                left = [each for each in _sidecars(client) if each["State"] == "created"]
                count += _remove(client, left)
    return count


def _sidecars(client: Client, peer: str = "") -> list[dict[str, Any]]:
    """Return the sidecars of the mesh, or of one peer's container, as Docker lists them."""
    wanted = {"label": f"{MESH_SIDECAR}={peer}" if peer else MESH_SIDECAR}
    with translated("the mesh's sidecars cannot be listed"):
        found: list[dict[str, Any]] = client.api.containers(all=True, filters=wanted)
    return found


def _remove(client: Client, sidecars: Sequence[dict[str, Any]]) -> int:
    """Have sidecars straighten what they have bent, then remove them."""

    def end(each: dict[str, Any]) -> None:
        name = each["Names"][0].removeprefix("/")
        with contextlib.suppress(EngineError):  # another command may be at it as well
            if each["State"] == "running":
                return DockerSidecar(client, name, each["Id"]).remove()
        return remove(client, name, each["Id"])

    in_parallel(end, sidecars)
    return len(sidecars)
