"""Tests of which nothing is known yet, as no command has asked for them, or not got there."""

from __future__ import annotations

from orchestrator.grades.marking import unrun
from orchestrator.grades.results import Outcome, Result
from orchestrator.grades.rubric import Task


def unasked(task: Task, reason: str) -> Result:
    """Return the result of a test that nobody has carried out so far."""
    return unrun(task, Outcome.NOT_RUN, reason).model_copy(update={"asked": False})
