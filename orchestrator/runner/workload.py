"""Do the operations of a workload at several consoles at once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.history.recorded_workload import WORKLOAD, RecordedWorkload
from orchestrator.history.timing import Stopwatch
from orchestrator.runner.calls import Caller
from orchestrator.runner.peers import PeerGroup
from orchestrator.runner.recording import part_of_workload
from orchestrator.scenario.calls import CallStep
from orchestrator.scenario.workloads import Generator, Replay, Workload

Wait = Callable[[float], None]  # lets so many seconds pass, unless the run must be broken off


@dataclass(frozen=True)
class WorkloadDriver:
    """Does the operations of workloads."""

    peers: PeerGroup
    caller: Caller
    watch: Stopwatch  # measures how long the peers take
    wait: Wait

    def drive(self, workload: Workload | Replay) -> None:
        """Let the peers of a workload do their operations until all are done.

        Raises:
            LabError: the run cannot go on.
        """
        names = self.peers.named(workload.at)
        before = self.caller.count_workload()
        number = before + 1
        began = self.peers.clock()
        self.peers.history.lab(WORKLOAD, number=number, peers=names, says=workload.phrase)
        if isinstance(workload, Replay):
            act = functools.partial(self._replay, workload.replay, began)
        else:
            act = functools.partial(self._draw, workload, names, before)
        with part_of_workload(number):
            self.watch.side_by_side([functools.partial(act, name) for name in names])

    def _draw(self, workload: Workload, names: list[str], before: int, name: str) -> None:
        """Do one operation after the other, each at its time, or late if the last took longer.

        A peer that has ended is waited for: it may be started again.
        """
        operations = self.peers.sessions[name].profile.operations
        generator = Generator(workload, names, name, operations, before)
        clock = self.peers.clock
        interval = len(names) / workload.rate
        end = clock() + workload.lasts
        due = clock() + interval * names.index(name) / len(names)  # not all at the same time
        while due < end:
            self.wait(due - clock())
            due = max(due + interval, clock())
            if name not in self.peers.ended:
                call = generator.draw()
                outcome, said = self.caller.call(call, None, is_patient=True)
                generator.learn(call, outcome, said.get("results", {}))

    def _replay(self, recorded: RecordedWorkload, began: float, name: str) -> None:
        """Do what a peer did then, each operation at its time, or late if the last took longer.

        None is left out: at a peer that has ended, it is recorded as failed.
        """
        for done in recorded.calls:
            if done.peer == name:
                self.wait(began + done.after - self.peers.clock())
                arguments = {**done.arguments}
                call = CallStep(at=name, name=done.name, arguments=arguments, may_fail=True)
                self.caller.call(call, None, is_patient=True)
