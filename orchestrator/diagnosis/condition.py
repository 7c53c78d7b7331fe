"""What was found out about one part of a machine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.errors import LabError


class State(StrEnum):
    """How well a part does what the lab asks of it."""

    WORKS = "works"
    LIMITED = "limited"  # something less than all; most scenarios run
    FAILS = "fails"
    UNKNOWN = "unknown"  # it could not be found out


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of one part of a machine."""

    part: str  # such as "open files"
    state: State
    says: str  # what was found
    means: str = ""  # what that means for scenarios; empty if it works
    remedy: str = ""  # what to do about it on this machine; empty if nothing helps or is needed

    @classmethod
    def of_error(cls, part: str, error: LabError, means: str) -> Condition:
        """Return the condition of a part that failed, with the error's own hint."""
        return cls(part, State.FAILS, error.what, means, error.hint)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The conditions of all parts of a machine."""

    engine: str  # on which scenarios would run: `docker` or `process`
    can_run: bool  # whether a scenario has just run there
    conditions: tuple[Condition, ...]
