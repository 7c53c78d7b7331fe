"""Doing several things in parallel: all from the same moment, or a few at a time."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_WORKERS = 4  # as many as speed Docker up
_STARTED_WITHIN = 60.0  # seconds for every thread
Item = TypeVar("Item")
Result = TypeVar("Result")


def map_parallel(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return the result of `work` for each item, computed a few at a time.

    Raises:
        BaseException: the first error in the order of the items, once all have ended.
    """
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(work, items))


def run_together(actions: Sequence[Callable[[], object]]) -> None:
    """Start all actions at the same moment, each in its own thread, and wait for all of them.

    Each sees the context variables of the caller.

    Raises:
        BaseException: the earliest error; the others are added to it as notes.
    """
    __tracebackhide__ = True
    barrier = threading.Barrier(max(1, len(actions)), timeout=_STARTED_WITHIN)
    failures: list[BaseException] = []

    def run(action: Callable[[], object]) -> None:
        __tracebackhide__ = True
        try:
            barrier.wait()
            action()
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            failures.append(error)

    threads = [
        threading.Thread(target=contextvars.copy_context().run, args=(run, action), daemon=True)
        for action in actions
    ]
    try:
        for thread in threads:
            thread.start()
    except BaseException:  # release the threads that have started
        barrier.abort()
        raise
    for thread in threads:
        thread.join()
    if failures:
        first, *others = failures
        for other in others:
            first.add_note(f"and at the same time: {other}")
        raise first
