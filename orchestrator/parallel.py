"""Several acts at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

_STARTED_WITHIN = 60.0  # seconds for every thread


def side_by_side(acts: Sequence[Callable[[], object]]) -> None:
    """Do all of these at once, each in a thread of its own, and wait until all are done.

    Raises:
        BaseException: what one of them raised first; what others did is noted there.
    """
    __tracebackhide__ = True
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
    try:
        for thread in threads:
            thread.start()
    except BaseException:  # those that were started are not to wait for the others
        barrier.abort()
        raise
    for thread in threads:
        thread.join()
    if failures:
        first, *others = failures
        for other in others:
            first.add_note(f"and at the same time: {other}")
        raise first
