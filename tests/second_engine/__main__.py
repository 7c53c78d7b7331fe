"""`python -m tests.second_engine`: the lab on another Docker engine, which is well or fails.

A second engine is started in a network namespace of its own and gets the images of the first. It
is reached through a socket, a context, TCP with and without TLS and, if there is an ssh server,
ssh. Each time a run with a fault, the mesh and a profile are tried. Then its daemon is stopped and
killed in the middle of commands: they name Docker, end by themselves and at once after Ctrl-C, and
what they say about what is left is true. Behind a firewall that drops everything no program is
judged. Last, it has no addresses left, and the lab no files.
Exit status 0 only if all of it is so. Needs root, `ip`, `openssl`, `dockerd` and for ssh `sshd`.
"""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from tests import trials
from tests.second_engine import exhausted, failing, firewalled
from tests.second_engine.engine import (
    WITHOUT_TLS,
    Environment,
    SecondEngine,
    call,
    second_engine,
    with_tls,
)
from tests.second_engine.ways import PEERLAB, ssh_server, use, ways
from tests.second_engine.ways import WITHOUT_TLS as BY_PLAIN_TCP

Trial = Callable[[], tuple[str, str]]
"""Returns what was wrong, if anything, and what was said."""


def _way(way: Environment, folder: Path) -> tuple[str, str]:
    try:
        use(way, folder)
    except KeyError as error:
        return f"{error} is missing", ""
    return "", ""


def _plain_tcp(engine: SecondEngine, folder: Path) -> tuple[str, str]:
    engine.stop()
    engine.start(*WITHOUT_TLS)
    try:
        return _way(BY_PLAIN_TCP, folder)
    finally:
        engine.stop()
        engine.start(*with_tls(folder))


def trials_of(
    engine: SecondEngine, folder: Path, ssh: Environment | None
) -> Iterator[tuple[str, Trial]]:
    """Yield every trial with its name."""
    for name, way in ways(folder, engine.url, ssh).items():
        yield name, functools.partial(_way, way, folder)
    yield "DOCKER_HOST=tcp:// without TLS", functools.partial(_plain_tcp, engine, folder)
    for failure, number in failing.FAILURES.items():
        for name, command in failing.commands(folder).items():
            for interrupted in (False, True):
                then = " and Ctrl-C" if interrupted else ""
                yield (
                    f"{failure}{then} during {name}",
                    functools.partial(
                        failing.trouble, engine, command, number, interrupted=interrupted
                    ),
                )
    for kind in firewalled.KINDS:
        yield (
            f"a firewall of {kind}",
            functools.partial(firewalled.nothing_passes, engine, folder, kind),
        )
    yield "no addresses", functools.partial(exhausted.no_addresses, engine, folder)
    yield "no files", functools.partial(exhausted.no_files, engine, folder)


def main(
    only: Annotated[str, typer.Option(help="Part of a trial's name.")] = "",
    said: Annotated[bool, typer.Option("--said", help="Print what commands said.")] = False,
) -> None:
    """Try everything, or some; print how each went."""
    console, failed = trials.console(), 0
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="second-", dir="/tmp")))
        engine = stack.enter_context(second_engine(folder))
        call(PEERLAB, "image", environment={"DOCKER_HOST": engine.url})
        has_ssh = Path("/usr/sbin/sshd").exists()
        ssh = stack.enter_context(ssh_server(folder)) if has_ssh else None
        for name, trial in trials_of(engine, folder, ssh):
            if only not in name:
                continue
            began = time.monotonic()
            try:
                wrong, words = trial()
            except (RuntimeError, AssertionError, subprocess.TimeoutExpired) as error:
                wrong, words = str(error), ""
            failed += bool(wrong)
            says = f"fails: {wrong}" if wrong else "as it must be"
            console.print(f"{name}: {says}, {time.monotonic() - began:.0f} s", soft_wrap=True)
            if words and (said or wrong):
                console.print(words, soft_wrap=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
