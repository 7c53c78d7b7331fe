"""Profiles: how to start a program and how to read its console, as data.

The orchestrator's code has no pattern of any program. Patterns come from a file, one of those
in `profiles/` or a user's own, that is read into the model here. See docs/profiles.md.
"""

from orchestrator.profile.loading import FILE, FOLDER, load, located, path_of, reader
from orchestrator.profile.model import (
    ANSWERS,
    NOTICES,
    VERBS,
    ConsoleSettings,
    InputLine,
    Lack,
    Place,
    Profile,
    Seconds,
    Start,
    Verb,
    schema,
)
from orchestrator.profile.reader import NoticeMatch, Reader

Found = NoticeMatch  # the former name, which readers outside this repository may import

__all__ = [
    "ANSWERS",
    "FILE",
    "FOLDER",
    "NOTICES",
    "VERBS",
    "ConsoleSettings",
    "Found",
    "InputLine",
    "Lack",
    "NoticeMatch",
    "Place",
    "Profile",
    "Reader",
    "Seconds",
    "Start",
    "Verb",
    "load",
    "located",
    "path_of",
    "reader",
    "schema",
]
