"""Do the operations of a workload at several consoles at once."""

from __future__ import annotations

import functools
from collections.abc import Callable

from orchestrator.history.timing import Stopwatch
from orchestrator.runner.calls import Caller
from orchestrator.runner.peers import PeerGroup
from orchestrator.scenario import ALL
from orchestrator.scenario.workloads import Generator, Workload

Wait = Callable[[float], None]  # lets so many seconds pass, unless the run must be broken off


def drive(
    workload: Workload, peers: PeerGroup, caller: Caller, watch: Stopwatch, wait: Wait
) -> None:
    """Let the peers of a workload do their operations until its time is over.

    Raises:
        LabError: the run cannot go on.
    """
    at, before = workload.at, caller.count_workload()
    names = [*peers.sessions] if at == ALL else at if isinstance(at, list) else [at]
    watch.side_by_side([
        functools.partial(_drive_one, workload, names, name, peers, caller, wait, before)
        for name in names
    ])  # fmt: skip


def _drive_one(
    workload: Workload,
    names: list[str],
    name: str,
    peers: PeerGroup,
    caller: Caller,
    wait: Wait,
    before: int,
) -> None:
    """Do one operation after the other, each at its time, or late if the one before took longer.

    A peer that has ended is waited for: it may be started again.
    """
    operations = peers.sessions[name].profile.operations
    generator = Generator(workload, names, name, operations, before)
    interval = len(names) / workload.rate
    end = peers.clock() + workload.lasts
    due = peers.clock() + interval * names.index(name) / len(names)  # not all at the same time
    while due < end:
        wait(due - peers.clock())
        due = max(due + interval, peers.clock())
        if name not in peers.ended:
            call = generator.draw()
            outcome, said = caller.call(call, {}, is_patient=True)
            generator.learn(call, outcome, said.get("results", {}))
