"""Interoperability: every program with every other and with itself, both ways."""

from orchestrator.interop.course import Pair
from orchestrator.interop.matching import RUBRIC, Options, match

__all__ = ["RUBRIC", "Options", "Pair", "match"]
