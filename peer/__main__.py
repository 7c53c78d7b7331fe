"""`python3 -m peer <listening_port>`: a peer at this terminal."""

from __future__ import annotations

import sys

from peer import arguments, render
from peer.console import Console
from peer.listener import ListenError
from peer.node import Node
from peer.repl import Repl


def main() -> int:
    """Run a peer until it is told to leave; return the process's exit status."""
    settings = arguments.parse()
    console = _console()
    try:
        try:
            node = Node(settings, console.notice)
        except ListenError as error:
            console.reply([render.error(str(error))])
            return 1
        where = render.endpoint(node.address or settings.bind or "0.0.0.0", node.port)  # noqa: S104 - shown, not bound
        console.notice([render.listening(where, settings.name)])
        Repl(console, node).run()
    finally:
        console.close()
    return 0


def _console() -> Console:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Console()
    from peer.terminal import terminal_console  # noqa: PLC0415 - readline writes at import

    return terminal_console()


if __name__ == "__main__":
    sys.exit(main())
