"""Lets faults of the network hold, proves that they do, and lifts them, with proof again."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

from orchestrator.engines.base import Network
from orchestrator.errors import EngineError
from orchestrator.faults import proof
from orchestrator.faults.effect import CLEAR, Effect, Fault, Link, by_link
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe

_SENT_AGAIN_WITHIN = 10.0  # seconds in which TCP gets through where a part of all is lost

_DOUBTED_FOR = 5.0  # seconds; long enough for a machine to have a moment that is less busy

Probed = tuple[Link, Probe]
"""A probe, and the link that it goes over."""

Judge = Callable[[Link, Probe, Measured, Measured], str]
"""Says what is amiss with a probe of a link, from what was measured before and now."""

Doubt = tuple[Link, str]
"""A link, and what is amiss with it."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was measured of a fault.

    Attributes:
        proof: each probe with what was measured, as the history has it.
        doubts: why the fault may not hold, or not be gone; empty when that is proven.
        is_hidden: whether other faults that hide it are all that speaks against it: it may be
            seen yet, once those are lifted.
    """

    proof: Sequence[dict[str, Any]]
    doubts: Sequence[str]
    is_hidden: bool = False


@dataclass(slots=True)
class Held:
    """A fault that holds, and what was measured of it so far.

    Attributes:
        fault: what it is.
        before: what was measured without it.
        during: what was measured of it last.
        unseen: links on which it was not seen yet, and why: another fault hides it there, or it
            was amiss once that was lifted. Empty where it does no more than what hides it.
    """

    fault: Fault
    before: Mapping[Probed, Measured] = field(default_factory=dict)
    during: Mapping[Probed, Measured] = field(default_factory=dict)
    unseen: dict[Link, str] = field(default_factory=dict)


class FaultVerifier:
    """The faults that hold on one network. Any thread may use it, one at a time does.

    Args:
        network: what is bent.
        held: faults that hold already.
        patience: seconds for which what looks amiss is measured again.
    """

    def __init__(
        self, network: Network, held: Iterable[Held] = (), patience: float = _DOUBTED_FOR
    ) -> None:
        self.network, self._patience = network, patience
        self._held = {each.fault.name: each for each in held}
        self._lifted: list[tuple[Held, set[Link]]] = []  # where another hid that they are gone
        self._lock = threading.RLock()
        self._given: Counter[str] = Counter()

    def new_name(self, kind: str) -> str:
        """Return a name for a fault that has none."""
        with self._lock:
            while True:
                self._given[kind] += 1
                name = f"{kind} {self._given[kind]}"
                if name not in self._held:
                    return name

    @property
    def held(self) -> list[Held]:
        """The faults that hold, oldest first."""
        return list(self._held.values())

    def apply(self, fault: Fault) -> Verification:
        """Let a fault hold, beside those that do already.

        Raises:
            EngineError: this network cannot do it, or nobody can tell; it may hold.
        """
        with self._lock:
            self._refuse_lacking(fault)
            if fault.name in self._held:
                raise EngineError(f"a fault called {fault.name!r} holds already")
            held = Held(fault)
            beside = self._effects()
            held.before = self._measure_before(fault, beside)
            self._held[fault.name] = held
            self._bend()
            held.unseen = self._hidden(held)
            effects, means = self._effects(), self.network.mechanisms()

            def judge(link: Link, probe: Probe, before: Measured, now: Measured) -> str:
                if not _run(before):
                    return ""
                others, back = beside.get(link, CLEAR), effects.get(_back(link), CLEAR)
                return proof.unproven(fault.effect, others, probe, before, now, means, back)

            return self._seen_to_hold(held, judge)

    def look(self, name: str) -> Verification:
        """Measure whether a fault that holds does so still.

        Raises:
            EngineError: nobody can tell.
        """
        with self._lock:
            return self._seen_to_hold(self._held[name], self._as_all_that_holds())

    def concerns(self, peer: str) -> bool:
        """Tell whether any fault holds on a link of a peer."""
        return any(peer in link for held in self.held for link in held.fault.links)

    def look_at(self, peer: str) -> list[str]:
        """Measure whether what holds on the links of a peer does so still; return what is doubted.

        Raises:
            EngineError: nobody can tell.
        """
        found: list[str] = []
        with self._lock:
            for held in self.held:
                links = {link for link in held.fault.links if peer in link}
                doubts = self._look_over(links, held)
                found += [f"{held.fault.name}: {what}" for what in _worded(doubts)]
        return found

    def _look_over(self, links: Collection[Link], held: Held) -> Sequence[Doubt]:
        """Measure a fault on some of its links, and note on which it was seen."""
        before = _over(links, held.before)
        found, doubts = self._measure_until_sure(before, self._as_all_that_holds())
        seen = {link for (link, _), now in found.items() if _run(now)} - self._hidden(held).keys()
        held.during = {**held.during, **found}
        held.unseen = {link: why for link, why in held.unseen.items() if link not in seen}
        held.unseen |= dict(reversed(doubts))  # of each link the first
        return doubts

    def _as_all_that_holds(self) -> Judge:
        effects, means = self._effects(), self.network.mechanisms()

        def judge(link: Link, probe: Probe, before: Measured, now: Measured) -> str:
            back = effects.get(_back(link), CLEAR)
            return proof.amiss(effects[link], probe, now, means, back, before)

        return judge

    def _seen_to_hold(self, held: Held, judge: Judge) -> Verification:
        held.during, doubts = self._measure_until_sure(held.before, judge)
        if not any(map(_run, held.during.values())):
            return Verification(_as_data(held), ["no link of it has both its ends running"])
        hidden = [] if doubts else _worded(self._hidden(held).items())
        return Verification(_as_data(held), [*_worded(doubts), *hidden], is_hidden=bool(hidden))

    def lift(self, name: str) -> Verification:
        """Let a fault hold no longer; then look at what it has hidden.

        Raises:
            EngineError: that cannot be done, or nobody can tell; it may hold still.
        """
        with self._lock:
            held = self._held[name]
            del self._held[name]
            self._bend()
            after, amiss = self._measure_until_sure(held.before, self._as_without(held.fault))
            doubts = _worded(amiss)
            doubts += [f"never seen to hold: {why}" for why in _worded(held.unseen.items())]
            if proof.vanishes(held.fault.effect):
                self._see_what_held()
                doubts += self._see_what_is_gone()
            if hidden := self._hidden(held).keys():
                self._lifted.append((held, set(hidden)))
            return Verification(_as_data(held, after), doubts)

    def _as_without(self, fault: Fault) -> Judge:
        effects, means = self._effects(), self.network.mechanisms()

        def judge(link: Link, probe: Probe, before: Measured, now: Measured) -> str:
            if not _run(before):
                return ""
            left, back = (effects.get(way, CLEAR) for way in (link, _back(link)))
            return proof.gone(fault.effect, left, probe, before, now, means, back)

        return judge

    # What another fault hides

    def _hidden(self, held: Held) -> dict[Link, str]:
        """Return the links on which another fault hides one now, and which does.

        Nothing is said of that where the hidden one does no more.
        """
        does_more = not proof.vanishes(held.fault.effect)
        return {
            link: f"hidden by {other.fault.name}" if does_more else ""
            for other in self.held
            if other is not held and proof.vanishes(other.fault.effect)
            for link in sorted(held.fault.links & other.fault.links)
        }

    def _see_what_held(self) -> None:
        """Look at faults on links where none could be seen, and now they can."""
        for held in self.held:
            self._look_over(held.unseen.keys() - self._hidden(held).keys(), held)

    def _see_what_is_gone(self) -> list[str]:
        """Look at lifted faults on links where nobody could see that they are gone, until now."""
        found: list[str] = []
        waiting, self._lifted = self._lifted, []
        for held, links in waiting:
            hidden = links & self._hidden(held).keys()
            before = _over(links - hidden, held.before)
            _, doubts = self._measure_until_sure(before, self._as_without(held.fault))
            found += [f"{held.fault.name} is not gone: {what}" for what in _worded(doubts)]
            if hidden:
                self._lifted.append((held, hidden))
        return found

    def refresh(self) -> None:
        """Let what holds do so at a peer as well that was started again."""
        with self._lock:
            if self._held:
                self.network.refresh()

    def _refuse_lacking(self, fault: Fault) -> None:
        lacks = self.network.unsupported()
        for feature in fault.effect.features:
            if feature in lacks:
                raise EngineError(f"{fault.kind} {fault.phrase}: not here: {lacks[feature]}")

    def _effects(self) -> dict[Link, Effect]:
        return by_link(each.fault for each in self.held)

    def _bend(self) -> None:
        self.network.shape(self._effects())

    def _probes(self, fault: Fault) -> list[Probed]:
        means, beside = self.network.mechanisms(), self._effects()
        return [
            (link, probe)
            for link in sorted(fault.links)
            for probe in proof.probes_for(fault.effect, means, beside.get(link, CLEAR))
        ]

    def _measure_before(
        self, fault: Fault, beside: Mapping[Link, Effect]
    ) -> Mapping[Probed, Measured]:
        """Return what is measured without a fault; what looks like it is measured again."""
        probes, means = self._probes(fault), self.network.mechanisms()
        deadline = time.monotonic() + self._patience

        def looks_like_it(probed: Probed, measured: Measured) -> bool:
            link, probe = probed
            others = beside.get(link, CLEAR)
            return bool(proof.already(fault.effect, others, probe, measured, means))

        while True:
            found = self._measure(probes)
            alike = [each for each in found if looks_like_it(each, found[each])]
            if not any(_run(found[each]) for each in alike) or time.monotonic() > deadline:
                return found

    def _measure_until_sure(
        self, before: Mapping[Probed, Measured], judge: Judge
    ) -> tuple[Mapping[Probed, Measured], list[Doubt]]:
        """Return what is measured now, and what is amiss; a busy machine has further chances."""
        deadline = time.monotonic() + self._patience
        while True:
            found = self._measure(before)
            doubts = _doubts(before, found, judge)
            if not doubts or time.monotonic() > deadline:
                return found, doubts

    def _measure(self, probes: Iterable[Probed]) -> dict[Probed, Measured]:
        """Send probes: over each link one at a time, over all links at once."""
        by_way: dict[Link, list[Probe]] = {}
        for link, probe in probes:
            by_way.setdefault(link, []).append(probe)
        found: dict[Probed, Measured] = {}
        effects = self._effects()
        for row in zip_longest(*by_way.values()):
            sent = {link: probe for link, probe in zip(by_way, row, strict=True) if probe}
            arrived = self.network.measure(
                {link: _patient(probe, effects, link) for link, probe in sent.items()}
            )
            found |= {(link, sent[link]): measured for link, measured in arrived.items()}
        return found

    def close(self) -> None:
        """Make every link straight, whatever holds."""
        with self._lock:
            self._held.clear()
            self._lifted.clear()
            self.network.close()


def _doubts(
    before: Mapping[Probed, Measured], now: Mapping[Probed, Measured], judge: Judge
) -> list[Doubt]:
    """Return what a judge, told of each probe before and now, finds amiss, link by link."""
    return [
        (link, what)
        for (link, probe), measured in now.items()
        if _run(measured) and (what := judge(link, probe, before[link, probe], measured))
    ]


def _worded(doubts: Iterable[Doubt]) -> list[str]:
    return [f"{one} to {other}: {what}" for (one, other), what in doubts if what]


def _over(links: Collection[Link], of: Mapping[Probed, Measured]) -> dict[Probed, Measured]:
    """Return what was measured over some links."""
    return {(link, probe): found for (link, probe), found in of.items() if link in links}


def _run(*measured: Measured) -> bool:
    """Tell whether both ends ran each time."""
    return all(each.error != NOT_RUNNING for each in measured)


def _back(link: Link) -> Link:
    return link[1], link[0]


def _patient(probe: Probe, effects: Mapping[Link, Effect], link: Link) -> Probe:
    """Return a probe that gives a stream the time that what was lost takes to come again."""
    ways = [effects.get(way, CLEAR) for way in (link, _back(link))]
    if probe.what == "stream" and any(way.loss for way in ways) and not any(w.cut for w in ways):
        return replace(probe, patience=max(probe.patience, _SENT_AGAIN_WITHIN))
    return probe


def _as_data(held: Held, after: Mapping[Probed, Measured] | None = None) -> list[dict[str, Any]]:
    rows = []
    for (link, probe), before in held.before.items():
        row: dict[str, Any] = {"link": list(link), "what": probe.what, "before": before.as_data()}
        if (link, probe) in held.during:
            row["during"] = held.during[link, probe].as_data()
        if after is not None:
            row["after"] = after[link, probe].as_data()
        rows.append(row)
    return rows
