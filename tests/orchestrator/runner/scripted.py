"""A network without packets: what is to hold on it does, but for what a test makes it do wrong."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.engines.base import Lapse, Network
from orchestrator.errors import EngineError
from orchestrator.faults import effect
from orchestrator.faults.effect import CLEAR, Effect, Fault, Link
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe
from tests.orchestrator.faults.links import NETEM
from tests.orchestrator.faults.links import Link as Simulated

AB, BA, AC = ("alice", "bob"), ("bob", "alice"), ("alice", "carol")
CUT = Effect(cut=True)


class Scripted(Network):
    """A network that does as it is told, but for what a test makes it do wrong.

    Attributes:
        bent: what was to hold, each time.
        asked: over which links probes were sent, each time.
        down: peers that do not run.
        deaf: links that nothing is done to.
        lying: how often from now on what is measured is as on a straight link.
        busy: how often from now on nothing arrives, for want of time.
        only: features that take hold; None for all.
        stuck: what holds in any case.
    """

    def __init__(self) -> None:
        self.bent: list[Mapping[Link, Effect]] = [{}]
        self.asked: list[Mapping[Link, Probe]] = []
        self.refreshed = 0
        self.is_closed = False
        self.down: set[str] = set()
        self.deaf: set[Link] = set()
        self.lying = self.busy = 0
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
        self.bent.append(dict(effects))

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
        holds = self.bent[-1].get(link, CLEAR)
        if link in self.deaf or self.lying or not self._takes_hold(holds):
            holds = CLEAR
        holds = effect.together([holds, self.stuck.get(link, CLEAR)])
        return Simulated(holds, self.mechanisms(), seed=1, late=0.0001).measure(probe)

    def _takes_hold(self, holds: Effect) -> bool:
        return self.only is None or bool(self.only & {*holds.features})

    def lapses(self) -> list[Lapse]:
        return []

    def dialled(self, dialler: str, to: str) -> tuple[str, int]:
        return to, 5000

    def close(self) -> None:
        self.is_closed = True


def fault(name: str, what: Effect, *links: Link) -> Fault:
    return Fault(name, "impair", frozenset(links or [AB]), what, name)
