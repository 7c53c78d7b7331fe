"""What the canary reports, as it comes, and whether the network carries it at all."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.engines.canary import program
from orchestrator.engines.sidecar.client import Carrier
from orchestrator.errors import EngineError, NetworkError

SOURCE = Path(program.__file__)  # the program's file
_KEPT = 8_000  # reports: of an hour
_SILENT = 1.5  # seconds without a report after which the canary is held up itself
PERIOD = 0.5  # seconds between two reports
_STARTS_WITHIN = 60.0  # seconds for its first report
_CARRIES_WITHIN = 20.0  # seconds from then on for the first round trip, if the machine is fine
_MOST_CROWDED = 3.0  # times as long it may take if the machine is not
_LOOKS = 0.05  # seconds between two looks for it
_HARMLESS = 5.0  # threads for each processor: the usual limits leave that much time to spare

MOST_SLOWNESS = 5.0
"""How many times as long the lab waits at most because the machine is slow."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the canary found in half a second."""

    at: float  # when it came, on `time.monotonic`
    took: tuple[float, ...]  # seconds of each round trip that ended
    held: float  # seconds for which the last one has been on its way
    crowd: float  # how many threads wanted each processor
    why: str  # the last error; empty without one


class Canary:
    """One running canary. Thread-safe.

    Args:
        carrier: its output; its input ends it.
        where: its two ends, in words.
        hint: what to try if nothing gets through.
    """

    def __init__(self, carrier: Carrier, where: str, hint: str) -> None:
        self._carrier, self._where, self._hint = carrier, where, hint
        self._reports: deque[Report] = deque(maxlen=_KEPT)
        self._carried = threading.Event()
        self._over = threading.Event()
        self._reader = threading.Thread(target=self._read, name="canary", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        rest = b""
        try:
            for chunk in self._carrier.chunks():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._take(line)
        except (OSError, ValueError):
            pass  # it was closed
        finally:
            self._over.set()

    def _take(self, line: bytes) -> None:
        try:
            data: Any = json.loads(line)
            report = Report(
                time.monotonic(), tuple(data["took"]), data["held"], data["crowd"], data["why"]
            )
        except (ValueError, TypeError, KeyError):
            return
        self._reports.append(report)
        if report.took:
            self._carried.set()

    def since(self, at: float) -> list[Report]:
        """Return the reports since a time on `time.monotonic`."""
        return [report for report in list(self._reports) if report.at >= at]

    @property
    def held(self) -> float:
        """For how many seconds it has been stuck; 0 if it is not, or has ended."""
        if self._over.is_set() or not self._reports:
            return 0.0
        last = self._reports[-1]
        silent = time.monotonic() - last.at
        if silent > _SILENT:
            return last.held + silent - PERIOD
        return last.held if last.held > PERIOD else 0.0

    @property
    def slowness(self) -> float:
        """How many times slower than usual programs are at the moment: 1 to `MOST_SLOWNESS`."""
        if self.held:
            return MOST_SLOWNESS
        crowd = self._reports[-1].crowd if self._reports else 1.0
        return min(max(crowd / _HARMLESS, 1.0), MOST_SLOWNESS)

    def require(self) -> None:
        """Wait until it has carried something once: without that no program can be judged.

        Raises:
            NetworkError: nothing got through, and why.
            EngineError: it did not start, or has ended.
        """
        began = time.monotonic()
        while not self._carried.wait(_LOOKS):
            last = self._reports[-1] if self._reports else None
            waited = time.monotonic() - began
            if self._over.is_set() or (last is None and waited >= _STARTS_WITHIN):
                raise EngineError(f"the lab's canary, a TCP echo {self._where}, does not run")
            if last is None:
                continue
            waited = time.monotonic() - max(began, self._reports[0].at)
            if waited >= _CARRIES_WITHIN * min(max(last.crowd / _HARMLESS, 1.0), _MOST_CROWDED):
                raise self._nothing_through(waited, last.why or "no reply")

    def _nothing_through(self, waited: float, why: str) -> NetworkError:
        return NetworkError(
            f"the lab's own network carries nothing: a TCP echo {self._where}, got nothing back"
            f" within {waited:.0f} s ({why}); no program was judged",
            hint=self._hint,
        )

    def close(self) -> None:
        """End it."""
        self._carrier.close()
        self._reader.join()
        self._carrier.free()
