"""The engines of one session of tests: their peers outlive a test and serve the next one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.cancel import CancelToken
from orchestrator.engines.choose import choose
from orchestrator.runner.pool import Pool
from orchestrator.runner.run import Runner
from orchestrator.scenario import EngineName


@dataclass
class Conductors:
    """Who conducts on which engine; each is there from its first use until the end.

    Attributes:
        engine: where those run that do not say.
        runs_folder: where runs are kept.
        said: what was found on the way, such as that Docker does not answer.
    """

    engine: EngineName
    runs_folder: Path
    said: list[str] = field(default_factory=list)
    _stop: CancelToken = field(default_factory=CancelToken)
    _known: dict[EngineName, Runner] = field(default_factory=dict)

    def on(self, wanted: str | None) -> Runner:
        """Return who conducts on an engine; None for the session's own.

        Raises:
            EngineError: the engine does not answer.
        """
        name = EngineName(wanted or self.engine)
        if name not in self._known:
            pool = Pool(choose(name, self.say, cancel=self._stop), self._stop)
            conductor = Runner(pool, self.runs_folder, self._stop)
            self._known[name] = conductor
            # `auto` has become one of the others, whose peers are as good.
            self._known.setdefault(EngineName(pool.engine.name), conductor)
        return self._known[name]

    def say(self, line: str) -> None:
        """Take note of something that was found."""
        self.said.append(line)

    def close(self) -> None:
        """End what is under way, and remove every peer."""
        self._stop.set()
        pools = {id(each.pool): each.pool for each in self._known.values()}
        self._known.clear()
        for pool in pools.values():
            pool.close()
