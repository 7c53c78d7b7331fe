"""The JSON Schema of scenario files, for editors: see docs/scenario.schema.json."""

from __future__ import annotations

from typing import Any

from orchestrator.document.schema import described
from orchestrator.scenario import Scenario


def schema() -> dict[str, Any]:
    """Return the schema, made of the model of scenarios and its docstrings."""
    return described(Scenario, "A scenario of Peerlab")
