"""The lab of one test: peers driven from Python. See docs/pytest.md."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ConfigDict, ValidationError
from pydantic.dataclasses import dataclass as checked

from orchestrator import checks, definition, profile, promises
from orchestrator.checks import custom
from orchestrator.checks.judged_run import Run
from orchestrator.errors import LabError
from orchestrator.parallel import run_together
from orchestrator.pytest_plugin.lab_faults import Impairment, LabFaults, StreamShape
from orchestrator.pytest_plugin.lab_peer import FaultHandle, LabPeer, name_of
from orchestrator.pytest_plugin.lab_run import LabRun, for_test, mistakes
from orchestrator.pytest_plugin.lab_stack import LabStack
from orchestrator.pytest_plugin.reporting import NotAsWantedError, last_lines
from orchestrator.pytest_plugin.runners import Runners
from orchestrator.runner.run import ScenarioSource
from orchestrator.scenario import Scenario, TimeLimits, topology
from orchestrator.scenario.topology import Shape
from orchestrator.scenario.values import InputLine
from orchestrator.text import printable

__tracebackhide__ = True  # a traceback ends in the test

__all__ = [
    "FaultHandle", "Impairment", "Lab", "LabPeer", "LabSettings", "NotAsWantedError", "Peer",
    "RunTitle", "StreamShape",
]  # fmt: skip

Peer = LabPeer  # the shorter name, as docs/pytest.md has it

VerdictWord = Literal["valid", "invalid", "unknown"]
Pairs = Sequence[tuple[LabPeer | str, LabPeer | str]]


@checked(frozen=True, config=ConfigDict(strict=True))
class LabSettings:
    """The settings of a lab. Wrong ones raise a `ValidationError`.

    Attributes:
        profile: the program, by its profile's name or file.
        profiles: those of peers that run another program, by the peers' names.
        compose: a Compose file whose services are the peers; None for peers of the profiles.
        engine: where peers run; None for the session's engine.
        fresh: whether every peer must be new, with no earlier test behind it.
        arguments: more arguments for the program.
        limits: times in seconds: ready, answer, expect, settle and total; see docs/scenarios.md.
    """

    profile: str = "peerlab"
    profiles: Mapping[str, str] = field(default_factory=dict)
    compose: str | None = None
    engine: Literal["auto", "docker", "process"] | None = None
    fresh: bool = False
    arguments: Sequence[InputLine] = ()
    limits: TimeLimits = TimeLimits()


@dataclass(frozen=True)
class RunTitle:
    """The title of a run.

    Attributes:
        name: of its folder.
        why: one line about its purpose.
        text: kept with the run, such as the source of the test.
        file: of the test.
        homes: the folders to which the paths of other runs are relative.
    """

    name: str
    why: str
    text: str
    file: Path | None = None
    homes: Sequence[Path] = ()


class Lab(LabFaults):
    """Peers, what they do, and the verdict on it."""

    def __init__(self, runners: Runners, settings: LabSettings, title: RunTitle) -> None:
        self._runners, self._settings, self._title = runners, settings, title
        self._active: LabRun | None = None
        self._peers: dict[str, LabPeer] = {}
        self._declared: list[tuple[VerdictWord, str]] = []
        self._stack: LabStack | None = None

    def __repr__(self) -> str:
        peers = ", ".join(self._peers) or "no peers yet"
        return f"<Lab with {peers}>"

    # Peers

    def peers(self, *wanted: str | int) -> tuple[LabPeer, ...]:
        """Return peers by name, or so many more of them, once they are ready.

        New peers are started, or come from an earlier test: unconnected and quiet. Services of a
        Compose file all start at the first call; without a name, it returns all of them.

        Raises:
            LabError: one cannot be started, or is not ready in time.
            ValueError: that is no name for a peer.
            RuntimeError: there was a network fault already.
        """
        names = self._stack_names(wanted) if self._settings.compose else self._names(wanted)
        needed = self._stack.names if self._stack else names
        missing = [name for name in dict.fromkeys(needed) if name not in self._peers]
        if missing:
            run = self._active or self._begin(missing)
            run.add(missing)
            self._peers |= {name: LabPeer(run, name) for name in missing}
        return tuple(self._peers[name] for name in names)

    def peer(self, name: str) -> LabPeer:
        """Return one peer by its name."""
        return self.peers(name)[0]

    def _stack_names(self, wanted: Sequence[str | int]) -> list[str]:
        if self._stack is None:
            try:
                self._stack = LabStack(self._settings.compose or "")
            except LabError as error:
                raise for_test(error) from None
        return self._stack.named(wanted)

    def _names(self, wanted: Sequence[str | int]) -> list[str]:
        names: list[str] = []
        for name in wanted:
            if isinstance(name, bool) or not isinstance(name, str | int):
                what = f"{name!r} is neither a peer's name nor a number of peers"
                raise ValueError(what)  # noqa: TRY004 - one kind for all that a test gets wrong
            if isinstance(name, int):
                if name < 1:
                    raise ValueError(f"at least one peer must be asked for, not {name}")
                taken = {*self._peers, *names}
                known = definition.names(len(taken) + name)
                names += [new for new in known if new not in taken][:name]
            elif name in names:
                raise ValueError(f"the peer {name!r} is asked for twice")
            else:
                names.append(name)
        return names

    def _begin(self, names: Sequence[str]) -> LabRun:
        settings, title = self._settings, self._title
        source = ScenarioSource(self._scenario(names), title.text, title.file)
        try:
            runner = self._runners.on(settings.engine)
            profiles = settings.profiles
            if self._stack:
                profiles = self._stack.profiles(profiles)
            own = {name: profile.load(given) for name, given in profiles.items()}
            self._active = LabRun(runner, source, profile.load(settings.profile), own)
        except LabError as error:
            raise for_test(error) from None
        return self._active

    def _scenario(self, names: Sequence[str]) -> Scenario:
        settings, title = self._settings, self._title
        try:
            found = Scenario(
                name="test",
                why=title.why,
                profile=settings.profile,
                peers=[*names],
                limits=settings.limits,
                fresh=settings.fresh,
                arguments=[*settings.arguments],
                compose=settings.compose,
                ends=self._stack.ends if self._stack else {},
                steps=[],
            )
        except ValidationError as error:
            raise ValueError(mistakes(error, Scenario)) from None
        return found.model_copy(update={"name": title.name})  # may be longer than a scenario's

    # Several at once

    def connect_all(self, shape: Shape | Pairs = "mesh") -> None:
        """Connect the peers in a shape, as in a scenario's `connections`, or pair by pair.

        Returns when both ends of each connection list it, or the limit `expect` has passed.

        Raises:
            ValueError: these peers cannot be connected like that.
        """
        pairs = self._pairs(shape)
        links = {name: self._peers[name].list() for pair in pairs for name in pair}
        for one, other in pairs:
            self._peers[one].connect(other)
            links[one].append(other)
            links[other].append(one)
        for name, others in links.items():
            self._current.await_listed(name, others)

    def _pairs(self, shape: Shape | Pairs) -> list[tuple[str, str]]:
        names = [*self._peers]
        plain: Any = shape if isinstance(shape, str) else [[*map(name_of, pair)] for pair in shape]
        wrong = [problem.what for problem in topology.problems(plain, names)]
        if isinstance(plain, list):
            wrong += [f"there is no peer {name!r}" for pair in plain for name in {*pair} - {*names}]
        elif plain not in get_args(Shape):
            wrong.append(f"no such shape {plain!r}: one of {', '.join(get_args(Shape))}")
        if wrong:
            raise ValueError("; ".join(wrong))
        return topology.pairs(plain, names)

    def together(self, *acts: Callable[[], object]) -> None:
        """Do all of these at once, each in a thread of its own.

        Raises:
            BaseException: the first that one of them raised; the others are its notes.
        """
        run_together(acts)

    def workload(
        self,
        model: str,
        *peers: LabPeer | str,
        seconds: float,
        rate: str = "10/s",
        keys: int = 1,
        seed: int = 0,
    ) -> None:
        """Let these peers, or all, do random operations as in a scenario's `workload`.

        Returns when their time is over; `together` runs faults beside it.

        Raises:
            ValueError: there is no such model, or the program lacks what it needs.
            LabError: the run cannot go on.
        """
        at = [name_of(peer) for peer in peers] or "all"
        self._current.drive({
            "model": model, "at": at, "for": seconds, "rate": rate, "keys": keys, "seed": seed,
        })  # fmt: skip

    def replay(self, run: Path | str, *peers: LabPeer | str, number: int = 1) -> None:
        """Let these peers, or all, do what a workload of a kept run did, at the same times.

        Returns when the last one is done; `together` runs faults beside it.

        Args:
            run: its folder, or that of its scenario or test for the latest, relative to the
                folder of this test, pytest's root folder or the current folder.
            peers: those that took part then.
            number: which workload of that run, in the order in which they began.

        Raises:
            ValueError: there is no such workload, or these peers cannot do the same.
            LabError: the run cannot go on.
        """
        at = [name_of(peer) for peer in peers] or "all"
        given = {"replay": str(run), "at": at, "number": number}
        self._current.drive(given, self._title.homes)

    # The verdict

    def expect_verdict(self, verdict: VerdictWord, *, check: str | None = None) -> None:
        """Declare that the run must get this verdict instead of `valid`.

        With `check`, only that check must say so: the others may find something as well.
        """
        if verdict not in get_args(VerdictWord):
            words = ", ".join(get_args(VerdictWord))
            raise ValueError(f"there is no verdict {verdict!r}: one of {words}")
        if check is not None and not promises.is_in_file(check):
            known = [*checks.NAMES, *promises.installed()]
            if check not in known:
                near = difflib.get_close_matches(check, known, n=1) or known
                raise ValueError(f"there is no check {check!r}; known: {', '.join(near)}")
        self._declared.append((verdict, check or ""))

    def end(self) -> Run:
        """Wait until it is quiet, judge the run and return it. Its peers can do no more.

        This happens by itself when the test function has returned.

        Raises:
            RuntimeError: there were no peers.
        """
        if run := self._current.end():
            return run
        raise RuntimeError("the run was interrupted before it could be judged")

    @property
    def _current(self) -> LabRun:
        if self._active is None:
            raise RuntimeError("no run has started: ask for peers first")
        return self._active

    @property
    def run(self) -> Run | None:
        """The judged run, once it is over."""
        return self._active.run if self._active else None

    @property
    def verdict(self) -> str:
        """The verdict, `valid`, `invalid` or `unknown`; empty before the end."""
        return self.run.judgement.word if self.run else ""

    @property
    def folder(self) -> Path | None:
        """Where the run is kept; None before the first peer."""
        return self._active.folder if self._active else None

    def verdict_so_far(self) -> list[str]:
        """Return what the checks say about everything until now, in lines."""
        if self._active is None:
            return []
        index = checks.HistoryIndex(self._active.peers.history.entries)
        verdicts = checks.judge(index, custom.load(index.promises))
        word = checks.overall(verdicts).word
        invalid = [v for v in verdicts if v.judgement is checks.Judgement.INVALID]
        why = [f"  {v.check}: {printable(v.findings[0].says)}" for v in invalid]
        return [f"the verdict so far: {word}", *why]

    def last_lines(self) -> list[str]:
        """Return the last lines of every console, safe for any terminal."""
        if self._active is None:
            return []
        for name in self._active.names:
            self._active.catch_up(name)
        return [*last_lines(self._active.peers, self._active.names)]

    @property
    def is_active(self) -> bool:
        """Whether there are peers, and the run is not over."""
        return self._active is not None and not self._active.is_over

    def abandon(self, cause: str) -> None:
        """Break the run off and give its peers back; does nothing if it is over."""
        if self._active and not self._active.is_over:
            self._active.end(cause)

    def wrong(self) -> str | None:
        """Return how the verdict differs from the declared one; None if it does not.

        Empty if none was declared, and the run is not valid.
        """
        if self.run is None:
            return None
        if not self._declared:
            asked = bool(self.run.index.steps)  # else what the test asserts is all there is
            return "" if asked and self.verdict != "valid" else None
        found = {v.check: v.word for v in self.run.verdicts} | {"": self.verdict}
        for wanted, check in self._declared:
            if check not in found:
                return f"check {check} did not judge the run, which does not promise it"
            if found[check] != wanted:
                what = f"check {check} is" if check else "the run is"
                return f"{what} {found[check]}, not {wanted}"
        return None
