"""`python3 -m peer <listening_port>`: a peer at this terminal."""

from __future__ import annotations

import os
import signal
import sys

# Before the imports that take a while: the first process of a container does not get a
# signal that it has no handler for, and `docker stop` would have to kill it.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

from peer import __version__, arguments, render
from peer.console import Console, ConsoleGoneError
from peer.listener import ListenError
from peer.node import Node
from peer.repl import Repl


def main() -> int:
    """Run a peer until it leaves; return the process's exit status."""
    _fill_standard_descriptors()
    settings = arguments.parse()
    console = _console(settings.name)
    try:
        try:
            node = Node(settings, console.notice)
        except ListenError as error:
            console.reply([render.error(str(error))])
            return 1
        where = render.endpoint(node.address or settings.bind or "0.0.0.0", node.port)  # noqa: S104 - shown, not bound
        repl = Repl(
            console, node
        )  # installs its handlers: the reader of the next line may send a signal
        banner = [render.banner(__version__)] if console.interactive else []
        console.notice([*banner, render.listening(where, settings.name)])
        repl.run()
    except (KeyboardInterrupt, ConsoleGoneError):
        return 1  # interrupted before anything started
    finally:
        console.close()
    return 0


def _fill_standard_descriptors() -> None:
    """Reopen closed standard streams, so that no socket gets descriptor 0, 1 or 2."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115


def _console(name: str) -> Console:
    if not (os.isatty(0) and os.isatty(1)):
        return Console()
    from peer.terminal import terminal_console  # noqa: PLC0415 - readline writes at import

    return terminal_console(name)


if __name__ == "__main__":
    sys.exit(main())
