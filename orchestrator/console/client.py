"""One client of a server, as a console: it is started, gets ready, is driven, and ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator.cancel import CancelToken
from orchestrator.console.dialogue import dialogue_at
from orchestrator.console.lines import ProgramConsole
from orchestrator.console.notices import Notice
from orchestrator.console.reply import Reply
from orchestrator.engines.base import Peer
from orchestrator.engines.status import Status
from orchestrator.errors import EngineError, NoClientError, PeerGoneError, first_line
from orchestrator.history.transcript import Transcript
from orchestrator.profile import Profile

_ENDS_WITHIN = 2.0  # seconds from the end of its terminal
_CANNOT_START = (126, 127)  # statuses, as in shells: there is no such program


class ClientConsole:
    """A client that runs.

    Args:
        peer: the server beside which it is started.
        profile: how to read it.
        on_notice: called with each notice as it is read.
        transcript: records what passes.
        cancel: ends every wait early.
        log: the server's own terminal; what both show is awaited in one place.

    Raises:
        NoClientError: it cannot be started.
    """

    def __init__(
        self,
        peer: Peer,
        profile: Profile,
        on_notice: Callable[[Notice], None],
        transcript: Transcript,
        cancel: CancelToken,
        log: ProgramConsole,
    ) -> None:
        try:
            self._program = peer.open_client()
        except EngineError as error:
            why, own = first_line(error), f"{peer.name} "
            what = why.removeprefix(own) if why.startswith(own) else f"has no client: {why}"
            raise NoClientError(peer.name, what, hint=error.hint) from error
        self.console = ProgramConsole(self._program, profile, on_notice, transcript, cancel)
        self.console.slowness = log.slowness
        self.console.unclaimed, self.console.watchers = log.unclaimed, log.watchers
        self.dialogue = dialogue_at(self.console)
        log.terminal.on_end = self._program.server_ended

    @property
    def status(self) -> Status:
        """Its status; one whose terminal has ended is about to end."""
        return self._program.await_end(_ENDS_WITHIN)

    @property
    def is_worth_another(self) -> bool:
        """Whether another client might do what this one, which has ended, did not."""
        return self._program.status().exit_status not in _CANNOT_START

    def await_ready(self, deadline: float) -> None:
        """Wait until it answers `sync` or shows its prompt, whichever its profile has.

        Raises:
            NoAnswerError: it does not by the deadline.
            PeerGoneError: it has ended.
        """
        profile = self.console.profile
        has_prompt = bool(profile.console.prompt or profile.console.prompt_pattern)
        if has_prompt:
            self._await_prompt(deadline)
        if profile.sync or not has_prompt:
            self.dialogue.synchronise(max(0.1, deadline - time.monotonic()))

    def _await_prompt(self, deadline: float) -> None:
        """Wait for the first prompt; what the client says before it answers nothing."""
        while not self.console.shows_prompt():
            if (left := deadline - time.monotonic()) <= 0:
                raise self.console.no_answer("shows no prompt at its client")
            self.console.await_more(left)
            for _ in self.console.lines(time.monotonic()):
                pass

    def ask(self, verb: str, arguments: Mapping[str, object]) -> Reply:
        """Type one command and return its reply; see `Session.ask`."""
        return self.dialogue.report_unread(self.dialogue.ask(verb, arguments))

    def ask_all(
        self,
        verb: str,
        many: Sequence[Mapping[str, object]],
        on_typing: Callable[[int], None],
    ) -> Iterator[Reply]:
        """Type many commands and yield their replies; see `Session.ask_all`."""
        return map(self.dialogue.report_unread, self.dialogue.ask_all(verb, many, on_typing))

    def catch_up(self) -> bool:
        """Take all lines that have come by now; return whether it has not ended."""
        try:
            self.console.catch_up()
        except PeerGoneError:
            return False
        return True

    def end(self) -> None:
        """Kill it and close its terminal, once all that it has shown is taken."""
        self.catch_up()
        self._program.kill()
        self.close()

    def close(self) -> None:
        """Stop reading it and close its terminal."""
        self.console.terminal.close()
        self._program.close()
