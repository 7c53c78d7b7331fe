#!/usr/bin/env python3
import selectors
import socket
import sys

sel = selectors.DefaultSelector()
peers = {}
next_id = 1
myport = int(sys.argv[1])


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def prompt():
    sys.stdout.write("[chat] ")
    sys.stdout.flush()


def myip():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("8.8.8.8", 80))
    ip = s.getsockname()[0]
    s.close()
    return ip


class Peer:
    def __init__(self, sock, ip, port=None):
        self.sock, self.ip, self.port = sock, ip, port
        self.buffer = b""
        self.id = None
        self.is_called = port is not None
        sel.register(sock, selectors.EVENT_READ, self.readable)
        if port:
            self.give_id()

    def give_id(self):
        global next_id
        self.id = next_id
        next_id += 1
        peers[self.id] = self

    def readable(self):
        try:
            data = self.sock.recv(4096)
        except OSError:
            data = b""
        if not data:
            if self.id:
                say(f"\n[chat] peer {self.id} ({self.ip}:{self.port}) is gone")
                prompt()
            self.close()
            return
        self.buffer += data
        while b"\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\n", 1)
            self.got(line.decode(errors="replace"))

    def got(self, line):
        if self.port is None:
            if not line.isdigit():
                self.close()
                return
            self.port = int(line)
            self.give_id()
            say(f"\n[chat] peer {self.id} ({self.ip}:{self.port}) is here")
        else:
            say(f"\n[chat] peer {self.id} ({self.ip}:{self.port}) writes: {line}")
        prompt()

    def close(self):
        peers.pop(self.id, None)
        sel.unregister(self.sock)
        self.sock.close()


def accept():
    sock, addr = server.accept()
    Peer(sock, addr[0])


def connect(host, port):
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        return "sorry, the port is wrong"
    try:
        ip = socket.gethostbyname(host)
    except OSError:
        return "sorry, the address is wrong"
    if (ip == myip() or ip.startswith("127.")) and int(port) == myport:
        return "sorry, you are this peer"
    if any((p.ip, p.port) == (ip, int(port)) for p in peers.values() if p.is_called):
        return "sorry, you are connected to this peer"
    try:
        sock = socket.create_connection((ip, int(port)), timeout=5)
    except OSError as e:
        return f"sorry, {e}"
    sock.settimeout(None)
    sock.sendall(b"%d\n" % myport)
    return f"done, peer {Peer(sock, ip, int(port)).id}"


def terminate(number):
    peer = peers.get(int(number))
    if peer is None:
        return "sorry, no such peer"
    peer.close()
    return f"done, peer {number} terminated"


def send(number, text):
    peer = peers.get(int(number))
    if peer is None:
        return "sorry, no such peer"
    try:
        peer.sock.sendall(text.encode() + b"\n")
    except OSError as e:
        return f"sorry, {e}"
    return f"done, message sent to peer {number}"


def typed():
    line = sys.stdin.readline().rstrip("\n")
    words = line.split()
    if words == ["help"]:
        say("commands: help, myip, myport, connect, list, terminate, send, exit")
    elif words == ["myip"]:
        say(f"your ip is {myip()}")
    elif words == ["myport"]:
        say(f"your port is {myport}")
    elif words[:1] == ["connect"] and len(words) == 3:
        say(connect(words[1], words[2]))
    elif words == ["list"]:
        say("\n".join(f"{p.id}) {p.ip}:{p.port}" for p in peers.values()) or "nobody")
    elif words[:1] == ["terminate"] and len(words) == 2:
        say(terminate(words[1]))
    elif words[:1] == ["send"] and len(words) > 2:
        say(send(words[1], line.split(" ", 2)[2]))
    elif words == ["exit"]:
        say("see you")
        sys.exit(0)
    elif words:
        say("sorry, that is no command")
    prompt()


server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("", myport))
server.listen(30)
sel.register(server, selectors.EVENT_READ, accept)
sel.register(sys.stdin, selectors.EVENT_READ, typed)
say(f"welcome, you listen on {myport}")
prompt()
while True:
    for key, _ in sel.select():
        key.data()
