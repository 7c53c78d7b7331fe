"""Network faults between the peers of a lab, and the handles that lift faults."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, TypedDict, Unpack

from orchestrator.faults.kinds import LIFTED_BY, lifted_by
from orchestrator.pytest_plugin.lab_peer import FaultHandle, LabPeer, name_of
from orchestrator.pytest_plugin.lab_run import LabRun
from orchestrator.scenario import ALL

__tracebackhide__ = True  # a traceback ends in the test


class FaultLinks(TypedDict, total=False):
    """The links that a fault affects, in one of three ways, and the fault's name.

    Attributes:
        source: with `to`: only the direction from this peer.
        to: to this peer.
        between: both directions between any two of these peers.
        at: both directions of every link of this peer; `"all"` for every link.
        name: for lifting it; by default it is numbered: `impair 1`.
    """

    source: LabPeer | str
    to: LabPeer | str
    between: Sequence[LabPeer | str]
    at: LabPeer | str
    name: str


class Impairment(FaultLinks, total=False):
    """What an impairment does to packets: one thing or several.

    Attributes:
        loss: the share of packets that are dropped at random, such as `"20%"`.
        bandwidth: the limit, such as `"64 kB/s"`.
        delay: in seconds.
        jitter: seconds by which the delay varies, up and down.
    """

    loss: str
    bandwidth: str
    delay: float
    jitter: float


class StreamShape(FaultLinks, total=False):
    """What is done to TCP streams: one thing.

    Attributes:
        pieces: pass on so many bytes at a time.
        hold: hold bytes back for so many seconds, then pass them on in one go.
        delay: in seconds.
        jitter: seconds by which the delay varies, up and down.
        reset: reset a connection after so many bytes.
    """

    pieces: int
    hold: float
    delay: float
    jitter: float
    reset: int


class LabFaults(ABC):
    """Applies and lifts network faults.

    Each method returns once the fault is proven to be active, or to be gone. If it cannot be
    proven, it raises `NotAsWantedError`. If the engine does not support the fault, it raises
    `EngineError`, and nothing is done.
    """

    @property
    @abstractmethod
    def _current(self) -> LabRun:
        """The run."""

    def partition(
        self, *groups: Sequence[LabPeer | str], one_way: bool = False, name: str | None = None
    ) -> FaultHandle:
        """Drop all packets between peers of different groups.

        Peers in no group are not affected. With `one_way` and two groups, only packets from the
        first group to the second are dropped.
        """
        named = [[name_of(peer) for peer in group] for group in groups]
        return self._apply("partition", {"groups": named, "one_way": one_way, "as": name})

    def isolate(self, peer: LabPeer | str, *, name: str | None = None) -> FaultHandle:
        """Cut a peer off from all others."""
        return self._apply("isolate", {"at": name_of(peer), "as": name})

    def impair(self, **what: Unpack[Impairment]) -> FaultHandle:
        """Drop or delay packets, or limit the bandwidth; see `Impairment`."""
        return self._apply("impair", _as_step({**what}))

    def stream(self, **what: Unpack[StreamShape]) -> FaultHandle:
        """Change how the bytes of new connections arrive; see `StreamShape`."""
        return self._apply("stream", _as_step({**what}))

    def heal(self, fault: FaultHandle | str = ALL) -> None:
        """Lift all partitions and isolations, or one of them."""
        self._lift_some("heal", fault)

    def restore(self, fault: FaultHandle | str = ALL) -> None:
        """Lift all that `impair` and `stream` have done, or one of these faults."""
        self._lift_some("restore", fault)

    def _apply(self, verb: Literal["partition", "isolate", "impair", "stream"],
               fields: dict[str, Any]) -> FaultHandle:  # fmt: skip
        run = self._current
        if fields.get("as") in run.active_faults:
            raise ValueError(f"there is already a fault called {fields['as']!r}")
        (done,) = run.inject(verb, **fields)
        name = str(done.fields["fault"])

        def lift() -> None:
            run.inject(LIFTED_BY[verb], fault=name)

        return FaultHandle(name, lambda: name in run.active_faults, lift)

    def _lift_some(self, verb: str, fault: FaultHandle | str) -> None:
        name = fault if isinstance(fault, str) else fault.name
        kinds = lifted_by(verb)
        if name != ALL and self._current.active_faults.get(name) not in kinds:
            raise ValueError(f"there is no active {' or '.join(kinds)} called {name!r}")
        self._current.inject(verb, fault=name)


def _as_step(what: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a fault with the keys of a scenario."""
    ends: dict[str, Any] = {
        key: name_of(what[key]) for key in ("source", "to", "at") if key in what
    }
    if "between" in what:
        ends["between"] = [name_of(peer) for peer in what["between"]]
    known = {"source": "from", "name": "as"}
    return {known.get(key, key): value for key, value in (what | ends).items()}
