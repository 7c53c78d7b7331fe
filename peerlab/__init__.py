"""What tests, checks and readers import: the public names of Peerlab.

The code is in the package `orchestrator`; a name is imported from there when it is first used, so
that a check of one's own does not wait for pytest.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.checks import Finding, HistoryIndex, Verdict, conclude
    from orchestrator.errors import LabError
    from orchestrator.profile import NoticeMatch, Reader
    from orchestrator.pytest_plugin.lab import Lab, NotAsWantedError, Peer

    __version__: str

__all__ = [
    "Finding",
    "HistoryIndex",
    "Lab",
    "LabError",
    "NotAsWantedError",
    "NoticeMatch",
    "Peer",
    "Reader",
    "Verdict",
    "__version__",
    "conclude",
]

_HOMES = {
    "orchestrator.checks": ("Finding", "HistoryIndex", "Verdict", "conclude"),
    "orchestrator.errors": ("LabError",),
    "orchestrator.profile": ("NoticeMatch", "Reader"),
    "orchestrator.pytest_plugin.lab": ("Lab", "NotAsWantedError", "Peer"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Return a public name, imported now."""
    if name == "__version__":
        return importlib.metadata.version("peerlab")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
