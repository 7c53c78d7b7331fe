"""One whole run: take peers from a pool, do the steps, judge the history and keep it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from orchestrator import checks, profile, scenario
from orchestrator.cancel import CancelToken, RunCancelledError
from orchestrator.checks import Judgement, Verdict, custom
from orchestrator.checks.judged_run import Run
from orchestrator.engines.base import Progress
from orchestrator.errors import BuildError, EngineError, LabError, behind, first_line
from orchestrator.faults.effect import FEATURES
from orchestrator.history import runs
from orchestrator.history.entries import FORMAT, History
from orchestrator.history.runs import EngineInfo, Record
from orchestrator.history.timing import JUDGING, STARTING, TIDYING, Stopwatch
from orchestrator.paths import from_here
from orchestrator.profile import Profile
from orchestrator.promises import CHAT
from orchestrator.runner.lateness import LatenessMeter
from orchestrator.runner.peers import PeerGroup, meanings
from orchestrator.runner.pool import PeerSpecs, Pool
from orchestrator.runner.quiescence import Quiescence
from orchestrator.runner.steps import StepRunner
from orchestrator.runner.verify import FaultVerifier
from orchestrator.runner.watching import abandon_watches
from orchestrator.scenario import Scenario

_DEFINITE = (BuildError, RunCancelledError)
"""Errors that a faster machine would have met as well."""


@dataclass(frozen=True)
class ScenarioSource:
    """A scenario, and the text of its file, which is kept with the run."""

    scenario: Scenario
    text: str
    file: Path | None = None  # where it is written; for a run that a test drives, the test

    @classmethod
    def read(cls, path: Path) -> ScenarioSource:
        """Return the scenario in a file.

        Raises:
            DocumentError: it cannot be read, or is wrong.
        """
        return cls(scenario.load(path), path.read_text(encoding="utf-8"), path)


def all_valid(verdicts: Sequence[Verdict]) -> bool:
    """Return whether every verdict is valid, if only because there was nothing to judge."""
    return checks.worst(verdict.judgement for verdict in verdicts) is Judgement.VALID


@dataclass
class Runner:
    """Runs one scenario after the other with the peers of one pool."""

    pool: Pool  # the peers
    runs_folder: Path  # where runs are kept
    cancel: CancelToken = field(default_factory=CancelToken)  # ends a run early
    keep: bool = False  # whether to leave the peers of a run that is not valid as they are

    def run(
        self,
        source: ScenarioSource,
        progress: Progress,
        runs_folder: Path | None = None,
        may_reuse: Callable[[Sequence[Verdict]], bool] = all_valid,
    ) -> Run:
        """Run a scenario. Errors on the way are part of the result.

        Args:
            source: the scenario.
            progress: follows the run.
            runs_folder: where the run is kept, if not with the others.
            may_reuse: decides by the verdicts whether the peers may serve again.

        Raises:
            DocumentError: a profile cannot be read.
            LabError: the run cannot be kept.
        """
        given = source.scenario
        shared = profile.load(given.profile)
        own = {peer: profile.load(name) for peer, name in given.profiles.items()}
        run = ActiveRun(self, source, shared, progress, own, runs_folder)
        try:
            with run.recording():
                run.take_peers(given)
                run.do_steps()
                run.wait_until_quiet()
            run.judge()
        except BaseException:  # only this run knows these peers: the pool must get them back
            self.pool.give_back(run.peers, fit=False)
            raise
        return run.conclude(may_reuse)


class ActiveRun:
    """A run from its beginning to its verdict.

    Raises:
        LabError: the run cannot be kept.
    """

    def __init__(
        self,
        runner: Runner,
        source: ScenarioSource,
        profile: Profile,
        progress: Progress,
        profiles: Mapping[str, Profile] | None = None,
        runs_folder: Path | None = None,
    ) -> None:
        self._runner, self._scenario, self._progress = runner, source.scenario, progress
        self._profile = _with_arguments(
            _fitted(profile, source.scenario), source.scenario.arguments
        )
        self._profiles = {
            name: _fitted(own, source.scenario) for name, own in (profiles or {}).items()
        }
        self._file = source.file
        self._started = datetime.now(tz=UTC)
        folder = runs_folder or runner.runs_folder
        self.folder = runs.make(folder, self._scenario.name, source.text)
        self.watch = Stopwatch()
        self.peers = PeerGroup(History(self.folder / runs.HISTORY))
        self._lateness = LatenessMeter(self.peers.history.started, runner.pool.engine)
        self.peers.clock = self._lateness.clock
        self._error: LabError | None = None
        self._verdicts: list[Verdict] = []
        self._index: checks.HistoryIndex | None = None  # of the whole history, once it is judged
        self._record_began()

    def _record_began(self) -> None:
        names = self._scenario.peers
        profiles = {name: self._profiles.get(name, self._profile) for name in names}
        own: dict[str, Any] = {}
        self.peers.programs_differ = bool(self._profiles)
        if self._profiles:
            own["profiles"] = {name: profile.name for name, profile in profiles.items()}
        if not self._scenario.steps and self._profiles:  # a test adds its peers later: any of them
            profiles |= {"": self._profile, **self._profiles}
        if self._file:
            own["file"] = from_here(self._file)
        programs = [*profiles.values()] or [self._profile]  # a test adds its peers later
        chats = [one for one in programs if one.vocabulary == "chat"]
        first, *rest = judged = chats or programs
        lacks = {name for p in judged for name, it in p.lacks.items() if not it.doubt}
        by_peer = profiles or {"": self._profile}
        if padded := [peer for peer, one in by_peer.items() if _pads_messages(one)]:
            own["padded"] = padded
        self.peers.history.lab(
            "began",
            scenario=self._scenario.name,
            why=self._scenario.why,
            profile=self._profile.name,
            **own,
            engine=self._runner.pool.engine.name,
            peers=names,
            notices=[kind for kind in first.recorded if all(kind in p.recorded for p in rest)],
            lacks=sorted(lacks),
            **_promised(self._scenario, programs),
            format=FORMAT,
        )

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Turn a lab error into the last line of the history; close all records at the end."""
        history = self.peers.history
        self._lateness.start()
        try:
            yield
        except LabError as error:
            self._error = error
            said = first_line(error)
            abandon_watches(self.peers)
            with contextlib.suppress(LabError):  # the engine may not answer any more
                self.peers.catch_up()
            history.abandon(said)
            self._record_lateness()
            cause: dict[str, Any] = {"definite": True} if isinstance(error, _DEFINITE) else {}
            history.lab("broke off", said=said, **cause)
            if behind(error, KeyboardInterrupt):  # the user wants no verdict, but to leave
                raise
        finally:
            abandon_watches(self.peers)
            self._lateness.stop()
            self._clear_network()
            for session in self.peers.sessions.values():
                session.close_transcripts()
            history.close()

    def _clear_network(self) -> None:
        if self.peers.verifier:
            with contextlib.suppress(LabError):  # then the peers go, and their network with them
                self.peers.verifier.close()

    def take_peers(self, scenario: Scenario, *, is_open: bool = False) -> None:
        """Start the peers of `scenario`, or take idle ones, and wait until they are ready.

        Args:
            scenario: names them.
            is_open: whether other steps than the scenario's will follow.

        Raises:
            LabError: one cannot be started, or is not ready in time.
        """
        with self.watch.measure(STARTING):
            self._refuse_unsupported(scenario)
            specs = PeerSpecs(scenario, self._profile, self.folder, self._profiles, is_open)
            pool = self._runner.pool
            pool.take(specs, self.peers, self._progress)
            pool.engine.require_network()
            self._clear_network()
            peers = [session.peer for session in self.peers.sessions.values()]
            self.peers.verifier = FaultVerifier(pool.engine.network(peers))

    def _refuse_unsupported(self, scenario: Scenario) -> None:
        """Raise if the engine cannot do a fault of the scenario; report notes on the others."""
        needed = {feature: step for feature, step in scenario.needed.items() if feature in FEATURES}
        if not needed:
            return
        engine = self._runner.pool.engine
        network = engine.network([])
        unsupported = network.unsupported()
        for feature, step in needed.items():
            if feature in unsupported:
                raise EngineError(
                    f"the {engine.name} engine cannot do `{step}` here: {unsupported[feature]}",
                    hint="take --engine docker" if engine.name == "process" else "",
                )
        for feature, note in network.notes().items():
            if feature in needed:
                self._progress.phase(note)

    def do_steps(self) -> None:
        """Do the scenario's steps, then lift the faults that are still active.

        Raises:
            LabError: the run cannot go on.
        """
        say, cancel = self._progress.step, self._runner.cancel
        steps = StepRunner(self._scenario, self.peers, say, cancel, self.watch)
        steps.run()
        steps.lift_all()

    def wait_until_quiet(self) -> None:
        """Wait until everything has arrived, read the last lists, record every peer's state.

        Raises:
            LabError: a peer does not answer.
        """
        say, cancel = self._progress.step, self._runner.cancel
        scenario = self._scenario
        if self.peers.is_faulted:  # by steps that are not the scenario's
            scenario = scenario.model_copy(update={"limits": scenario.limits.after_faults()})
        timers = self._runner.pool.timers
        Quiescence(scenario, self.peers, say, cancel, self.watch, timers).reach()
        self._record_lateness()
        self.peers.history.lab("over")

    def _record_lateness(self) -> None:
        self.peers.history.lab("machine", **self._lateness.found)

    def judge(self) -> None:
        """Judge the history."""
        with self.watch.measure(JUDGING):
            self._index = index = checks.HistoryIndex(self.peers.history.entries)
            self._verdicts = checks.judge(index, custom.load(index.promises))

    def conclude(self, may_reuse: Callable[[Sequence[Verdict]], bool] = all_valid) -> Run:
        """Give the peers back to the pool, keep the record and return the run.

        Raises:
            LabError: the peers cannot be discarded; the record is kept all the same.
        """
        engine = self._runner.pool.engine
        try:
            with self.watch.measure(TIDYING):
                kept = self._give_back(may_reuse)
        finally:
            record = Record(
                self._scenario.name,
                self._scenario.why,
                self._profile.name,
                EngineInfo(**engine.facts),
                self._started.isoformat(timespec="milliseconds"),
                self.watch.seconds,
                checks.overall(self._verdicts).word,
                self._error.what if self._error else "",
                [verdict.as_data() for verdict in self._verdicts],
            )
            runs.write(self.folder, record)
        entries = self.peers.history.entries
        run = Run(self.folder, entries, self._verdicts, record, self._error, kept)
        if self._index:  # what was worked out for the checks, reports and the page need as well
            run.index = self._index
        return run

    def _give_back(self, may_reuse: Callable[[Sequence[Verdict]], bool]) -> list[str]:
        """Return the peers to the pool; or keep them up and return what they are called."""
        pool, cancelled = self._runner.pool, self._runner.cancel.is_set
        running = self.peers.sessions.keys() - self.peers.ended
        if self._runner.keep and running and not all_valid(self._verdicts) and not cancelled:
            return pool.keep(self.peers)
        trusted = self._error is None and may_reuse(self._verdicts)
        fit = trusted and not (cancelled or self.peers.is_faulted or self._scenario.compose)
        self._progress.step("disconnecting the peers" if fit else "removing the peers")
        pool.give_back(self.peers, fit=fit, trusted=trusted)
        return []


def _pads_messages(profile: Profile) -> bool:
    """Return whether a program fills up the lines of messages with blanks."""
    return any(
        block.is_padded
        for kind, blocks in profile.notices.items()
        if profile.means(kind) == "message"
        for block in blocks
    )


def _promised(scenario: Scenario, profiles: Sequence[Profile]) -> dict[str, Any]:
    """Return which promises are judged, and what the operations mean to them; see docs/history.md.

    Nothing for a chat that promises what every chat does.
    """
    given = [profile.promises for profile in profiles if profile.promises is not None]
    is_chat = any(profile.vocabulary == "chat" for profile in profiles)
    if scenario.promises is None and not given and is_chat:
        return {}
    named = scenario.promises
    if named is None:
        named = [*chain.from_iterable(map(_own_promises, profiles))]
    means: dict[str, str] = {}
    for one in profiles:
        means |= meanings(one)
    return {"promises": [*dict.fromkeys(named)], "means": means}


def _own_promises(profile: Profile) -> Sequence[str]:
    """Return what a program promises: what its profile says, or else what every chat does."""
    if profile.promises is not None:
        return profile.promises
    return CHAT if profile.vocabulary == "chat" else ()


def _fitted(profile: Profile, scenario: Scenario) -> Profile:
    """Return a profile with what a scenario sets for every program: its limits and the ports."""
    limits = scenario.limits
    given = {"ready_within": limits.ready, "answer_within": limits.answer}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value}
    if scenario.same_port:
        changes["own_ports"] = False
    return profile.model_copy(update=changes)


def _with_arguments(profile: Profile, arguments: Sequence[str]) -> Profile:
    keys = ("command", "process", "container")
    starts = {key: words for key in keys if (words := getattr(profile.start, key)) is not None}
    commands = {key: [*words, *arguments] for key, words in starts.items()}
    return profile.model_copy(update={"start": profile.start.model_copy(update=commands)})
