"""One peer, as a test drives it."""

from __future__ import annotations

from orchestrator.faults.kinds import LIFTED_BY
from orchestrator.history.entries import Entry, row_text
from orchestrator.pytest_plugin.lab.drive import Drive
from orchestrator.pytest_plugin.lab.holding import Holding


class Peer:
    """One peer. Two threads that act at one console take turns.

    What an act must lead to is part of it: by default, that it is done. `refused` says that
    the console must refuse it, in an answer that contains that text; `may_fail` that either
    is right. Whatever comes otherwise raises `NotAsWantedError` at once. Other peers are
    given as they are or by their names.

    Args:
        drive: the run.
        name: as the scenario calls it.

    Attributes:
        name: the same.
        address: where other peers dial it.
        port: the port that it listens on.
    """

    def __init__(self, drive: Drive, name: str) -> None:
        self._drive = drive
        self.name = name
        place = drive.stage.sessions[name].peer
        self.address: str = place.address
        self.port: int = place.port

    def __repr__(self) -> str:
        return f"<Peer {self.name} at {self.address}:{self.port}>"

    # Acts

    def connect(
        self, other: Peer | str, *, refused: str | None = None, may_fail: bool = False
    ) -> bool:
        """Dial another peer; return whether the console says that it did."""
        __tracebackhide__ = True
        done = self._act("connect", to=name_of(other), refused=refused, may_fail=may_fail)
        return done.type == "ok"

    def terminate(
        self, other: Peer | str, *, refused: str | None = None, may_fail: bool = False
    ) -> bool:
        """End the connection with another peer; return whether the console says that it did."""
        __tracebackhide__ = True
        done = self._act("terminate", to=name_of(other), refused=refused, may_fail=may_fail)
        return done.type == "ok"

    def send(
        self,
        other: Peer | str,
        text: str,
        *,
        times: int = 1,
        refused: str | None = None,
        may_fail: bool = False,
    ) -> bool:
        """Send a message to another peer; return whether the last one was accepted.

        Several `times`, without waiting for each reply; `{n}` in the text counts them from 1.
        """
        __tracebackhide__ = True
        to = name_of(other)
        done = self._act("send", to=to, text=text, times=times, refused=refused, may_fail=may_fail)
        return done.type == "ok"

    def type(self, line: str, *, says: str | None = None, refused: str | None = None) -> str:
        """Type any line, as a person would; return the answer.

        Without `says` or `refused`, the answer may be anything.
        """
        __tracebackhide__ = True
        free = says is None and refused is None
        done = self._act("type", line=line, says=says, refused=refused, may_fail=free)
        return done.text("said")

    def list(self) -> list[str]:
        """Return whom the peer lists, in its order; by its address whom nobody here knows."""
        __tracebackhide__ = True
        rows = self._act("list").rows
        return [
            row_text(row, "peer") or f"{row_text(row, 'address')}:{row_text(row, 'port')}"
            for row in rows
        ]

    def exit(self, status: int = 0) -> None:
        """Let the peer exit, and see that it does, with this status."""
        __tracebackhide__ = True
        self._act("exit", status=status)

    # Faults: each returns once it is seen to have been done

    def kill(self) -> Holding:
        """End the peer's program without warning; lifted, it is started again."""
        __tracebackhide__ = True
        return self._fault("kill", "exited")

    def stop(self) -> Holding:
        """Ask the peer's program to end (SIGTERM); lifted, it is started again."""
        __tracebackhide__ = True
        return self._fault("stop", "exited")

    def start(self) -> None:
        """Start the peer's program again after its end: where it was, with nothing behind it."""
        __tracebackhide__ = True
        self._drive.disturb("start", at=self.name)

    def pause(self) -> Holding:
        """Hold the peer's program still; lifted, it goes on."""
        __tracebackhide__ = True
        return self._fault("pause", "paused")

    def resume(self) -> None:
        """Let the peer's program go on after a pause."""
        __tracebackhide__ = True
        self._drive.disturb("resume", at=self.name)

    def _fault(self, verb: str, state: str) -> Holding:
        __tracebackhide__ = True
        self._drive.disturb(verb, at=self.name)

        def holds() -> bool:
            return not self._drive.is_over and self._status == state

        def lift() -> None:
            __tracebackhide__ = True
            self._drive.disturb(LIFTED_BY[verb], at=self.name)

        return Holding(self.name, holds, lift)

    @property
    def _status(self) -> str:
        return self._drive.stage.sessions[self.name].peer.status().state

    # Expectations: each waits as long as the limit `expect` says, or `within` seconds

    def expect_list(self, *others: Peer | str, within: float | None = None) -> None:
        """Wait until the peer lists these and no others."""
        __tracebackhide__ = True
        limit = self._drive.limits.expect if within is None else within
        self._act("list", shows=[name_of(other) for other in others], within=limit)

    def expect_message(self, text: str, sender: Peer | str, *, within: float | None = None) -> None:
        """Wait until the peer has shown this message, once for each call."""
        __tracebackhide__ = True
        self._expect(sender, within, message=text)

    def expect_connected(self, other: Peer | str, *, within: float | None = None) -> None:
        """Wait until the peer has said that another one has connected to it."""
        __tracebackhide__ = True
        self._expect(other, within, connected=True)

    def expect_closed(self, other: Peer | str, *, within: float | None = None) -> None:
        """Wait until the peer has said that its connection with another one has ended."""
        __tracebackhide__ = True
        self._expect(other, within, closed=True)

    def expect_delivered(self, other: Peer | str, *, within: float | None = None) -> None:
        """Wait until the peer has confirmed that a message has reached another one."""
        __tracebackhide__ = True
        self._expect(other, within, delivered=True)

    def expect_undelivered(self, other: Peer | str, *, within: float | None = None) -> None:
        """Wait until the peer has said that a message has not reached another one."""
        __tracebackhide__ = True
        self._expect(other, within, undelivered=True)

    def expect_line(self, pattern: str, *, within: float | None = None) -> str:
        """Wait until the peer shows a line that is no reply and matches; return it."""
        __tracebackhide__ = True
        return self._act("expect", line=pattern, within=within).text("said")

    def _expect(self, other: Peer | str, within: float | None, **what: object) -> None:
        __tracebackhide__ = True
        self._act("expect", **{"from": name_of(other)}, within=within, **what)

    def _act(self, verb: str, **fields: object) -> Entry:
        __tracebackhide__ = True
        return self._drive.act(verb, at=self.name, **fields)

    # Looking

    def transcript(self) -> tuple[str, ...]:
        """Return every line that the console has shown so far."""
        self._drive.catch_up(self.name)
        return tuple(self._drive.stage.sessions[self.name].transcript.screen())


def name_of(peer: Peer | str) -> str:
    """Return the name of a peer that is given as it is, or by its name.

    Raises:
        ValueError: it is neither.
    """
    __tracebackhide__ = True
    if not isinstance(peer, Peer | str):
        raise ValueError(f"a peer is expected, or its name, not {peer!r}")  # noqa: TRY004 - as for wrong names
    return peer if isinstance(peer, str) else peer.name
