"""Two nodes that dial each other at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

from peer.limits import Limits
from peer.node import NodeError
from tests.peer.relay import Relay
from tests.peer.support import LabNode, until

Make = Callable[..., LabNode]


class TestAtTheSameMoment:
    def test_one_connection_remains(self, node: Make) -> None:
        for _ in range(40):
            one, other = node(), node()
            outcomes = dial_each_other(one, other)
            until(lambda: len(one.node.rows()) == len(other.node.rows()) == 1)  # noqa: B023
            wins = [outcome for outcome in outcomes if outcome is None]
            assert len(wins) == 1, outcomes
            assert all("already connected" in str(outcome) for outcome in outcomes if outcome)
            for sender, receiver in ((one, other), (other, one)):
                row = sender.node.rows()[0]
                sender.node.send(row.id, "still here")
                receiver.await_line("still here")
                sender.await_line(f"delivered {row.id} #1")
            one.close()
            other.close()

    def test_again_and_again(self, node: Make) -> None:
        one, other = node(), node()
        for _ in range(40):
            outcomes = dial_each_other(one, other)
            assert sum(outcome is None for outcome in outcomes) == 1, outcomes
            until(lambda: len(one.node.rows()) == len(other.node.rows()) == 1)
            one.node.terminate(one.node.rows()[0].id)
            until(lambda: not one.node._alive | other.node._alive, what="both ends")
        for end in (one, other):
            ids = [int(line.split()[2]) for line in end.matching(r"^\* connected ")]
            assert ids == sorted(set(ids))

    def test_although_one_end_thinks_that_it_is_connected(self, node: Make) -> None:
        quick = Limits(greeting=2.0, linger=0.1)
        one, other = node(limits=quick), node(limits=quick, connect_timeout=2.0)
        between = Relay("127.0.0.1", (other.bind, other.port), source=one.bind)
        for _ in range(20):
            connected = len(other.matching(r"^\* connected "))
            stale = one.node.connect(between.bind, between.port).id
            until(lambda: len(other.matching(r"^\* connected ")) > connected)  # noqa: B023
            one.node.send(stale, "so that both know")
            one.await_line(f"delivered {stale} #1")
            between.lose()
            one.node.terminate(stale)  # and the other is not told
            outcomes = dial_each_other(one, other)
            assert None in outcomes, outcomes
            until(lambda: len(one.node._alive) == len(other.node._alive) == 1, what="the rest")
            row = one.node.rows()[0]
            one.node.send(row.id, "still here")
            one.await_line(f"delivered {row.id} #1")
            one.node.terminate(row.id)
            until(lambda: not one.node._alive | other.node._alive, what="both ends")
        between.close()


def dial_each_other(one: LabNode, other: LabNode) -> list[NodeError | None]:
    barrier = threading.Barrier(2)
    outcomes: list[NodeError | None] = []

    def dial(caller: LabNode, called: LabNode) -> None:
        barrier.wait()
        try:
            caller.connect(called)
        except NodeError as error:
            outcomes.append(error)
        else:
            outcomes.append(None)

    threads = [threading.Thread(target=dial, args=ends) for ends in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
