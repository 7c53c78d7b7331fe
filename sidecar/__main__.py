"""The sidecar as a program: `python3 -m sidecar`, told what to hold on standard input."""

# ruff: noqa: E402 - it sees to SIGTERM before the slow imports
from __future__ import annotations

import signal
import sys

# Before the imports that take a while: the first process of a container does not get a
# signal that it has no handler for.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

import argparse
import asyncio
import json

from sidecar.agent import Agent, Answer
from sidecar.errors import SidecarError
from sidecar.lines import Writer, read_lines


def main() -> int:
    """Serve until there is no more to read, a signal comes or `bye`; return the exit status."""
    parser = argparse.ArgumentParser(prog="sidecar")
    parser.add_argument("--no-kernel", action="store_true", help="relay streams, and no more")
    options = parser.parse_args()
    writer = Writer(1)
    try:
        asyncio.run(_serve(writer, with_kernel=not options.no_kernel))
    except SidecarError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        writer.close()
    return 0


async def _serve(writer: Writer, *, with_kernel: bool) -> None:
    def say(answer: Answer) -> None:
        writer.write(json.dumps(answer, ensure_ascii=True))

    agent = Agent(say, with_kernel=with_kernel)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, agent.leaves.set)
    say({"ready": True})
    read_lines(0, agent.take)
    await agent.leaves.wait()
    await agent.end()


if __name__ == "__main__":
    sys.exit(main())
