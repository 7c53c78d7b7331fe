"""The command line in this process, for messages that take no terminal and no signal."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import IO
from unittest.mock import patch

from orchestrator import cli
from orchestrator.cancel import ENDINGS
from orchestrator.cli import consoles
from tests import json_output


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit status."""

    returncode: int
    stdout: str
    stderr: str


def peerlab(
    *words: str,
    stdout: IO[str] | type[Done] | None = Done,
    columns: int = 200,
    docker: bool = False,
) -> Done:
    """Run a command; no way of ending shows a traceback.

    Args:
        words: the command line.
        stdout: another standard output, which is then not returned; None for a closed one.
        columns: the width of the terminal that it does not have.
        docker: whether Docker answers.
    """
    out, err = io.StringIO(), io.StringIO()
    for console in (consoles.out, consoles.err):
        console.width = columns  # rich reads COLUMNS once, at the import
        with console.capture():
            pass  # forget what an output that could not be written has left in its buffer
    handlers = {number: signal.getsignal(number) for number in ENDINGS}
    environment = {"COLUMNS": str(columns), "NO_COLOR": "1"}
    if not docker:
        environment["DOCKER_HOST"] = "unix:///nonexistent"
    try:
        with (
            patch("sys.argv", ["peerlab", *words]),
            patch.dict(os.environ, environment),
            redirect_stdout(out if stdout is Done else stdout),  # type: ignore[type-var]
            redirect_stderr(err),
        ):
            try:
                cli.main()
            finally:
                if sys.stdout and sys.stdout is not out:
                    sys.stdout.close()  # what has replaced the one that was given
    except SystemExit as end:
        status = end.code
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert isinstance(status, int)
    assert "Traceback" not in out.getvalue() + err.getvalue()
    if "--json" in words and out.getvalue():
        json_output.check(out.getvalue())
    return Done(status, out.getvalue(), err.getvalue())


def peerlab_on_docker(*words: str) -> Done:
    """Run a command that may use Docker: a second less than to start one.

    It leaves its connection to Docker to the end of its process, which is this one here. So the
    garbage is collected at once: else the warning of it would hit some later test.
    """
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        done = peerlab(*words, docker=True)
        gc.collect()
    return done
