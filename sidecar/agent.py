"""Answers requests, several at a time, and holds what it was told to hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import asdict

from sidecar import abilities
from sidecar.abilities import Abilities
from sidecar.errors import RequestError, SidecarError
from sidecar.hearing import Hearing
from sidecar.kernel import Kernel
from sidecar.lease import Lease
from sidecar.relay import LOOPBACK, Relay
from sidecar.requests import Heard, Hold, Request, Send, name_of, read_request
from sidecar.rules import Rules
from sidecar.sending import send_packets, send_stream

Answer = dict[str, object]

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - whichever addresses the peer has
_STREAMS_ALONE = "packets cannot be touched here, only streams"


class Agent:
    """A sidecar's side of the conversation.

    Args:
        say: takes each answer.
        with_kernel: whether the network here is one that may be touched.
    """

    def __init__(self, say: Callable[[Answer], None], *, with_kernel: bool) -> None:
        self.leaves = asyncio.Event()
        self._say = say
        self._with_kernel = with_kernel
        self._lease = Lease(Kernel())
        self._relay = Relay()
        self._hearing = Hearing(_EVERYWHERE if with_kernel else LOOPBACK)
        self._abilities: Abilities | None = None
        self._rules = Rules()
        self._one_set = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._begin(self._lease.keep())

    def take(self, line: bytes | None) -> None:
        """Take a request in; None where no more will come, which means leaving."""
        if line is None:
            self.leaves.set()
        elif line.strip():
            self._begin(self._answer(line))

    async def end(self) -> None:
        """Remove all that holds.

        Raises:
            SidecarError: some of it could not be removed.
        """
        self._hearing.close()
        await self._lease.end()

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # the loop alone would let it be forgotten
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, line: bytes) -> None:
        name: str | None = None
        try:
            name, data = name_of(line)
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
            case Hold(rules):
                async with self._one_set:
                    return await self._hold(rules)
            case Send(what="packets"):
                return {"sent": await send_packets(request)}
            case Send():
                sent, error = await send_stream(request)
                return {"sent": sent, "error": error}
            case Heard():
                return await self._hearing.heard(request)
        return await self._do_simple(request.do)

    async def _do_simple(self, do: str) -> Answer:
        match do:
            case "abilities":
                return asdict(await self._try_all())
            case "listen":
                return dict(self._hearing.listen())
            case "state":
                return await self._state()
        await self.end()
        self.leaves.set()
        return {}

    async def _try_all(self) -> Abilities:
        if self._abilities is None:
            if not self._with_kernel:
                raise RequestError(_STREAMS_ALONE)
            self._abilities = await self._lease.alone(abilities.try_all)
        return self._abilities

    async def _state(self) -> Answer:
        dropped = await self._lease.dropped()
        return {
            "lapses": self._lease.lapses,
            "dropped": dropped,
            "carried": self._relay.carried,
            "rules": self._rules.as_data(),
        }

    async def _hold(self, rules: Rules) -> Answer:
        """Bend first: a connection that is redirected must find the relay ready for it."""
        before = self._relay.bent
        self._relay.bend(rules.relay)
        try:
            answer = await self._hold_here(rules)
        except BaseException:
            self._relay.bend(before)
            raise
        self._rules = rules
        return answer

    async def _hold_here(self, rules: Rules) -> Answer:
        if self._with_kernel:
            port = self._relay.open() if rules.relay else 0
            await self._lease.hold(rules, port)
            return {}
        if rules.arrive or rules.leave:
            raise RequestError(_STREAMS_ALONE)
        listening = self._relay.listen(rules.relay)
        return {"listening": listening} if rules.relay else {}


def _one_line(text: str) -> str:
    return " ".join(text.split())
