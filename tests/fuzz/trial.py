"""One peer, strangers at its port, and a typist at its console, all at the same time."""

from __future__ import annotations

import multiprocessing
import os
import random
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.queues import SimpleQueue

from tests.fuzz.lateness import Lateness
from tests.fuzz.strangers import haunt
from tests.fuzz.typist import Typist
from tests.fuzz.victim import Victim

LONGEST_ANSWER = 1.0  # seconds
MOST_MEMORY = 100.0  # MB
_MOST_WRONG = 5  # then it is over


@dataclass
class Found:
    """What was done to the peer, and how it went.

    Attributes:
        done: how often what was done.
        peak: its largest resident memory, in MB.
        slowest: its slowest answer in seconds, without the time that other programs had.
        slowest_in_all: the same, with that time.
        answers: how many there were.
        late: how many took too long only with that time.
        deaths: how often it ended without having been told to.
        starts: how often it was started.
        wrong: what was wrong, in words.
    """

    done: Counter[str] = field(default_factory=Counter)
    peak: float = 0.0
    slowest: float = 0.0
    slowest_in_all: float = 0.0
    answers: int = 0
    late: int = 0
    deaths: int = 0
    starts: int = 0
    wrong: list[str] = field(default_factory=list)

    def take_answer(self, seconds: float, others: float) -> None:
        """Count an answer; `others` is how much of the machine other programs had meanwhile."""
        own = max(0.0, seconds - others)
        self.answers += 1
        self.slowest = max(self.slowest, own)
        self.slowest_in_all = max(self.slowest_in_all, seconds)
        self.late += own <= LONGEST_ANSWER < seconds
        if own > LONGEST_ANSWER:
            self.wrong.append(f"an answer took {seconds:.2f} s, others had {others:.2f} s of it")


def fuzz(seconds: float, seed: int, *, terminal: bool) -> Found:
    """Fuzz a peer for so long, and return how it went.

    Args:
        seconds: how long.
        seed: repeats the choices.
        terminal: whether the peer's console is a terminal.
    """
    found, name = Found(), f"{seed} {terminal}"
    context = multiprocessing.get_context("spawn")
    over = context.Event()
    told: SimpleQueue[Counter[str]] = context.SimpleQueue()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = _free_port()
        typist = Typist(random.Random(name), listener.getsockname()[1], terminal=terminal)
        strangers = context.Process(target=haunt, args=(port, listener, name, over, told))
        strangers.start()
        own = [os.getpid(), strangers.pid or 0]
        try:
            until = time.monotonic() + seconds
            while time.monotonic() < until and len(found.wrong) < _MOST_WRONG:
                _one_life(Victim(port, terminal=terminal), typist, found, until, own)
        finally:
            over.set()
            found.done += told.get() + typist.typed
            strangers.join()
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def _one_life(victim: Victim, typist: Typist, found: Found, until: float, own: list[int]) -> None:
    """Type at a peer until it leaves, or the time is up."""
    found.starts += 1
    try:
        victim.settle()
        while time.monotonic() < until and not victim.shown.wrong:
            victim.type(typist.batch(victim.shown.newest))
            victim.settle()
            lateness = Lateness([*own, victim.pid])
            found.take_answer(victim.ask(), lateness.seconds)
            found.peak = max(found.peak, victim.peak)
    except EOFError:
        if trouble := victim.ending():
            found.deaths += 1
            found.wrong.append(trouble)
    except TimeoutError as error:
        found.wrong.append(str(error))
    finally:
        victim.close()
    found.wrong += victim.shown.wrong
    if found.peak > MOST_MEMORY:
        found.wrong.append(f"it took {found.peak:.0f} MB")
