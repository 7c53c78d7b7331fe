"""Streams between local processes, shaped by a relay that peers dial in place of each other.

Processes share this machine's network, which the lab never touches: faults of packets are
refused. Existing connections stay as they are.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence

from orchestrator.engines.base import Peer
from orchestrator.engines.network import Lapse, Network
from orchestrator.engines.process.sidecar import ProcessSidecar
from orchestrator.engines.sidecar import measuring, rules
from orchestrator.engines.sidecar.measuring import Route
from orchestrator.engines.sidecar.rules import Rules
from orchestrator.errors import EngineError
from orchestrator.faults.effect import CLEAR, Effect, Link
from orchestrator.faults.kinds import PROCESSES_LACK
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe

_MECHANISMS = {"stream": "relay"}
_NOTE = (
    "a relay shapes streams, and peers are sent to it when they dial:"
    " existing connections stay as they are"
)
_HOST = "127.0.0.1"  # where the relay and the probes listen
_PROBES_FROM = "127.254"  # addresses from which the relay dials for probes, one per link


class ProcessNetwork(Network):
    """The network between some local processes."""

    def __init__(self, peers: Sequence[Peer], environment: Mapping[str, str]) -> None:
        self._peers = {peer.name: peer for peer in peers}
        self._environment = environment
        self._lock = threading.RLock()
        self.is_closed = False  # whether it was closed and can be dropped
        self._effects: dict[Link, Effect] = {}
        self._listening: dict[Link, int] = {}  # the relay's ports, by dialler and dialled peer
        self._sidecar: ProcessSidecar | None = None
        self._unreported: list[Lapse] = []

    def mechanisms(self) -> Mapping[str, str]:
        """Return what the relay can do."""
        return _MECHANISMS

    def unsupported(self) -> Mapping[str, str]:
        """Return what cannot be done without a network namespace for each peer."""
        return PROCESSES_LACK

    def notes(self) -> Mapping[str, str]:
        """Return which connections the relay shapes."""
        return {"stream": _NOTE}

    def shape(self, effects: Mapping[Link, Effect]) -> None:
        """Have the relay listen for dials over shaped links."""
        for link, effect in effects.items():
            self._require_known(*link)
            for feature in effect.features:
                if feature not in _MECHANISMS:
                    why = PROCESSES_LACK.get(feature, "its relay does not know it")
                    raise EngineError(f"{feature} cannot be done here: {why}")
        with self._lock:
            self._effects = {link: effect for link, effect in effects.items() if effect != CLEAR}
            if self._effects or self._sidecar:
                self._set({})

    def _require_known(self, *names: str) -> None:
        for name in names:
            if name not in self._peers:
                raise EngineError(f"{name} is no peer of this network")

    def _links(self) -> list[Link]:
        return sorted({link for one, other in self._effects for link in ((one, other), (other, one))
                       if rules.for_stream(self._effects, *link, _MECHANISMS)})  # fmt: skip

    def _entry(self, link: Link) -> Rules:
        """Return the relay's entry for dials over a link."""
        dialler, other = (self._peers[name] for name in link)
        shapes = rules.for_stream(self._effects, *link, _MECHANISMS)
        return {"from": dialler.source, "to": other.address, "port": other.port} | shapes

    def _set(self, probes: Mapping[Link, Rules]) -> dict[str, int]:
        """Set the relay's entries for links and for probes; return its ports."""
        entries = {link: self._entry(link) for link in self._links()}
        wanted = rules.nothing() | {"relay": [*entries.values(), *probes.values()]}
        found: dict[str, int] = self._running().ask("set", rules=wanted).get("listening", {})
        self._listening = {link: found[_key(entry)] for link, entry in entries.items()}
        return found

    def _running(self) -> ProcessSidecar:
        if self.is_closed:
            raise EngineError("this network was closed")
        self._check()
        if self._sidecar is None:
            self._sidecar = ProcessSidecar(self._environment)
        return self._sidecar

    def _check(self) -> None:
        """Note if something else ended the sidecar."""
        if self._sidecar and self._sidecar.ended:
            self._unreported.append(
                Lapse("the relay was ended: connections that it relayed are lost")
            )
            self._let_go()

    def _let_go(self) -> None:
        if self._sidecar:
            self._sidecar.close()
        self._sidecar = None

    def refresh(self) -> None:
        """Do nothing: a restarted process has its old address."""

    def measure(self, probes: Mapping[Link, Probe]) -> dict[Link, Measured]:
        """Send streams through the relay as peers would; packets cannot be sent."""
        for link, probe in probes.items():
            self._require_known(*link)
            if probe.what != "stream":
                raise EngineError(f"packets cannot be probed here: {PROCESSES_LACK['cut']}")
        running = {link: probe for link, probe in probes.items() if self._runs(link)}
        missing = Measured(sent=0, arrived=0, error=NOT_RUNNING)
        return dict.fromkeys(probes, missing) | (self._measure(running) if running else {})

    def _runs(self, link: Link) -> bool:
        return all(self._peers[name].status().state in ("running", "paused") for name in link)

    def _measure(self, probes: Mapping[Link, Probe]) -> dict[Link, Measured]:
        with self._lock:
            sidecar = self._running()
            port = int(sidecar.ask("listen")["stream"])
            entries = self._probe_entries(list(probes), port)
            try:
                found = self._set(entries)
                ports = {link: found[_key(entry)] for link, entry in entries.items()}
                routes = {
                    link: Route(sidecar, sidecar, _HOST, ports.get(link, port)) for link in probes
                }
                return measuring.measure(routes, probes)
            finally:
                with contextlib.suppress(EngineError):
                    self._set({})

    def _probe_entries(self, links: Sequence[Link], port: int) -> dict[Link, Rules]:
        """Return entries that shape probes as the links themselves are shaped."""
        entries: dict[Link, Rules] = {}
        for number, link in enumerate(links):
            shapes = rules.for_stream(self._effects, *link, _MECHANISMS)
            source = f"{_PROBES_FROM}.{number // 250}.{number % 250 + 1}"
            if shapes:
                entries[link] = {"from": source, "to": _HOST, "port": port} | shapes
        return entries

    def lapses(self) -> list[Lapse]:
        """Return whether something else ended the relay."""
        with self._lock:
            self._check()
            lapses, self._unreported = self._unreported, []
            return lapses

    def dialled(self, dialler: str, to: str) -> tuple[str, int]:
        """Return the relay's port for a shaped link, else the peer itself."""
        self._require_known(dialler, to)
        port = self._listening.get((dialler, to))
        return (_HOST, port) if port else (self._peers[to].address, self._peers[to].port)

    def close(self) -> None:
        """End the sidecar, and with it the connections that it relays."""
        with self._lock:
            self.is_closed = True
            self._effects, self._listening = {}, {}
            self._let_go()


def _key(entry: Rules) -> str:
    """Return the name by which the sidecar reports an entry's port."""
    return f"{entry['from']}>{entry['to']}:{entry['port']}"
