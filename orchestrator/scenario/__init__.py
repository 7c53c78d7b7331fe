"""Scenario files: models, steps, validation."""

from __future__ import annotations

from orchestrator.scenario.acts import (
    Connect,
    Exit,
    Expect,
    Help,
    List,
    MyIp,
    MyPort,
    Send,
    Terminate,
    Type,
)
from orchestrator.scenario.fault_acts import Chaos
from orchestrator.scenario.models import EXITED, Limits, Scenario, load, of, schema
from orchestrator.scenario.network_faults import drawn, network_fault
from orchestrator.scenario.rules import FAULTS
from orchestrator.scenario.steps import FaultStep, ScheduledFault, Step
from orchestrator.scenario.values import ALL, EngineName

__all__ = [
    "ALL", "EXITED", "FAULTS", "Chaos", "Connect", "EngineName", "Exit", "Expect",
    "FaultStep", "Help", "Limits", "List", "MyIp", "MyPort", "Scenario",
    "ScheduledFault", "Send", "Step", "Terminate", "Type", "drawn", "load", "network_fault", "of",
    "schema",
]  # fmt: skip
