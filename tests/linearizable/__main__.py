"""Compare `register` with a checker that tries every order, and time it on long histories.

Run it with `python -m tests.linearizable`. It exits with 1 at the first difference, or if a
history takes too long; the seed shows it again.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from typing import Annotated

import typer

from orchestrator.checks import Judgement
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.models import register
from tests import trials
from tests.linearizable import every_order
from tests.linearizable.histories import Fault, Store, Workload, any_small

_FAULTS: tuple[Fault, ...] = ("", "stale", "lost")
_TIMED = {
    "5,000 operations of 10 clients on 5 keys": (10.0, Workload(5_000, 10, 5, None, 0.05)),
    "1,000 operations on one key": (5.0, Workload(1_000, 10, 1, None, 0.05)),
    "1,000 operations on one key, half without answers": (5.0, Workload(1_000, 10, 1, None, 0.5)),
    "1,000 operations on one key with five values": (10.0, Workload(1_000, 10, 1, 5, 0.2)),
    "500 operations of 5 clients with five values": (2.0, Workload(500, 5, 1, 5, 0.2)),
}


def main(histories: int = 10_000, seed: Annotated[int, typer.Option()] = 0) -> None:
    """Compare as many small histories, then judge long ones.

    Args:
        histories: how many small ones.
        seed: of the first; each has the next.
    """
    say = trials.console().print
    same = Counter(_compared(number) for number in range(seed, seed + histories))
    say(f"{histories:,} small histories: {same[True]:,} fit an order, {same[False]:,} do not")
    for fault in _FAULTS:
        say(f"100 histories like etcd's {fault}: {_judge_like_etcd(fault)}")
    for title, (most, workload) in _TIMED.items():
        for fault in _FAULTS:
            workload.fault = fault
            say(f"{title} {fault}: {_judge_in_time(workload, most)}")


def _compared(seed: int) -> bool:
    entries = any_small(random.Random(seed))
    fits = every_order.fits(entries)
    found = register.check(HistoryIndex(entries)).judgement
    if found is not (Judgement.VALID if fits else Judgement.INVALID):
        sys.exit(f"--seed {seed}: {'fits' if fits else 'fits no order'}, but is {found.word}")
    return fits


def _judge_like_etcd(fault: Fault, count: int = 100) -> str:
    """Judge histories like etcd's; return how many got each verdict."""
    found = Counter[str]()
    for seed in range(count):
        store = Store(Workload(fault=fault), random.Random(seed))
        found[register.check(HistoryIndex(store.history())).word] += 1
    if found["unknown"] or (not fault and found["invalid"]):
        sys.exit(f"histories like etcd's {fault} are not as they must be: {dict(found)}")
    return ", ".join(f"{number} {word}" for word, number in found.items())


def _judge_in_time(workload: Workload, most: float) -> str:
    """Judge a long history, and return its verdict and the time of a processor that it took."""
    index = HistoryIndex(Store(workload, random.Random(1)).history())
    since = time.process_time()
    verdict = register.check(index)
    took = time.process_time() - since
    is_wrong = not workload.fault and verdict.judgement is not Judgement.VALID
    if took > most or is_wrong or verdict.judgement is Judgement.UNKNOWN:
        sys.exit(f"{workload}: {verdict.word} in {took:.1f} s, where {most:g} s are allowed")
    return f"{verdict.word} in {took:.1f} s of a processor"


if __name__ == "__main__":
    typer.run(main)
