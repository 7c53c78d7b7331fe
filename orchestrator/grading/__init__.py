"""Grading: every test of a suite with every program, on engines, until all have a result."""

from orchestrator.grading.alone import alone_in
from orchestrator.grading.grading import Grading, GradingOptions
from orchestrator.grading.options import Naming, Options, Show
from orchestrator.grading.programs import Program, find

__all__ = ["Grading", "GradingOptions", "Naming", "Options", "Program", "Show", "alone_in", "find"]
