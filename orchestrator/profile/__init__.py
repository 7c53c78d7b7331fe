"""Profiles: how to start a program and how to read its console, as data.

The orchestrator's code has no pattern of any program. Patterns come from a file, one of those
in `profiles/` or a user's own, that is read into the model here. See docs/profiles.md.
"""

from orchestrator.profile.loading import (
    FILE,
    FOLDER,
    load,
    located,
    own_profile,
    path_of,
    placed_promises,
    promise_problems,
    reader,
)
from orchestrator.profile.model import (
    ANSWERS,
    ConsoleSettings,
    Lack,
    Place,
    Profile,
    Room,
    Seconds,
    Start,
    schema,
)
from orchestrator.profile.operation import (
    ENDS,
    MEANINGS,
    NOTICES,
    VERBS,
    ConsoleOperation,
    InputLine,
    Value,
    converted,
    wrong_type,
)
from orchestrator.profile.reader import NoticeMatch, Reader

Found = NoticeMatch  # the former name, which readers outside this repository may import

__all__ = [
    "ANSWERS",
    "ENDS",
    "FILE",
    "FOLDER",
    "MEANINGS",
    "NOTICES",
    "VERBS",
    "ConsoleOperation",
    "ConsoleSettings",
    "Found",
    "InputLine",
    "Lack",
    "NoticeMatch",
    "Place",
    "Profile",
    "Reader",
    "Room",
    "Seconds",
    "Start",
    "Value",
    "converted",
    "load",
    "located",
    "own_profile",
    "path_of",
    "placed_promises",
    "promise_problems",
    "reader",
    "schema",
    "wrong_type",
]
