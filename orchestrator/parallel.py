"""Doing several things in parallel: all from the same moment, or a few at a time."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

_WORKERS = 4  # as many as speed Docker up
_STARTED_WITHIN = 60.0  # seconds for every thread
Item = TypeVar("Item")
Result = TypeVar("Result")


Watch = Callable[[int, int], None]  # told how many are done, and of how many

_watch: contextvars.ContextVar[Watch] = contextvars.ContextVar("_watch")


@contextlib.contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Tell `watch` of every item that `map_parallel` has done in this block, from 0 on."""
    before = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(before)


def note(done: int, total: int) -> None:
    """Tell whoever watches this thread that so many of several things are done."""
    if watch := _watch.get(None):
        watch(done, total)


def map_parallel(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Return the result of `work` for each item, computed a few at a time; see `watched`.

    Raises:
        BaseException: the first error in the order of the items, once all that have begun have
            ended.
    """
    note(0, len(items))
    with ThreadPoolExecutor(_WORKERS) as pool:
        jobs = [pool.submit(work, item) for item in items]
        try:
            for done, job in enumerate(as_completed(jobs), 1):
                if job.exception():
                    break
                note(done, len(items))
        finally:
            for job in jobs:
                job.cancel()  # has an effect on those that have not begun
    return [job.result() for job in jobs]


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
