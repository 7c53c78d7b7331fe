"""The JSON Schema of profiles, for editors: see docs/profile.schema.json."""

from __future__ import annotations

from typing import Any

from orchestrator.document.schema import described
from orchestrator.profile import Profile


def schema() -> dict[str, Any]:
    """Return the schema, made of the model of profiles and its docstrings."""
    return described(Profile, "A profile of Peerlab")
