"""Asks the store: at a prompt, or once with the words of the command line."""

import contextlib
import socket
import sys

PORT, PATIENCE = 7000, 1.0  # seconds


def ask(host: str, line: str) -> str:
    """Return the store's answer, or what is known without one."""
    try:
        link = socket.create_connection((host, PORT), PATIENCE)
    except OSError:
        return "refused: the store cannot be reached"
    with link, contextlib.suppress(OSError):
        link.sendall(f"{line}\n".encode())
        if answer := link.makefile().readline():
            return answer.strip()
    return "unknown: no answer"


host, *words = sys.argv[1:]
if words:
    sys.exit(ask(host, " ".join(words)).startswith(("refused", "unknown")))
with contextlib.suppress(EOFError):
    while True:
        line = input("> ")
        print("yes?" if line == "hello" else ask(host, line))
