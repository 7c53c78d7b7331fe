"""`chat.py <port> <address>`: a chat over plain TCP, with one line per message and no protocol.

It understands any program that sends it lines.
"""

# ruff: noqa: T201

from __future__ import annotations

import os
import socket
import sys
import threading

lock = threading.RLock()  # of what is shown, and of the list
links: dict[int, tuple[socket.socket, str, int]] = {}
port, address = int(sys.argv[1]), sys.argv[2]


def say(line: str) -> None:
    with lock:
        print(line, flush=True)


def take(sock: socket.socket, host: str, at: int) -> int:
    with lock:
        number = max(links, default=0) + 1
        links[number] = sock, host, at
    threading.Thread(target=read, args=(number, sock), daemon=True).start()
    return number


def read(number: int, sock: socket.socket) -> None:
    try:
        for line in sock.makefile(encoding="utf-8", errors="replace", newline="\n"):
            say(f"<{number}> {line.rstrip()}")
    except OSError:
        pass
    with lock:
        if links.pop(number, None):
            say(f"-{number}-")
    sock.close()


def accept(server: socket.socket) -> None:
    while True:
        sock, (host, at) = server.accept()
        with lock:
            say(f"+{take(sock, host, at)}+")


def carry_out(line: str) -> str:
    verb, _, rest = line.partition(" ")
    first, _, text = rest.partition(" ")
    match verb:
        case "port":
            return f"port {port}"
        case "dial":
            return f"dialled {take(dial(first, int(text)), first, int(text))}"
        case "who":
            for number, (_, host, at) in links.items():
                say(f"  {number}: {host} {at}")
            return f"{len(links)} in all"
        case "say":
            links[int(first)][0].sendall(f"{text}\n".encode())
            return "said"
        case "drop":
            links.pop(int(first))[0].shutdown(socket.SHUT_RDWR)
            return f"dropped {first}"
    return "what?"


def dial(host: str, at: int) -> socket.socket:
    source = None if address == "0.0.0.0" else (address, 0)
    sock = socket.create_connection((host, at), 5, source)
    sock.settimeout(None)
    return sock


threading.Thread(target=accept, args=(socket.create_server((address, port)),), daemon=True).start()
say(f"here at {port}")
for command in sys.stdin:
    with lock:
        try:
            say(carry_out(command.strip()))
        except (OSError, KeyError, ValueError) as error:
            say(f"no: {error!r}")
os._exit(0)
