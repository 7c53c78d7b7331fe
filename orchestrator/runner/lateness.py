"""How late this machine was during a run: what is slow on a busy machine is no one's fault."""

from __future__ import annotations

import heapq
import statistics
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator.engines.base import Engine
from orchestrator.engines.canary.canary import MOST_SLOWNESS, PERIOD, Report
from orchestrator.history.machine import CROWDED

_INTERVAL = 0.05  # seconds between two looks at the clock
_NOTABLE = 0.1  # seconds by which a thread wakes late, or an echo is, that are noted
_MOST = 20  # times that are kept, the worst ones
_MOST_CROWDS = 40  # parts of a run for which it is kept how crowded the machine was
PRESSURE = Path("/proc/pressure/cpu")  # Linux 4.20 and later, if the kernel counts it


class LatenessMeter:
    """Measures, in a thread of its own, how late timers are, and how long programs wait for a CPU.

    A timer that is late shows that the lab itself was held up. Linux lets a thread that has slept
    go first, so on a busy machine timers may be fine while programs hardly get on; that they
    wait for a CPU is what the kernel counts as pressure.

    Args:
        since: when the run began, on `time.monotonic`.
        engine: has the canary, once there are peers; None without one.
    """

    def __init__(self, since: float, engine: Engine | None = None) -> None:
        self._since, self._engine = since, engine
        self._late: list[tuple[float, float]] = []  # seconds late, and at which second of the run
        self._lost = 0.0  # seconds by which the clock is behind
        self._waited_before = _waited()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="lateness", daemon=True)

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._over.set()
        self._thread.join()

    def clock(self) -> float:
        """Return the time for deadlines: `time.monotonic`, less what the machine took away.

        It goes slower while too many threads want each processor, and while timers or the canary
        are late; never slower than a fifth.
        """
        return time.monotonic() - self._lost

    def _measure(self) -> None:
        last = time.monotonic()
        while True:
            due = time.monotonic() + _INTERVAL
            if self._over.wait(_INTERVAL):
                return
            now = time.monotonic()
            if (late := now - due) >= _NOTABLE:
                heapq.heappush(self._late, (late, due - self._since))
                if len(self._late) > _MOST:
                    heapq.heappop(self._late)
            passed, last = now - last, now
            self._lost += passed * (1 - 1 / self._slowness(passed))

    def _slowness(self, passed: float) -> float:
        """Return how many times slower than usual everything is, from 1 to `MOST_SLOWNESS`."""
        late = passed / _INTERVAL if passed - _INTERVAL >= _NOTABLE else 1.0
        return min(max(late, self._engine.slowness if self._engine else 1.0), MOST_SLOWNESS)

    @property
    def found(self) -> dict[str, Any]:
        """What the history says of it: see `machine` in docs/history.md."""
        late = [(at, by) for by, at in list(self._late)]
        found: dict[str, Any] = {"late": _stalls(late)}
        waited, before = _waited(), self._waited_before
        seconds = max(time.monotonic() - self._since, _INTERVAL)
        if waited is not None and before is not None:
            found["waited"] = round(min((waited - before) / seconds, 1.0), 3)
        if self._engine and (canary := self._engine.canary):
            found |= self._of_canary(canary.since(self._since), canary.held)
        return found

    def _of_canary(self, reports: Sequence[Report], held: float) -> dict[str, Any]:
        took = [seconds for report in reports for seconds in report.took]
        now = time.monotonic() - self._since
        stuck = [(report.at - self._since - by, by) for report in reports for by in report.took]
        stuck += [(now - held, held)] if held else []
        worst = heapq.nlargest(_MOST, (one for one in stuck if one[1] >= _NOTABLE), lambda s: s[1])
        canary: dict[str, Any] = {"trips": len(took), "late": _stalls(worst)}
        if took:
            canary["median"] = round(statistics.median(took), 6)
        return {
            "canary": canary,
            "crowded": crowds([(r.at - self._since, r.crowd) for r in reports]),
        }


def _stalls(found: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
    return [{"since": round(max(at, 0.0), 3), "by": round(by, 3)} for at, by in sorted(found)]


def crowds(samples: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
    """Return when how many threads wanted each processor, where that was too many.

    Args:
        samples: seconds since the run began, and threads for each processor before that.
    """
    found: list[dict[str, float]] = []
    size = -(-len(samples) // _MOST_CROWDS) or 1
    since = max(0.0, samples[0][0] - PERIOD) if samples else 0.0
    for index in range(0, len(samples), size):
        part = samples[index : index + size]
        until, by = part[-1][0], round(2 * statistics.fmean(crowd for _, crowd in part)) / 2
        if found and found[-1]["until"] == round(since, 3) and found[-1]["by"] == by:
            found[-1]["until"] = round(until, 3)
        elif by >= CROWDED:
            found.append({"since": round(since, 3), "until": round(until, 3), "by": by})
        since = until
    return found


def _waited() -> float | None:
    """Return for how many seconds, since the machine started, some program waited for a CPU."""
    try:
        some = PRESSURE.read_text().split("\n", 1)[0]
        return int(some.rpartition("total=")[2]) / 1_000_000
    except (OSError, ValueError):
        return None
