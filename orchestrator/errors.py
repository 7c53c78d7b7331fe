"""What can go wrong in the lab itself, as one small tree of exceptions.

A failed expectation is a verdict, never one of these.
"""

from __future__ import annotations


class LabError(Exception):
    """The lab could not do what was asked.

    Attributes:
        what: one sentence that says what failed, and where.
        hint: one sentence that says what to try; may be empty.
    """

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
