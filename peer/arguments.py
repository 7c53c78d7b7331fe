"""The command line of `python3 -m peer`."""

from __future__ import annotations

import argparse
import ipaddress
import re
import socket
from collections.abc import Sequence

from peer import __version__
from peer.commands import read_port
from peer.limits import Limits
from peer.settings import Settings
from peer.wire import LONGEST_NAME, NAME_CHARACTERS


def parse(arguments: Sequence[str] | None = None) -> Settings:
    """Return the settings that `arguments` (by default the process's own) ask for.

    Raises:
        SystemExit: they are wrong; a message was printed, the status is 2.
    """
    given = _parser().parse_args(arguments)
    limits = Limits(greeting=given.greeting_timeout, silence=given.silence)
    return Settings(
        port=given.port,
        bind=given.bind or "",
        name=given.name,
        connect_timeout=given.connect_timeout,
        limits=limits,
    )


def _parser() -> argparse.ArgumentParser:
    default = Settings(port=0)
    parser = argparse.ArgumentParser(prog="python3 -m peer", description="A chat peer.")
    parser.add_argument("port", type=_port, metavar="listening_port", help="0 takes any free port")
    parser.add_argument("--bind", type=_address, metavar="ADDRESS",
                        help="listen on this address alone (default: every one)")  # fmt: skip
    parser.add_argument("--name", type=_name, default=_host_name(),
                        help="what to be called (default: the host's name)")  # fmt: skip
    for flag, value, what in (
        ("--connect-timeout", default.connect_timeout, "longest wait for a dial"),
        ("--greeting-timeout", default.limits.greeting, "then a silent program is a plain one"),
        ("--silence", default.limits.silence, "then a peer without a sign of life is given up"),
    ):
        parser.add_argument(flag, type=_seconds, default=value, metavar="SECONDS",
                            help=f"{what} (default: {value:g})")  # fmt: skip
    parser.add_argument("--version", action="version", version=__version__)
    return parser


def _port(word: str) -> int:
    try:
        return read_port(word, lowest=0)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _address(word: str) -> str:
    try:
        return str(ipaddress.ip_address(word))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{word!r} is not an IP address") from error


def _name(word: str) -> str:
    if not re.fullmatch(rf"[{NAME_CHARACTERS}]{{1,{LONGEST_NAME}}}", word):
        raise argparse.ArgumentTypeError("letters, digits, dot, dash and underscore, 63 at most")
    return word


def _host_name() -> str:
    return re.sub(rf"[^{NAME_CHARACTERS}]", "-", socket.gethostname())[:LONGEST_NAME] or "peer"


def _seconds(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number") from error
    if not 0.05 <= seconds <= 86_400:  # noqa: PLR2004 - from a twentieth of a second to a day
        raise argparse.ArgumentTypeError("from 0.05 to 86400 seconds")
    return seconds
