"""Injects and lifts the faults of a run; each is recorded as an operation with its proof."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from orchestrator.console.session import Session
from orchestrator.engines.base import Say
from orchestrator.engines.status import Status
from orchestrator.errors import SessionError, first_line
from orchestrator.faults.effect import Fault
from orchestrator.faults.kinds import LIFTED_BY
from orchestrator.history.timing import PROVING, WAITING, Stopwatch
from orchestrator.runner.outcomes import Completion
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.recording import Recorder
from orchestrator.runner.verify import FaultVerifier, Verification
from orchestrator.scenario.values import ALL

_END_WITHIN = 10.0  # seconds from SIGTERM until a program must have ended
_DRAINED_WITHIN = 5.0  # seconds from a program's end until its console is read

Given = TypeVar("Given")


class FaultInjector:
    """Injects and lifts faults. Thread-safe.

    Args:
        peers: the peers.
        verifier: applies faults of the network, and measures them.
        stopwatch: counts the time that takes.
        say: told what is measured.
    """

    def __init__(
        self,
        peers: PeerGroup,
        verifier: FaultVerifier,
        stopwatch: Stopwatch,
        say: Say = lambda _: None,
    ) -> None:
        self.network = verifier.network  # the network between the peers
        self._peers, self._verifier, self._stopwatch = peers, verifier, stopwatch
        self._say = say
        self._history, self._recorder = peers.history, Recorder(peers)
        self._active_since: dict[str, Fault] = {}  # by name, since lapses were recorded last

    # The network

    def new_name(self, kind: str) -> str:
        """Return a free name for a fault of the network."""
        return self._verifier.new_name(kind)

    def apply(self, fault: Fault) -> None:
        """Inject a fault of the network."""
        mechanisms, fault = self.network.mechanisms(), self.network.opened(fault)
        fields = {
            "says": fault.phrase,
            "links": sorted(map(list, fault.links)),
            "means": {feature: mechanisms.get(feature, "") for feature in fault.effect.features},
        }
        self._active_since[fault.name] = fault
        self._say(f"applying and measuring {fault.phrase}")
        work = functools.partial(self._proven, self._verifier.apply, fault)
        self._recorder.fault("", fault.kind, work, fault=fault.name, **fields)

    def lift(self, verb: str, name: str) -> None:
        """Lift one fault of the network, or all that a verb lifts, newest first.

        Args:
            verb: `heal` or `restore`; empty for both.
            name: the fault's; `all` for every one.
        """
        for active in reversed(self._verifier.active):
            fault = active.fault
            lifting = LIFTED_BY[fault.kind]
            if name in (ALL, fault.name) and verb in ("", lifting):
                self._say(f"lifting {fault.phrase}, and measuring again")
                work = functools.partial(self._proven, self._verifier.lift, fault.name)
                self._recorder.fault("", lifting, work, fault=fault.name, says=fault.phrase)
        self._record_lapses()

    def _proven(self, measure: Callable[[Given], Verification], what: Given) -> Completion:
        with self._stopwatch.measure(PROVING):
            return _verified(measure(what))

    def _record_lapses(self) -> None:
        """Record what has lapsed, with the faults that it was a part of."""
        for lapse in self.network.lapses():
            names = [
                fault.name
                for fault in self._active_since.values()
                if not lapse.peer or any(lapse.peer in link for link in fault.links)
            ]
            self._history.lab("lapse", said=str(lapse), faults=names)
        self._active_since = {active.fault.name: active.fault for active in self._verifier.active}

    # Peers

    def kill(self, at: str) -> None:
        """Kill a peer without warning."""
        self._end("kill", at, self._peers.sessions[at].peer.kill)

    def stop(self, at: str) -> None:
        """Ask a peer to end with a signal, not at its console."""
        session = self._peers.sessions[at]
        self._end("stop", at, lambda: session.peer.stop(session.slowness))

    def _end(self, verb: str, at: str, end: Callable[[], None]) -> None:
        peer = self._peers.sessions[at].peer

        def work() -> Completion:
            before = peer.status()
            if before.state not in ("running", "paused"):
                return "fail", {"said": f"{at} does not run: {before.phrase}"}
            end()
            status = peer.await_end(_END_WITHIN)
            if status.state == "exited":
                self._peers.paused.discard(at)
                with self._peers.locks[at]:
                    self._peers.drain(at, _DRAINED_WITHIN)
            fields = {"state": status.state, "status": status.exit_status}
            return _ended(before, status, "exited", fields)

        self._recorder.fault(at, verb, work)

    def pause(self, at: str) -> None:
        """Pause a peer."""
        self._freeze("pause", at, "paused")

    def resume(self, at: str) -> None:
        """Resume a paused peer."""
        self._freeze("resume", at, "running")

    def _freeze(self, verb: str, at: str, wanted: str) -> None:
        peer = self._peers.sessions[at].peer

        def work() -> Completion:
            before = peer.status()
            getattr(peer, verb)()
            during = peer.status()
            if during.state == "paused":
                self._peers.paused.add(at)
            else:
                self._peers.paused.discard(at)
            return _ended(before, during, wanted, {})

        self._recorder.fault(at, verb, work)

    def is_still(self, verb: str, at: str) -> bool:
        """Return whether a peer is still as `kill`, `stop` or `pause` has left it."""
        state = self._peers.sessions[at].peer.status().state
        return state == ("paused" if verb == "pause" else "exited")

    def start(self, at: str) -> None:
        """Restart a peer that has ended, and wait until it is ready.

        The active faults are applied to its network while it gets ready, and measured then.
        """

        def work() -> Completion:
            with self._peers.locks[at]:
                old = self._peers.sessions[at]
                before = old.peer.status()
                if before.state in ("running", "paused"):
                    return "fail", {"said": f"{at} has not ended: it is {before.phrase}"}
                self._peers.drain(at, _DRAINED_WITHIN)
                old.close()
                blocked = old.peer.blocking()
                old.peer.start()
                new = old.again()
                self._peers.rejoin(new)
                try:
                    fields = self._reapply(at)
                finally:  # even if that fails: others use this peer next
                    said = self._await_ready(new)
            fields |= {"blocked": [one.phrase for one in blocked]} if blocked else {}
            if said:
                return "fail", {**fields, "said": said, "state": new.peer.status().state}
            fields |= {"listens": False} if new.peer.listens() is False else {}
            outcome, fields = _ended(before, new.peer.status(), "running", fields)
            if outcome == "ok" and (doubts := self._verifier.check_peer(at)):
                return "info", {**fields, "said": f"not proven since the start: {_first(doubts)}"}
            return outcome, fields

        self._recorder.fault(at, "start", work)

    def _reapply(self, at: str) -> dict[str, Any]:
        """Reapply active faults to a restarted peer. Returns the `gap` in seconds, if any."""
        began = time.monotonic()
        self._verifier.refresh()
        gap = round(time.monotonic() - began, 3)
        return {"gap": gap} if gap and self._verifier.affects(at) else {}

    def _await_ready(self, session: Session) -> str:
        """Wait until a restarted peer is ready. Returns why it is not."""
        name = session.peer.name
        try:
            with self._stopwatch.measure(WAITING):
                session.await_ready()
        except SessionError as error:
            self._peers.ended.add(name)
            return first_line(error)
        self._peers.record_ready(name, warm=False)
        return ""

    # The end

    def lift_all(self) -> None:
        """Lift all faults of the network and resume paused peers; ended ones stay ended."""
        for at in sorted(self._peers.paused):
            self.resume(at)
        self.lift("", ALL)


def _verified(verification: Verification) -> Completion:
    fields: dict[str, Any] = {"proof": verification.proof}
    if verification.is_hidden:  # judged when it is lifted
        return "ok", {**fields, "hidden": verification.doubts}
    if verification.doubts:
        return "info", {**fields, "said": f"not proven: {_first(verification.doubts)}"}
    return "ok", fields


def _first(doubts: Sequence[str]) -> str:
    return doubts[0] + (f" (and {len(doubts) - 1} more)" if len(doubts) > 1 else "")


def _ended(before: Status, during: Status, wanted: str, fields: dict[str, Any]) -> Completion:
    proof: Sequence[dict[str, str]] = [{"before": before.phrase, "during": during.phrase}]
    if during.state != wanted:
        return "info", {**fields, "proof": proof, "said": f"not proven: it is {during.phrase}"}
    return "ok", {**fields, "proof": proof}
