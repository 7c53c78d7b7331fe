"""Where the lab finds what comes with its code, and where it keeps its own state."""

from __future__ import annotations

import os
from pathlib import Path

_CODE = Path(__file__).resolve().parent
_COPY = _CODE / "root"  # in a wheel: see `force-include` in pyproject.toml

ROOT = _COPY if _COPY.is_dir() else _CODE.parent
"""The folder with compose.yaml, profiles/ and the peer; an installation has a copy."""


def state_folder() -> Path:
    """Return the user's folder for state that outlives a command; it may not exist yet."""
    home = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(home, "peerlab")
