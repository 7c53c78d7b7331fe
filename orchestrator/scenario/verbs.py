"""The keys of steps, by what they are about."""

from __future__ import annotations

from orchestrator.faults.kinds import LIFTING, NETWORK, PROCESS

CONSOLE = (
    "help", "myip", "myport", "connect", "send", "expect", "list", "terminate", "exit", "type",
)  # fmt: skip
"""Steps at consoles."""

SINGLE = (*PROCESS, *NETWORK, *LIFTING)
"""Each fault that is one act: what can stand in a `schedule`."""

FAULTS = (*SINGLE, "chaos", "schedule")
"""All steps that are faults."""

STEPS = (*CONSOLE, "parallel", "repeat", *FAULTS)
"""The keys of a step."""
