"""Print what `peerlab profile test` finds at a program that is no chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from orchestrator import profile
from orchestrator.cli.consoles import err, out, print_json, progress
from orchestrator.discovery.trial.result import ReplyReading, Trial, Tried
from orchestrator.discovery.trial.setting import setting
from orchestrator.discovery.trial.trial import try_profile
from orchestrator.discovery.trial.values import given
from orchestrator.engines.choose import choose
from orchestrator.report import profiles as report
from orchestrator.report.output_format import FORMAT
from orchestrator.report.printing import safe
from orchestrator.scenario import EngineName

_FAILED = 1
_MOST_ROWS = 5  # of a reply that are shown


def run(
    file: str,
    engine: EngineName,
    with_: Sequence[str],
    programs: Sequence[str],
    compose: Path | None,
    *,
    as_json: bool,
) -> int:
    """Try a profile, print what was found, and return the exit status.

    Raises:
        LabError: an option is wrong, or the program is never ready.
    """
    values, peers = given(profile.load(file), with_), setting(file, programs, compose)
    with progress() as says, choose(engine, says.phase) as place:
        trial = try_profile(place, file, peers, values, says)
    if as_json:
        print_json({"format": FORMAT, **trial.as_data()})
    else:
        show(trial)
    return _FAILED if trial.is_wrong else 0


def show(trial: Trial) -> None:
    """Print what was found."""
    by_program: dict[str, list[str]] = {}
    for peer, program in trial.peers.items():
        by_program.setdefault(program, []).append(peer)
    ran = ", ".join(f"{', '.join(peers)} ({program})" for program, peers in by_program.items())
    if rows := [*_replies(trial)]:
        report.print_replies(out, f"{Path(trial.file).name}: tried with {ran}", rows)
    report.print_unread(out, trial.unread)
    for line in trial.complaints():
        err.print(safe(line), soft_wrap=True)
    for problem in trial.problems:
        out.print(safe(f"on the way: {problem}"), soft_wrap=True)
    style = "bold red" if trial.is_wrong else "green"
    out.print(safe(trial.summary), style=style, soft_wrap=True)


def _replies(trial: Trial) -> Iterator[report.ReplyRow]:
    for it in trial.in_order():
        state = "not matched" if it.reading is ReplyReading.UNREAD else "matched"
        typed = "\n".join(it.typed)
        yield report.ReplyRow(state, it.operation, typed, it.said, _read_as(it))
    for notice in trial.notices:
        what, fields = f"notice {notice.kind}", _fields(notice.fields)
        if notice.peer:
            yield report.ReplyRow(
                "matched", what, f"(at {notice.peer})", notice.said, fields or "read"
            )
        else:
            yield report.ReplyRow("no occasion", what, "", "", "never came")


def _read_as(it: Tried) -> str:
    """Return how a reply was read, with its results and rows."""
    rows = [_fields(row) for row in it.rows[:_MOST_ROWS]]
    if len(it.rows) > _MOST_ROWS:
        rows.append(f"… {len(it.rows)} rows")
    return "\n".join(filter(None, [it.reading.value, _fields(it.results), *rows]))


def _fields(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {value!r}" for name, value in values.items())
