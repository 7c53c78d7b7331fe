"""Applies the combined faults and measures each link before, during and after."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

from orchestrator.engines.network import Network
from orchestrator.errors import EngineError
from orchestrator.faults import proof
from orchestrator.faults.effect import CLEAR, Effect, Fault, Link, by_link
from orchestrator.faults.fault_type import Reading
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe

_RETRANSMITTED_WITHIN = 10.0  # seconds in which TCP gets through a lossy link
_PATIENCE = 5.0  # seconds; long enough for a busy machine to have a quieter moment
_TRIES = 3  # of a probe, at least, before its result is believed to be wrong

Probed = tuple[Link, Probe]  # a probe, and the link that it goes over

Judge = Callable[[Link, Probe, Measured, Measured], str]
"""Returns what is wrong with a probe of a link, from what was measured before and now."""

Doubt = tuple[Link, str]  # a link, and what is wrong with it


@dataclass(frozen=True, slots=True)
class Verification:
    """What was measured of a fault."""

    proof: Sequence[dict[str, Any]]  # each probe with what was measured, as the history has it
    doubts: Sequence[str]  # why it is not proven that the fault is active, or gone; empty if it is
    # whether the only doubts are other faults that hide it: it can be measured once those are
    # lifted
    is_hidden: bool = False


@dataclass(slots=True)
class ActiveFault:
    """An active fault, and what was measured of it so far."""

    fault: Fault
    before: Mapping[Probed, Measured] = field(default_factory=dict)  # what was measured without it
    during: Mapping[Probed, Measured] = field(default_factory=dict)  # what was measured of it last
    # links on which it has not been seen, and why: another fault hides it there, or something was
    # wrong once that was lifted. The reason is empty if the fault does no more than the one that
    # hides it.
    unseen: dict[Link, str] = field(default_factory=dict)


class FaultVerifier:
    """The active faults of one network. Thread-safe: one thread at a time works.

    Args:
        network: the network between the peers.
        active: faults that are active already.
        patience: seconds for which doubtful links are measured again; 5 by default.
        tries: how often they are measured at least, however long that takes.
    """

    def __init__(
        self,
        network: Network,
        active: Iterable[ActiveFault] = (),
        patience: float | None = None,
        tries: int = _TRIES,
    ) -> None:
        self.network = network
        self._patience = _PATIENCE if patience is None else patience
        self._tries = tries
        self._active = {one.fault.name: one for one in active}
        self._lifted: list[tuple[ActiveFault, set[Link]]] = []  # with links not seen without it yet
        self._lock = threading.RLock()
        self._given: Counter[str] = Counter()

    def new_name(self, kind: str) -> str:
        """Return a free name for a fault without one."""
        with self._lock:
            while True:
                self._given[kind] += 1
                name = f"{kind} {self._given[kind]}"
                if name not in self._active:
                    return name

    @property
    def active(self) -> list[ActiveFault]:
        """The active faults, oldest first."""
        return list(self._active.values())

    def apply(self, fault: Fault) -> Verification:
        """Apply one more fault.

        Raises:
            EngineError: this network cannot do it, or it cannot be measured; it may be active.
        """
        with self._lock:
            self._refuse_unsupported(fault)
            if fault.name in self._active:
                raise EngineError(f"a fault called {fault.name!r} is active already")
            active = ActiveFault(fault)
            beside = self._effects()
            active.before = self._measure_before(fault, beside)
            self._active[fault.name] = active
            self._shape()
            active.unseen = self._hidden(active)
            return self._verify(active, self._as_alone(fault, proof.unproven, beside))

    def check(self, name: str) -> Verification:
        """Measure an active fault again.

        Raises:
            EngineError: it cannot be measured.
        """
        with self._lock:
            return self._verify(self._active[name], self._as_combined())

    def affects(self, peer: str) -> bool:
        """Return whether a fault is active on a link of a peer."""
        return any(peer in link for active in self.active for link in active.fault.links)

    def check_peer(self, peer: str) -> list[str]:
        """Measure the links of a peer again, and return the doubts.

        Raises:
            EngineError: they cannot be measured.
        """
        found: list[str] = []
        with self._lock:
            for active in self.active:
                links = {link for link in active.fault.links if peer in link}
                doubts = self._measure_links(links, active)
                found += [f"{active.fault.name}: {what}" for what in _worded(doubts)]
        return found

    def _measure_links(self, links: Collection[Link], active: ActiveFault) -> Sequence[Doubt]:
        """Measure a fault on some of its links, and note on which it was seen."""
        before = _on_links(links, active.before)
        found, doubts = self._measure_until_sure(before, self._as_combined())
        seen = {link for (link, _), now in found.items() if _both_ran(now)}
        seen -= self._hidden(active).keys()
        active.during = {**active.during, **found}
        active.unseen = {link: why for link, why in active.unseen.items() if link not in seen}
        active.unseen |= dict(reversed(doubts))  # the first doubt of every link
        return doubts

    def _as_combined(self) -> Judge:
        """Return what judges a link by all faults that are active on it."""
        effects, mechanisms = self._effects(), self.network.mechanisms()

        def judge(link: Link, probe: Probe, before: Measured, now: Measured) -> str:
            back = effects.get(_back(link), CLEAR)
            return proof.mismatch(Reading(effects[link], probe, now, mechanisms, back, before))

        return judge

    def _verify(self, active: ActiveFault, judge: Judge) -> Verification:
        active.during, doubts = self._measure_until_sure(active.before, judge)
        if not any(map(_both_ran, active.during.values())):
            return Verification(_as_data(active), ["both ends run on none of its links"])
        hidden = [] if doubts else _worded(self._hidden(active).items())
        return Verification(_as_data(active), [*_worded(doubts), *hidden], is_hidden=bool(hidden))

    def lift(self, name: str) -> Verification:
        """Lift a fault, then measure those that it has hidden.

        Raises:
            EngineError: it cannot be lifted or measured; it may still be active.
        """
        with self._lock:
            lifted = self._active.pop(name)
            self._shape()
            judge = self._as_alone(lifted.fault, proof.not_gone)
            after, wrong = self._measure_until_sure(lifted.before, judge)
            doubts = _worded(wrong)
            doubts += [f"never seen active: {why}" for why in _worded(lifted.unseen.items())]
            if lifted.fault.effect.blocks:
                self._measure_uncovered()
                doubts += self._measure_lifted()
            if hidden := self._hidden(lifted).keys():
                self._lifted.append((lifted, set(hidden)))
            return Verification(_as_data(lifted, after), doubts)

    def _as_alone(
        self,
        fault: Fault,
        judged: Callable[[Effect, Measured, Reading], str],
        beside: Mapping[Link, Effect] | None = None,
    ) -> Judge:
        """Return what judges a link by a fault and those beside it, by default the active ones."""
        effects, mechanisms = self._effects(), self.network.mechanisms()
        around = effects if beside is None else beside

        def judge(link: Link, probe: Probe, before: Measured, now: Measured) -> str:
            if not _both_ran(before):
                return ""
            others, back = around.get(link, CLEAR), effects.get(_back(link), CLEAR)
            return judged(fault.effect, before, Reading(others, probe, now, mechanisms, back))

        return judge

    # Faults that another one hides

    def _hidden(self, active: ActiveFault) -> dict[Link, str]:
        """Return the links on which another fault hides one now, and which fault does.

        The latter is empty if the hidden fault does no more than the other.
        """
        does_more = not active.fault.effect.blocks
        return {
            link: f"hidden by {other.fault.name}" if does_more else ""
            for other in self.active
            if other is not active and other.fault.effect.blocks
            for link in sorted(active.fault.links & other.fault.links)
        }

    def _measure_uncovered(self) -> None:
        """Measure active faults on links where they were hidden until now."""
        for active in self.active:
            self._measure_links(active.unseen.keys() - self._hidden(active).keys(), active)

    def _measure_lifted(self) -> list[str]:
        """Measure lifted faults on links where it was hidden until now that they are gone."""
        found: list[str] = []
        waiting, self._lifted = self._lifted, []
        for lifted, links in waiting:
            hidden = links & self._hidden(lifted).keys()
            before = _on_links(links - hidden, lifted.before)
            _, doubts = self._measure_until_sure(
                before, self._as_alone(lifted.fault, proof.not_gone)
            )
            found += [f"{lifted.fault.name} is not gone: {what}" for what in _worded(doubts)]
            if hidden:
                self._lifted.append((lifted, hidden))
        return found

    def refresh(self) -> None:
        """Apply the active faults to restarted peers, too."""
        with self._lock:
            if self._active:
                self.network.refresh()

    def _refuse_unsupported(self, fault: Fault) -> None:
        lacks = self.network.unsupported()
        for feature in fault.effect.features:
            if feature in lacks:
                raise EngineError(f"{fault.kind} {fault.phrase}: not here: {lacks[feature]}")

    def _effects(self) -> dict[Link, Effect]:
        return by_link(active.fault for active in self.active)

    def _shape(self) -> None:
        self.network.shape(self._effects())

    def _probes(self, fault: Fault) -> list[Probed]:
        mechanisms, beside = self.network.mechanisms(), self._effects()
        return [
            (link, replace(probe, network=path))
            for link in sorted(fault.links)
            for path in self.network.paths(link)
            for probe in proof.probes_for(fault.effect, mechanisms, beside.get(link, CLEAR))
        ]

    def _measure_before(
        self, fault: Fault, beside: Mapping[Link, Effect]
    ) -> Mapping[Probed, Measured]:
        """Return what is measured before a fault; again as long as it looks like the fault."""
        probes, mechanisms = self._probes(fault), self.network.mechanisms()
        deadline = time.monotonic() + self._patience

        def looks_like_it(probed: Probed, measured: Measured) -> bool:
            link, probe = probed
            others = beside.get(link, CLEAR)
            reading = Reading(others, probe, measured, mechanisms)
            return bool(proof.resemblance(fault.effect, reading))

        found: dict[Probed, Measured] = {}
        alike = probes
        for tries in itertools.count(1):
            found |= self._measure(alike)
            alike = [probed for probed in found if looks_like_it(probed, found[probed])]
            alike = [probed for probed in alike if _both_ran(found[probed])]
            if not alike or (tries >= self._tries and time.monotonic() > deadline):
                break
        return found

    def _measure_until_sure(
        self, before: Mapping[Probed, Measured], judge: Judge
    ) -> tuple[Mapping[Probed, Measured], list[Doubt]]:
        """Return what is measured now, and what is wrong; doubtful links are measured again.

        On a lossy link each probe may mislead by chance, and one alone may take longer than the
        patience: hence a number of tries as well, and none for links that were seen to be right.
        """
        deadline = time.monotonic() + self._patience
        found: dict[Probed, Measured] = {}
        doubts: list[Doubt] = []
        for tries in itertools.count(1):
            doubtful = {link for link, _ in doubts}
            found |= self._measure(_on_links(doubtful, before) if doubts else before)
            doubts = _doubts(before, found, judge)
            if not doubts or (tries >= self._tries and time.monotonic() > deadline):
                break
        return found, doubts

    def _measure(self, probes: Iterable[Probed]) -> dict[Probed, Measured]:
        """Send probes over all links at once, over one link one after the other."""
        on_link: dict[Link, list[Probe]] = {}
        for link, probe in probes:
            on_link.setdefault(link, []).append(probe)
        found: dict[Probed, Measured] = {}
        effects = self._effects()
        for row in zip_longest(*on_link.values()):
            sent = {link: probe for link, probe in zip(on_link, row, strict=True) if probe}
            arrived = self.network.measure(
                {link: _patient(probe, effects, link) for link, probe in sent.items()}
            )
            found |= {(link, sent[link]): measured for link, measured in arrived.items()}
        return found

    def close(self) -> None:
        """Lift all faults without measuring."""
        with self._lock:
            self._active.clear()
            self._lifted.clear()
            self.network.close()


def _doubts(
    before: Mapping[Probed, Measured], now: Mapping[Probed, Measured], judge: Judge
) -> list[Doubt]:
    """Return what a judge finds wrong, link by link."""
    return [
        (link, what)
        for (link, probe), measured in now.items()
        if _both_ran(measured) and (what := judge(link, probe, before[link, probe], measured))
    ]


def _worded(doubts: Iterable[Doubt]) -> list[str]:
    return [f"{one} to {other}: {what}" for (one, other), what in doubts if what]


def _on_links(links: Collection[Link], of: Mapping[Probed, Measured]) -> dict[Probed, Measured]:
    return {(link, probe): found for (link, probe), found in of.items() if link in links}


def _both_ran(measured: Measured) -> bool:
    return measured.error != NOT_RUNNING


def _back(link: Link) -> Link:
    return link[1], link[0]


def _patient(probe: Probe, effects: Mapping[Link, Effect], link: Link) -> Probe:
    """Return the probe with time for retransmissions if it is a stream over a lossy link."""
    both = [effects.get(way, CLEAR) for way in (link, _back(link))]
    is_lossy = any(effect.loss for effect in both) and not any(effect.cut for effect in both)
    if probe.what == "stream" and is_lossy:
        return replace(probe, patience=max(probe.patience, _RETRANSMITTED_WITHIN))
    return probe


def _as_data(
    active: ActiveFault, after: Mapping[Probed, Measured] | None = None
) -> list[dict[str, Any]]:
    rows = []
    for (link, probe), before in active.before.items():
        row: dict[str, Any] = {"link": list(link), "what": probe.what, "before": before.as_data()}
        row |= {"network": probe.network} if probe.network else {}
        if (link, probe) in active.during:
            row["during"] = active.during[link, probe].as_data()
        if after is not None:
            row["after"] = after[link, probe].as_data()
        rows.append(row)
    return rows
