"""The lab of one test."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import ConfigDict, ValidationError
from pydantic.dataclasses import dataclass as checked

from orchestrator import checks, definition, profile
from orchestrator.checks.judged_run import Run
from orchestrator.errors import LabError
from orchestrator.parallel import run_together
from orchestrator.pytest_plugin.lab.complaint import tails
from orchestrator.pytest_plugin.lab.conductors import Conductors
from orchestrator.pytest_plugin.lab.drive import Drive, clean, said
from orchestrator.pytest_plugin.lab.faults import NetworkFaults
from orchestrator.pytest_plugin.lab.peer import Peer, name_of
from orchestrator.runner.run import ScenarioSource
from orchestrator.scenario import Limits, Scenario, topology
from orchestrator.scenario.topology import Shape
from orchestrator.scenario.values import InputLine
from orchestrator.text import printable

VerdictWord = Literal["valid", "invalid", "unknown"]
Pairs = Sequence[tuple[Peer | str, Peer | str]]


@checked(frozen=True, config=ConfigDict(strict=True))
class Setting:
    """How a lab is; what it cannot be raises a `ValueError`.

    Attributes:
        profile: the program, by its profile's name or file.
        engine: where peers run; None: where the session's do.
        fresh: whether every peer must be a new one, with nothing behind it.
        arguments: further words for the program when it is started.
        limits: times in seconds: ready, answer, expect, settle and total; see docs/scenarios.md.
    """

    profile: str = "peerlab"
    engine: Literal["auto", "docker", "process"] | None = None
    fresh: bool = False
    arguments: Sequence[InputLine] = ()
    limits: Limits = Limits()


@dataclass(frozen=True)
class Title:
    """What a run is called.

    Attributes:
        name: of its folder.
        why: a line that says what it is for.
        text: what is kept with it.
    """

    name: str
    why: str
    text: str


class Lab(NetworkFaults):
    """Peers, what they are made to do, and the verdict on that.

    Args:
        conductors: where peers come from.
        setting: what they are.
        title: what the run is called.
    """

    def __init__(self, conductors: Conductors, setting: Setting, title: Title) -> None:
        self._conductors, self._setting, self._title = conductors, setting, title
        self._drive: Drive | None = None
        self._peers: dict[str, Peer] = {}
        self._declared: list[tuple[VerdictWord, str]] = []

    def __repr__(self) -> str:
        peers = ", ".join(self._peers) or "nobody yet"
        return f"<Lab with {peers}>"

    # Peers

    def peers(self, *wanted: str | int) -> tuple[Peer, ...]:
        """Return peers by their names, or so many more, once they are ready.

        Those that are not there yet are started, or were left by an earlier test: unconnected
        and quiet.

        Raises:
            LabError: one cannot be started, or is not ready in time.
            ValueError: that is no name for a peer.
            RuntimeError: the network was broken already between those that are there.
        """
        __tracebackhide__ = True
        names = self._names(wanted)
        missing = [name for name in dict.fromkeys(names) if name not in self._peers]
        if missing:
            drive = self._drive or self._begin(missing)
            drive.take(missing)
            self._peers |= {name: Peer(drive, name) for name in missing}
        return tuple(self._peers[name] for name in names)

    def peer(self, name: str) -> Peer:
        """Return one peer by its name."""
        __tracebackhide__ = True
        return self.peers(name)[0]

    def _names(self, wanted: Sequence[str | int]) -> list[str]:
        __tracebackhide__ = True
        names: list[str] = []
        for each in wanted:
            if isinstance(each, bool) or not isinstance(each, str | int):
                what = f"{each!r} is neither a peer's name nor how many more"
                raise ValueError(what)  # noqa: TRY004 - one kind for all that a test gets wrong
            if isinstance(each, str) and each not in names:
                names.append(each)
            elif isinstance(each, str) or each < 1:
                raise ValueError(f"{each!r} names no further peer")
            else:
                taken = {*self._peers, *names}
                known = definition.names(len(taken) + each)
                names += [name for name in known if name not in taken][:each]
        return names

    def _begin(self, names: Sequence[str]) -> Drive:
        __tracebackhide__ = True
        setting, script = self._setting, ScenarioSource(self._scenario(names), self._title.text)
        try:
            look = profile.load(setting.profile)
            conductor = self._conductors.on(setting.engine)
            self._drive = Drive(conductor, script, look)
        except LabError as error:
            raise clean(error) from None
        return self._drive

    def _scenario(self, names: Sequence[str]) -> Scenario:
        __tracebackhide__ = True
        setting, title = self._setting, self._title
        try:
            found = Scenario(
                name="test",
                why=title.why,
                profile=setting.profile,
                peers=[*names],
                limits=setting.limits,
                fresh=setting.fresh,
                arguments=[*setting.arguments],
                steps=[],
            )
        except ValidationError as error:
            raise ValueError(said(error, Scenario)) from None
        return found.model_copy(update={"name": title.name})  # may be longer than a scenario's

    # Several at once

    def connect_all(self, shape: Shape | Pairs = "mesh") -> None:
        """Connect the peers in a shape, as in a scenario's `connections`, or pair by pair.

        Returns when both ends of each connection list it, or have had their time for that.

        Raises:
            ValueError: the peers cannot be connected like that.
        """
        __tracebackhide__ = True
        pairs = self._pairs(shape)
        links = {name: self._peers[name].list() for pair in pairs for name in pair}
        for one, other in pairs:
            self._peers[one].connect(other)
            links[one].append(other)
            links[other].append(one)
        for name, others in links.items():
            self._under_way.await_listed(name, others)

    def _pairs(self, shape: Shape | Pairs) -> list[tuple[str, str]]:
        __tracebackhide__ = True
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
        """Do all of these at once, each in a thread of its own; raise what was raised first.

        Raises:
            BaseException: what one of them raised; what others did is noted there.
        """
        __tracebackhide__ = True
        run_together(acts)

    # The verdict

    def expect_verdict(self, verdict: VerdictWord, *, check: str | None = None) -> None:
        """Say how the run must be judged, where it is not to be valid.

        With a check, that one alone must say so: what is wrong in one way may be in others too.
        """
        __tracebackhide__ = True
        if verdict not in get_args(VerdictWord):
            words = ", ".join(get_args(VerdictWord))
            raise ValueError(f"there is no verdict {verdict!r}: one of {words}")
        if check is not None and check not in checks.NAMES:
            near = difflib.get_close_matches(check, checks.NAMES, n=1) or checks.NAMES
            raise ValueError(f"there is no check {check!r}; known: {', '.join(near)}")
        self._declared.append((verdict, check or ""))

    def end(self) -> Run:
        """Let things settle, judge the run and return it. Nothing can be done after that.

        This happens by itself when the test function has returned.

        Raises:
            RuntimeError: there was no peer.
        """
        __tracebackhide__ = True
        if run := self._under_way.end():
            return run
        raise RuntimeError("the run was interrupted before it could be judged")

    @property
    def _under_way(self) -> Drive:
        __tracebackhide__ = True
        if self._drive is None:
            raise RuntimeError("there is no run: no peer was asked for")
        return self._drive

    @property
    def run(self) -> Run | None:
        """The run, once it is over."""
        return self._drive.run if self._drive else None

    @property
    def verdict(self) -> str:
        """How the run was judged: `valid`, `invalid` or `unknown`; empty before its end."""
        return self.run.judgement.word if self.run else ""

    @property
    def folder(self) -> Path | None:
        """Where the run is kept; None before the first peer."""
        return self._drive.folder if self._drive else None

    def so_far(self) -> list[str]:
        """Return what the checks say of what has happened until now, in lines."""
        if self._drive is None:
            return []
        verdicts = checks.judge(self._drive.stage.history.entries)
        word = checks.worst(verdict.judgement for verdict in verdicts).word
        bad = [each for each in verdicts if each.judgement is checks.Judgement.INVALID]
        why = [f"  {each.check}: {printable(each.findings[0].says)}" for each in bad]
        return [f"the verdict so far: {word}", *why]

    def last_lines(self) -> list[str]:
        """Return the last lines of every console, fit for any terminal."""
        if self._drive is None:
            return []
        for name in self._drive.names:
            self._drive.catch_up(name)
        return [*tails(self._drive.stage, self._drive.names)]

    @property
    def is_under_way(self) -> bool:
        """Whether there are peers, and the run is not over."""
        return self._drive is not None and not self._drive.is_over

    def abandon(self, cause: str) -> None:
        """Break the run off, and let go of its peers; harmless when it is over."""
        if self.is_under_way and self._drive:
            self._drive.end(cause)

    def wrong(self) -> str:
        """Return how the verdict differs from what it must be; empty when it does not."""
        if self.run is None:
            return ""
        declared = self._declared or [("valid", "")]
        found = {each.check: each.judgement.word for each in self.run.verdicts} | {"": self.verdict}
        for wanted, check in declared:
            if found[check] != wanted:
                what = f"check {check} is" if check else "the run is"
                return f"{what} {found[check]}, not {wanted}"
        return ""
