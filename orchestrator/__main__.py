"""The command `peerlab`, and `python -m orchestrator`: the same."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

_INTERRUPTED = 130  # as shells have it


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"interrupted: nothing was begun\n")
    os._exit(_INTERRUPTED)  # an import would show where it was


# Before the imports that take a while: the command line sees to signals once it is there.
for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(_number, _leave)

from orchestrator.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
