"""The peer, beside a process that has its port and outlives it."""

from __future__ import annotations

import os
import sys
import time

from peer import __main__
from peer.listener import Listener

right = Listener.start


def start(listener: Listener) -> None:
    """Listen, and leave the socket to another process as well."""
    if not os.fork():
        os.setsid()
        for number in range(3):
            os.close(number)
        time.sleep(600)
    right(listener)


Listener.start = start  # type: ignore[assignment, method-assign]
sys.exit(__main__.main())
