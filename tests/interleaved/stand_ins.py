"""What the peer's modules use in place of `threading`, `select` and `time` under the scheduler."""

from __future__ import annotations

import contextlib
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any, Self
from unittest import mock

from tests.interleaved.scheduler import Scheduler, Task


class _Lock:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler, self._held = scheduler, False

    def __enter__(self) -> Self:
        if self._held:
            self._scheduler.wait(lambda: not self._held)
        self._held = True
        return self

    def __exit__(self, *_: object) -> None:
        self._held = False


class _Event:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler, self._set = scheduler, False

    def set(self) -> None:
        self._set = True

    def is_set(self) -> bool:
        return self._set

    def wait(self, timeout: float | None = None) -> bool:
        return self._set or self._scheduler.wait(self.is_set, timeout)


class _Thread:
    def __init__(
        self, scheduler: Scheduler, target: Callable[[], object], name: str, daemon: bool = False
    ) -> None:
        self._scheduler, self._target, self._name = scheduler, target, name
        self._task: Task | None = None

    def start(self) -> None:
        self._task = self._scheduler.start(self._name, self._target)

    def join(self, timeout: float | None = None) -> None:
        task = self._task
        if task and not task.done:
            self._scheduler.wait(lambda: task.done, timeout)


class _Poll:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler, self._real = scheduler, select.poll()

    def register(self, thing: Any, mask: int) -> None:
        self._real.register(thing, mask)

    def poll(self, milliseconds: float | None = None) -> list[tuple[int, int]]:
        timeout = None if milliseconds is None else milliseconds / 1000
        self._scheduler.wait(lambda: bool(self._real.poll(0)), timeout)
        return self._real.poll(0)


def _select(scheduler: Scheduler) -> Callable[..., Any]:
    def stand_in(
        reading: Sequence[Any], writing: Sequence[Any], odd: Sequence[Any],
        timeout: float | None = None,
    ) -> Any:  # fmt: skip
        def found() -> Any:
            return select.select(reading, writing, odd, 0)

        scheduler.wait(lambda: any(found()), timeout)
        return found()

    return stand_in


@contextlib.contextmanager
def installed(scheduler: Scheduler) -> Iterator[None]:
    """Give the stand-ins to every module of the peer that has been imported."""
    poll_flags = {name: getattr(select, name) for name in dir(select) if name.startswith("POLL")}
    stand_ins: dict[ModuleType, object] = {
        threading: SimpleNamespace(
            Lock=lambda: _Lock(scheduler),
            Event=lambda: _Event(scheduler),
            Thread=lambda **options: _Thread(scheduler, **options),
        ),
        select: SimpleNamespace(
            poll=lambda: _Poll(scheduler), select=_select(scheduler), **poll_flags
        ),
        time: SimpleNamespace(monotonic=lambda: scheduler.now),
    }
    modules = [module for name, module in sys.modules.items() if name.startswith("peer.")]
    with contextlib.ExitStack() as stack:
        for module in modules:
            for real, stand_in in stand_ins.items():
                if getattr(module, real.__name__, None) is real:
                    stack.enter_context(mock.patch.object(module, real.__name__, stand_in))
        yield
