"""The end of a run: messages on their way arrive, lists are read, peers' states recorded."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from typing import Any

from orchestrator import chat, checks
from orchestrator.cancel import CancelToken
from orchestrator.engines.base import Say
from orchestrator.history.entries import Entry
from orchestrator.history.timing import WAITING, Stopwatch
from orchestrator.profile import ENDS, Profile
from orchestrator.promises import STATES
from orchestrator.runner.calls import Caller
from orchestrator.runner.chat_driver import ChatDriver
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.timers import Timers
from orchestrator.runner.watching import end_watches
from orchestrator.scenario import EXITED, ListStep, Scenario
from orchestrator.scenario.calls import CallStep

_POLL = 0.01  # seconds between two looks at the consoles
_MAX_POLL = 0.2  # seconds; the same, while the lists keep differing
_MAX_EXTENSION = 60.0  # seconds
_JUDGING_SHARE = 5  # judging again waits so many times as long as it took


class Quiescence:
    """Waits until a run is quiet, and records its end."""

    def __init__(
        self,
        scenario: Scenario,
        peers: PeerGroup,
        say: Say,
        cancel: CancelToken,
        watch: Stopwatch,
        timers: Timers,
    ) -> None:
        self._timers = timers
        self._scenario, self._peers, self._say, self._cancel = scenario, peers, say, cancel
        self._watch = watch
        self._history = peers.history
        self._chat = ChatDriver(peers, scenario.limits, watch)
        self._caller = Caller(peers, watch, lambda _: cancel.check())

    def reach(self) -> None:
        """Wait until the run is quiet, then record every peer's list and state.

        Raises:
            LabError: the run was cancelled, or a peer does not answer.
        """
        with self._watch.measure(WAITING):
            self._say("waiting for messages on their way")
            quiet = self._wait_until_quiet()
            self._timers.wait(self._peers, self._cancel.pause)
            end_watches(self._peers)
            self._history.lab("settled", quiet=quiet, limit=self._scenario.limits.settle)
            self._peers.sockets.record()
            self._read_lists()
            self._read_states()
            self._peers.sockets.record()
            for name, session in self._peers.sessions.items():
                status = session.peer.status()
                state, exit_status = status.state, status.exit_status
                wants = self._wants(name)
                self._history.lab("ended", name, state=state, status=exit_status, wants=wants)

    def _wait_until_quiet(self) -> bool:
        """Read the consoles until nothing is missing; return False if time is up before."""
        # After faults, what is missing proves something only after a while.
        ripe = self._history.started + checks.ripe(self._history.entries)
        extension = min(_MAX_EXTENSION, ripe - time.monotonic())
        deadline = self._peers.clock() + max(self._scenario.limits.settle, extension)
        seen, judge_at = -1, 0.0
        while True:
            self._peers.catch_up()
            now = time.monotonic()
            is_last = self._peers.clock() >= deadline
            if len(self._history.entries) != seen and (is_last or now >= judge_at):
                seen = len(self._history.entries)
                if not checks.pending(self._history.entries):
                    return True
                judge_at = time.monotonic() + _JUDGING_SHARE * (time.monotonic() - now)
            if is_last:
                return False
            self._cancel.pause(_POLL)

    def _read_lists(self) -> None:
        """Read every list, again while two ends differ: one may not have noticed yet.

        Likewise while lists and sockets differ, for as long as a program may take to notice.
        """
        listing = [name for name, s in self._peers.sessions.items() if _lists(s.profile)]
        if not listing:
            return
        deadline = self._peers.clock() + self._scenario.limits.settle
        latest = max(deadline, self._peers.clock() + checks.LONGEST + _MAX_POLL)
        pause = _POLL
        while True:
            for name in filter(self._peers.is_responsive, listing):
                self._chat.read_list(ListStep(at=name))
            lists, held = checks.final(self._history.entries)
            now = self._peers.clock()
            differ = lists is not checks.Judgement.VALID and now < deadline
            undecided = held is checks.Judgement.UNKNOWN and now < latest
            if not (differ or undecided):
                return
            self._cancel.pause(pause)
            pause = min(2 * pause, _MAX_POLL)  # every look makes the history longer
            self._peers.catch_up()
            self._peers.sockets.note(*self._peers.sessions)

    def _read_states(self) -> None:
        """Ask what every peer knows in the end, again while they do not agree and have time.

        A promise about the end, such as that all see the same members, is judged by that.
        """
        promised = checks.promised_meanings(self._history.entries)
        sessions = self._peers.sessions.items()
        asked = {name: [*_states(session.profile, promised)] for name, session in sessions}
        if not any(asked.values()):
            return
        # After faults, what is missing proves something only after a while, as for what is pending.
        ripe = self._history.started + checks.ripe(self._history.entries) - time.monotonic()
        time_left = max(self._scenario.limits.settle, min(_MAX_EXTENSION, ripe))
        deadline, pause = self._peers.clock() + time_left, _POLL
        while True:
            is_last = self._peers.clock() >= deadline  # only what is asked later proves something
            for name in filter(self._peers.is_responsive, asked):
                for operation in asked[name]:
                    act = CallStep(at=name, name=operation, may_fail=True)
                    self._caller.call(act, {}, is_patient=True)
            is_open = checks.open_promises(self._history.entries)
            if not is_open or is_last:
                return
            self._cancel.pause(pause)
            pause = min(2 * pause, _MAX_POLL)
            self._peers.catch_up()

    def _wants(self, name: str) -> dict[str, Any]:
        """Return how a peer must end: as the scenario says, or as its last step left it."""
        if end := self._scenario.ends.get(name):
            return end.wants
        for entry in reversed(self._history.entries):
            if entry.type != "invoke" or entry.peer != name:
                continue
            match self._meaning(entry):
                case meaning if meaning == ENDS:
                    wants = entry.fields.get("wants", {})
                    return EXITED.wants | {k: v for k, v in wants.items() if k == "status"}
                case "kill" | "stop":
                    return EXITED.wants
                case "start":
                    break
        return {"state": "running"}

    def _meaning(self, entry: Entry) -> str:
        """Return what an operation is to its peer, or else its name."""
        own = self._peers.sessions[entry.peer].profile.operations.get(entry.verb)
        if own and own.means:
            return own.means
        return ENDS if entry.verb == chat.EXIT else entry.verb


def _states(profile: Profile, meanings: Collection[str]) -> Iterator[str]:
    """Yield the operations that tell what a program knows, and need nothing to be asked."""
    for name, operation in profile.operations.items():
        needs = [argument for argument in operation.takes.values() if not argument.optional]
        if operation.means in meanings and operation.means in STATES and not needs:
            yield name


def _lists(profile: Profile) -> bool:
    """Return whether a program can be asked for its connections."""
    return profile.vocabulary == "chat" and chat.LIST in profile.operations
