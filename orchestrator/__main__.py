"""The command `peerlab`, also `python -m orchestrator`."""

from __future__ import annotations

import gc
import os
import signal
from types import FrameType
from typing import NoReturn

from orchestrator.cancel import ENDINGS, status_of


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"interrupted: nothing was begun\n")
    os._exit(status_of(number))  # an exception would print where the import was


# Set before the slow imports; `cli.main` installs its own handlers.
for _number in ENDINGS:
    signal.signal(_number, _leave)

# What is imported is no garbage, and to look for some there, also at the end, takes a third of a
# short command. The command line enables it once a command is imported.
gc.disable()

from orchestrator.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
