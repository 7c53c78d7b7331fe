"""Profiles of the programs in tests/programs/styles.py."""

from __future__ import annotations

from typing import Any

from orchestrator import profile
from orchestrator.profile import Profile
from tests.orchestrator.support import PROGRAMS


def styled(style: str, **changes: Any) -> Profile:
    """Return the profile of a program in one of the styles."""
    plain = profile.load(str(PROGRAMS / "styles.yaml"))
    command = ["{python}", str(PROGRAMS / "styles.py")]
    start = {"command": command, "environment": {"STYLE": style}, **changes.pop("start", {})}
    console = plain.console.model_copy(update=changes.pop("console", {}))
    verbs = {**plain.operations, **changes.pop("operations", {})}
    changes |= {
        "start": plain.start.model_copy(update=start),
        "console": console,
        "operations": verbs,
    }
    return plain.model_copy(update=changes)


def verb(plain: Profile, name: str, **changes: Any) -> dict[str, Any]:
    """Return one verb of a profile, changed."""
    return {name: plain.operations[name].model_copy(update=changes)}
