"""Streams between local processes, bent by a relay that dialling peers are pointed to.

Processes share this machine's network, which the lab never touches: what would take
packets away or slow them is refused. A connection that a peer has already stays as it is.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence

from orchestrator.engines.base import Lapse, Network, Peer
from orchestrator.engines.process.sidecar import ProcessSidecar
from orchestrator.engines.sidecar import probing, rules
from orchestrator.engines.sidecar.probing import Route
from orchestrator.engines.sidecar.rules import Rules
from orchestrator.errors import EngineError
from orchestrator.faults.effect import CLEAR, Effect, Link
from orchestrator.faults.kinds import PROCESSES_LACK
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe

_MEANS = {"stream": "relay"}
_NOTE = (
    "streams are bent by a relay to which a peer is pointed when it dials:"
    " connections made before stay as they were"
)
_HOST = "127.0.0.1"  # where the relay and the probes listen
_PROBES_FROM = "127.254"  # of addresses from which the relay dials for probes: one for each


class ProcessNetwork(Network):
    """The network between some local processes.

    Args:
        peers: between which it is.
        environment: of the sidecar; it carries the run's mark.

    Attributes:
        is_closed: whether it was closed; it is of no more use then.
    """

    def __init__(self, peers: Sequence[Peer], environment: Mapping[str, str]) -> None:
        self._peers = {peer.name: peer for peer in peers}
        self._environment = environment
        self._lock = threading.RLock()
        self.is_closed = False
        self._effects: dict[Link, Effect] = {}
        self._listening: dict[Link, int] = {}  # ports of the relay, for each who dials whom
        self._sidecar: ProcessSidecar | None = None
        self._told: list[Lapse] = []

    def mechanisms(self) -> Mapping[str, str]:
        """Return what the relay can do."""
        return _MEANS

    def unsupported(self) -> Mapping[str, str]:
        """Return what cannot be done without a network of each peer's own."""
        return PROCESSES_LACK

    def notes(self) -> Mapping[str, str]:
        """Return on which connections it works."""
        return {"stream": _NOTE}

    def shape(self, effects: Mapping[Link, Effect]) -> None:
        """Have the relay listen for who dials over links that are bent."""
        for link, effect in effects.items():
            self._known(*link)
            for feature in effect.features:
                if feature not in _MEANS:
                    why = PROCESSES_LACK.get(feature, "nobody knows how")
                    raise EngineError(f"{feature} cannot be done here: {why}")
        with self._lock:
            self._effects = {link: each for link, each in effects.items() if each != CLEAR}
            if self._effects or self._sidecar:
                self._set({})

    def _known(self, *names: str) -> None:
        for name in names:
            if name not in self._peers:
                raise EngineError(f"{name} is no peer of this network")

    def _links(self) -> list[Link]:
        """Return who dials whom over a connection that is bent."""
        return sorted({link for one, other in self._effects for link in ((one, other), (other, one))
                       if rules.for_stream(self._effects, *link, _MEANS)})  # fmt: skip

    def _entry(self, link: Link) -> Rules:
        """Return the relay's entry for those who dial over a link."""
        dialler, other = (self._peers[name] for name in link)
        bends = rules.for_stream(self._effects, *link, _MEANS)
        return {"from": dialler.source, "to": other.address, "port": other.port} | bends

    def _set(self, probes: Mapping[Link, Rules]) -> dict[str, int]:
        """Have the relay hold what is to hold, and entries for probes; return its ports."""
        entries = {link: self._entry(link) for link in self._links()}
        held = rules.nothing() | {"relay": [*entries.values(), *probes.values()]}
        found: dict[str, int] = self._brought().ask("set", rules=held).get("listening", {})
        self._listening = {link: found[_key(entry)] for link, entry in entries.items()}
        return found

    def _brought(self) -> ProcessSidecar:
        """Return the sidecar; start one if there is none, or none any more."""
        if self.is_closed:
            raise EngineError("this network was closed")
        self._look()
        if self._sidecar is None:
            self._sidecar = ProcessSidecar(self._environment)
        return self._sidecar

    def _look(self) -> None:
        """Note it where the sidecar was ended by somebody else."""
        if self._sidecar and self._sidecar.ended:
            self._told.append(Lapse("the relay was ended: connections that it carried are lost"))
            self._let_go()

    def _let_go(self) -> None:
        if self._sidecar:
            self._sidecar.close()
        self._sidecar = None

    def refresh(self) -> None:
        """Do nothing: a process that is started again has its old address."""

    def measure(self, probes: Mapping[Link, Probe]) -> dict[Link, Measured]:
        """Send streams through the relay as it bends what peers dial now; packets cannot be."""
        for link, probe in probes.items():
            self._known(*link)
            if probe.what != "stream":
                raise EngineError(f"packets cannot be probed here: {PROCESSES_LACK['cut']}")
        running = {link: probe for link, probe in probes.items() if self._runs(link)}
        nothing = Measured(sent=0, arrived=0, error=NOT_RUNNING)
        return dict.fromkeys(probes, nothing) | (self._measure(running) if running else {})

    def _runs(self, link: Link) -> bool:
        return all(self._peers[name].status().state in ("running", "paused") for name in link)

    def _measure(self, probes: Mapping[Link, Probe]) -> dict[Link, Measured]:
        with self._lock:
            sidecar = self._brought()
            port = int(sidecar.ask("listen")["stream"])
            entries = self._probed(list(probes), port)
            try:
                found = self._set(entries)
                ports = {link: found[_key(entry)] for link, entry in entries.items()}
                routes = {
                    link: Route(sidecar, sidecar, _HOST, ports.get(link, port)) for link in probes
                }
                return probing.measure(routes, probes)
            finally:
                with contextlib.suppress(EngineError):
                    self._set({})

    def _probed(self, links: Sequence[Link], port: int) -> dict[Link, Rules]:
        """Return entries that bend probes as what peers dial over bent links is."""
        entries: dict[Link, Rules] = {}
        for count, link in enumerate(links):
            bends = rules.for_stream(self._effects, *link, _MEANS)
            source = f"{_PROBES_FROM}.{count // 250}.{count % 250 + 1}"
            if bends:
                entries[link] = {"from": source, "to": _HOST, "port": port} | bends
        return entries

    def lapses(self) -> list[Lapse]:
        """Return whether the relay was ended by somebody else."""
        with self._lock:
            self._look()
            told, self._told = self._told, []
            return told

    def dialled(self, dialler: str, to: str) -> tuple[str, int]:
        """Return where the relay listens for a link that is bent, else the peer itself."""
        self._known(dialler, to)
        port = self._listening.get((dialler, to))
        return (_HOST, port) if port else (self._peers[to].address, self._peers[to].port)

    def close(self) -> None:
        """End the sidecar, and with it the connections that its relay carries."""
        with self._lock:
            self.is_closed = True
            self._effects, self._listening = {}, {}
            self._let_go()


def _key(entry: Rules) -> str:
    """Return what the sidecar calls an entry where it tells the ports."""
    return f"{entry['from']}>{entry['to']}:{entry['port']}"
