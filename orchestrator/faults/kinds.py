"""The kinds of faults, named by the verbs of scenarios: what they need, and what lifts them."""

from __future__ import annotations

from collections.abc import Mapping

PROCESS = ("kill", "stop", "pause")  # faults of a peer itself

NEEDS: Mapping[str, tuple[str, ...]] = {
    "kill": (),
    "stop": (),
    "pause": (),
    "partition": ("cut",),
    "isolate": ("cut",),
    "impair": ("loss", "bandwidth", "delay"),
    "stream": ("stream",),
}
"""All kinds, and the features of the network that each may need."""

NETWORK = tuple(kind for kind in NEEDS if kind not in PROCESS)  # faults of the links between peers

LIFTED_BY = {
    "kill": "start", "stop": "start", "pause": "resume", "partition": "heal", "isolate": "heal",
    "impair": "restore", "stream": "restore",
}  # fmt: skip
"""The verb that lifts each kind."""

LIFTING = tuple(dict.fromkeys(LIFTED_BY.values()))  # the verbs that lift faults

_WHY = "processes share this machine's network, which the lab never touches"
PROCESSES_LACK = dict.fromkeys(("cut", "loss", "bandwidth", "delay"), _WHY)
"""What cannot be done to the network of local processes, and why."""


def lifted_by(verb: str) -> tuple[str, ...]:
    """Return the kinds of faults that a verb lifts, if any."""
    return tuple(kind for kind, lifting in LIFTED_BY.items() if lifting == verb)
