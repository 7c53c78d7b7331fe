"""Watch for what must not appear, while other steps run or to the end of a run.

Notices and lines are seen as they are read, whoever reads them. An operation is done again and
again beside the steps; each time it waits until no step uses that console.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from orchestrator.console.session import Notice
from orchestrator.errors import LabError
from orchestrator.history.entries import Outcome
from orchestrator.runner.calls import Caller, Counters, UnfilledError, is_as_wanted, typed
from orchestrator.runner.peers import PeerGroup, Watch
from orchestrator.runner.recording import Recorder, Wanted
from orchestrator.scenario.calls import CallStep
from orchestrator.scenario.steps import NeverStep


@dataclass(frozen=True)
class _Sight:
    """What appeared and must not, or may be that."""

    said: str
    at: float  # on `time.monotonic`
    is_certain: bool = True


class _Recorded:
    """A watch at one peer, recorded as one operation from its beginning to its end."""

    def __init__(self, peers: PeerGroup, at: str, step: NeverStep) -> None:
        self._peers, self._at, self._history = peers, at, peers.history
        self._sight: _Sight | None = None
        wanted = Wanted({"outcome": "ok"})
        self._number = Recorder(peers).invoke(at, "never", wanted, **step.given)

    def _see(self, sight: _Sight) -> None:
        """Note what was seen, unless something was that is more certain or as certain."""
        if self._sight is None or (sight.is_certain and not self._sight.is_certain):
            self._sight = sight

    def complete(self, otherwise: Outcome = "ok", **fields: object) -> None:
        """Record what was seen, or that it ended otherwise."""
        if sight := self._sight:
            seen = round(sight.at - self._history.started, 6)
            outcome: Outcome = "fail" if sight.is_certain else "info"
            self._history.complete(self._number, outcome, said=sight.said, seen=seen, **fields)
        else:
            self._history.complete(self._number, otherwise, **fields)


class _ShownWatch(_Recorded):
    """Watches for a notice, or another line that is no reply, at one peer."""

    def __init__(self, peers: PeerGroup, at: str, step: NeverStep) -> None:
        self._step = step
        with peers.locks[at]:
            peers.catch_up_at(at)  # what was shown before does not count
            super().__init__(peers, at, step)
            peers.sessions[at].watchers.append(self._look)

    def _look(self, notice: Notice) -> None:
        step = self._step
        if not any(step.matches(notice.kinds, it, notice.line) for it in notice.readings):
            return
        about = self._peers.peer_of(self._at, notice.fields)
        if self._step.of in (None, about):
            self._see(_Sight(notice.line, notice.at))
        elif self._peers.may_be_about(self._at, notice.fields, self._step.of):
            self._see(_Sight(f"{notice.line!r} may be that", notice.at, is_certain=False))

    def end(self) -> None:
        """Record whether it has appeared."""
        with self._peers.locks[self._at]:
            self._peers.catch_up_at(self._at)
            self.abandon()
        self.complete()

    def abandon(self) -> None:
        """Watch no longer."""
        with contextlib.suppress(ValueError):
            self._peers.sessions[self._at].watchers.remove(self._look)


@dataclass
class _Poll:
    """The thread that repeats an operation."""

    thread: threading.Thread
    stop: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class _CallWatch(_Recorded):
    """Repeats an operation at one peer, which must not end as it says."""

    def __init__(
        self, peers: PeerGroup, at: str, step: NeverStep, call: CallStep, caller: Caller
    ) -> None:
        self._wants = typed(call.wants, peers.sessions[at].profile.operations[call.name])
        super().__init__(peers, at, step)
        self._call, self._caller = call, caller
        self._every = step.every
        self._answers = 0
        here = contextvars.copy_context()  # the operations belong to this step
        self._poll = _Poll(threading.Thread(target=here.run, args=(self._repeat,), daemon=True))
        self._poll.thread.start()

    def _repeat(self) -> None:
        """Do the operation at once, then again and again, and once more at the end."""
        poll = self._poll
        try:
            while True:
                is_last = poll.stop.is_set()
                self._ask()
                if is_last or self._sight:
                    return
                poll.stop.wait(self._every)
        except BaseException as error:  # noqa: BLE001 - raised where the watch ends
            poll.error = error

    def _ask(self) -> None:
        """Do the operation once, if the program runs."""
        if self._at in self._peers.ended or self._at in self._peers.paused:
            return
        name, arguments = self._call.name, self._call.arguments
        asked = CallStep(at=self._at, name=name, arguments=arguments, may_fail=True)
        outcome, said = self._caller.call(asked, None, is_patient=True)
        if self._at in self._peers.ended:  # since just now, so that this was no answer
            return
        self._answers += outcome != "info"
        if is_as_wanted(outcome, said, self._wants):
            self._see(_Sight(str(said.get("said", "")), time.monotonic()))

    def end(self) -> None:
        """Record whether it has ended so.

        Raises:
            LabError: the operation could not be repeated, so that the run cannot go on.
        """
        self.abandon()
        if self._poll.error:
            raise self._poll.error
        none = {} if self._answers else {"said": f"no {self._call.name} was answered"}
        self.complete("ok" if self._answers else "info", count=self._answers, **none)

    def abandon(self) -> None:
        """Repeat it no longer."""
        self._poll.stop.set()
        self._poll.thread.join()


class NeverSteps:
    """Does the steps `never` of one scenario. Thread-safe."""

    def __init__(self, peers: PeerGroup, caller: Caller) -> None:
        self._peers, self._caller = peers, caller

    def do(
        self,
        step: NeverStep,
        counters: Counters,
        wait: Callable[[float], None],
        meanwhile: Callable[[], None],
    ) -> None:
        """Watch for as long as a step says: to the end of the run if it does not.

        Raises:
            LabError: the run cannot go on.
        """
        if step.lasts is None and step.during is None:
            self._begin(step, counters)
            return
        with self.watching(step, counters):
            if step.lasts is not None:
                wait(step.lasts)
            else:
                meanwhile()

    @contextlib.contextmanager
    def watching(self, step: NeverStep, counters: Counters) -> Iterator[None]:
        """Watch during this block, also if a test's own error ends it: the run goes on then."""
        begun = self._begin(step, counters)
        try:
            yield
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, LabError):
                end_watches(self._peers, begun)
            raise  # else the run ends, and with it what is still watched
        end_watches(self._peers, begun)

    def _begin(self, step: NeverStep, counters: Counters) -> list[Watch]:
        begun = list[Watch]()
        for at in self._peers.named(step.at):
            try:
                begun.append(self._begin_at(at, self._filled(step, {**counters, "at": at})))
            except UnfilledError as error:
                _Recorded(self._peers, at, step).complete("fail", said=str(error))
            else:
                self._peers.watches.append(begun[-1])
        return begun

    def _begin_at(self, at: str, step: NeverStep) -> Watch:
        if step.call:
            return _CallWatch(self._peers, at, step, step.call, self._caller)
        return _ShownWatch(self._peers, at, step)

    def _filled(self, step: NeverStep, counters: Counters) -> NeverStep:
        """Return a step with the values that its placeholders have now."""
        if not step.call:
            return self._caller.filled(step, ("fields",), counters)
        keys = ("arguments", "expect", "shows", "says", "refused")
        return step.model_copy(update={"call": self._caller.filled(step.call, keys, counters)})


def end_watches(peers: PeerGroup, watches: list[Watch] | None = None) -> None:
    """End some watches, all by default, and record what was seen.

    Raises:
        LabError: the run cannot go on.
    """
    for watch in [*(peers.watches if watches is None else watches)]:
        peers.watches.remove(watch)
        watch.end()


def abandon_watches(peers: PeerGroup) -> None:
    """Stop watching; nothing is recorded."""
    while peers.watches:
        peers.watches.pop().abandon()
