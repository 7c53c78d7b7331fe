"""A network without packets, which does what it is asked except what a test makes it do wrong."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.engines.network import Lapse, Network
from orchestrator.errors import EngineError
from orchestrator.faults import effect
from orchestrator.faults.effect import CLEAR, Effect, Fault, Link
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe
from tests.orchestrator.faults.links import NETEM, SimulatedLink

AB, BA, AC = ("alice", "bob"), ("bob", "alice"), ("alice", "carol")
CUT = Effect(cut=True)


class Scripted(Network):
    """A simulated network.

    Attributes:
        shaped: the effects that were asked for, each time.
        asked: the probes that were sent, each time.
        down: peers that do not run.
        deaf: links without effect.
        lying: how many of the next measurements are of a clear link.
        unlucky: by link, which of the measurements of it to come, from 1, are of a clear link.
        busy: how many of the next measurements show nothing in time.
        only: features that have an effect; None for all.
        stuck: effects that stay.
    """

    def __init__(self) -> None:
        self.shaped: list[Mapping[Link, Effect]] = [{}]
        self.asked: list[Mapping[Link, Probe]] = []
        self.refreshed = 0
        self.is_closed = False
        self.down: set[str] = set()
        self.deaf: set[Link] = set()
        self.lying = self.busy = 0
        self.unlucky: dict[Link, int] = {}
        self.only: set[str] | None = None
        self.stuck: dict[Link, Effect] = {}
        self.without: dict[str, str] = {}
        self.broken = ""

    def mechanisms(self) -> Mapping[str, str]:
        return {feature: by for feature, by in NETEM.items() if feature not in self.without}

    def unsupported(self) -> Mapping[str, str]:
        return self.without

    def notes(self) -> Mapping[str, str]:
        return {}

    def shape(self, effects: Mapping[Link, Effect]) -> None:
        if self.broken:
            raise EngineError(self.broken)
        self.shaped.append(dict(effects))

    def refresh(self) -> None:
        self.refreshed += 1

    def measure(self, probes: Mapping[Link, Probe]) -> dict[Link, Measured]:
        self.asked.append(dict(probes))
        found = {link: self._measure(link, probe) for link, probe in probes.items()}
        self.lying -= self.lying > 0
        self.busy -= self.busy > 0
        return found

    def _measure(self, link: Link, probe: Probe) -> Measured:
        if self.down & {*link}:
            return Measured(0, 0, error=NOT_RUNNING)
        if self.busy:
            return Measured(probe.count, 0)
        effects = self.shaped[-1].get(link, CLEAR)
        if link in self.unlucky:
            self.unlucky[link] -= 1
        if self.unlucky.get(link) == 0 or link in self.deaf or self._is_clear(effects):
            effects = CLEAR
        effects = effect.combine([effects, self.stuck.get(link, CLEAR)])
        return SimulatedLink(effects, self.mechanisms(), seed=1, late=0.0001).measure(probe)

    def _is_clear(self, effects: Effect) -> bool:
        return bool(self.lying) or not self._has_effect(effects)

    def _has_effect(self, effects: Effect) -> bool:
        return self.only is None or bool(self.only & {*effects.features})

    def lapses(self) -> list[Lapse]:
        return []

    def dialled(self, dialler: str, to: str) -> tuple[str, int]:
        return to, 5000

    def close(self) -> None:
        self.is_closed = True


def fault(name: str, what: Effect, *links: Link) -> Fault:
    return Fault(name, "impair", frozenset(links or [AB]), what, name)
