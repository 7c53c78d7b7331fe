"""The condition of this machine (`doctor`)."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from orchestrator.diagnosis.condition import Diagnosis, State
from orchestrator.report.output_format import FORMAT, DiagnosisOutput
from orchestrator.report.printing import plain

_MARKS = {
    State.WORKS: ("✓", "green"),
    State.LIMITED: ("!", "yellow"),
    State.FAILS: ("✗", "bold red"),
    State.UNKNOWN: ("?", "yellow"),
}


def diagnosis_as_data(diagnosis: Diagnosis) -> DiagnosisOutput:
    """Return a diagnosis for `--json`."""
    return {
        "format": FORMAT,
        "engine": diagnosis.engine,
        "can_run": diagnosis.can_run,
        "conditions": [
            {
                "part": one.part,
                "state": one.state.value,
                "says": one.says,
                "means": one.means or None,
                "remedy": one.remedy or None,
            }
            for one in diagnosis.conditions
        ],
    }


def print_diagnosis(console: Console, diagnosis: Diagnosis) -> None:
    """Print each condition with what it means and what helps, and at the end the upshot.

    Lines are not folded, so that a command in one can be copied.
    """
    for one in diagnosis.conditions:
        mark, style = _MARKS[one.state]
        line = Text(f"{mark} ", style).append_text(plain(one.part, "bold")).append(": ")
        console.print(line.append_text(plain(one.says, "not bold")), soft_wrap=True)
        for label, text in (("which means", one.means), ("what helps", one.remedy)):
            if text:
                console.print(plain(f"  {label}: {text}", "dim"), soft_wrap=True)
    can, style = ("can", "green") if diagnosis.can_run else ("cannot", "bold red")
    console.print(
        plain(f"scenarios {can} run here on the engine {diagnosis.engine}", style), soft_wrap=True
    )
