"""A client that is no chat program: it connects and closes without a word, as port scanners do."""

from __future__ import annotations

import socket
import sys


def answer(line: str, port: int) -> str:
    """Carry out a command; return the reply."""
    match line.split():
        case ["connect", address, number]:
            try:
                socket.create_connection((address, int(number)), timeout=5).close()
            except OSError as error:
                return f"error: {error}"
            return f"ok: knocked at {address} {number}"
        case ["myport"]:
            return f"ok: port {port}"
        case _:
            return "error: connect ADDRESS PORT, myport or exit"


def main() -> None:
    """Read commands until `exit`."""
    address, port = sys.argv[1], int(sys.argv[2])
    with socket.create_server((address, port)):
        print(f"listening on port {port}", flush=True)
        for line in sys.stdin:
            if line.strip() == "exit":
                break
            print(answer(line, port), flush=True)
    print("ok: bye", flush=True)


if __name__ == "__main__":
    main()
