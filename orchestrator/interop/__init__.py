"""Interoperability: every program with every other and with itself, both ways."""

from orchestrator.interop.course import Pair
from orchestrator.interop.matching import RUBRIC, match

__all__ = ["RUBRIC", "Pair", "match"]
