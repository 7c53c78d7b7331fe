"""Where the lab finds what comes with its code, and where it keeps its own state."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

_CODE = Path(__file__).resolve().parent
_COPY = _CODE / "root"  # in a wheel: see `force-include` in pyproject.toml

ROOT = _COPY if _COPY.is_dir() else _CODE.parent
"""The folder with compose.yaml, profiles/ and the peer; an installation has a copy."""

DOCS = ROOT / "docs"  # the documentation and the JSON Schemas


def from_here(path: Path) -> str:
    """Return a path as people name it: from the current folder if it lies there, else whole."""
    whole, here = path.absolute(), Path.cwd()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else whole)


def user() -> int:
    """Return the number of the user who works here: with sudo, the one who called it."""
    caller = os.environ.get("SUDO_UID", "")
    return int(caller) if os.geteuid() == 0 and caller.isdecimal() else os.getuid()


def _home() -> Path:
    return Path("~").expanduser() if user() == os.getuid() else Path(pwd.getpwuid(user()).pw_dir)


def origin() -> str:
    """Return whose work it is, in one word: that of this user in this checkout."""
    return f"{user()}:{ROOT}"


def state_folder() -> Path:
    """Return the user's folder for state that outlives a command; it may not exist yet."""
    home = os.environ.get("XDG_STATE_HOME") or _home() / ".local/state"
    return Path(home, "peerlab")


def give_to_user(path: Path) -> None:
    """Give what root made in the user's home for `sudo` to the user: a file and its folders."""
    if user() == os.getuid():
        return
    owner, home = pwd.getpwuid(user()), _home()
    for part in (path, *path.parents):
        if not part.is_relative_to(home) or part == home:
            return
        if part.lstat().st_uid == 0:
            os.chown(part, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
