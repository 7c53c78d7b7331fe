"""Answers requests, several at a time, and applies the rules they set."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import asdict

from sidecar import capabilities
from sidecar.capabilities import Capabilities
from sidecar.errors import RequestError, SidecarError
from sidecar.kernel import Kernel
from sidecar.lease import Lease
from sidecar.prober import ProbeReceiver, send_packets, send_stream
from sidecar.relay import LOOPBACK, Relay
from sidecar.requests import ReportProbe, Request, SendProbe, SetRules, read_request, split_id
from sidecar.ruleset import Rules

Answer = dict[str, object]

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - all addresses of the peer
_STREAMS_ONLY = "packets cannot be touched here, only streams"


class Agent:
    """A sidecar's side of the conversation.

    Args:
        say: called with each answer.
        with_kernel: whether rules may be set in the kernel here.
    """

    def __init__(self, say: Callable[[Answer], None], *, with_kernel: bool) -> None:
        self.leaving = asyncio.Event()
        self._say = say
        self._with_kernel = with_kernel
        self._lease = Lease(Kernel())
        self._relay = Relay()
        self._receiver = ProbeReceiver(_EVERYWHERE if with_kernel else LOOPBACK)
        self._capabilities: Capabilities | None = None
        self._rules = Rules()
        self._setting = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._start(self._lease.keep())

    def receive(self, line: bytes | None) -> None:
        """Start to answer a request. None is the end of input: the sidecar leaves."""
        if line is None:
            self.leaving.set()
        elif line.strip():
            self._start(self._answer(line))

    async def close(self) -> None:
        """Remove all rules.

        Raises:
            SidecarError: some could not be removed.
        """
        self._receiver.close()
        await self._lease.end()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # the loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, line: bytes) -> None:
        name: str | None = None
        try:
            name, data = split_id(line)
            answer = await self._do(read_request(data, with_kernel=self._with_kernel))
            self._say({"id": name, "ok": True, **answer})
        except SidecarError as error:
            self._say({"id": name, "error": _one_line(str(error))})
        except OSError as error:
            self._say({"id": name, "error": _one_line(error.strerror or str(error))})
        except Exception as error:
            self._say({"id": name, "error": _one_line(f"the sidecar broke: {error!r}")})
            raise

    async def _do(self, request: Request) -> Answer:
        match request:
            case SetRules(rules):
                async with self._setting:
                    return await self._set(rules)
            case SendProbe(what="packets"):
                return {"sent": await send_packets(request)}
            case SendProbe():
                sent, error = await send_stream(request)
                return {"sent": sent, "error": error}
            case ReportProbe():
                return await self._receiver.report(request)
        return await self._do_simple(request.do)

    async def _do_simple(self, do: str) -> Answer:
        match do:
            case "capabilities":
                return asdict(await self._try_all())
            case "listen":
                return dict(self._receiver.listen())
            case "state":
                return await self._state()
        await self.close()
        self.leaving.set()
        return {}

    async def _try_all(self) -> Capabilities:
        if self._capabilities is None:
            if not self._with_kernel:
                raise RequestError(_STREAMS_ONLY)
            self._capabilities = await self._lease.alone(capabilities.try_all)
        return self._capabilities

    async def _state(self) -> Answer:
        dropped = await self._lease.dropped()
        return {
            "lapses": self._lease.lapses,
            "dropped": dropped,
            "carried": self._relay.open_connections,
            "rules": self._rules.as_data(),
        }

    async def _set(self, rules: Rules) -> Answer:
        """Set up the relay first: it must be ready for the connections that are redirected."""
        before = self._relay.rules
        self._relay.apply(rules.relay)
        try:
            answer = await self._set_here(rules)
        except BaseException:
            self._relay.apply(before)
            raise
        self._rules = rules
        return answer

    async def _set_here(self, rules: Rules) -> Answer:
        if self._with_kernel:
            port = self._relay.open() if rules.relay else 0
            await self._lease.apply(rules, port)
            return {}
        if rules.arrive or rules.leave:
            raise RequestError(_STREAMS_ONLY)
        listening = self._relay.listen(rules.relay)
        return {"listening": listening} if rules.relay else {}


def _one_line(text: str) -> str:
    return " ".join(text.split())
