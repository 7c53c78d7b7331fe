"""Runs the threads of several peers one at a time, in an order that a seed decides.

Each thread is a real one, but only one of them holds the baton. It may lose it at each
line of the code that is watched, and must give it up where it would wait: for a lock, an
event, a thread or a socket. The clock is simulated: when every thread waits, it jumps to the
next deadline. Sockets are real, on loopback, where what is sent has arrived when `send`
returns. So a seed gives the same order again, and six seconds of silence take no time.
"""

from __future__ import annotations

import math
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

_FIRST = 1_000.0  # what the simulated clock shows at the start, in seconds
_ON_ITS_WAY = 0.0005  # real seconds that the kernel may take to hand over what was sent
_HANGS = 30.0  # real seconds


class DeadlockError(Exception):
    """Every thread waits, and none of them for time to pass."""


class _AbandonedError(BaseException):
    """The trial is over: a thread that still waits must end."""


@dataclass(eq=False)
class Task:
    """A thread under the scheduler.

    Attributes:
        owner: the process that it belongs to; all of its tasks can be stopped at once.
        interrupts: at which of its lines a signal arrives, and what its handler does.
    """

    name: str
    owner: str
    gate: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    ready: Callable[[], bool] | None = None
    deadline: float = math.inf
    lines: int = 0
    interrupts: dict[int, Callable[[], object]] = field(default_factory=dict)
    done: bool = False


class Scheduler:
    """Decides which thread goes on.

    Args:
        chance: decides the order.
        rate: how likely another thread goes on at a line, from 0 to 1.
        watched: the files whose lines are stop points.
    """

    def __init__(self, chance: random.Random, rate: float, watched: frozenset[str]) -> None:
        self.now = _FIRST
        self.tasks: list[Task] = []
        self.failure: BaseException | None = None
        self._chance, self._rate, self._watched = chance, rate, watched
        self._current = Task("none", "")
        self._stopped: dict[str, float] = {}  # until when each owner is
        self._lines: dict[str, int] = {}  # of each owner so far
        self._stops: dict[str, dict[int, float]] = {}
        self._finished = threading.Semaphore(0)

    # What the trial plans

    def stop_process(self, owner: str, line: int, seconds: float) -> None:
        """Plan to stop all tasks of `owner` as it reaches its so many-th line."""
        self._stops.setdefault(owner, {})[line] = seconds

    def forget_plans(self) -> None:
        """Stop no process any more than those that are stopped by now."""
        self._stops.clear()

    def run(self, main: Callable[[], object]) -> None:
        """Run `main` as the first task, until it and every task has ended.

        Raises:
            Exception: what any of the tasks raised, a `DeadlockError` among them.
        """
        first = self.start("main", main)
        first.gate.release()
        self._current = first
        finished = self._finished.acquire(timeout=_HANGS)
        for task in self.tasks:
            task.gate.release()  # to find out that all is over
        if self.failure:
            raise self.failure
        if not finished:
            raise DeadlockError(f"{self._current.name} waits for what the scheduler does not see")

    # For the tasks

    def start(self, name: str, work: Callable[[], object], owner: str | None = None) -> Task:
        """Start a task; it belongs to the owner of the current one unless `owner` says else."""
        task = Task(name, self._current.owner if owner is None else owner)
        self.tasks.append(task)
        threading.Thread(target=self._live, args=(task, work), name=name, daemon=True).start()
        return task

    def _live(self, task: Task, work: Callable[[], object]) -> None:
        task.gate.acquire()
        sys.settrace(self._tracer(task))
        try:
            work()
        except _AbandonedError:
            return
        except BaseException as error:  # noqa: BLE001 - the test shows it
            self.failure = self.failure or error
        finally:
            sys.settrace(None)
        task.done = True
        if self.failure or all(other.done for other in self.tasks):
            self._finished.release()
        else:
            self._hand_on()

    def _tracer(self, task: Task) -> Callable[[FrameType, str, Any], Any]:
        def each_line(_frame: FrameType, event: str, _arg: object) -> Any:
            if event == "line":
                self._stop_point(task)
            return each_line

        def each_call(frame: FrameType, _event: str, _arg: object) -> Any:
            return each_line if frame.f_code.co_filename in self._watched else None

        return each_call

    def _stop_point(self, task: Task) -> None:
        task.lines += 1
        self._lines[task.owner] = count = self._lines.get(task.owner, 0) + 1
        if handler := task.interrupts.pop(task.lines, None):
            handler()
        stop = self._stops.get(task.owner, {}).pop(count, 0.0)
        if stop:
            self._stopped[task.owner] = self.now + stop
        if stop or self._chance.random() < self._rate:
            self._switch(task)

    def wait(self, ready: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait until `ready`, at most `timeout` seconds; return whether it is."""
        task = self._current
        task.ready = ready
        task.deadline = math.inf if timeout is None else self.now + timeout
        self._switch(task)
        task.ready, task.deadline = None, math.inf
        return ready()

    def sleep(self, seconds: float) -> None:
        """Let simulated time go by."""
        self.wait(lambda: False, seconds)

    @contextmanager
    def as_owner(self, owner: str) -> Iterator[None]:
        """Make what the current task starts belong to `owner`."""
        task, before = self._current, self._current.owner
        task.owner = owner
        try:
            yield
        finally:
            task.owner = before

    # Who is next

    def _switch(self, task: Task) -> None:
        if self._hand_on(task):
            task.gate.acquire()
            if self._current is not task:
                raise _AbandonedError

    def _hand_on(self, task: Task | None = None) -> bool:
        """Let a task go on; return whether it is another one than `task`."""
        try:
            chosen = self._choose()
        except DeadlockError as error:
            self.failure = self.failure or error
            self._current = Task("none", "")
            self._finished.release()
            return True
        if chosen is task:
            return False
        self._current = chosen
        chosen.gate.release()
        return True

    def _choose(self) -> Task:
        while True:
            if able := self._able():
                return self._chance.choice(able)
            time.sleep(_ON_ITS_WAY)
            if able := self._able():
                return self._chance.choice(able)
            alive = [task for task in self.tasks if not task.done]
            ends = [max(t.deadline, self._stopped.get(t.owner, 0.0)) for t in alive]
            ends += [until for until in self._stopped.values() if until > self.now]
            if not ends or min(ends) == math.inf:
                waiting = ", ".join(f"{task.owner}/{task.name}" for task in alive)
                raise DeadlockError(f"all wait for each other: {waiting}")
            self.now = max(self.now, min(ends))

    def _able(self) -> list[Task]:
        return [
            task
            for task in self.tasks
            if not task.done
            and self.now >= self._stopped.get(task.owner, 0.0)
            and (task.ready is None or self.now >= task.deadline or task.ready())
        ]
