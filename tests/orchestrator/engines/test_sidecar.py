"""The conversation with a sidecar, against a fake one."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestrator.engines.sidecar import measuring
from orchestrator.engines.sidecar.client import Carrier, Sidecar, SidecarGoneError
from orchestrator.engines.sidecar.measuring import Route
from orchestrator.errors import EngineError
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe
from tests.orchestrator.support import until

SOON = 5.0  # seconds; far longer than anything here takes
Asked = dict[str, Any]


class Wire(Carrier):
    """One end of a pair of sockets; the other is the test's."""

    def __init__(self) -> None:
        self._own, self.other = socket.socketpair()
        self.other.settimeout(SOON)

    def send(self, data: bytes) -> None:
        self._own.sendall(data)

    def chunks(self) -> Iterator[bytes]:
        yield from iter(lambda: self._own.recv(7), b"")  # lines come in pieces

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._own.shutdown(socket.SHUT_RDWR)

    def free(self) -> None:
        self._own.close()
        self.other.close()


class FakeSidecar:
    """A sidecar that prints what a test makes it print."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.sidecar = Sidecar("alice", self.wire)
        self._file = self.wire.other.makefile("rb")

    def take(self) -> Asked:
        """Return the next request."""
        asked: Asked = json.loads(self._file.readline())
        return asked

    def say(self, *answers: object) -> None:
        """Print lines: texts as they are, other values as JSON."""
        lines = [answer if isinstance(answer, str) else json.dumps(answer) for answer in answers]
        self.wire.other.sendall("".join(f"{line}\n" for line in lines).encode())

    def end(self) -> None:
        self.wire.other.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.sidecar.close()
        self._file.close()
        self.wire.free()


@pytest.fixture
def fake() -> Iterator[FakeSidecar]:
    one = FakeSidecar()
    yield one
    one.close()


def test_answers_come_in_any_order(fake: FakeSidecar) -> None:
    first = fake.sidecar.request("state")
    second = fake.sidecar.request("set", rules={"lease": 1})
    asked = fake.take(), fake.take()
    assert asked[1] == {"id": asked[1]["id"], "do": "set", "rules": {"lease": 1}}
    fake.say(
        {"ready": True}, *({"id": one["id"], "ok": True, "did": one["do"]} for one in asked[::-1])
    )
    assert second.answer(SOON)["did"] == "set"
    assert first.answer(SOON)["did"] == "state"


def test_answers_to_others_are_ignored(fake: FakeSidecar) -> None:
    pending = fake.sidecar.request("state")
    number = fake.take()["id"]
    fake.say({"id": "0-1", "ok": True}, {"id": None, "error": "x"}, {"id": [1]}, "Traceback", "[]")
    fake.say({"id": number, "ok": True, "mine": 1}, {"id": number, "ok": True, "mine": 2})
    assert pending.answer(SOON)["mine"] == 1


def test_two_conversations_with_one_sidecar_have_no_id_in_common() -> None:
    one, other = FakeSidecar(), FakeSidecar()
    one.sidecar.request("state")
    other.sidecar.request("state")
    assert one.take()["id"] != other.take()["id"]
    one.close()
    other.close()


def test_a_refusal(fake: FakeSidecar) -> None:
    pending = fake.sidecar.request("set", rules={})
    fake.say({"id": fake.take()["id"], "error": "no such rule"})
    with pytest.raises(EngineError, match=r"^the sidecar of alice: set: no such rule$"):
        pending.answer(SOON)


def test_no_answer(fake: FakeSidecar) -> None:
    with pytest.raises(
        EngineError, match=r"^the sidecar of alice: no answer to state within 0.01 s"
    ):
        fake.sidecar.ask("state", 0.01)
    assert not fake.sidecar.ended


def test_its_end_is_reported_at_once_with_its_output(fake: FakeSidecar) -> None:
    pending = fake.sidecar.request("state")
    fake.take()
    fake.say("Traceback:", "OSError: no more")
    fake.end()
    with pytest.raises(
        SidecarGoneError, match=r"alice ended\n  \| Traceback:\n  \| OSError: no more"
    ):
        pending.answer(SOON)
    assert fake.sidecar.await_end(SOON)
    with pytest.raises(SidecarGoneError):
        fake.sidecar.ask("state")


def test_closing_fails_requests_without_an_answer(fake: FakeSidecar) -> None:
    pending = fake.sidecar.request("state")
    fake.sidecar.close()
    with pytest.raises(SidecarGoneError):
        pending.answer(SOON)
    fake.sidecar.close()


def serve(fake: FakeSidecar, answer: Callable[[Asked], Asked]) -> threading.Thread:
    """Answer requests in a thread until the conversation ends."""

    def work() -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                asked = fake.take()
                fake.say({"id": asked["id"], "ok": True} | answer(asked))

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_many_threads_use_it_at_once(fake: FakeSidecar) -> None:
    thread = serve(fake, lambda asked: {"got": asked["n"]})
    got: list[int] = []
    askers = [
        threading.Thread(target=lambda n=n: got.append(fake.sidecar.ask("x", n=n)["got"] - n))
        for n in range(50)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert got == [0] * 50
    fake.sidecar.close()
    thread.join()


HEARD = {"arrived": 3, "delay": 0.1, "rate": 5.0, "spread": None, "reads": 2, "error": ""}


def test_probes_are_sent_as_asked_and_then_reported(fake: FakeSidecar) -> None:
    asked: list[Asked] = []

    def answer(one: Asked) -> Asked:
        asked.append(one)
        if one["do"] == "heard":
            return HEARD
        return {"sent": 5, "error": "no answer"} if one["do"] == "stream" else {"sent": 5}

    thread = serve(fake, answer)
    route = Route(fake.sidecar, fake.sidecar, "10.0.0.3", 7)
    probes = {
        ("a", "b"): Probe("packets", 5, interval=0.004),
        ("a", "c"): Probe("burst", 9, interval=0.004),
        ("a", "d"): Probe("stream", 2, patience=0.5),
        ("a", "e"): Probe("packets", 5),
    }
    routes = dict.fromkeys(list(probes)[:3], route)
    found = measuring.measure(routes, probes)
    assert found["a", "b"] == Measured(5, 3, 0.1, 5.0, 2)
    assert found["a", "d"] == Measured(5, 3, 0.1, 5.0, 2, "no answer")
    assert found["a", "e"] == Measured(0, 0, error=NOT_RUNNING)
    sent = [(one["do"], one["count"], one["interval"]) for one in asked if one["do"] != "heard"]
    assert sent == [("packets", 5, 0.004), ("packets", 9, 0.0), ("stream", 2, 0.002)]
    heard = [(one["count"], one["patience"]) for one in asked if one["do"] == "heard"]
    assert heard == [(5, 0.3), (9, 0.3), (2, 0.0)]
    assert len({one["probe"] for one in asked}) == 3
    until(lambda: len(asked) == 6, "each asked once")
    fake.sidecar.close()
    thread.join()
