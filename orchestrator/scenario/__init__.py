"""Scenario files: models, steps, validation."""

from __future__ import annotations

from orchestrator.scenario.acts import ConnectStep, ExpectStep, ListStep, SendStep
from orchestrator.scenario.fault_acts import Chaos
from orchestrator.scenario.models import EXITED, Scenario, TimeLimits, load, of, schema
from orchestrator.scenario.network_faults import drawn, network_fault
from orchestrator.scenario.rules import FAULTS
from orchestrator.scenario.steps import FaultStep, ScheduledFault, Step
from orchestrator.scenario.values import ALL, EngineName

__all__ = [
    "ALL", "EXITED", "FAULTS", "Chaos", "ConnectStep", "EngineName", "ExpectStep", "FaultStep",
    "ListStep", "Scenario", "ScheduledFault", "SendStep", "Step", "TimeLimits", "drawn", "load",
    "network_fault", "of", "schema",
]  # fmt: skip
