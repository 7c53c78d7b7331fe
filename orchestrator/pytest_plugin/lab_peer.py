"""One peer of a lab, and what a test can make it do."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Self

from orchestrator import chat
from orchestrator.faults.kinds import LIFTED_BY
from orchestrator.history.entries import Entry, row_text
from orchestrator.profile import Value
from orchestrator.pytest_plugin.lab_run import LabRun

__tracebackhide__ = True  # a traceback ends in the test


class FaultHandle:
    """An active fault. Used in a `with` statement, it is lifted at the end.

    Attributes:
        name: of the fault, or of the peer it was applied to.
    """

    def __init__(
        self, name: str, is_active: Callable[[], bool], lift: Callable[[], object]
    ) -> None:
        self.name = name
        self._is_active, self._lift = is_active, lift

    def __repr__(self) -> str:
        return f"<FaultHandle {self.name}>"

    def lift(self) -> None:
        """Lift the fault and prove that it is gone; does nothing if it was lifted already.

        Raises:
            NotAsWantedError: that failed, or could not be proven.
        """
        if self._is_active():
            self._lift()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None and not isinstance(error, Exception):
            return  # such as Ctrl-C: the end of the session lifts everything
        try:
            self.lift()
        except Exception as another:
            if error is None:
                raise
            error.add_note(f"and when {self.name} was lifted: {another}")


class CallResult:
    """How an operation ended; its results are attributes: `alice.get(key="x").value`.

    Attributes:
        ok: whether it happened.
        nil: whether the answer was that there is nothing.
        rows: the rows of the reply.
        said: the reply.
    """

    def __init__(self, entry: Entry) -> None:
        self.ok, self.nil = entry.type == "ok", entry.fields.get("nil") is True
        self.said = entry.text("said")
        self.rows = entry.rows
        self._results = entry.mapping("results")

    def __getattr__(self, name: str) -> Value:
        """Return a result."""
        results: Mapping[str, Value] = self.__dict__.get("_results", {})
        if name not in results:
            raise AttributeError(f"the reply {self.__dict__.get('said', '')!r} has no {name!r}")
        return results[name]

    def __repr__(self) -> str:
        return f"<CallResult {'ok' if self.ok else 'not done'}: {self.said!r}>"


class LabPeer:
    """One peer. Threads that use the same console wait for each other.

    Every method also says how the act must end: by default, it must succeed. With `refused`, the
    console must refuse it with an answer that contains that text; with `may_fail`, both are
    right. Any other end raises `NotAsWantedError` at once. Other peers are given as objects or by
    name.

    Attributes:
        name: as the test knows it.
        address: where other peers dial it.
        port: where it listens.
    """

    def __init__(self, run: LabRun, name: str) -> None:
        self._run = run
        self.name = name
        peer = run.peers.sessions[name].peer
        self.address: str = peer.address
        self.port: int = peer.port
        for operation in run.operations(name):  # they hide the methods of a chat
            setattr(self, operation, functools.partial(self.call, operation))

    if TYPE_CHECKING:

        def __getattr__(self, operation: str) -> Callable[..., CallResult]:
            """Return an operation of the program's own, as `call` does it."""

    def __repr__(self) -> str:
        return f"<LabPeer {self.name} at {self.address}:{self.port}>"

    # Acts

    def connect(
        self, other: LabPeer | str, *, refused: str | None = None, may_fail: bool = False
    ) -> bool:
        """Dial another peer; return whether the console confirms it."""
        done = self._act(chat.CONNECT, to=name_of(other), refused=refused, may_fail=may_fail)
        return done.type == "ok"

    def terminate(
        self, other: LabPeer | str, *, refused: str | None = None, may_fail: bool = False
    ) -> bool:
        """End the connection with another peer; return whether the console confirms it."""
        done = self._act(chat.TERMINATE, to=name_of(other), refused=refused, may_fail=may_fail)
        return done.type == "ok"

    def send(
        self,
        other: LabPeer | str,
        text: str,
        *,
        times: int = 1,
        refused: str | None = None,
        may_fail: bool = False,
    ) -> bool:
        """Send a message to another peer; return whether the last one was accepted.

        With `times`, it is sent so often without waiting for replies; `{n}` counts from 1.
        """
        to = name_of(other)
        done = self._act(
            chat.SEND, to=to, text=text, times=times, refused=refused, may_fail=may_fail
        )
        return done.type == "ok"

    def type(self, line: str, *, says: str | None = None, refused: str | None = None) -> str:
        """Type any line and return the answer.

        Without `says` or `refused`, the answer may be anything.
        """
        free = says is None and refused is None
        done = self._act("type", line=line, says=says, refused=refused, may_fail=free)
        return done.text("said")

    def list(self) -> list[str]:
        """Return the peers that it lists, in order; a stranger by address and port."""
        rows = self._act(chat.LIST).rows
        return [
            row_text(row, "peer") or f"{row_text(row, 'address')}:{row_text(row, 'port')}"
            for row in rows
        ]

    def exit(self, status: int = 0) -> None:
        """Type `exit` and wait until the program has ended with this status."""
        self._act(chat.EXIT, status=status)

    # Operations of the program's own vocabulary

    def call(self, operation: str, /, **given: object) -> CallResult:
        """Do an operation that the profile describes; `alice.put(key="x")` is the same for short.

        Args:
            operation: its name.
            given: its arguments, and how it must end: `expect`, `shows`, `nil`, `within`,
                `refused`, `says` and `may_fail` as in a scenario.

        Raises:
            NotAsWantedError: it ended otherwise.
            ValueError: it has no such argument, or one is missing.
        """
        return CallResult(self._act(operation, **given))

    def expect(
        self, notice: str, *, within: float | None = None, **fields: object
    ) -> Mapping[str, str]:
        """Wait until the peer shows this notice with these fields; return all its fields."""
        self._act("expect", notice=notice, fields=fields or None, within=within)
        return self._run.last_notice(self.name, notice)

    def eventually(
        self,
        operation: str,
        /,
        *,
        within: float | None = None,
        every: float | None = None,
        **given: object,
    ) -> CallResult:
        """Repeat an operation of the program's own until it ends as the other arguments say.

        Args:
            operation: its name; it must be one that changes nothing.
            within: seconds that this may take; by default the limit `expect`.
            every: seconds from one attempt to the next; 0.1 by default.
            given: its arguments, and how it must end: `expect`, `shows`, `nil`, `refused` and
                `says` as in a scenario.

        Returns how the last attempt ended.

        Raises:
            NotAsWantedError: it has not ended so in time.
            ValueError: it cannot be repeated, or has no such argument, or one is missing.
        """
        call = {key: value for key, value in given.items() if value is not None}
        act = {operation: call, "within": within, "every": every}
        return CallResult(self._act("eventually", **act))

    @contextlib.contextmanager
    def never(
        self,
        notice: str | None = None,
        *,
        call: str | None = None,
        sender: LabPeer | str | None = None,
        **what: object,
    ) -> Iterator[None]:
        """Watch the peer during a `with` block: it must not show this.

        Args:
            notice: a notice that must not come; `fields` may say more of it.
            call: an operation of the program's own that is repeated and must not end as the other
                arguments say: its own, and `expect`, `shows`, `nil`, `refused`, `says`.
            sender: the peer that the notice is about.
            what: `message`, `connected`, `closed`, `line`, … and `every` as in a scenario.

        Raises:
            NotAsWantedError: at the end of the block, if it has appeared.
            ValueError: that cannot be watched for.
        """
        act: dict[str, object] = {"at": self.name, "notice": notice}
        if sender is not None:
            act["from"] = name_of(sender)
        every = {"every": what.pop("every", None)}
        act |= {call: what} if call else what
        with self._run.never({**act, **every}):
            yield

    # Faults: each returns once its effect is proven

    def kill(self) -> FaultHandle:
        """Kill the program. Lifting the fault starts it again."""
        return self._fault("kill", "exited")

    def stop(self) -> FaultHandle:
        """End the program with SIGTERM. Lifting the fault starts it again."""
        return self._fault("stop", "exited")

    def start(self) -> None:
        """Start the program again at the same address, with no memory of before."""
        self._run.inject("start", at=self.name)

    def pause(self) -> FaultHandle:
        """Pause the program. Lifting the fault resumes it."""
        return self._fault("pause", "paused")

    def resume(self) -> None:
        """Resume the program after a pause."""
        self._run.inject("resume", at=self.name)

    def _fault(self, verb: str, state: str) -> FaultHandle:
        self._run.inject(verb, at=self.name)

        def is_active() -> bool:
            return not self._run.is_over and self._status == state

        def lift() -> None:
            self._run.inject(LIFTED_BY[verb], at=self.name)

        return FaultHandle(self.name, is_active, lift)

    @property
    def _status(self) -> str:
        return self._run.peers.sessions[self.name].peer.status().state

    # Expectations: each waits `within` seconds; by default, as long as the limit `expect`

    def expect_list(self, *others: LabPeer | str, within: float | None = None) -> None:
        """Wait until the peer lists exactly these."""
        limit = self._run.limits.expect if within is None else within
        self._act(chat.LIST, shows=[name_of(other) for other in others], within=limit)

    def expect_message(
        self, text: str, sender: LabPeer | str, *, within: float | None = None
    ) -> None:
        """Wait until the peer shows this message. Each message counts for one call."""
        self._expect(sender, within, message=text)

    def expect_connected(self, other: LabPeer | str, *, within: float | None = None) -> None:
        """Wait until the peer reports a connection from another one."""
        self._expect(other, within, connected=True)

    def expect_closed(self, other: LabPeer | str, *, within: float | None = None) -> None:
        """Wait until the peer reports the end of its connection with another one."""
        self._expect(other, within, closed=True)

    def expect_delivered(self, other: LabPeer | str, *, within: float | None = None) -> None:
        """Wait until the peer confirms that a message reached another one."""
        self._expect(other, within, delivered=True)

    def expect_undelivered(self, other: LabPeer | str, *, within: float | None = None) -> None:
        """Wait until the peer reports that a message did not reach another one."""
        self._expect(other, within, undelivered=True)

    def expect_line(self, pattern: str, *, within: float | None = None) -> str:
        """Wait until the peer shows a matching line that is no reply; return it."""
        return self._act("expect", line=pattern, within=within).text("said")

    def _expect(self, other: LabPeer | str, within: float | None, **what: object) -> None:
        self._act("expect", **{"from": name_of(other)}, within=within, **what)

    def _act(self, verb: str, **fields: object) -> Entry:
        return self._run.act(verb, at=self.name, **fields)

    # Output

    def transcript(self) -> tuple[str, ...]:
        """Return every line that the console has shown so far."""
        self._run.catch_up(self.name)
        return tuple(self._run.peers.sessions[self.name].transcript.screen())


def name_of(peer: LabPeer | str) -> str:
    """Return the name of a peer, given as an object or by name.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(peer, LabPeer | str):
        raise ValueError(f"a peer or its name is expected, not {peer!r}")  # noqa: TRY004 - as for wrong names
    return peer if isinstance(peer, str) else peer.name
