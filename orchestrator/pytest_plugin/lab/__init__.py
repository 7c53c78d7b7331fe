"""Peers driven from Python, by tests above all: see docs/pytest.md."""

from __future__ import annotations

from orchestrator.pytest_plugin.lab.complaint import NotAsWantedError
from orchestrator.pytest_plugin.lab.conductors import Conductors
from orchestrator.pytest_plugin.lab.drive import SILENT
from orchestrator.pytest_plugin.lab.faults import Bending, Impairment
from orchestrator.pytest_plugin.lab.holding import Holding
from orchestrator.pytest_plugin.lab.lab import Lab, Setting
from orchestrator.pytest_plugin.lab.peer import Peer

__all__ = [
    "SILENT", "Bending", "Conductors", "Holding", "Impairment", "Lab", "NotAsWantedError", "Peer",
    "Setting",
]  # fmt: skip
