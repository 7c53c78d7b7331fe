"""Profiles of many programs, a few side by side; what was learnt is kept for the next call."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from orchestrator import profile as profiles
from orchestrator.cancel import CancelToken, RunCancelledError
from orchestrator.discovery.check import check
from orchestrator.discovery.discover import discover
from orchestrator.discovery.draft import DraftNote
from orchestrator.discovery.start_commands import start_commands
from orchestrator.engines.base import Engine, Say
from orchestrator.engines.docker.client import EngineLostError
from orchestrator.errors import DocumentError, LabError, ShortageError, first_line
from orchestrator.files import write_whole
from orchestrator.folder import file_digest, folder_digest
from orchestrator.reading import read_text
from orchestrator.text import count

SECONDS_EACH = 60  # at most, on an idle machine
SECONDS_TO_TEST = 10  # likewise

_MOST_MEGABYTES = 10
_BY_HAND = "has a profile that `profile new` did not write"


@dataclass(frozen=True)
class Written:
    """What became of one program.

    Attributes:
        name: the program's.
        folder: where it is.
        state: `ready`, `review`, `kept`, or `failed` if there is no profile.
        says: that in a few words: `review 2 patterns`, `cannot start: go is missing`.
        hint: what to try; may be empty.
        start: the command that started it.
        notes: how each part of the profile was learnt.
        seconds: how long that took.
        digests: of the program and of the profile that was written.
        tested: what came of a test of the profile, in a few words; empty if there was none.
    """

    name: str
    folder: str
    state: str
    says: str
    hint: str = ""
    start: str = ""
    notes: list[DraftNote] = field(default_factory=list)
    seconds: float = 0.0
    digests: tuple[str, str] = ("", "")
    tested: str = ""


class Display(Protocol):
    """Shows what becomes of the programs, by their numbers."""

    def begin(self, number: int) -> None:
        """Show that a program is being tried."""

    def step(self, number: int, line: str) -> None:
        """Show what is being done with it."""

    def done(self, number: int, line: str, *, good: bool) -> None:
        """Show what became of it."""


@dataclass
class BatchPlan:
    """What to do with which programs.

    Attributes:
        programs: their folders, by name.
        output: where what was learnt is kept.
        open_engine: returns an engine for one worker.
        port: where peers listen.
        jobs: how many programs are tried side by side.
        force: whether profiles are written again.
        test: whether each profile is tested once it is written.
        cancel: ends everything early.
    """

    programs: dict[str, Path]
    output: Path
    open_engine: Callable[[CancelToken], Engine]
    port: int
    jobs: int = 2
    force: bool = False
    test: bool = True
    cancel: CancelToken = field(default_factory=CancelToken)

    def kept(self) -> dict[str, Written]:
        """Return the programs whose profiles are up to date: nothing is to be done for them."""
        if self.force:
            return {}
        found = {name: self._kept(name, folder) for name, folder in self.programs.items()}
        return {name: written for name, written in found.items() if written}

    def _kept(self, name: str, folder: Path) -> Written | None:
        if not (folder / profiles.FILE).is_file():
            return None
        record, now = _read(self.output / f"{name}.json"), _digests(folder)
        if record is None or record.folder != str(folder.resolve()):
            return Written(name, str(folder.resolve()), "kept", _BY_HAND)
        if record.digests[0] == now[0]:
            return record
        if record.digests[1] == now[1]:  # as it was written: a changed program gets a new one
            return None
        says = "its profile was edited, then the program changed: check it, or give --force"
        return Written(name, str(folder.resolve()), "kept", says)


def write_profiles(plan: BatchPlan, display: Display) -> list[Written]:
    """Write the profile of each program that has none yet; return what became of all.

    However this ends, the next call resumes from there.

    Raises:
        LabError: Docker does not answer, or a file cannot be written.
    """
    done = plan.kept()
    waiting = [name for name in plan.programs if name not in done]

    def work(number: int) -> None:
        name = waiting[number]
        plan.cancel.check()
        display.begin(number)
        try:
            written = _write(plan, name, lambda line: _step(plan, display, number, line))
        except BaseException:
            plan.cancel.set()  # no other one begins
            raise
        write_whole(plan.output / f"{name}.json", json.dumps(asdict(written), indent=2) + "\n")
        done[name] = written
        display.done(number, f"{name}: {written.says}", good=written.state == "ready")

    with ThreadPoolExecutor(plan.jobs) as pool:
        jobs = [pool.submit(work, number) for number in range(len(waiting))]
        try:
            errors = [job.exception() for job in jobs]
        except BaseException:
            plan.cancel.set()
            raise
    for error in sorted(filter(None, errors), key=lambda it: isinstance(it, RunCancelledError)):
        raise error
    return [done[name] for name in plan.programs]


def _step(plan: BatchPlan, display: Display, number: int, line: str) -> None:
    plan.cancel.check()
    display.step(number, line)


def _write(plan: BatchPlan, name: str, say: Say) -> Written:
    """Write one profile. What is wrong with its program becomes its result, and no error."""
    folder, began = plan.programs[name], time.monotonic()
    at = str(folder.resolve())
    try:
        to_try = start_commands(folder)
        with plan.open_engine(plan.cancel) as engine:
            draft = discover(engine, folder, to_try, plan.port, say)
            file = folder / profiles.FILE
            write_whole(file, draft.to_yaml(), check=lambda part: profiles.load(str(part)))
            tested, is_right = _tested(engine, file, say) if plan.test else ("", True)
    except (RunCancelledError, EngineLostError, ShortageError):
        raise
    except LabError as error:
        what = first_line(error).removeprefix(f"{folder}: ")
        what = what.removeprefix(f"{folder.resolve().name} could not be started; ")
        return Written(name, at, "failed", f"cannot start: {what}", error.hint,
                       seconds=time.monotonic() - began)  # fmt: skip
    doubtful = sum(bool(note.doubt) for note in draft.notes)
    says = f"review {count(doubtful, 'pattern')}" if doubtful else "ready"
    if not is_right:
        says = f"{says}; its test failed" if doubtful else "review: its test failed"
    return Written(
        name, at, "review" if doubtful or not is_right else "ready", says,
        start=" ".join(draft.data["start"]["command"]).replace("{python}", "python3"),
        notes=draft.notes, seconds=time.monotonic() - began, digests=_digests(folder),
        tested=tested,
    )  # fmt: skip


def _tested(engine: Engine, file: Path, say: Say) -> tuple[str, bool]:
    """Test a profile that was just written; return what came of it, and whether it is right."""
    try:
        found = check(engine, str(file), say)
    except (RunCancelledError, EngineLostError, ShortageError):
        raise
    except LabError as error:  # the profile stands: it can be looked at, and corrected
        return first_line(error), False
    return found.tally, not found.is_wrong


def _digests(folder: Path) -> tuple[str, str]:
    return folder_digest(folder, but=(profiles.FILE,)), file_digest(folder / profiles.FILE)


def _read(file: Path) -> Written | None:
    """Return what a file says became of a program; None if it says nothing of use."""
    try:
        data: dict[str, Any] = json.loads(read_text(file, _MOST_MEGABYTES))
        notes = [DraftNote(**note) for note in data.pop("notes")]
        digests = tuple(data.pop("digests"))
        return Written(notes=notes, digests=digests, **data)
    except (OSError, DocumentError, RecursionError, ValueError, KeyError, TypeError):
        return None


def estimate(programs: Sequence[str], jobs: int, *, test: bool) -> float:
    """Return how many minutes it takes at most to write this many profiles, and to test them."""
    each = SECONDS_EACH + (SECONDS_TO_TEST if test else 0)
    return -(-len(programs) // jobs) * each / 60
