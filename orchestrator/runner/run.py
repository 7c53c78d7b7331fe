"""One whole run: peers are taken from a pool, the steps done, the history judged and kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestrator import checks, profile, scenario
from orchestrator.cancel import CancelToken
from orchestrator.checks import Judgement, Verdict
from orchestrator.checks.judged_run import Run
from orchestrator.engines.base import Progress
from orchestrator.errors import EngineError, LabError, first_line
from orchestrator.faults.effect import FEATURES
from orchestrator.history import runs
from orchestrator.history.entries import FORMAT, History
from orchestrator.history.runs import EngineInfo, Record
from orchestrator.history.timing import JUDGING, STARTING, TIDYING, Stopwatch
from orchestrator.profile import Profile
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.pool import PeerSpecs, Pool
from orchestrator.runner.quiescence import Quiescence
from orchestrator.runner.steps import StepRunner
from orchestrator.runner.verify import FaultVerifier
from orchestrator.scenario import Limits, Scenario


@dataclass(frozen=True)
class Script:
    """A scenario, and the text of its file, which is kept with the run."""

    scenario: Scenario
    text: str

    @classmethod
    def read(cls, path: Path) -> Script:
        """Return the scenario in a file.

        Raises:
            DocumentError: it cannot be read, or is wrong.
        """
        return cls(scenario.load(path), path.read_text(encoding="utf-8"))


def all_valid(verdicts: Sequence[Verdict]) -> bool:
    """Tell whether nothing speaks against a run."""
    return checks.worst(verdict.judgement for verdict in verdicts) is Judgement.VALID


@dataclass
class Runner:
    """Conducts run after run with the peers of one pool.

    Attributes:
        pool: the peers.
        runs_folder: where runs are kept.
        stop: ends a run early.
        keep: whether to leave the peers of a run that is not valid as they are.
        trusts: tells by its verdicts whether the peers of a run may serve again.
    """

    pool: Pool
    runs_folder: Path
    stop: CancelToken = field(default_factory=CancelToken)
    keep: bool = False
    trusts: Callable[[Sequence[Verdict]], bool] = all_valid

    def run(self, script: Script, progress: Progress) -> Run:
        """Run a scenario; what goes wrong on the way is part of the result.

        Raises:
            DocumentError: a profile cannot be read.
            LabError: the run cannot be kept.
        """
        given = script.scenario
        look = profile.load(given.profile)
        others = {peer: profile.load(name) for peer, name in given.profiles.items()}
        under_way = ActiveRun(self, script, look, progress, others)
        try:
            with under_way.recorded():
                under_way.take_peers(script.scenario)
                under_way.do_steps()
                under_way.bring_to_an_end()
            under_way.judge()
        except BaseException:  # nobody else knows these peers: the pool must have them back
            self.pool.give_back(under_way.stage, fit=False)
            raise
        return under_way.concluded()


class ActiveRun:
    """A run from its beginning to its verdict.

    Args:
        conductor: whose peers take part.
        script: what is done.
        look: the program's profile.
        progress: told how far it is.
        others: the profiles of the peers that run another program.

    Raises:
        LabError: the run cannot be kept.
    """

    def __init__(
        self,
        conductor: Runner,
        script: Script,
        look: Profile,
        progress: Progress,
        others: Mapping[str, Profile] | None = None,
    ) -> None:
        self._conductor, self._scenario, self._progress = conductor, script.scenario, progress
        limits = script.scenario.limits
        self._look = _with_arguments(_within(look, limits), script.scenario.arguments)
        self._others = {peer: _within(each, limits) for peer, each in (others or {}).items()}
        self._started = datetime.now(tz=UTC)
        self.folder = runs.make(conductor.runs_folder, script.scenario.name, script.text)
        self.watch = Stopwatch()
        self.stage = PeerGroup(History(self.folder / runs.HISTORY))
        self._error: LabError | None = None
        self._verdicts: list[Verdict] = []
        self._begin()

    def _begin(self) -> None:
        self.stage.history.lab(
            "began",
            scenario=self._scenario.name,
            why=self._scenario.why,
            profile=self._look.name,
            **self._profiles,
            engine=self._conductor.pool.engine.name,
            peers=self._scenario.peers,
            notices=self._notices,
            format=FORMAT,
        )

    @property
    def _profiles(self) -> dict[str, Any]:
        """What each peer is, where they are not all the same."""
        if not self._others:
            return {}
        looks = {peer: self._others.get(peer, self._look) for peer in self._scenario.peers}
        return {"profiles": {peer: look.name for peer, look in looks.items()}}

    @property
    def _notices(self) -> list[str]:
        """The kinds of notices that can be read of every peer."""
        peers = self._scenario.peers or [""]  # of a test's, they come later
        looks = [self._others.get(peer, self._look) for peer in peers]
        first, *rest = looks
        return [kind for kind in first.notices if all(kind in look.notices for look in rest)]

    @contextlib.contextmanager
    def recorded(self) -> Iterator[None]:
        """Turn an error of the lab into the last line of the history; close all records."""
        try:
            yield
        except LabError as error:
            self._error = error
            self._break_off(first_line(error))
        finally:
            self._leave_straight()
            for session in self.stage.sessions.values():
                session.transcript.close()
            self.stage.history.close()

    def _leave_straight(self) -> None:
        """Let nothing hold any more between the peers, however the run ended."""
        with contextlib.suppress(LabError):  # then the peers go, and with them all of it
            if self.stage.breaker:
                self.stage.breaker.close()

    def _break_off(self, said: str) -> None:
        with contextlib.suppress(LabError):  # an engine that does not answer any more
            self.stage.catch_up()
        self.stage.history.abandon(said)
        self.stage.history.lab("broke off", said=said)

    def take_peers(self, script: Scenario) -> None:
        """Bring the peers of `script` on stage.

        Raises:
            LabError: one cannot be started, or is not ready in time.
        """
        with self.watch.measure(STARTING):
            self._refuse_what_cannot_be_done(script)
            cast = PeerSpecs(script, self._look, self.folder, self._others)
            self._conductor.pool.take(cast, self.stage, self._progress)
            self._leave_straight()
            peers = [session.peer for session in self.stage.sessions.values()]
            self.stage.breaker = FaultVerifier(self._conductor.pool.engine.network(peers))

    def _refuse_what_cannot_be_done(self, script: Scenario) -> None:
        """Raise where a fault of the scenario cannot be done here; say what must be known."""
        needed = {each: phrase for each, phrase in script.needed.items() if each in FEATURES}
        if not needed:
            return
        engine = self._conductor.pool.engine
        network = engine.network([])
        for feature, phrase in needed.items():
            if why := network.unsupported().get(feature):
                raise EngineError(
                    f"the {engine.name} engine cannot do `{phrase}` here: {why}",
                    hint="take --engine docker" if engine.name == "process" else "",
                )
        for feature, note in network.notes().items():
            if feature in needed:
                self._progress.phase(note)

    def do_steps(self) -> None:
        """Do what the scenario says, and lift what faults hold still.

        Raises:
            LabError: the run cannot be carried on.
        """
        say, stop = self._progress.step, self._conductor.stop
        runner = StepRunner(self._scenario, self.stage, say, stop, self.watch)
        runner.carry_out()
        runner.lift_all()

    def bring_to_an_end(self) -> None:
        """Wait until things are quiet, take the last lists, look at every peer.

        Raises:
            LabError: a peer does not answer.
        """
        say, stop = self._progress.step, self._conductor.stop
        script = self._scenario
        if self.stage.is_harmed:  # by whoever does other steps than the scenario's
            script = script.model_copy(update={"limits": script.limits.after_faults()})
        Quiescence(script, self.stage, say, stop, self.watch).bring_about()

    def judge(self) -> None:
        """Judge the history."""
        with self.watch.measure(JUDGING):
            self._verdicts = checks.judge(self.stage.history.entries)

    def concluded(self) -> Run:
        """Give the peers back and keep the record; return all of it.

        Raises:
            LabError: the peers cannot be discarded; the record is kept all the same.
        """
        verdicts, entries = self._verdicts, self.stage.history.entries
        try:
            with self.watch.measure(TIDYING):
                kept = self._give_back()
        finally:
            record = self._record(verdicts)
            runs.write(self.folder, record)
        return Run(self.folder, entries, verdicts, record, self._error, kept)

    def _record(self, verdicts: Sequence[Verdict]) -> Record:
        return Record(
            self._scenario.name,
            self._scenario.why,
            self._look.name,
            EngineInfo(**self._conductor.pool.engine.facts),
            self._started.isoformat(timespec="milliseconds"),
            self.watch.seconds,
            checks.worst(verdict.judgement for verdict in verdicts).word,
            self._error.what if self._error else "",
            [verdict.as_data() for verdict in verdicts],
        )

    def _give_back(self) -> list[str]:
        """Let the peers serve again where nothing speaks against it; return those kept up."""
        pool, stopped = self._conductor.pool, self._conductor.stop.is_set
        somebody = self.stage.sessions.keys() - self.stage.gone
        if self._conductor.keep and somebody and not all_valid(self._verdicts) and not stopped:
            return pool.keep(self.stage)
        unspoilt = not stopped and not self.stage.is_harmed
        fit = self._error is None and self._conductor.trusts(self._verdicts)
        pool.give_back(self.stage, fit=fit and unspoilt, trusted=fit)
        return []


def _within(look: Profile, limits: Limits) -> Profile:
    """Return a profile with the times that a scenario sets."""
    given = {"ready_within": limits.ready, "answer_within": limits.answer}
    return look.model_copy(update={key: value for key, value in given.items() if value})


def _with_arguments(look: Profile, arguments: Sequence[str]) -> Profile:
    """Return a profile whose program is started with further words."""
    keys = ("command", "process", "container")
    starts = {key: words for key in keys if (words := getattr(look.start, key)) is not None}
    commands = {key: [*words, *arguments] for key, words in starts.items()}
    return look.model_copy(update={"start": look.start.model_copy(update=commands)})
