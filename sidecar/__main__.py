"""The sidecar as a program: `python3 -m sidecar` reads requests from standard input.

With `--no-kernel` it only relays streams.
"""

# ruff: noqa: E402 - SIGTERM is handled before the slow imports
from __future__ import annotations

import gc
import signal
import sys

# Before the imports, which take a while: the first process of a container does not get
# signals that it has no handler for.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

# Each takes a tenth of the start: the TLS of asyncio, and looking for garbage in what is imported.
sys.modules["ssl"] = None  # type: ignore[assignment]
gc.disable()

import asyncio
import json

from sidecar.agent import Agent, Answer
from sidecar.errors import SidecarError
from sidecar.stdio import LineWriter, read_lines

gc.freeze()
gc.enable()


def main() -> int:
    """Serve until the end of input, a signal or `bye`. Returns the exit status."""
    writer = LineWriter(1)
    try:
        asyncio.run(_serve(writer, with_kernel="--no-kernel" not in sys.argv[1:]))
    except SidecarError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        writer.close()
    return 0


async def _serve(writer: LineWriter, *, with_kernel: bool) -> None:
    def say(answer: Answer) -> None:
        writer.write(json.dumps(answer, ensure_ascii=True))

    agent = Agent(say, with_kernel=with_kernel)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, agent.leaving.set)
    say({"ready": True})
    read_lines(0, agent.receive)
    await agent.leaving.wait()
    await agent.close()


if __name__ == "__main__":
    sys.exit(main())
