"""Peers that outlive a scenario: the next one finds them started, unconnected and quiet."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.cancel import CancelToken
from orchestrator.console.session import Session
from orchestrator.engines.base import Engine, Peer, Progress
from orchestrator.errors import SessionError
from orchestrator.history import runs
from orchestrator.history.transcript import Transcript
from orchestrator.profile import Profile
from orchestrator.runner.disconnect import can_be_tidied, tidied
from orchestrator.runner.peers import PeerGroup
from orchestrator.scenario import Scenario

_TIDIED_TRIES = 2  # times that a program could not be tidied; then nobody tries any more


@dataclass(slots=True)
class PeerSpecs:
    """What one run needs of its peers.

    Attributes:
        script: who takes part.
        profile: what they are.
        folder: of the run, for the transcripts.
        others: the profiles of the peers that are something else.
    """

    script: Scenario
    profile: Profile
    folder: Path
    others: Mapping[str, Profile] = field(default_factory=dict)

    def profile_of(self, name: str) -> Profile:
        """Return what a peer is."""
        return self.others.get(name, self.profile)

    def by_program(self, names: Iterable[str]) -> list[tuple[Profile, list[str]]]:
        """Return these peers in groups of one program each, in their order."""
        groups: list[tuple[Profile, list[str]]] = []
        for name in names:
            look = self.profile_of(name)
            group = next((group for known, group in groups if known == look), None)
            if group is None:
                groups.append((look, [name]))
            else:
                group.append(name)
        return groups


class Pool:
    """The peers on one engine.

    Args:
        engine: where they run.
        stop: ends every wait early.

    Attributes:
        is_kept: whether the peers were left to somebody else: see `keep`.
    """

    def __init__(self, engine: Engine, stop: CancelToken) -> None:
        self.engine, self._stop = engine, stop
        self._idle: dict[str, Session] = {}
        self._untidy: Counter[str] = Counter()  # how often each program could not be tidied
        self.is_kept = False

    def take(self, cast: PeerSpecs, stage: PeerGroup, progress: Progress) -> None:
        """Bring every peer of a scenario on stage, ready: idle ones, and new ones.

        Raises:
            LabError: one cannot be started, or is not ready in time.
        """
        names = cast.script.peers
        fit = [name for name in names if self._is_fit(name, cast)]
        self._discard([self._idle.pop(name) for name in names if name in self._idle.keys() - fit])
        warm = {name: self._idle.pop(name) for name in fit}
        missing = [name for name in names if name not in warm]
        new: list[Peer] = []
        attached: dict[str, Session] = {}
        try:
            for look, group in cast.by_program(missing):
                started = self.engine.start(group, look, progress.phase)
                new += started
                for peer in started:
                    attached[peer.name] = self._attach(peer, look, cast, stage)
        except BaseException:  # what is not on stage nobody else would give back
            self._idle |= warm
            for session in attached.values():
                session.close()
                session.transcript.close()
            self.engine.discard(new)
            raise
        stage.sessions |= {name: (warm | attached)[name] for name in names}
        for name in missing:
            progress.step(f"waiting for {name} to be ready")
            stage.sessions[name].await_ready()
        for name in names:
            if name in warm:
                self._renew(name, cast, stage)
            stage.ready(name, warm=name in warm)

    def _is_fit(self, name: str, cast: PeerSpecs) -> bool:
        """Tell whether an idle peer can take part: the right program, and it answers."""
        session = self._idle.get(name)
        if session is None or cast.script.fresh:
            return False
        if _mark(session.profile) != _mark(cast.profile_of(name)):
            return False
        try:
            session.synchronise()
        except SessionError:
            return False
        return True

    def _attach(self, peer: Peer, look: Profile, cast: PeerSpecs, stage: PeerGroup) -> Session:
        heard = functools.partial(stage.heard, peer.name)
        record = _transcript(peer.name, cast, stage)
        try:
            return Session(peer, look, heard, record, self._stop)
        except BaseException:
            record.close()
            raise

    def _renew(self, name: str, cast: PeerSpecs, stage: PeerGroup) -> None:
        session = stage.sessions[name]
        session.renew(functools.partial(stage.heard, name), _transcript(name, cast, stage))
        session.profile = cast.profile_of(name)

    def give_back(self, stage: PeerGroup, *, fit: bool, trusted: bool = True) -> None:
        """Take the peers of a run back.

        Args:
            stage: where they are.
            fit: whether those that still run may serve again.
            trusted: whether their programs are: else those that are idle do not serve again.
        """
        sessions = stage.sessions
        running = {name: sessions[name] for name in sessions if fit and name not in stage.gone}
        tidy = self._tidied(running)
        self._discard([session for name, session in sessions.items() if name not in tidy])
        if not trusted:
            marks = {_mark(session.profile) for session in sessions.values()}
            bad = [name for name, one in self._idle.items() if _mark(one.profile) in marks]
            self._discard([self._idle.pop(name) for name in bad])
        self._idle |= tidy

    def _tidied(self, sessions: Mapping[str, Session]) -> dict[str, Session]:
        """Return those peers that could be brought back to where they began."""
        marks = {name: _mark(session.profile) for name, session in sessions.items()}
        wanted = {
            name: session
            for name, session in sessions.items()
            if can_be_tidied(session.profile) and self._untidy[marks[name]] < _TIDIED_TRIES
        }
        tidy = tidied(wanted, self._stop)
        self._untidy.update({marks[name] for name in wanted if name not in tidy})
        return tidy

    def keep(self, stage: PeerGroup) -> list[str]:
        """Leave the peers of a run as they are, for somebody to attach to, and no others.

        The pool has no peers after this, and can take no others. Return what those that
        still run are called outside.
        """
        self._discard(list(self._idle.values()))
        self._idle.clear()
        for session in stage.sessions.values():
            session.close()
        self.engine.keep()
        self.is_kept = True
        left = (session for name, session in stage.sessions.items() if name not in stage.gone)
        return [session.peer.handle for session in left]

    def _discard(self, sessions: Sequence[Session]) -> None:
        for session in sessions:
            session.close()
        if sessions:
            self.engine.discard([session.peer for session in sessions])

    def close(self) -> None:
        """Remove every peer."""
        for session in self._idle.values():
            session.close()
        self._idle.clear()
        self.engine.close()


def _transcript(name: str, cast: PeerSpecs, stage: PeerGroup) -> Transcript:
    return Transcript(runs.transcript(cast.folder, name), stage.history.started)


def _mark(profile: Profile) -> str:
    """Return what tells a program from others: all of its profile but the lab's patience."""
    return profile.model_dump_json(exclude={"ready_within", "answer_within"})
