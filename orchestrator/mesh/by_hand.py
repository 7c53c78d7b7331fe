"""Faults that somebody does by hand to the mesh: they hold on when the command is over."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError

from orchestrator import document
from orchestrator.document import Problem
from orchestrator.engines.docker_mesh import MeshNetwork
from orchestrator.errors import LabError
from orchestrator.faults.effect import Effect, Fault
from orchestrator.faults.probe import Measured, Probe
from orchestrator.running.breaker import Breaker, Finding, Held
from orchestrator.scenario import Single, network_fault
from orchestrator.scenario.words import ALL, DECLARED
from orchestrator.text import cut

_LONGEST = 200  # characters of what is wrong
_HINT = "peerlab faults shows what holds, peerlab ps the peers"


@dataclass(frozen=True, slots=True)
class Kept:
    """A fault that holds, since when, and what was found of it last.

    Attributes:
        held: the fault, with what was measured.
        means: by what means each of its features is done.
        since: seconds since the epoch.
        finding: its proof, or why there is none.
    """

    held: Held
    means: Mapping[str, str]
    since: float
    finding: Finding


class ByHand:
    """The faults of the mesh. The sidecars keep the record of them between two commands.

    Args:
        names: of the mesh's peers.
        network: between them.

    Raises:
        LabError: the record cannot be had.
    """

    def __init__(self, names: Sequence[str], network: MeshNetwork) -> None:
        self._names, self._network = names, network
        self._since: dict[str, float] = {}
        self._breaker = Breaker(network, [self._read(each) for each in _record(network)])

    def _read(self, data: Mapping[str, Any]) -> Held:
        fault = {**data["fault"], "effect": Effect(**data["fault"]["effect"])}
        links = frozenset((one, other) for one, other in fault.pop("links"))
        before = {
            ((link[0], link[1]), Probe(**probe)): Measured.of(measured)
            for link, probe, measured in data["before"]
        }
        self._since[fault["name"]] = data["since"]
        return Held(Fault(links=links, **fault), before)

    def apply(self, verb: str, **keys: object) -> Kept:
        """Let a fault of the network hold until it is healed.

        Args:
            verb: as in scenarios.
            keys: the same.

        Raises:
            LabError: it makes no sense, or cannot be done.
        """
        given = {key: value for key, value in keys.items() if value is not None}
        fault = network_fault(
            verb, self._step(verb, given).act, self._breaker.new_name(verb), self._names
        )
        if any(held.fault.name == fault.name for held in self._breaker.held):
            raise LabError(f"a fault called {fault.name!r} holds already", hint=_HINT)
        self._since[fault.name] = time.time()
        try:
            finding = self._breaker.apply(fault)
        finally:
            self._write()
        return self._kept(fault.name, finding)

    def _step(self, verb: str, keys: dict[str, object]) -> Single:
        try:
            return Single.model_validate({verb: keys}, context={DECLARED: self._names})
        except ValidationError as error:
            says = "; ".join(_told(document.problem(each, Single)) for each in error.errors())
            raise LabError(f"{verb}: {says}", hint=f"peerlab fault {verb} --help") from None

    @property
    def holds(self) -> bool:
        """Whether any fault of the network does."""
        return bool(self._breaker.held)

    def held(self) -> list[Kept]:
        """Return what holds now, each measured anew."""
        names = [held.fault.name for held in self._breaker.held]
        return [self._kept(name, self._breaker.look(name)) for name in names]

    def _kept(self, name: str, finding: Finding) -> Kept:
        held = next(each for each in self._breaker.held if each.fault.name == name)
        return self._of(held, finding)

    def _of(self, held: Held, finding: Finding) -> Kept:
        means = self._network.means()
        used = {each: means.get(each, "") for each in held.fault.effect.features}
        return Kept(held, used, self._since[held.fault.name], finding)

    def heal(self, name: str) -> list[Kept]:
        """Lift one fault, or all, the last one first; return what was found.

        Raises:
            LabError: there is none of that name, or it cannot be lifted.
        """
        going = [each for each in self._breaker.held if name in (ALL, each.fault.name)]
        if not going and name != ALL:
            raise LabError(f"no fault called {name!r} holds", hint=_HINT)
        lifted = []
        try:
            for held in reversed(going):
                finding = self._breaker.lift(held.fault.name)
                lifted.append(self._of(held, finding))
        finally:
            self._write()
        return lifted

    def refresh(self) -> None:
        """Let what holds do so at a peer that was started again as well."""
        self._breaker.refresh()
        self._write()

    def lapses(self) -> list[str]:
        """Return what has not held all the time, in a sentence each."""
        return self._network.lapses()

    def _write(self) -> None:
        """Leave the record with the sidecars."""
        record = [
            {
                "fault": {**asdict(held.fault), "links": sorted(held.fault.links)},
                "before": [
                    [link, asdict(probe), measured.as_data()]
                    for (link, probe), measured in held.before.items()
                ],
                "since": self._since[held.fault.name],
            }
            for held in self._breaker.held
        ]
        self._network.note(json.dumps(record))


def _told(problem: Problem) -> str:
    """Return what is wrong with a fault, and with what of it."""
    key = next((str(each) for each in reversed(problem.place) if isinstance(each, str)), "")
    says = cut(problem.what, _LONGEST)
    return f"{key}: {says}" if key and key not in Single.model_fields else says


def _record(network: MeshNetwork) -> list[dict[str, Any]]:
    text = network.notes_kept()
    found: list[dict[str, Any]] = json.loads(text) if text else []
    return found
