"""Operations at consoles that any program can be asked for, recorded from beginning to outcome."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping

from orchestrator.console.session import Notice
from orchestrator.errors import NoAnswerError, PeerGoneError, first_line
from orchestrator.history.timing import WAITING, Stopwatch
from orchestrator.profile.operation import RAW
from orchestrator.runner import idle, outcomes
from orchestrator.runner.outcomes import Completion
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.recording import Recorder
from orchestrator.runner.rests import RestWatch
from orchestrator.scenario import TimeLimits, acts
from orchestrator.text import visible

_SLICE = 0.5  # seconds of a long wait between two checkpoints


class Operator:
    """Does what any program can be asked for, each operation with the lock of its console.

    Args:
        peers: the peers.
        limits: how long things may take.
        watch: measures the time spent waiting.
        checkpoint: called now and then during a long operation, with the peer whose console is
            in use; raises if the run must be broken off.
    """

    def __init__(
        self,
        peers: PeerGroup,
        limits: TimeLimits,
        watch: Stopwatch,
        checkpoint: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._peers, self._limits, self._watch = peers, limits, watch
        self._checkpoint = checkpoint
        self._recorder = Recorder(peers)

    def idle(self, act: acts.IdleStep) -> None:
        """Ask nothing of a peer, and measure how much of a processor its program uses."""
        session = self._peers.sessions[act.at]

        def work() -> Completion:
            with self._watch.measure(WAITING):
                return idle.measured(session, act.lasts, acts.MOST_WHEN_IDLE)

        self._recorder.at_console(act.at, "idle", act, work)

    def type(self, act: acts.TypeStep) -> None:
        """Type any line."""

        def work() -> Completion:
            reply = self._peers.ask(act.at, RAW, line=act.line)
            outcome, said = outcomes.completion(reply, whole=True)
            return outcome, {**said, "answered": outcomes.is_answered(reply)}

        self._recorder.at_console(act.at, "type", act, work, line=act.line)

    # Notices

    def expect(self, act: acts.ExpectStep) -> Mapping[str, str]:
        """Wait until a peer has shown something; return the named groups of that, if it came."""
        fields = {**act.given, **({"may_fail": True} if act.may_fail else {})}
        within = act.within or self._limits.expect
        shown: dict[str, str] = {}

        def is_such(notice: Notice) -> bool:
            return any(act.matches(notice.kinds, it, notice.line) for it in notice.readings)

        def is_wanted(notice: Notice) -> bool:
            return is_such(notice) and self._peers.may_be_about(act.at, notice.fields, act.of)

        def work() -> Completion:
            rest = RestWatch(self._peers)
            try:
                with self._watch.measure(WAITING), rest:
                    notice = self._await(act, is_wanted, time.monotonic() + within)
            except NoAnswerError:
                came = self._peers.sessions[act.at].last_unclaimed(act.kind, is_such)
                instead = f"; what came was {visible(came.line)}" if came else ""
                outcome, said = outcomes.failed(f"nothing of the kind within {within:g} s{instead}")
                return outcome, {**said, "limit": within, **rest.found}
            except PeerGoneError as error:  # everything that it had shown was looked at
                self._peers.ended.add(act.at)
                return outcomes.failed(first_line(error))
            shown.update(act.named(notice.fields, notice.line))
            return "ok", {"said": notice.line}

        self._recorder.at_console(act.at, "expect", None, work, **fields)
        return shown

    def record_untried(self, act: acts.ExpectStep, why: str) -> None:
        """Record that nothing was waited for."""
        work = functools.partial(outcomes.failed, why)
        self._recorder.at_console(act.at, "expect", None, work, **act.given)

    def _await(
        self, act: acts.ExpectStep, is_wanted: Callable[[Notice], bool], deadline: float
    ) -> Notice:
        session = self._peers.sessions[act.at]
        while True:
            left = deadline - time.monotonic()
            try:
                return session.await_notice(act.kind, is_wanted, min(left, _SLICE))
            except NoAnswerError:
                if left <= _SLICE:
                    raise
                self._checkpoint(act.at)
