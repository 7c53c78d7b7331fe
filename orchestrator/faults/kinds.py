"""The kinds of faults, by the verbs that scenarios have for them, and what lifts each."""

from __future__ import annotations

PROCESS = ("kill", "stop", "pause")
"""Faults of a peer itself."""

NETWORK = ("partition", "isolate", "impair", "stream")
"""Faults of the links between peers."""

LIFTED_BY = {
    "kill": "start", "stop": "start", "pause": "resume", "partition": "heal", "isolate": "heal",
    "impair": "restore", "stream": "restore",
}  # fmt: skip
"""The verb that lifts each kind."""

LIFTING = tuple(dict.fromkeys(LIFTED_BY.values()))
"""The verbs that lift faults."""

_WHY = "processes share this machine's network, which the lab never touches"
PROCESSES_LACK = dict.fromkeys(("cut", "loss", "bandwidth", "delay"), _WHY)
"""What cannot be done to the network of local processes, and why."""


def lifted_by(verb: str) -> tuple[str, ...]:
    """Return the kinds of faults that a verb lifts; none for one that lifts nothing."""
    return tuple(kind for kind, lifting in LIFTED_BY.items() if lifting == verb)
