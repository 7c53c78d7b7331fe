"""A fault that a test lets hold, and what lifts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self


class Holding:
    """A fault that holds until it is lifted: in a `with` statement, at its end.

    Args:
        name: of the fault, or of the peer that it was done to.
        holds: tells whether it does still.
        lift: lifts it.

    Attributes:
        name: the same.
    """

    def __init__(self, name: str, holds: Callable[[], bool], lift: Callable[[], object]) -> None:
        self.name = name
        self._holds, self._lift = holds, lift

    def __repr__(self) -> str:
        return f"<Holding {self.name}>"

    def lift(self) -> None:
        """Lift it, and see that it is gone; nothing where it was lifted already.

        Raises:
            NotAsWantedError: that could not be done, or not be proven.
        """
        __tracebackhide__ = True
        if self._holds():
            self._lift()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        __tracebackhide__ = True
        if error is not None and not isinstance(error, Exception):
            return  # somebody wants the end, and that lifts all
        try:
            self.lift()
        except Exception as another:
            if error is None:
                raise
            error.add_note(f"and when {self.name} was lifted: {another}")
