"""Turning the echo of terminals in a container off, whatever its image has, and on again."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.engines.docker.client import Client, translated
from orchestrator.engines.docker.console_client import BEGUN_BY
from orchestrator.errors import EngineError

_PYTHON = ("python3", "-I", "-S", "-c")
_AT_CONSOLE = """
import os, termios
console = os.open("/dev/console", os.O_RDWR | os.O_NOCTTY)
mode = termios.tcgetattr(console)
mode[3] = {change}
termios.tcsetattr(console, termios.TCSANOW, mode)
"""
_OFF = _AT_CONSOLE.format(change="mode[3] & ~termios.ECHO")
_ON = _AT_CONSOLE.format(change="mode[3] | termios.ECHO")


@dataclass(frozen=True, slots=True)
class EchoSwitch:
    """How a program that an image has turns the echo off.

    Attributes:
        probe: a command that succeeds if the program is there.
        at_console: the command for the container's own terminal.
        back: the command that turns the echo of that on.
        at_client: the command for the terminal on which it runs; that of a client follows.
    """

    probe: Sequence[str]
    at_console: Sequence[str]
    back: Sequence[str]
    at_client: Sequence[str]


_SWITCHES = (
    EchoSwitch((*_PYTHON, "import termios"), (*_PYTHON, _OFF), (*_PYTHON, _ON), (*BEGUN_BY, "[]")),
    EchoSwitch(
        ("sh", "-c", "command -v stty"),
        ("sh", "-c", "stty -echo </dev/console"),
        ("sh", "-c", "stty echo </dev/console"),
        ("sh", "-c", 'stty -echo; exec "$@"', "sh"),
    ),
)


def find(client: Client, container: str) -> EchoSwitch | None:
    """Return the switch that works in a container, which runs; None if its image has none."""
    return next((one for one in _SWITCHES if _succeeds(client, container, one.probe)), None)


def turn_off(client: Client, container: str) -> None:
    """Turn off the echo of a container's own terminal, if its image can and it runs."""
    any(_succeeds(client, container, one.at_console) for one in _SWITCHES)


def turn_on(client: Client, container: str) -> None:
    """Turn on the echo of a container's own terminal; see `turn_off`."""
    any(_succeeds(client, container, one.back) for one in _SWITCHES)


def _succeeds(client: Client, container: str, command: Sequence[str]) -> bool:
    api: Any = client.api
    with contextlib.suppress(EngineError), translated("exec failed"):
        # Only root may change a terminal that belongs to no one in the container.
        call = api.exec_create(container, command, user="0")
        api.exec_start(call["Id"])
        return bool(api.exec_inspect(call["Id"])["ExitCode"] == 0)
    return False
