"""Several acts at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

_STARTED_WITHIN = 60.0  # seconds for every thread


def side_by_side(acts: Sequence[Callable[[], object]]) -> list[BaseException]:
    """Do all of these at once, each in a thread; return what they raised, in that order."""
    barrier = threading.Barrier(max(1, len(acts)), timeout=_STARTED_WITHIN)
    failures: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        __tracebackhide__ = True
        try:
            barrier.wait()
            act()
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            failures.append(error)

    threads = [threading.Thread(target=run, args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
