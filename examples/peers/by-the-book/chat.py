"""Peer-to-peer chat: one process is server and client at once.

    python3 chat.py <port>

On the wire: lines in UTF-8. Whoever dials says HI and its listening port, the other end OK or
NO; then each message is a line. Ids are never given twice.
"""

import ipaddress
import itertools
import queue
import socket
import sys
import threading

HELP = """\
help                          this text
myip                          my address
myport                        the port I listen on
connect <destination> <port>  open a connection
list                          all connections
terminate <id>                end a connection
send <id> <message>           send a message
exit                          end all connections and leave"""

lock = threading.RLock()
peers = {}  # by id
dialling = set()  # (address, port) that a connect is under way to
numbers = itertools.count(1)


class Refused(Exception):
    """What the user asked for cannot be done."""


def say(text):
    with lock:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def my_ip():
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with probe:
        probe.connect(("8.8.8.8", 53))
        return probe.getsockname()[0]


class Peer:
    def __init__(self, sock, lines, address, port):
        self.sock, self.lines, self.address, self.port = sock, lines, address, port
        self.id = next(numbers)
        self.outbox = queue.SimpleQueue()
        self.writer = threading.Thread(target=self.write, daemon=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        peers[self.id] = self

    def start(self):
        self.writer.start()
        self.reader.start()

    def read(self):
        try:
            for line in self.lines:
                with lock:
                    if self.id in peers:
                        say(f"[message] #{self.id} {self.address}:{self.port} says: {line[:-1]}")
        except OSError:
            pass
        with lock:
            if peers.pop(self.id, None):
                say(f"[closed] #{self.id} {self.address}:{self.port} has left")
        self.outbox.put(None)
        self.writer.join(2)
        self.lines.close()
        self.sock.close()

    def write(self):
        try:
            while (text := self.outbox.get()) is not None:
                self.sock.sendall(f"{text}\n".encode())
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def known(address, port):
    return any((peer.address, peer.port) == (address, port) for peer in peers.values())


def is_me(address, port):
    mine = address == my_ip() or ipaddress.ip_address(address).is_loopback
    return mine and port == my_port


def check_in(sock, address):
    """Answer somebody who dialled."""
    lines = sock.makefile(encoding="utf-8", errors="replace", newline="\n")
    sock.settimeout(10)
    word, _, port = lines.readline().partition(" ")
    if word != "HI":
        sock.close()
        return
    port = int(port)
    with lock:
        # Two who dial each other at once: the lower endpoint's connection counts.
        crossing = (address, port) in dialling and (my_ip(), my_port) < (address, port)
        if known(address, port) or crossing:
            sock.sendall(b"NO\n")
            sock.close()
            return
        sock.sendall(b"OK\n")
        sock.settimeout(None)
        peer = Peer(sock, lines, address, port)
        say(f"[connected] #{peer.id} {address}:{port} has come")
        peer.start()


def greet(sock, address):
    try:
        check_in(sock, address)
    except (OSError, ValueError):
        sock.close()


def accept():
    while True:
        sock, (address, _) = server.accept()
        threading.Thread(target=greet, args=(sock, address), daemon=True).start()


def number(word, what, most):
    if not (word.isascii() and word.isdigit() and 0 < int(word) <= most):
        raise Refused(f"{word} is no {what}")
    return int(word)


def connect(destination, port):
    port = number(port, "port", 65535)
    try:
        address = socket.gethostbyname(destination)
    except (OSError, UnicodeError):
        raise Refused(f"{destination} is no address") from None
    with lock:
        if is_me(address, port):
            raise Refused("that is myself")
        if known(address, port):
            raise Refused(f"already connected to {address}:{port}")
        dialling.add((address, port))
    try:
        return dial(address, port)
    except OSError as error:
        raise Refused(f"{address}:{port} does not answer: {error}") from None
    finally:
        dialling.discard((address, port))


def dial(address, port):
    sock = socket.create_connection((address, port), timeout=4)
    sock.sendall(f"HI {my_port}\n".encode())
    lines = sock.makefile(encoding="utf-8", errors="replace", newline="\n")
    if lines.readline() != "OK\n":
        sock.close()
        raise Refused(f"{address}:{port} is connected already, or refuses")
    sock.settimeout(None)
    with lock:
        peer = Peer(sock, lines, address, port)
        say(f"[ok] connected #{peer.id} {address}:{port}")
        peer.start()


def find(word):
    peer = peers.get(number(word, "id", 10**9))
    if peer is None:
        raise Refused(f"no connection #{word}")
    return peer


def terminate(word):
    with lock:
        peer = find(word)
        del peers[peer.id]
    peer.outbox.put(None)
    peer.reader.join(2)  # until the other end has ended it, too
    say(f"[ok] terminated #{peer.id}")


def send(word, text):
    peer = find(word)
    peer.outbox.put(text)
    say(f"[ok] sent to #{peer.id}")


def show_list():
    with lock:
        for peer in peers.values():
            say(f"  #{peer.id}  {peer.address}  {peer.port}")
        say(f"[ok] connections: {len(peers)}")


def leave():
    with lock:
        ending = list(peers.values())
        peers.clear()
    for peer in ending:
        peer.outbox.put(None)
    for peer in ending:
        peer.writer.join(1)
    say("[ok] goodbye")
    sys.exit()


def obey(line):
    word = line.split(" ", 1)[0].lower()
    match line.split(" ", 2 if word == "send" else -1):
        case [_] if word == "help":
            say(f"{HELP}\n[ok] eight commands")
        case [_] if word == "myip":
            say(f"[ok] my address is {my_ip()}")
        case [_] if word == "myport":
            say(f"[ok] my port is {my_port}")
        case [_, destination, port] if word == "connect":
            connect(destination, port)
        case [_] if word == "list":
            show_list()
        case [_, peer] if word == "terminate":
            terminate(peer)
        case [_, peer, text] if word == "send" and text:
            send(peer, text)
        case [_] if word == "exit":
            leave()
        case _:
            raise Refused(f"not understood, see help: {line}")


my_port = int(sys.argv[1])
server = socket.create_server(("", my_port), backlog=64)
threading.Thread(target=accept, daemon=True).start()
say(f"[ready] listening on port {my_port}")
for typed in sys.stdin:
    try:
        if typed.strip():
            obey(typed.rstrip("\n"))
    except Refused as why:
        say(f"[no] {why}")
