"""How much of the machine other programs had meanwhile: time that a peer cannot answer in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tests.peer.support import stat

_IDLE = (3, 4)  # fields of /proc/stat: idle, and waiting for a disk
_GUEST = 8  # from here on, time that is counted above already


class Lateness:
    """Seconds of this machine that went to other programs since it was made.

    Args:
        own: the processes that are not others.
    """

    def __init__(self, own: Sequence[int]) -> None:
        self._own = own
        self._began = self._others()

    def _others(self) -> float:
        fields = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
        busy = sum(value for at, value in enumerate(fields[:_GUEST]) if at not in _IDLE)
        ours = 0.0
        for pid in self._own:
            try:
                ours += stat(pid)[1]
            except OSError:  # it has ended
                continue
        return busy / os.sysconf("SC_CLK_TCK") - ours

    @property
    def seconds(self) -> float:
        """How long all processors together were with others, as if they had been so in turn."""
        return max(0.0, self._others() - self._began) / (os.cpu_count() or 1)
