"""`peerlab profile new` for a folder of programs: a line for each, and a page to review them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.text import Text

from orchestrator.cli.consoles import BROKEN, err, out, say
from orchestrator.cli.live import LiveView
from orchestrator.discovery.batch import BatchPlan, Written, estimate, write_profiles
from orchestrator.engines.choose import choose
from orchestrator.grading.output import exclusive, write_output
from orchestrator.grading.programs import distinct, fit
from orchestrator.report import profiles as report
from orchestrator.report.grading.profile_page import ProfileRow, profiles_page
from orchestrator.report.printing import safe
from orchestrator.scenario import EngineName
from orchestrator.text import count

OUTPUT = Path("profiles-new")
_PAGE = "profiles.html"
_FAILED = 1


def write_all(
    folders: Sequence[Path],
    output: Path,
    engine: EngineName,
    *,
    port: int,
    jobs: int,
    force: bool,
    test: bool,
) -> int:
    """Write the profiles of programs; return the exit status.

    That is 0 if all are ready, 1 if some need a review, 2 if some have none.
    """
    names = distinct([(fit(folder.name), fit(str(folder))) for folder in folders])
    plan = BatchPlan(
        dict(zip(names, folders, strict=True)), output,
        lambda cancel: choose(engine, say, cancel=cancel), port, jobs, force=force, test=test,
    )  # fmt: skip
    with exclusive(output):
        kept = plan.kept()
        waiting = [name for name in names if name not in kept]
        _announce(waiting, kept, jobs, test=test)
        with _display(waiting) as display:
            done = write_profiles(plan, _Lines(display))
        page = output / _PAGE
        write_output(page, profiles_page([_row(written) for written in done]))
    rows = [(written.name, written.says, written.tested, written.start) for written in done]
    report.print_written(out, rows)
    out.print(f"review them at {safe(page)}", soft_wrap=True)
    states = {written.state for written in done}
    return BROKEN if "failed" in states else _FAILED if states - {"ready", "kept"} else 0


def _announce(waiting: Sequence[str], kept: object, jobs: int, *, test: bool) -> None:
    minutes = estimate(waiting, jobs, test=test)
    took = f": at most {minutes:.0f} min on an idle machine" if waiting else ""
    say(f"{count(len(waiting), 'profile')} to write{took}")
    if kept:
        say("profiles that are up to date stay as they are; --force writes all again")


class _Lines:
    """Shows programs in a live view."""

    def __init__(self, view: LiveView) -> None:
        self._view = view
        self.begin, self.step = view.begin, view.step

    def done(self, number: int, line: str, *, good: bool) -> None:
        """Show what became of a program."""
        self._view.remove(number, Text(safe(line), "green" if good else "yellow"))


@contextlib.contextmanager
def _display(names: list[str]) -> Iterator[LiveView]:
    live = LiveView(names, "programs")
    try:
        with live:
            yield live
    except BaseException:
        err.print("profiles that are written are kept: run the same command again to resume",
                  soft_wrap=True)  # fmt: skip
        raise


def _row(written: Written) -> ProfileRow:
    parts = [report.Understood(note.what, note.typed, note.output, note.understood, note.doubt)
             for note in written.notes]  # fmt: skip
    return ProfileRow(written.name, written.folder, written.state, written.says, written.hint,
                      written.tested, written.start, written.seconds, parts)  # fmt: skip
