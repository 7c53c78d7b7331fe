"""A pool of peers that outlive a scenario: the next one finds them up, unconnected and quiet."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.cancel import CancelToken
from orchestrator.compose.stack import Stack
from orchestrator.console.served_session import open_session
from orchestrator.console.session import Session
from orchestrator.engines.base import Engine, Peer, Progress
from orchestrator.engines.resources import Demand
from orchestrator.errors import EngineError, SessionError
from orchestrator.history import runs
from orchestrator.history.transcript import Transcript
from orchestrator.parallel import note
from orchestrator.profile import Profile
from orchestrator.runner.disconnect import can_disconnect, disconnect
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.timers import Timers
from orchestrator.scenario import Scenario

_MAX_FAILURES = 2  # times that a program could not be disconnected; then it is not tried again


@dataclass
class PeerSpecs:
    """What one run needs of its peers."""

    scenario: Scenario  # names the peers
    profile: Profile  # of every peer that has none of its own
    folder: Path  # of the run, for the transcripts
    # of peers that run another program
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    # whether peers may be restarted by other steps than the scenario's
    is_open: bool = False

    @property
    def restarted(self) -> frozenset[str]:
        """The peers that may be restarted."""
        return frozenset(self.scenario.peers) if self.is_open else self.scenario.restarted

    def profile_of(self, name: str) -> Profile:
        """Return a peer's profile."""
        return self.profiles.get(name, self.profile)

    @functools.cached_property
    def stack(self) -> Stack | None:
        """The services of a Compose file that are the peers, if they are."""
        return self.scenario.stack


@dataclass(slots=True)
class _Started:
    """New peers, and those of them that are known to be ready."""

    peers: list[Peer] = field(default_factory=list)
    sessions: dict[str, Session] = field(default_factory=dict)
    ready: set[str] = field(default_factory=set)


class Pool:
    """The peers on one engine."""

    def __init__(self, engine: Engine, cancel: CancelToken) -> None:
        self.engine, self._cancel = engine, cancel
        engine.bring_canary()
        self._idle: dict[str, Session] = {}
        self._failures: Counter[str] = Counter()  # to disconnect, by program
        self.timers = Timers()  # what is known of those of the programs
        self.is_kept = False  # whether the peers were left up for the user: see `keep`

    def take(self, specs: PeerSpecs, peers: PeerGroup, progress: Progress) -> None:
        """Add every peer of a scenario to a group, ready: idle ones if they fit, else new ones.

        Raises:
            LabError: one cannot be started, or is not ready in time.
        """
        names = specs.scenario.peers
        fit = [name for name in names if not specs.stack and self._is_fit(name, specs)]
        self._discard([self._idle.pop(name) for name in names if name in self._idle.keys() - fit])
        warm = {name: self._idle.pop(name) for name in fit}
        missing = [name for name in names if name not in warm]
        try:
            self._require(missing, specs)
            new = self._start(missing, specs, peers, progress)
        except BaseException:
            self._idle |= warm
            raise
        peers.sessions |= {name: (warm | new.sessions)[name] for name in names}
        awaited = [name for name in missing if name not in new.ready]
        for number, name in enumerate(awaited):
            progress.step(f"waiting for {name} to be ready")
            note(number, len(awaited))
            peers.sessions[name].await_ready()
        for name, session in warm.items():
            on_notice = functools.partial(peers.record_notice, name)
            session.renew(on_notice, _transcript(name, specs, peers))
            session.profile = specs.profile_of(name)
        for session in peers.sessions.values():  # also of those that were there before
            session.meet([*peers.sessions], peers.texts)
        for name in names:
            peers.record_ready(name, warm=name in warm)

    def _require(self, names: Sequence[str], specs: PeerSpecs) -> None:
        """Refuse to start these peers if the machine has too little for them.

        Idle peers have what they need already, and it counts as used.
        """
        if names:
            links = sum(not pair.isdisjoint(names) for pair in specs.scenario.links)
            self.engine.require(Demand(len(names), links, specs.folder))

    def _is_fit(self, name: str, specs: PeerSpecs) -> bool:
        """Return whether an idle peer of that name runs the right program, and answers."""
        session = self._idle.get(name)
        if session is None or specs.scenario.fresh:
            return False
        if _program(session.profile) != _program(specs.profile_of(name)):
            return False
        if name in specs.restarted and not session.peer.keeps_network:
            return False
        try:
            session.synchronise()
        except SessionError:
            return False
        return True

    def _start(
        self, names: Sequence[str], specs: PeerSpecs, peers: PeerGroup, progress: Progress
    ) -> _Started:
        """Start peers and attach to them, those first whose ready lines others need to start."""
        profiles, stack = {name: specs.profile_of(name) for name in names}, specs.stack
        new, waves = _Started(), stack.waves if stack else _waves(profiles)
        try:
            if stack:
                self.engine.stage(stack, profiles, progress.phase)
            else:
                self.engine.reserve(profiles)
            for number, wave in enumerate(waves, 1):
                self._start_wave(wave, specs, peers, progress, new)
                is_awaited = number < len(waves) and not stack  # what services need they wait for
                for name in wave if is_awaited else ():
                    progress.step(f"waiting for {name} to be ready")
                    new.sessions[name].await_ready()
                    new.ready.add(name)
        except BaseException:  # they are in no group yet, so no one else gives them back
            for session in new.sessions.values():
                session.close()
                session.close_transcripts()
            self.engine.discard(new.peers)
            raise
        return new

    def _start_wave(
        self,
        names: Sequence[str],
        specs: PeerSpecs,
        peers: PeerGroup,
        progress: Progress,
        new: _Started,
    ) -> None:
        """Start some peers, those of one program together, and attach to them."""
        programs: list[tuple[Profile, list[str]]] = []
        for name in names:
            profile = specs.profile_of(name)
            same = next((group for known, group in programs if known == profile), None)
            if same is None:
                programs.append((profile, [name]))
            else:
                same.append(name)
        run = specs.scenario.peers
        for profile, group in programs:
            started = self.engine.start(group, profile, progress.phase, specs.restarted, run)
            new.peers += started
            for peer in started:
                new.sessions[peer.name] = self._attach(peer, profile, specs, peers)

    def _attach(self, peer: Peer, profile: Profile, specs: PeerSpecs, peers: PeerGroup) -> Session:
        on_notice = functools.partial(peers.record_notice, peer.name)
        transcripts = [_transcript(peer.name, specs, peers)]
        if profile.console.exec:
            path = runs.log(specs.folder, peer.name)
            transcripts.append(Transcript(path, peers.history.started))
        try:
            console, *log = transcripts
            given = (peer, profile, on_notice, console, self._cancel)
            return open_session(*given, lambda: self.engine.slowness, *log)
        except BaseException:
            for transcript in transcripts:
                transcript.close()
            raise

    def give_back(self, peers: PeerGroup, *, fit: bool, trusted: bool = True) -> None:
        """Take the peers of a run back: disconnect those that may serve again, discard the rest.

        Args:
            peers: of the run.
            fit: whether those that still run may serve again.
            trusted: whether their programs behaved; if not, idle peers of these are discarded too.
        """
        sessions = peers.sessions
        running = {name: sessions[name] for name in sessions if fit and name not in peers.ended}
        reusable = self._disconnect(running)
        self._discard([session for name, session in sessions.items() if name not in reusable])
        if not trusted:
            programs = {_program(session.profile) for session in sessions.values()}
            bad = [name for name, s in self._idle.items() if _program(s.profile) in programs]
            self._discard([self._idle.pop(name) for name in bad])
        self._idle |= reusable

    def _disconnect(self, sessions: Mapping[str, Session]) -> dict[str, Session]:
        """End all connections of these peers; return the peers for which that worked."""
        programs = {name: _program(session.profile) for name, session in sessions.items()}
        wanted = {
            name: session
            for name, session in sessions.items()
            if can_disconnect(session.profile)
            and self._failures[programs[name]] < _MAX_FAILURES
            and not session.profile.start.keep  # it would find the last run's files
            and not session.profile.start.is_about_others  # who were there then
        }
        reusable = disconnect(wanted, self._cancel)
        self._failures.update({programs[name] for name in wanted if name not in reusable})
        return reusable

    def keep(self, peers: PeerGroup) -> list[str]:
        """Leave the peers of a run up for the user, and discard all others.

        The pool is empty after this and cannot be used again. Returns the names under which the
        engine knows those that still run.
        """
        self._discard(list(self._idle.values()))
        self._idle.clear()
        for session in peers.sessions.values():
            session.end_client()
            session.close()
        self.engine.keep()
        self.is_kept = True
        left = (session for name, session in peers.sessions.items() if name not in peers.ended)
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


def _waves(profiles: Mapping[str, Profile]) -> list[list[str]]:
    """Return peers in groups that can be started together, one group after the other.

    What a peer needs of another one's ready line it has once the groups before are ready.

    Raises:
        EngineError: peers need each other's.
    """
    left = {name: profile.awaited.keys() & profiles.keys() for name, profile in profiles.items()}
    waves = list[list[str]]()
    while left:
        wave = [name for name, needs in left.items() if not needs & left.keys()]
        if not wave:
            waiting = " and ".join(sorted(left))
            raise EngineError(
                f"{waiting} cannot be started: each needs what another one, or it itself, prints"
                " when it is ready",
                hint="see the placeholders in `start` in their profiles",
            )
        waves.append(wave)
        left = {name: needs for name, needs in left.items() if name not in wave}
    return waves


def _transcript(name: str, specs: PeerSpecs, peers: PeerGroup) -> Transcript:
    return Transcript(runs.transcript(specs.folder, name), peers.history.started)


def _program(profile: Profile) -> str:
    """Return what distinguishes a program: its whole profile but for the lab's patience."""
    return profile.model_dump_json(exclude={"ready_within", "answer_within"})
