"""Peers driven from Python, by tests above all: see docs/pytest.md."""

from __future__ import annotations

from orchestrator.lab.complaint import NotAsWantedError
from orchestrator.lab.conductors import Conductors
from orchestrator.lab.drive import SILENT
from orchestrator.lab.faults import Bending, Impairment
from orchestrator.lab.holding import Holding
from orchestrator.lab.lab import Lab, Setting
from orchestrator.lab.peer import Peer

__all__ = [
    "SILENT", "Bending", "Conductors", "Holding", "Impairment", "Lab", "NotAsWantedError", "Peer",
    "Setting",
]  # fmt: skip
