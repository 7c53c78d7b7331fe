"""Patterns for values that have the form in which they were seen. Pure."""

from __future__ import annotations

import re

from orchestrator.patterns import escape

FORMED = ("time", "whole")
"""The kinds of these values: times, and ids of several parts, such as `3:1` or `room/2`."""


def form_pattern(kind: str, text: str, group: str = "") -> str:
    """Return a pattern for any value of the form of a text, in a group if that has a name."""
    made = _time(text) if kind == "time" else _parts(text)
    return f"(?P<{group}>{made})" if group else made


def _time(text: str) -> str:
    made = []
    for piece in re.findall(r"\w+|\s+|\W", text):
        varies = r"\d+" if piece.isdigit() else r"\w+" if piece.isalnum() else r"\s+"
        made.append(varies if piece.isalnum() or piece.isspace() else escape(piece))
    return "".join(made)


def _parts(text: str) -> str:
    pieces = re.findall(r"\w+|\W", text)
    return "".join(
        r"\d+" if piece.isdigit() else r"\w+" if piece.isalnum() else escape(piece)
        for piece in pieces
    )
