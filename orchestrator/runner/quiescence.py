"""The end of a run: what is under way arrives, the last lists are taken, peers looked at."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from orchestrator import checks
from orchestrator.cancel import CancelToken
from orchestrator.engines.base import Say
from orchestrator.history.timing import WAITING, Stopwatch
from orchestrator.runner.operations import Operator
from orchestrator.runner.peers import PeerGroup
from orchestrator.scenario import EXITED, List, Scenario

_POLL = 0.01  # seconds between two looks at the consoles
_SLOWEST = 0.2  # seconds; the same, when the lists keep differing
_LONGEST_RIPENING = 60.0  # seconds
_SPARED = 5  # times as long as a judgement took, before the next one


class Quiescence:
    """Brings a run to its end.

    Args:
        script: says how peers must end.
        stage: the peers.
        say: told what is waited for.
        stop: ends it early.
        watch: measures what goes into waiting.
    """

    def __init__(
        self, script: Scenario, stage: PeerGroup, say: Say, stop: CancelToken, watch: Stopwatch
    ) -> None:
        self._script, self._stage, self._say, self._stop = script, stage, say, stop
        self._watch = watch
        self._history = stage.history
        self._perform = Operator(stage, script.limits, watch)

    def bring_about(self) -> None:
        """Wait until things are quiet, then record how everybody lists and ended.

        Raises:
            LabError: the run was stopped, or a peer does not answer.
        """
        with self._watch.measure(WAITING):
            self._say("waiting for what is under way")
            self._history.lab("settled", quiet=self._settle())
            self._take_lists()
            self._look_at_all()
        self._history.lab("over")

    def _settle(self) -> bool:
        """Take in what consoles show until nothing is missing, or time is up."""
        deadline = time.monotonic() + max(self._script.limits.settle, self._unripe())
        seen, spared = -1, 0.0
        while True:
            self._stage.catch_up()
            now = time.monotonic()
            is_last = now >= deadline
            if len(self._history.entries) != seen and (is_last or now >= spared):
                seen = len(self._history.entries)
                if not checks.pending(self._history.entries):
                    return True
                spared = time.monotonic() + _SPARED * (time.monotonic() - now)
            if is_last:
                return False
            self._stop.pause(_POLL)

    def _unripe(self) -> float:
        """Return the seconds until what is missing proves something, after faults."""
        ripe = self._history.started + checks.ripe(self._history.entries)
        return min(_LONGEST_RIPENING, ripe - time.monotonic())

    def _take_lists(self) -> None:
        """Take every list, again and again while the ends differ: one may just be told."""
        deadline = time.monotonic() + self._script.limits.settle
        pause = _POLL
        while True:
            for name in self._listing():
                self._perform.list(List(at=name))
            if self._agree() or time.monotonic() >= deadline:
                return
            self._stop.pause(pause)
            pause = min(2 * pause, _SLOWEST)  # every look makes the history longer
            self._stage.catch_up()

    def _agree(self) -> bool:
        verdict = checks.lists(self._history.entries)
        return verdict.judgement is checks.Judgement.VALID

    def _listing(self) -> list[str]:
        """Return who can be asked for a list: nobody waits for who is silent anyway."""
        return [
            name
            for name, session in self._stage.sessions.items()
            if "list" in session.profile.verbs and self._stage.answers(name)
        ]

    def _look_at_all(self) -> None:
        for name, session in self._stage.sessions.items():
            status = session.peer.status()
            self._history.lab(
                "ended",
                name,
                state=status.state,
                status=status.exit_status,
                wants=self._wants(name),
            )

    def _wants(self, name: str) -> dict[str, Any]:
        """Return how a peer must end: as the scenario says, or as the last step left it."""
        if end := self._script.ends.get(name):
            return end.wants
        for entry in reversed(self._history.entries):
            if entry.type != "invoke" or entry.peer != name:
                continue
            match entry.verb:
                case "exit":
                    return EXITED.wants | _status(entry.fields.get("wants", {}))
                case "kill" | "stop":
                    return EXITED.wants
                case "start":
                    break
        return {"state": "running"}


def _status(wants: Mapping[str, Any]) -> dict[str, Any]:
    return {"status": wants["status"]} if "status" in wants else {}
