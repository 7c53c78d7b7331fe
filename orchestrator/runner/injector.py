"""Does the faults of a run, each recorded as an operation, with its proof. See docs/faults.md."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from orchestrator.console.session import Session
from orchestrator.engines.base import Status
from orchestrator.errors import SessionError, first_line
from orchestrator.faults.effect import Fault
from orchestrator.faults.kinds import LIFTED_BY
from orchestrator.history.timing import PROVING, WAITING, Stopwatch
from orchestrator.runner.outcomes import Completion
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.recording import Recorder
from orchestrator.runner.verify import FaultVerifier, Verification
from orchestrator.scenario.values import ALL

_END_WITHIN = 10.0  # seconds from SIGTERM until a program must have ended: then it is killed
_DRAINED_WITHIN = 5.0  # seconds from a program's end until its console has

Given = TypeVar("Given")


class FaultInjector:
    """Lets faults hold and lifts them. Any thread may use it.

    Args:
        stage: the peers.
        breaker: what can be done to their network.
        watch: measures what goes into waiting.

    Attributes:
        network: what can be broken.
    """

    def __init__(self, stage: PeerGroup, breaker: FaultVerifier, watch: Stopwatch) -> None:
        self.network = breaker.network
        self._stage, self._breaker, self._watch = stage, breaker, watch
        self._history, self._recorder = stage.history, Recorder(stage)
        self._held_since: dict[str, Fault] = {}  # by name, what held since lapses were told last

    # The network

    def new_name(self, kind: str) -> str:
        """Return a name for a fault of the network that has none."""
        return self._breaker.new_name(kind)

    def break_network(self, fault: Fault) -> None:
        """Let a fault of the network hold."""
        means = self.network.mechanisms()
        fields = {
            "says": fault.phrase,
            "links": sorted(map(list, fault.links)),
            "means": {feature: means.get(feature, "") for feature in fault.effect.features},
        }
        self._held_since[fault.name] = fault
        work = functools.partial(self._proven, self._breaker.apply, fault)
        self._recorder.fault("", fault.kind, work, fault=fault.name, **fields)

    def mend_network(self, verb: str, name: str) -> None:
        """Lift one fault of the network, or all that this verb lifts, the last one first.

        Args:
            verb: as scenarios have it; empty for whichever it is.
            name: the fault's; `all` for every one.
        """
        for held in reversed(self._breaker.held):
            fault = held.fault
            lifting = LIFTED_BY[fault.kind]
            if name in (ALL, fault.name) and verb in ("", lifting):
                work = functools.partial(self._proven, self._breaker.lift, fault.name)
                self._recorder.fault("", lifting, work, fault=fault.name, says=fault.phrase)
        self._tell_lapses()

    def _proven(self, measure: Callable[[Given], Verification], what: Given) -> Completion:
        with self._watch.measure(PROVING):
            return _found(measure, what)

    def _tell_lapses(self) -> None:
        """Record what did not hold all the time, and of which faults it was a part."""
        for lapse in self.network.lapses():
            held = [
                fault.name
                for fault in self._held_since.values()
                if not lapse.peer or any(lapse.peer in link for link in fault.links)
            ]
            self._history.lab("lapse", said=str(lapse), faults=held)
        self._held_since = {held.fault.name: held.fault for held in self._breaker.held}

    # Peers

    def kill(self, at: str) -> None:
        """End a peer without warning."""
        self._end("kill", at)

    def stop(self, at: str) -> None:
        """Ask a peer to end, from outside: not at its console."""
        self._end("stop", at)

    def _end(self, verb: str, at: str) -> None:
        peer = self._stage.sessions[at].peer

        def work() -> Completion:
            before = peer.status()
            if before.state not in ("running", "paused"):
                return "fail", {"said": f"{at} does not run: {before.phrase}"}
            getattr(peer, verb)()
            status = peer.await_end(_END_WITHIN)
            if status.state == "exited":
                self._stage.paused.discard(at)
                with self._stage.locks[at]:
                    self._stage.drain(at, _DRAINED_WITHIN)
            told = {"state": status.state, "status": status.exit_status}
            return _seen(before, status, "exited", told)

        self._recorder.fault(at, verb, work)

    def pause(self, at: str) -> None:
        """Hold a peer still."""
        self._hold("pause", at, "paused")

    def resume(self, at: str) -> None:
        """Let a peer go on that was paused."""
        self._hold("resume", at, "running")

    def _hold(self, verb: str, at: str, wanted: str) -> None:
        peer = self._stage.sessions[at].peer

        def work() -> Completion:
            before = peer.status()
            getattr(peer, verb)()
            during = peer.status()
            if during.state == "paused":
                self._stage.paused.add(at)
            else:
                self._stage.paused.discard(at)
            return _seen(before, during, wanted, {})

        self._recorder.fault(at, verb, work)

    def is_still(self, verb: str, at: str) -> bool:
        """Tell whether a peer is as one of these has left it: kill, stop, pause."""
        state = self._stage.sessions[at].peer.status().state
        return state == ("paused" if verb == "pause" else "exited")

    def start(self, at: str) -> None:
        """Start a peer again that has ended; it is ready when this returns.

        What holds on its network is brought there while it gets ready, and seen to hold again.
        """

        def work() -> Completion:
            with self._stage.locks[at]:
                old = self._stage.sessions[at]
                before = old.peer.status()
                if before.state in ("running", "paused"):
                    return "fail", {"said": f"{at} has not ended: it is {before.phrase}"}
                self._stage.drain(at, _DRAINED_WITHIN)
                old.close()
                old.peer.start()
                new = old.again()
                self._stage.rejoin(new)
                try:
                    told = self._brought_to(at)
                finally:  # even if it cannot be brought: others turn to this peer next
                    said = self._await_ready(new)
            if said:
                return "fail", {"said": said}
            outcome, seen = _seen(before, new.peer.status(), "running", told)
            if outcome == "ok" and (doubts := self._breaker.look_at(at)):
                return "info", {**seen, "said": f"not proven since the start: {_first(doubts)}"}
            return outcome, seen

        self._recorder.fault(at, "start", work)

    def _brought_to(self, at: str) -> dict[str, Any]:
        """Let what holds do so at a peer that has just started; tell how long it did not."""
        began = time.monotonic()
        self._breaker.refresh()
        gap = round(time.monotonic() - began, 3)
        return {"gap": gap} if gap and self._breaker.concerns(at) else {}

    def _await_ready(self, session: Session) -> str:
        """Wait until a peer that was started again is ready; return why it is not."""
        name = session.peer.name
        try:
            with self._watch.measure(WAITING):
                session.await_ready()
        except SessionError as error:
            self._stage.ended.add(name)
            return first_line(error)
        self._stage.record_ready(name, warm=False)
        return ""

    # The end

    def lift_all(self) -> None:
        """Lift whatever holds; who was killed or stopped stays so."""
        for at in sorted(self._stage.paused):
            self.resume(at)
        self.mend_network("", ALL)


def _found(measure: Callable[[Given], Verification], what: Given) -> Completion:
    finding = measure(what)
    if finding.is_hidden:  # how it is lifted will tell
        return "ok", {"proof": finding.proof, "hidden": finding.doubts}
    if finding.doubts:
        return "info", {"proof": finding.proof, "said": f"not proven: {_first(finding.doubts)}"}
    return "ok", {"proof": finding.proof}


def _first(doubts: Sequence[str]) -> str:
    return doubts[0] + (f" (and {len(doubts) - 1} more)" if len(doubts) > 1 else "")


def _seen(before: Status, during: Status, wanted: str, told: dict[str, Any]) -> Completion:
    proof: Sequence[dict[str, str]] = [{"before": before.phrase, "during": during.phrase}]
    if during.state != wanted:
        return "info", {**told, "proof": proof, "said": f"not proven: it is {during.phrase}"}
    return "ok", {**told, "proof": proof}
