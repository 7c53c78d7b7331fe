"""Running other programs: their output is captured, and quoted if they fail."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence

from orchestrator.docker_host.endpoint import current
from orchestrator.docker_host.health import ONCE_IT_ANSWERS, EngineStalledError, health_of
from orchestrator.errors import QUOTED_LINES, EngineError, LabError

_SECONDS = 900
_SLICE = 0.2  # seconds


class CommandFailedError(LabError):
    """A command failed."""

    def __init__(self, what: str, printed: str, *, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.printed = printed  # its whole output, without colours


def run(
    *words: str,
    seconds: float = _SECONDS,
    before: str = "",
    hint: str = "",
    environment: Mapping[str, str] | None = None,
    check: Callable[[], None] = lambda: None,
    has_warnings: bool = False,
    heard: Callable[[str], None] = lambda _: None,
) -> str:
    """Run a command without input and return its output.

    Args:
        words: the program and its arguments; the first two name it in messages.
        seconds: the time limit.
        before: earlier output, quoted if it fails.
        hint: what to try if it fails.
        environment: its variables; those of the lab by default.
        check: called now and then while it runs; the command ends if this raises.
        has_warnings: whether its standard error is of interest only if it fails.
        heard: called now and then with what it has printed so far.

    Raises:
        CommandFailedError: its status is not 0.
        LabError: there is no such program, or it took too long.
    """
    called = " ".join(words[:2])
    try:
        deadline = time.monotonic() + seconds
        status, printed, warned = _outcome(
            words, environment, deadline, check, heard, has_warnings=has_warnings
        )
    except FileNotFoundError as error:
        raise LabError(f"there is no {words[0]} command here", hint=hint) from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"`{called}` took more than {seconds:g} s", hint=hint) from error
    if status:
        plain = re.sub(r"\x1b\[[\d;]*m", "", before + printed + warned)
        lines = plain.strip().splitlines()[-QUOTED_LINES:]
        raise CommandFailedError("\n".join([f"`{called}` failed:", *lines]), plain, hint=hint)
    return printed


def _outcome(
    words: Sequence[str],
    environment: Mapping[str, str] | None,
    deadline: float,
    check: Callable[[], None],
    heard: Callable[[str], None],
    *,
    has_warnings: bool,
) -> tuple[int, str, str]:
    """Return a command's status, its output, and what of that is kept apart as warnings.

    It does not outlive this call.
    """
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if has_warnings else subprocess.STDOUT,
        errors="replace",
        env=environment,
    ) as program:
        try:
            while True:
                check()
                try:
                    printed, warned = program.communicate(timeout=_SLICE)
                except subprocess.TimeoutExpired as waiting:  # has bytes, whatever the streams give
                    heard((waiting.output or b"").decode("utf-8", "replace"))
                else:
                    return program.returncode, printed, warned or ""
                if time.monotonic() > deadline:
                    raise subprocess.TimeoutExpired(list(words), 0)
        except BaseException:
            program.kill()
            raise


def on_terminal(*words: str) -> int:
    """Run `docker` on the lab's engine, at this terminal; return its status.

    Raises:
        EngineError: the engine has stalled. The terminal is as before.
    """
    health = health_of(current())
    health.watch()
    mode = termios.tcgetattr(0)
    with subprocess.Popen(words, env=health.endpoint.environment(os.environ)) as program:
        try:
            while True:
                health.check()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return program.wait(_SLICE)
        except EngineStalledError as error:
            raise EngineError(
                f"`{' '.join(words[:2])}`: Docker does not answer: {error}"
            ) from error
        finally:
            program.kill()
            program.wait()
            termios.tcsetattr(0, termios.TCSANOW, mode)


def docker(
    *words: str,
    seconds: float = _SECONDS,
    hint: str = "",
    check: Callable[[], None] = lambda: None,
    heard: Callable[[str], None] = lambda _: None,
) -> str:
    """Run `docker` or Compose on the lab's engine and return its output: see `run`.

    Raises:
        EngineError: the engine has stalled, or there is no such context.
        LabError: see `run`.
    """
    health = health_of(current())
    environment = health.endpoint.environment(os.environ)

    def check_both() -> None:
        health.check()
        check()

    try:
        return run(
            *words,
            seconds=seconds,
            hint=hint,
            environment=environment,
            check=check_both,
            heard=heard,
        )
    except EngineStalledError as error:
        what = f"`{' '.join(words[:2])}`: Docker does not answer: {error}"
        raise EngineError(what, hint=ONCE_IT_ANSWERS) from error
