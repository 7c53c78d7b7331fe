"""`naive.py <port> <address> <name>`: a chat peer that takes every `recv` for one message.

TCP is a stream: where it is cut means nothing. This program does not know. A message goes out
as its bare bytes, and whatever one `recv` returns is shown as a message: right when one is sent
at a time over a straight network, wrong when the stream arrives in pieces or glued together.
"""

# ruff: noqa: T201

from __future__ import annotations

import contextlib
import os
import socket
import sys
import termios
import threading

HELP = ["help", "myip", "myport", "connect", "list", "terminate", "send", "exit"]


class Naive:
    """The peer: its connections by id, and its console.

    Args:
        port: to listen on. Every peer is assumed to listen on the same one.
        address: to listen on and to dial from; 0.0.0.0 for any.
    """

    def __init__(self, port: int, address: str) -> None:
        self.port, self.address = port, address
        self.lock = threading.RLock()  # of the console and the connections
        self.last = 0
        self.open: dict[int, tuple[socket.socket, str, int]] = {}
        self.server = socket.create_server((address, port))

    def say(self, line: str) -> None:
        with self.lock:
            print(line, flush=True)

    def accept(self) -> None:
        while True:
            sock, (host, _) = self.server.accept()
            with self.lock:
                number = self.take(sock, host, self.port)
                self.say(f"* connected {number} {host}:{self.port} (naive)")

    def take(self, sock: socket.socket, host: str, port: int) -> int:
        with self.lock:
            self.last += 1
            self.open[self.last] = sock, host, port
            threading.Thread(target=self.read, args=(self.last, sock), daemon=True).start()
            return self.last

    def read(self, number: int, sock: socket.socket) -> None:
        data = b"something"
        while data:
            try:
                data = sock.recv(65_536)
            except OSError:
                data = b""
            with self.lock:
                if number not in self.open:
                    return  # terminated here
                _, host, port = self.open[number]
                if data:  # here it is: one recv, one message
                    text = data.decode("utf-8", "backslashreplace")
                    self.say(f"* message {number} {host}:{port} (naive): {text}")
                else:
                    del self.open[number]
                    self.say(f"* closed {number} {host}:{port} (naive): the stream ended")
        sock.close()

    def carry_out(self, line: str) -> str:
        verb, _, rest = line.partition(" ")
        match verb:
            case "help":
                self.say("\n".join(f"  {verb}" for verb in HELP))
                return f"ok: {len(HELP)} commands"
            case "myip":
                return f"ok: {self.server.getsockname()[0]}"
            case "myport":
                return f"ok: {self.port}"
            case "connect":
                return self.connect(*rest.split())
            case "list":
                for number, (_, host, port) in self.open.items():
                    self.say(f"  {number} {host} {port} naive")
                return f"ok: {len(self.open)} connections"
            case "terminate":
                return self.terminate(int(rest))
            case "send":
                to, _, text = rest.partition(" ")
                self.open[int(to)][0].sendall(text.encode())
                return f"ok: sent {to}"
            case "exit":
                return "ok: bye"
        return f"error: no command {verb!r}"

    def connect(self, host: str, port: str) -> str:
        if (host, int(port)) in ((there, at) for _, there, at in self.open.values()):
            return "error: already connected"
        source = None if self.address == "0.0.0.0" else (self.address, 0)
        sock = socket.create_connection((host, int(port)), 5, source)
        sock.settimeout(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = self.take(sock, host, int(port))
        return f"ok: connected {number} {host}:{port} (naive)"

    def terminate(self, number: int) -> str:
        sock, host, port = self.open.pop(number)
        sock.shutdown(socket.SHUT_RDWR)
        return f"ok: terminated {number} {host}:{port} (naive)"

    def run(self) -> None:
        threading.Thread(target=self.accept, daemon=True).start()
        self.say(f"* listening on {self.address}:{self.port} (naive)")
        for line in sys.stdin:
            with self.lock:  # a notice waits until the reply is there
                try:
                    reply = self.carry_out(line.rstrip("\n"))
                except (OSError, KeyError, ValueError, TypeError) as error:
                    reply = f"error: {error!r}"
                self.say(reply)
            if reply == "ok: bye":
                break
        os._exit(0)


with contextlib.suppress(termios.error):  # no echo: a terminal is not there in some tests
    mode = termios.tcgetattr(0)
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSANOW, mode)
Naive(int(sys.argv[1]), sys.argv[2]).run()
