"""Grades: what a suite asks, what became of each test, and where that is kept. Pure but for files.

A rubric names tests, each a scenario and the checks that count; a run of one with one program is
marked; results are kept until anything changes that they depend on.
"""

from orchestrator.grades.marking import blames_lab, leaves_fit, mark, unrun
from orchestrator.grades.results import CheckResult, Grade, Outcome, Result
from orchestrator.grades.rubric import SHIPPED, Rubric, Suite, Task, Test, load
from orchestrator.grades.store import Store
from orchestrator.grades.waiting import unasked

__all__ = [
    "SHIPPED", "CheckResult", "Grade", "Outcome", "Result", "Rubric", "Store", "Suite",
    "Task", "Test",
    "blames_lab", "leaves_fit", "load", "mark", "unasked", "unrun",
]  # fmt: skip
