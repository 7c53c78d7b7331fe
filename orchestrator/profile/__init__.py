"""What a program looks like, as data: how to start it and how to read its console.

No pattern of any program stands in the orchestrator's code: it all comes from a file, one of
those in `profiles/` or somebody's own, read into the model here. docs/profiles.md tells all.
"""

from orchestrator.profile.loading import FILE, FOLDER, load, located, reader
from orchestrator.profile.model import (
    ANSWERS,
    NOTICES,
    VERBS,
    Console,
    Line,
    Profile,
    Seconds,
    Start,
    Verb,
)
from orchestrator.profile.reader import Found, Reader

__all__ = [
    "ANSWERS",
    "FILE",
    "FOLDER",
    "NOTICES",
    "VERBS",
    "Console",
    "Found",
    "Line",
    "Profile",
    "Reader",
    "Seconds",
    "Start",
    "Verb",
    "load",
    "located",
    "reader",
]
