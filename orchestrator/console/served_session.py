"""Sessions with servers, whose own terminal is no console: it shows a log.

A server has a command-line client as its console, or none at all. The lab reads the log for the
line that says it is ready, for notices and for crashes. Other lines of a log mean nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator.cancel import CancelToken
from orchestrator.console.client import ClientConsole
from orchestrator.console.notices import CLIENT, Notice
from orchestrator.console.reply import Reply
from orchestrator.console.session import Session
from orchestrator.engines.base import Peer
from orchestrator.errors import (
    ClientGoneError,
    NoAnswerError,
    NoClientError,
    PeerGoneError,
    SessionError,
    first_line,
)
from orchestrator.history.transcript import Transcript
from orchestrator.profile import ConsoleSettings, Profile

_POLL = 0.01  # seconds between two looks at the sockets
_SLICE = 0.02  # seconds between two looks at the client while the log is read
_ENDED = ("exited", "removed")
_NO_CONSOLE = ConsoleSettings(absent=True)


class LogSession(Session):
    """A server without a console: its log, which is its transcript."""

    _READY_KEYS = "`start`, `ready` and `port`"

    def _await_usable(self, deadline: float, within: float) -> None:
        """Wait until the server listens on its port, as far as that can be known."""
        while self.peer.listens() is False:
            if time.monotonic() >= deadline:
                what = f"did not listen on port {self.peer.port} within {within:g} s"
                raise self._console.no_answer(what)
            self._console.await_more(_POLL)
            self._console.catch_up()

    def synchronise(self) -> None:
        """Only see that the server has not ended.

        Raises:
            PeerGoneError: it has.
        """
        self.catch_up()

    def ask(self, verb: str, **arguments: object) -> Reply:
        """Refuse.

        Raises:
            SessionError: always: there is nothing to type at.
        """
        raise SessionError(
            self.peer.name,
            f"has no console at which {verb!r} could be typed",
            hint=f"see `console` in the profile {self.profile.name}",
        )

    def ask_all(
        self,
        verb: str,
        many: Sequence[Mapping[str, object]],
        on_typing: Callable[[int], None] = lambda _: None,
    ) -> Iterator[Reply]:
        """Refuse, as `ask` does."""
        yield self.ask(verb)


class ClientSession(LogSession):
    """A server whose console is a client.

    A new client takes the place of one that has ended or has not answered: what that might still
    say cannot be taken for the answer to a later command then.

    Args:
        peer: where the server runs.
        profile: how to read the client and the log.
        on_notice: called with each notice as it is read, and with one for each client's end.
        transcript: records what passes at the clients, one after the other.
        cancel: ends every wait early.
        slowness: how many times slower than usual programs are at the moment.
        log: records what the server prints.
    """

    _READY_KEYS = "`start`, `ready` and `console`"

    def __init__(
        self,
        peer: Peer,
        profile: Profile,
        on_notice: Callable[[Notice], None] = lambda _: None,
        transcript: Transcript | None = None,
        cancel: CancelToken | None = None,
        slowness: Callable[[], float] = lambda: 1.0,
        log: Transcript | None = None,
    ) -> None:
        log_profile = profile.model_copy(update={"console": _NO_CONSOLE})
        super().__init__(peer, log_profile, on_notice, log, cancel, slowness)
        self._profile, self._transcript = profile, transcript or Transcript()
        self._client: ClientConsole | None = None

    @property
    def profile(self) -> Profile:
        """How the client is read."""
        return self._profile

    @profile.setter
    def profile(self, profile: Profile) -> None:
        self._profile = profile
        self._console.profile = profile.model_copy(update={"console": _NO_CONSOLE})
        if self._client:
            self._client.console.profile = profile

    @property
    def transcript(self) -> Transcript:
        """The record of what passes at the clients."""
        return self._transcript

    @property
    def log(self) -> Transcript:
        """The record of what the server prints."""
        return self._console.transcript

    def close_transcripts(self) -> None:
        """Record nothing more of what passes."""
        self.transcript.close()
        self.log.close()

    def again(self) -> Session:
        """Return a new session with the same peer, which was restarted, on the same record."""
        slowness = self._console.slowness
        given = (self.peer, self._profile, self._on_notice, self._transcript, self._cancel)
        new = ClientSession(*given, slowness, self.log)
        new.watchers.extend(self.watchers)
        new.meet(self._peers, self._texts)
        return new

    def meet(self, peers: Sequence[str], texts: dict[str, None]) -> None:
        """Learn whom and what notices may name."""
        super().meet(peers, texts)
        if self._client:
            self._client.console.awaited.meet(peers, texts)

    def renew(self, on_notice: Callable[[Notice], None], transcript: Transcript) -> None:
        """Start a new record, of the client alone."""
        self.catch_up()
        self._on_notice, self._transcript = on_notice, transcript
        self._console.renew(on_notice, Transcript())
        if self._client:
            self._client.console.renew(on_notice, transcript)

    # The client

    def _await_usable(self, deadline: float, within: float) -> None:
        """Wait until the server listens, and then until a client of it is ready."""
        super()._await_usable(deadline, within)
        self._open_client(deadline)

    def _open_client(self, deadline: float) -> ClientConsole:
        """Start clients until one is ready.

        Raises:
            NoClientError: none was by the deadline.
            PeerGoneError: the server has ended.
        """
        while True:
            try:
                client = ClientConsole(
                    self.peer, self._profile, self._on_notice, self._transcript, self._cancel,
                    self._console,
                )  # fmt: skip
                client.console.awaited.meet(self._peers, self._texts)
            except NoClientError:
                self._require_server()
                raise
            try:
                client.await_ready(deadline)
            except SessionError as error:
                client.end()
                self._require_server()
                if time.monotonic() >= deadline or not client.is_worth_another:
                    raise NoClientError(
                        self.peer.name,
                        f"has no client that is ready: {first_line(error)}",
                        self._transcript.tail(),
                        hint=f"see `console` in the profile {self._profile.name}",
                    ) from error
            except BaseException:
                client.end()
                raise
            else:
                self._client = client
                return client

    def _require_server(self) -> None:
        """Raise a `PeerGoneError` if the server has ended."""
        self._console.catch_up()
        if self.peer.status().state in _ENDED:
            raise self._console.gone()

    @contextlib.contextmanager
    def _ready_client(self) -> Iterator[ClientConsole]:
        """Provide a client that is ready, and replace one that does not answer.

        Raises:
            NoClientError: there is none, so nothing was typed.
            NoAnswerError: it did not answer in time.
            ClientGoneError: it has ended.
            PeerGoneError: the server has.
        """
        self.catch_up()
        within = self._console.patience(self._profile.ready_within)
        client = self._client or self._open_client(time.monotonic() + within)
        try:
            yield client
        except PeerGoneError as error:  # no more than the client, perhaps
            why = self._drop_client()
            self._require_server()
            tail = self._transcript.tail()
            raise ClientGoneError(self.peer.name, f"did not answer: {why}", tail) from error
        except NoAnswerError:
            self._drop_client("its client was ended, because it did not answer")
            self._require_server()
            raise

    def _drop_client(self, why: str = "") -> str:
        """Let the client go; return and record why, by default that it has ended by itself."""
        client, self._client = self._client, None
        if client:
            why = why or f"its client {client.status.clause}"
            client.end()
            if self.peer.status().state not in _ENDED:  # else the client ended with the server
                self._on_notice(Notice(CLIENT, {}, why, time.monotonic()))
        return why

    def end_client(self) -> None:
        """End the client, if there is one."""
        client, self._client = self._client, None
        if client:
            client.end()

    # Commands

    def synchronise(self) -> None:
        """Make sure that a client answers."""
        with self._ready_client() as client:
            client.dialogue.synchronise(self._console.patience(self._profile.answer_within))

    def ask(self, verb: str, **arguments: object) -> Reply:
        """Type one command at the client and return its reply.

        Raises:
            NoClientError: there is none, so nothing was typed.
            NoAnswerError: no answer came in time; the command may have been carried out.
            ClientGoneError: the client ended before it answered.
            PeerGoneError: the server did.
        """
        with self._ready_client() as client:
            return client.ask(verb, arguments)

    def ask_all(
        self,
        verb: str,
        many: Sequence[Mapping[str, object]],
        on_typing: Callable[[int], None] = lambda _: None,
    ) -> Iterator[Reply]:
        """Type many commands at the client; see `Session.ask_all` and `ask`."""
        with self._ready_client() as client:
            yield from client.ask_all(verb, many, on_typing)

    # Notices

    def catch_up(self) -> None:
        """Take all lines that have come by now, at the client and in the log.

        Raises:
            PeerGoneError: the server has ended.
        """
        try:
            self._console.catch_up()
        except PeerGoneError:
            self.end_client()
            raise
        if self._client and not self._client.catch_up():
            self._drop_client()

    def take_in(self, timeout: float) -> None:
        """Take all lines that come within `timeout` seconds.

        Raises:
            PeerGoneError: the server has ended.
        """
        deadline = time.monotonic() + timeout
        while True:
            self.catch_up()
            if (left := deadline - time.monotonic()) <= 0:
                return
            self._cancel.check()
            self._console.await_more(min(left, _SLICE))

    def await_notice(self, kind: str, wanted: Callable[[Notice], bool], timeout: float) -> Notice:
        """Return the first notice of client or log that is `wanted` and was not returned before.

        Raises:
            NoAnswerError: none came in time.
            PeerGoneError: the server ended first.
        """
        deadline, unclaimed = time.monotonic() + timeout, self._console.unclaimed
        found, seen = self._claim(kind, wanted, 0), len(unclaimed)
        while not found and (left := deadline - time.monotonic()) > 0:
            self.take_in(min(left, _SLICE))
            found, seen = self._claim(kind, wanted, seen), len(unclaimed)
        if not found:
            raise self._console.no_answer(f"showed no such {kind or 'line'!r} within {timeout:g} s")
        return found

    def close(self) -> None:
        """Stop reading, and leave the client to the end of its peer."""
        client, self._client = self._client, None
        if client:
            client.close()
        super().close()


def open_session(
    peer: Peer,
    profile: Profile,
    on_notice: Callable[[Notice], None],
    transcript: Transcript,
    cancel: CancelToken,
    slowness: Callable[[], float],
    log: Transcript | None = None,
) -> Session:
    """Return a session of the kind that a profile's console needs; for the arguments see there."""
    if profile.console.exec:
        return ClientSession(peer, profile, on_notice, transcript, cancel, slowness, log)
    kind = LogSession if profile.console.absent else Session
    return kind(peer, profile, on_notice, transcript, cancel, slowness)
