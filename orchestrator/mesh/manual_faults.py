"""Faults that users apply to the mesh: they stay active when the command has ended."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from orchestrator import document
from orchestrator.document import Problem
from orchestrator.engines.docker.mesh_network import MeshNetwork
from orchestrator.errors import LabError
from orchestrator.faults.delay import by_packets
from orchestrator.faults.effect import Fault, Link, by_link
from orchestrator.faults.probe import Measured, Probe
from orchestrator.files import write_whole
from orchestrator.paths import give_to_user
from orchestrator.reading import read_bytes
from orchestrator.runner.verify import ActiveFault, FaultVerifier, Probed, Verification
from orchestrator.scenario import FaultStep, network_fault
from orchestrator.scenario.values import ALL, DECLARED
from orchestrator.text import cut

_MOST_MEGABYTES = 10  # of a record
_LONGEST = 200  # characters of a validation error
_HINT = "peerlab faults shows the active faults, peerlab ps the peers"
_RECORD_HINT = "peerlab down removes the mesh with its faults"


@dataclass(frozen=True, slots=True)
class RecordedFault:
    """An active fault as it was asked for; its links follow from the peers that exist."""

    verb: str  # the step that it is in scenarios
    keys: dict[str, Any]  # the keys of that step
    name: str  # the name by which it is healed
    since: float  # seconds since the epoch
    # what was measured on each link without it
    before: list[tuple[Link, Probe, Measured]] = field(default_factory=list)

    @property
    def measured(self) -> dict[Probed, Measured]:
        """What was measured without it, by link and probe."""
        return {(link, probe): measured for link, probe, measured in self.before}


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """The active faults of a mesh, from one command to the next.

    Attributes:
        peers: the containers of the peers when it was written, by name.
        faults: the faults, oldest first.
    """

    peers: dict[str, str] = field(default_factory=dict)
    faults: list[RecordedFault] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, containers: Collection[str]) -> FaultRecord:
        """Return the record of a mesh; an empty one if there is none of these containers.

        Raises:
            LabError: it cannot be read.
        """
        try:
            record = _record().validate_json(read_bytes(path, _MOST_MEGABYTES))
        except FileNotFoundError:
            return cls()
        except ValidationError as error:
            raise LabError(f"{path} is not a record of faults", hint=_RECORD_HINT) from error
        return record if not set(containers).isdisjoint(record.peers.values()) else cls()

    def write(self, path: Path) -> None:
        """Replace the record of a mesh.

        Raises:
            LabError: it cannot be written.
        """
        write_whole(path, _record().dump_json(self).decode())
        give_to_user(path)


@functools.cache
def _record() -> TypeAdapter[FaultRecord]:
    """Return what reads and writes a record; most commands do neither."""
    return TypeAdapter(FaultRecord)


@dataclass(frozen=True, slots=True)
class ManualFault:
    """An active fault, with its latest verification."""

    active: ActiveFault  # the fault and its measurements
    mechanisms: Mapping[str, str]  # how each of its features is done
    since: float  # seconds since the epoch
    finding: Verification  # its proof, or why there is none


class ManualFaults:
    """The active faults of the mesh, recorded for the next command.

    A fault applies to the links that its scope names now: it spreads to new peers.

    Args:
        containers: the containers of the mesh's peers, by name.
        network: the network between them.
        path: the file of the record.

    Raises:
        LabError: the record cannot be read, or a fault cannot spread.
    """

    def __init__(self, containers: Mapping[str, str], network: MeshNetwork, path: Path) -> None:
        self._containers, self._network, self._path = containers, network, path
        self._names = [*containers]
        self._news: list[str] = []
        record = FaultRecord.read(path, containers.values())
        self._recorded = {fault.name: fault for fault in record.faults}
        active = [ActiveFault(self._fault(fault), fault.measured) for fault in record.faults]
        self._verifier = FaultVerifier(network, active)
        effects = by_link(fault.fault for fault in active)
        network.resume(
            {link: effect for link, effect in effects.items() if {*link} <= record.peers.keys()}
        )
        if self._recorded and (new := {*self._names} - record.peers.keys()):
            self._spread(new)

    def _fault(self, recorded: RecordedFault) -> Fault:
        act = FaultStep.model_validate({recorded.verb: recorded.keys}).act
        fault = network_fault(recorded.verb, act, recorded.name, self._names)
        return replace(fault, links=fault.links - self._network.shut())

    def _spread(self, new: Collection[str]) -> None:
        """Extend the active faults to the links of new peers in their scope."""
        for active in self._verifier.active:
            known = {link for link, _ in active.before}
            links = {link for link in active.fault.links - known if not {*link}.isdisjoint(new)}
            if links:
                active.before = {**active.before, **self._measured(active, links)}
                peers = ", ".join(sorted({name for link in links for name in link} & {*new}))
                self._news.append(f"{active.fault.name} now applies to {peers} too")
        self._replace(self._verifier.active)

    def _measured(self, active: ActiveFault, links: Iterable[Link]) -> dict[Probed, Measured]:
        """Return what the probes of a fault show on links without it."""
        return {
            (link, probe): measured
            for probe in dict.fromkeys(probe for _, probe in active.before)
            for link, measured in self._network.measure(dict.fromkeys(links, probe)).items()
        }

    def _replace(self, several: Iterable[ActiveFault]) -> None:
        """Apply these faults and no others, and record them."""
        self._network.shape(by_link(active.fault for active in several))
        self._verifier = FaultVerifier(self._network, several)
        self._write()

    def apply(self, verb: str, **keys: object) -> ManualFault:
        """Apply a fault of the network until it is healed.

        It is lifted again if this is interrupted, or if it cannot be recorded.

        Args:
            verb: the step that it is in scenarios.
            keys: the keys of that step.

        Raises:
            LabError: it makes no sense or cannot be applied.
        """
        given = {key: value for key, value in keys.items() if value is not None}
        step = self._step(verb, given)
        fault = network_fault(verb, step.act, self._verifier.new_name(verb), self._names)
        if not fault.links:
            raise LabError(
                f"{verb} {fault.phrase}: there is no link: {self._names[0]} is the only peer",
                hint="peerlab up --peers 2 starts another",
            )
        fault = self._network.opened(fault)
        if fault.name in self._recorded:
            raise LabError(f"a fault called {fault.name!r} is active already", hint=_HINT)
        self._recorded[fault.name] = RecordedFault(verb, given, fault.name, time.time())
        try:
            finding = self._verifier.apply(fault)
            self._write()
        except BaseException:
            self._take_back(fault.name)
            raise
        return self._described(self._verifier.active[-1], finding)

    def _take_back(self, name: str) -> None:
        """Lift a fault that was not verified or recorded, if possible."""
        others = [active for active in self._verifier.active if active.fault.name != name]
        if len(others) == len(self._verifier.active):
            return  # it was not applied yet
        try:
            self._replace(others)
        except LabError:
            with contextlib.suppress(LabError):
                self._write()  # so that it can be healed

    def _step(self, verb: str, keys: dict[str, object]) -> FaultStep:
        try:
            return FaultStep.model_validate({verb: keys}, context={DECLARED: self._names})
        except ValidationError as error:
            problems = (document.problem(details, FaultStep) for details in error.errors())
            says = "; ".join(map(_worded, problems))
            raise LabError(f"{verb}: {says}", hint=f"peerlab fault {verb} --help") from None

    def notes(self, manual: ManualFault) -> list[str]:
        """Return sentences that a user should read about a fault just applied."""
        features = manual.active.fault.effect.features
        notes = [note for feature, note in self._network.notes().items() if feature in features]
        if "stream" in features or ("delay" in features and not by_packets(manual.mechanisms)):
            notes.append("existing connections stay as they are")
        return notes

    @property
    def names(self) -> list[str]:
        """The names of the active faults, oldest first."""
        return [active.fault.name for active in self._verifier.active]

    def measured(self) -> list[ManualFault]:
        """Return the active faults, measured again."""
        return [
            self._described(active, self._verifier.check(active.fault.name))
            for active in self._verifier.active
        ]

    def _described(self, active: ActiveFault, finding: Verification) -> ManualFault:
        mechanisms = self._network.mechanisms()
        used = {feature: mechanisms.get(feature, "") for feature in active.fault.effect.features}
        return ManualFault(active, used, self._recorded[active.fault.name].since, finding)

    def heal(self, name: str) -> list[ManualFault]:
        """Lift one fault, or all in reverse order; return what was measured.

        If this is interrupted, the faults that it came to are lifted.

        Raises:
            LabError: there is none of that name, or it cannot be lifted.
        """
        going = [active for active in self._verifier.active if name in (ALL, active.fault.name)]
        if not going and name != ALL:
            raise LabError(f"there is no active fault called {name!r}", hint=_HINT)
        lifted = []
        try:
            for active in reversed(going):
                finding = self._verifier.lift(active.fault.name)
                lifted.append(self._described(active, finding))
        except BaseException:
            with contextlib.suppress(LabError):
                self._replace(self._verifier.active)
            raise
        if lifted:
            self._write()
        return lifted

    def refresh(self) -> None:
        """Apply the active faults to restarted peers too."""
        if self._verifier.active:
            self._verifier.refresh()
            self._write()

    def lapses(self) -> list[str]:
        """Return sentences about faults that lapsed, or that spread to new peers."""
        news, self._news = self._news, []
        return [*news, *map(str, self._network.lapses())]

    def _write(self) -> None:
        faults = [
            replace(
                self._recorded[active.fault.name],
                before=[(link, probe, found) for (link, probe), found in active.before.items()],
            )
            for active in self._verifier.active
        ]
        FaultRecord(dict(self._containers), faults).write(self._path)

    def close(self) -> None:
        """Leave the faults active, and let other commands change them."""
        self._network.close()


def _worded(problem: Problem) -> str:
    key = next((str(part) for part in reversed(problem.place) if isinstance(part, str)), "")
    says = cut(problem.what, _LONGEST)
    return f"{key}: {says}" if key and key not in FaultStep.model_fields else says
