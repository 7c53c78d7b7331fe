"""Where the lab finds what it brings beside its code: compose.yaml, profiles/, the peer."""

from __future__ import annotations

from pathlib import Path

_CODE = Path(__file__).resolve().parent
_COPY = _CODE / "root"  # in a wheel: see `force-include` in pyproject.toml

ROOT = _COPY if _COPY.is_dir() else _CODE.parent
"""The project's folder; an installation has a copy of what of it the lab needs."""
