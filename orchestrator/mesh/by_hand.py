"""Faults that somebody does by hand to the mesh: they hold on when the command is over."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from orchestrator import document
from orchestrator.document import Problem
from orchestrator.engines.docker.mesh_network import MeshNetwork
from orchestrator.errors import EngineError, LabError
from orchestrator.faults.delay import by_packets
from orchestrator.faults.effect import Fault, Link, by_link
from orchestrator.faults.probe import Measured
from orchestrator.mesh import record
from orchestrator.mesh.record import Noted
from orchestrator.runner.verify import ActiveFault, FaultVerifier, Probed, Verification
from orchestrator.scenario import FaultStep, network_fault
from orchestrator.scenario.values import ALL, DECLARED
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

    held: ActiveFault
    means: Mapping[str, str]
    since: float
    finding: Verification


class ByHand:
    """The faults of the mesh. A record of them is kept beside it between two commands.

    A fault is on the links that its scope names now: where peers have come since the last
    command it spreads to theirs.

    Args:
        names: of the mesh's peers.
        network: between them.

    Raises:
        LabError: the record cannot be had, or what holds cannot be spread.
    """

    def __init__(self, names: Sequence[str], network: MeshNetwork) -> None:
        self._names, self._network = names, network
        self._said: list[str] = []
        known, noted = record.load(network.notes_kept())
        self._noted = {each.name: each for each in noted}
        self._verifier = FaultVerifier(
            network, [ActiveFault(self._fault(each), each.before) for each in self._noted.values()]
        )
        if self._noted and (new := {*names} - {*known}):
            self._spread(new)

    def _fault(self, noted: Noted) -> Fault:
        act = FaultStep.model_validate({noted.verb: noted.keys}).act
        return network_fault(noted.verb, act, noted.name, self._names)

    def _spread(self, new: Collection[str]) -> None:
        """Let what holds do so on the links of new peers as well, of those in its scope."""
        for held in self._verifier.active:
            known = {link for link, _ in held.before}
            links = {link for link in held.fault.links - known if not {*link}.isdisjoint(new)}
            if links:
                held.before = {**held.before, **self._measured(held, links)}
                there = ", ".join(sorted({name for link in links for name in link} & {*new}))
                self._said.append(f"{held.fault.name} holds at {there} as well")
        self._bend(self._verifier.active)

    def _measured(self, held: ActiveFault, links: Iterable[Link]) -> dict[Probed, Measured]:
        """Return what the probes of a fault show on links where it does not hold yet."""
        return {
            (link, probe): measured
            for probe in dict.fromkeys(probe for _, probe in held.before)
            for link, measured in self._network.measure(dict.fromkeys(links, probe)).items()
        }

    def _bend(self, several: Iterable[ActiveFault]) -> None:
        """Let these hold and nothing else, and note it."""
        self._network.shape(by_link(held.fault for held in several))
        self._verifier = FaultVerifier(self._network, several)
        self._write()

    def apply(self, verb: str, **keys: object) -> Kept:
        """Let a fault of the network hold until it is healed.

        Who breaks this off lifts it, and so does a record that cannot be kept.

        Args:
            verb: as in scenarios.
            keys: the same.

        Raises:
            LabError: it makes no sense, or cannot be done.
        """
        given = {key: value for key, value in keys.items() if value is not None}
        step = self._step(verb, given)
        fault = network_fault(verb, step.act, self._verifier.new_name(verb), self._names)
        if not fault.links:
            raise LabError(
                f"{verb} {fault.phrase}: there is no link: {self._names[0]} is the only peer",
                hint="peerlab up --peers 2 starts another",
            )
        if fault.name in self._noted:
            raise LabError(f"a fault called {fault.name!r} holds already", hint=_HINT)
        self._noted[fault.name] = Noted(verb, given, fault.name, time.time())
        try:
            finding = self._verifier.apply(fault)
            self._write()
        except BaseException:
            self._take_back(fault.name)
            raise
        return self._kept(fault.name, finding)

    def _take_back(self, name: str) -> None:
        """Lift a fault that nobody has seen to hold, as well as that can be done."""
        others = [held for held in self._verifier.active if held.fault.name != name]
        if len(others) == len(self._verifier.active):
            return  # it had not begun
        try:
            self._bend(others)
        except EngineError:
            with contextlib.suppress(EngineError):
                self._write()  # or nobody could heal it

    def _step(self, verb: str, keys: dict[str, object]) -> FaultStep:
        try:
            return FaultStep.model_validate({verb: keys}, context={DECLARED: self._names})
        except ValidationError as error:
            says = "; ".join(_told(document.problem(each, FaultStep)) for each in error.errors())
            raise LabError(f"{verb}: {says}", hint=f"peerlab fault {verb} --help") from None

    def notes(self, kept: Kept) -> list[str]:
        """Return what somebody should know of a fault that has been applied, in sentences."""
        features = kept.held.fault.effect.features
        said = [says for each, says in self._network.notes().items() if each in features]
        if "stream" in features or ("delay" in features and not by_packets(kept.means)):
            said.append("connections that are there already stay as they are")
        return said

    @property
    def names(self) -> list[str]:
        """Which faults of the network hold, oldest first."""
        return [held.fault.name for held in self._verifier.active]

    def held(self) -> list[Kept]:
        """Return what holds now, each measured anew."""
        names = [held.fault.name for held in self._verifier.active]
        return [self._kept(name, self._verifier.check(name)) for name in names]

    def _kept(self, name: str, finding: Verification) -> Kept:
        held = next(each for each in self._verifier.active if each.fault.name == name)
        return self._of(held, finding)

    def _of(self, held: ActiveFault, finding: Verification) -> Kept:
        means = self._network.mechanisms()
        used = {each: means.get(each, "") for each in held.fault.effect.features}
        return Kept(held, used, self._noted[held.fault.name].since, finding)

    def heal(self, name: str) -> list[Kept]:
        """Lift one fault, or all, the last one first; return what was found.

        Who breaks this off finds those lifted that were begun with.

        Raises:
            LabError: there is none of that name, or it cannot be lifted.
        """
        going = [each for each in self._verifier.active if name in (ALL, each.fault.name)]
        if not going and name != ALL:
            raise LabError(f"no fault called {name!r} holds", hint=_HINT)
        lifted = []
        try:
            for held in reversed(going):
                finding = self._verifier.lift(held.fault.name)
                lifted.append(self._of(held, finding))
        except BaseException:
            with contextlib.suppress(EngineError):
                self._bend(self._verifier.active)
            raise
        if lifted:
            self._write()
        return lifted

    def refresh(self) -> None:
        """Let what holds do so at a peer that was started again as well."""
        if self._verifier.active:
            self._verifier.refresh()
            self._write()

    def lapses(self) -> list[str]:
        """Return what has not held all the time, or holds at more peers now, in sentences."""
        said, self._said = self._said, []
        return [*said, *self._network.lapses()]

    def _write(self) -> None:
        """Keep the record for the next command."""
        noted = (
            replace(self._noted[held.fault.name], before=held.before)
            for held in self._verifier.active
        )
        self._network.note(record.dump(self._names, noted))


def _told(problem: Problem) -> str:
    """Return what is wrong with a fault, and with what of it."""
    key = next((str(each) for each in reversed(problem.place) if isinstance(each, str)), "")
    says = cut(problem.what, _LONGEST)
    return f"{key}: {says}" if key and key not in FaultStep.model_fields else says
