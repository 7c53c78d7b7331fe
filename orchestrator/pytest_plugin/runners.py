"""The engines of one pytest session. Their peers outlive a test and serve the next one."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import pytest

from orchestrator.cancel import CancelToken
from orchestrator.checks.judged_run import Run
from orchestrator.docker_host.health import leave_stalled
from orchestrator.engines.base import Progress
from orchestrator.engines.choose import choose
from orchestrator.errors import REMOVED_LATER, LabError, behind
from orchestrator.history import runs
from orchestrator.pytest_plugin import plugin_options
from orchestrator.report.page.page import keep_page
from orchestrator.runner.pool import Pool
from orchestrator.runner.run import Runner
from orchestrator.scenario import EngineName

SILENT = Progress(lambda _: None, lambda _: None)  # reports nothing while a test runs


class CtrlC:
    """Does at Ctrl-C what was done before, which does not wait for a Docker that has stalled."""

    def __init__(self) -> None:
        self._before = signal.getsignal(signal.SIGINT)
        if callable(self._before) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take the signal."""
        threading.Thread(target=leave_stalled, daemon=True).start()
        if callable(self._before):
            self._before(number, frame)

    def restore(self) -> None:
        """Do no more than was done before."""
        current: object = signal.getsignal(signal.SIGINT)
        if current is self:
            signal.signal(signal.SIGINT, self._before)


@dataclass
class Runners:
    """The runner of each engine, from its first use to the end of the session.

    Attributes:
        engine: the one that is used by default.
        runs_folder: where runs are kept.
        said: what was found on the way, such as that Docker does not answer.
        left: why something could not be removed.
        is_interrupted: whether Ctrl-C came while peers were being removed.
    """

    engine: EngineName
    runs_folder: Path
    said: list[str] = field(default_factory=list)
    left: list[LabError] = field(default_factory=list)
    is_interrupted: bool = False
    _ctrl_c: CtrlC = field(default_factory=CtrlC)
    _cancel: CancelToken = field(default_factory=CancelToken)
    _known: dict[EngineName, Runner] = field(default_factory=dict)

    def on(self, engine: str | None) -> Runner:
        """Return the runner of an engine, or of the default one for None.

        Raises:
            EngineError: the engine does not answer.
        """
        name = EngineName(engine or self.engine)
        if name not in self._known:
            pool = Pool(choose(name, self.said.append, cancel=self._cancel), self._cancel)
            runner = Runner(pool, self.runs_folder, self._cancel)
            self._known[name] = runner
            # `auto` has become one of the other two, and both share its peers.
            self._known.setdefault(EngineName(pool.engine.name), runner)
        return self._known[name]

    def keep_page(self, run: Run) -> None:
        """Write the page of a run that is over; `said` says why if that is not possible."""
        is_written = (run.folder / runs.PAGE).exists()  # a test may end its run and go on
        warning = "" if is_written else keep_page(run)
        if warning and warning not in self.said:
            self.said.append(warning)

    def close(self) -> None:
        """Cancel all runs and remove all peers; `left` then says which cannot be removed."""
        self._cancel.set()
        pools = {id(runner.pool): runner.pool for runner in self._known.values()}
        self._known.clear()
        for pool in pools.values():
            try:
                pool.close()
            except KeyboardInterrupt:
                self._leave(LabError("interrupted while removing peers", hint=REMOVED_LATER))
            except LabError as error:
                if behind(error, KeyboardInterrupt):
                    self._leave(error)
                else:
                    self.left.append(error)
        self._ctrl_c.restore()

    def _leave(self, error: LabError) -> None:
        self.is_interrupted = True
        self.left.append(error)


def session_runners(config: pytest.Config) -> Runners:
    """Return the runners of this session."""
    if plugin_options.RUNNERS not in config.stash:
        engine = EngineName(plugin_options.engine(config))
        config.stash[plugin_options.RUNNERS] = Runners(engine, plugin_options.runs_folder(config))
    found: Runners = config.stash[plugin_options.RUNNERS]
    return found


def skip_reason(config: pytest.Config, engine: str | None) -> str:
    """Return why something that needs this engine is skipped; empty if it is not.

    The configuration file only sets the engine of tests that name none. The command line decides
    for all.
    """
    asked = config.getoption("peerlab_engine") or "auto"
    if engine in (None, "auto", asked) or asked == "auto":
        return ""
    return f"runs only on the engine {engine}, and this session asks for {asked}"
