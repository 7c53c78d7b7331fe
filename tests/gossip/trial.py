"""The store of `examples/gossip/` and its broken variants, with what must be found in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.checks import Judgement
from orchestrator.checks.judged_run import Run
from orchestrator.engines.choose import choose
from orchestrator.runner.jobs import Plan, run_all
from orchestrator.runner.run import ScenarioSource
from orchestrator.scenario import EngineName
from tests.orchestrator.support import ROOT

HOME = ROOT / "examples/gossip"
EVERYTHING = "everything"
SCENARIOS = sorted(path.stem for path in HOME.glob("scenarios/*.yaml"))
_PROGRAM = "store.py"


@dataclass(frozen=True)
class Store:
    """The store, right or broken.

    Attributes:
        name: of its file in `broken/`, without the suffix; empty for the right one.
        breaks: the promise that it does not keep; empty for the right one.
        scenario: the shortest one that shows it.
    """

    name: str = ""
    breaks: str = ""
    scenario: str = ""

    @property
    def scenarios(self) -> list[str]:
        """What it is tried with."""
        return [self.scenario, EVERYTHING] if self.breaks else SCENARIOS


RIGHT = Store()
BROKEN = [
    Store("stale_read", "register", "register"),
    Store("lost_write", "set", "set"),
    Store("two_leaders", "leader", "leader"),
    Store("dead_member", "membership", "membership"),
    Store("duplicate_id", "unique-ids", "ids"),
]


@dataclass(frozen=True)
class Trial:
    """A store in a scenario."""

    store: Store
    scenario: str

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"{self.store.name or 'the store'}: {self.scenario}"

    def source(self, folder: Path) -> ScenarioSource:
        """Return the scenario with this store; the profile of a broken one goes into `folder`."""
        source = ScenarioSource.read(HOME / f"scenarios/{self.scenario}.yaml")
        if not self.store.name:
            return source
        right = (HOME / "profile.yaml").read_text(encoding="utf-8")
        broken = right.replace(_PROGRAM, f"-m, broken.{self.store.name}")
        path = folder / f"{self.store.name}.yaml"
        path.write_text(broken.replace("folder: .", f"folder: {HOME}"), encoding="utf-8")
        changes = {"profile": str(path)}
        return ScenarioSource(source.scenario.model_copy(update=changes), source.text, source.file)

    def differences(self, run: Run) -> list[str]:
        """Return one line for everything that was found and should not, or the other way round."""
        if run.error:
            return [f"{self.name}: {run.error.what}"]
        said = {verdict.check: verdict.judgement for verdict in run.verdicts}
        lines = [
            f"{v.check}: {v.judgement.word}: {v.findings[0].says}"
            for v in run.verdicts
            if v.check != self.store.breaks and v.judgement is not Judgement.VALID
        ]
        if self.store.breaks and said.get(self.store.breaks) is not Judgement.INVALID:
            lines.append(f"{self.store.breaks} is not found to be broken")
        return [f"{self.name}: {line}; {run.folder}" for line in lines]


def trials(engine: EngineName) -> list[Trial]:
    """Return everything that can be tried on an engine."""
    made = [Trial(store, name) for store in (RIGHT, *BROKEN) for name in store.scenarios]
    only = {name: ScenarioSource.read(HOME / f"scenarios/{name}.yaml") for name in SCENARIOS}
    return [trial for trial in made if only[trial.scenario].scenario.engine in (None, engine)]


class _Watcher:
    """Calls a function when a run is over."""

    def __init__(self, done: Callable[[int, Run], None]) -> None:
        self.end = done

    def phase(self, line: str) -> None:
        """Show nothing."""

    def begin(self, number: int) -> None:
        """Show nothing."""

    def step(self, number: int, line: str) -> None:
        """Show nothing."""


def tried(
    wanted: Sequence[Trial],
    engine: EngineName,
    folder: Path,
    *,
    jobs: int = 1,
    done: Callable[[int, Run], None] = lambda number, run: None,
) -> list[Run]:
    """Run trials, several at a time; `done` is called for each with its place and its run."""
    sources = [trial.source(folder) for trial in wanted]
    plan = Plan(sources, engine, lambda kind: choose(kind, lambda _: None), folder, jobs=jobs)
    return run_all(plan, _Watcher(done))
