"""The wrong peers, what each check must say of them, and scenarios that run them.

A wrong peer is a file in `peers/`: a few lines that patch one thing in the right one. Its
`BREAKS` names the check that must find it invalid, its `ALSO` those that must as well, because
what they judge really goes wrong. Every other check must find it valid. The files are read here,
never imported: they are programs, which run as a process or in a container.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator import profile
from orchestrator.checks import CHAT, Judgement
from orchestrator.checks.judged_run import Run
from orchestrator.runner.run import ScenarioSource
from tests.orchestrator.support import bring_peer

HERE = Path(__file__).parent
PEERS = HERE / "peers"

_SHIPPED = "peerlab"
_EXPECT_WITHIN = 1.0  # seconds


@dataclass(frozen=True)
class Variant:
    """A peer, right or wrong.

    Attributes:
        name: of its file, without the suffix.
        breaks: the check that must find it invalid; empty for the right one.
        also: the checks that must as well.
    """

    name: str
    breaks: str = ""
    also: tuple[str, ...] = ()

    @property
    def wanted(self) -> dict[str, Judgement]:
        """What each check must say."""
        wrong = {self.breaks, *self.also}
        return {c: Judgement.INVALID if c in wrong else Judgement.VALID for c in CHAT}

    def source(self, folder: Path) -> ScenarioSource:
        """Return the scenario with peers of this kind; they and their profile go into `folder`."""
        right = ScenarioSource.read(HERE / "scenario.yaml")
        if not self.breaks:
            return right
        # JSON is YAML, too.
        path = folder / f"{self.name}.yaml"
        made = profile_of(self.name, brought_to(folder / "peers"))
        path.write_text(made.model_dump_json(exclude_none=True), encoding="utf-8")
        changes: dict[str, object] = {"profile": str(path)}
        if self.wanted["expectations"] is Judgement.INVALID:  # then no step is worth a long wait
            limits = right.scenario.limits
            changes["limits"] = limits.model_copy(update={"expect": _EXPECT_WITHIN})
        return ScenarioSource(right.scenario.model_copy(update=changes), right.text, right.file)


def brought_to(folder: Path) -> Path:
    """Copy the wrong peers into a folder, with the right one that they patch."""
    if not folder.exists():
        shutil.copytree(PEERS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        bring_peer(folder)
    return folder


def profile_of(name: str, folder: Path) -> profile.Profile:
    """Return the shipped profile, with a wrong peer of a folder in place of the right one."""
    shipped = profile.load(_SHIPPED)
    program = f"{{folder}}/{name}.py"
    assert shipped.start.process
    assert shipped.start.container is not None
    python, _, _, *arguments = shipped.start.process  # without `-m peer`
    start = shipped.start.model_copy(
        update={
            "process": [python, program, *arguments],
            "container": ["python3", program, *shipped.start.container],
            "folder": str(folder),
        }
    )
    return shipped.model_copy(update={"name": name, "start": start})


def _read(path: Path) -> Variant:
    known = dict(_constants(path))
    return Variant(path.stem, known["BREAKS"], known.get("ALSO", ()))


def _constants(path: Path) -> Iterator[tuple[str, Any]]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="BREAKS" | "ALSO" as name)], value=value):
                yield name, ast.literal_eval(value)


RIGHT = Variant("right")
WRONG = [_read(path) for path in sorted(PEERS.glob("*.py"))]
EVERY = [RIGHT, *WRONG]


def found(run: Run) -> dict[str, Judgement]:
    """Return what each check said of a run."""
    return {verdict.check: verdict.judgement for verdict in run.verdicts}
