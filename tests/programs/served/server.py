"""A key-value store on a TCP port: a line of a log for each thing that happens, no console.

`die` has it crash, `hang` has it answer no more.
"""

# ruff: noqa: T201

import os
import socket
import sys
import threading

values: dict[str, str] = {}


def answer(line: str) -> str:
    """Return the answer to one request."""
    match line.split():
        case ["get", key]:
            return values.get(key, "none")
        case ["put", key, value]:
            values[key] = value
            print(f"stored {key}", flush=True)
            return "stored"
        case ["ping"]:
            return "pong"
        case ["die"]:
            print("panic: told to", flush=True)
            os._exit(3)
        case ["hang"]:
            threading.Event().wait()
    return f"no such request: {line}"


def serve(connection: socket.socket) -> None:
    """Answer the requests of one client."""
    with connection, connection.makefile("rw") as stream:
        for line in stream:
            stream.write(f"{answer(line)}\n")
            stream.flush()


address, port = sys.argv[1], int(sys.argv[2])
with socket.create_server((address, port)) as listener:
    print(f"serving on {port}", flush=True)
    while True:
        accepted, _ = listener.accept()
        threading.Thread(target=serve, args=(accepted,), daemon=True).start()
