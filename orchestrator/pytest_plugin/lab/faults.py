"""Faults of the network between a lab's peers, as a test gives them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, TypedDict, Unpack

from orchestrator.faults.kinds import LIFTED_BY, lifted_by
from orchestrator.pytest_plugin.lab.drive import Drive
from orchestrator.pytest_plugin.lab.holding import Holding
from orchestrator.pytest_plugin.lab.peer import Peer, name_of
from orchestrator.scenario import ALL


class Where(TypedDict, total=False):
    """The links that a fault is on, in one of three ways, and the fault's name.

    Attributes:
        source: from whom, with `to`: this direction alone.
        to: to whom, with `source`.
        between: both directions between any two of these.
        at: both directions of every link of this peer; `"all"` for every link.
        name: by which it can be lifted; else it is numbered: `impair 1`.
    """

    source: Peer | str
    to: Peer | str
    between: Sequence[Peer | str]
    at: Peer | str
    name: str


class Impairment(Where, total=False):
    """What an impairment does; one thing or several.

    Attributes:
        loss: the share of packets that vanish at random, such as `"20%"`.
        bandwidth: what fits through at most, such as `"64 kB/s"`.
        delay: seconds by which everything comes later.
        jitter: seconds by which the delay varies, up and down.
    """

    loss: str
    bandwidth: str
    delay: float
    jitter: float


class Bending(Where, total=False):
    """What is done to streams; one thing.

    Attributes:
        pieces: bytes that are passed on at a time.
        hold: seconds for which bytes are held back, then passed on in one go.
        delay: seconds by which bytes come later.
        jitter: seconds by which that varies, up and down.
        reset: bytes after which a connection is reset.
    """

    pieces: int
    hold: float
    delay: float
    jitter: float
    reset: int


class NetworkFaults(ABC):
    """What can be broken between peers.

    Each act returns once the fault is proven to hold, or to be gone. Whatever is not raises
    `NotAsWantedError`; what the engine cannot do raises `EngineError`, and nothing is done.
    """

    @property
    @abstractmethod
    def _under_way(self) -> Drive:
        """The run.

        Raises:
            RuntimeError: there is none.
        """

    def partition(
        self, *groups: Sequence[Peer | str], one_way: bool = False, name: str | None = None
    ) -> Holding:
        """Let peers reach each other only where some group has both.

        Who is in no group is not touched. With `one_way`, of two groups, only what goes from
        the first to the second vanishes.
        """
        __tracebackhide__ = True
        named = [[name_of(peer) for peer in group] for group in groups]
        return self._break("partition", {"groups": named, "one_way": one_way, "as": name})

    def isolate(self, peer: Peer | str, *, name: str | None = None) -> Holding:
        """Let a peer reach nobody, and nobody reach it."""
        __tracebackhide__ = True
        return self._break("isolate", {"at": name_of(peer), "as": name})

    def impair(self, **what: Unpack[Impairment]) -> Holding:
        """Let links lose packets, be slow, or let little through; see `Impairment`."""
        __tracebackhide__ = True
        return self._break("impair", _as_step({**what}))

    def stream(self, **what: Unpack[Bending]) -> Holding:
        """Let bytes of connections made from now on come in another way; see `Bending`."""
        __tracebackhide__ = True
        return self._break("stream", _as_step({**what}))

    def heal(self, fault: Holding | str = ALL) -> None:
        """Lift every partition and isolation, or one of them."""
        __tracebackhide__ = True
        self._mend("heal", fault)

    def restore(self, fault: Holding | str = ALL) -> None:
        """Lift everything that `impair` and `stream` have done, or one of it."""
        __tracebackhide__ = True
        self._mend("restore", fault)

    def _break(self, verb: Literal["partition", "isolate", "impair", "stream"],
               fields: dict[str, Any]) -> Holding:  # fmt: skip
        __tracebackhide__ = True
        drive = self._under_way
        if fields.get("as") in drive.held:
            raise ValueError(f"a fault called {fields['as']!r} holds already")
        (done,) = drive.disturb(verb, **fields)
        name = str(done.fields["fault"])

        def lift() -> None:
            __tracebackhide__ = True
            drive.disturb(LIFTED_BY[verb], fault=name)

        return Holding(name, lambda: name in drive.held, lift)

    def _mend(self, verb: str, fault: Holding | str) -> None:
        __tracebackhide__ = True
        name = fault if isinstance(fault, str) else fault.name
        kinds = lifted_by(verb)
        if name != ALL and self._under_way.held.get(name) not in kinds:
            raise ValueError(f"no {' or '.join(kinds)} called {name!r} holds")
        self._under_way.disturb(verb, fault=name)


def _as_step(what: dict[str, Any]) -> dict[str, Any]:
    """Return what a test has said of a fault with the keys of a scenario."""
    ends: dict[str, Any] = {
        key: name_of(what[key]) for key in ("source", "to", "at") if key in what
    }
    if "between" in what:
        ends["between"] = [name_of(peer) for peer in what["between"]]
    known = {"source": "from", "name": "as"}
    return {known.get(key, key): value for key, value in (what | ends).items()}
