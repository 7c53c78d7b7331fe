#!/usr/bin/env python3
# Talk! by group 7
#
# A frame on the wire is four digits (how long) and then the text.

import socket
import sys
import threading
import time


class Screen:
    """Only one thread may draw."""

    WIDTH = 40

    def __init__(self):
        self.lock = threading.Lock()

    def draw(self, *lines):
        with self.lock:
            sys.stdout.write("".join(line + "\n" for line in lines))
            sys.stdout.flush()

    def box(self, title, text):
        self.draw("+--[ " + title + " ]" + "-" * (self.WIDTH - 7 - len(title)),
                  "|  " + text,
                  "+" + "-" * (self.WIDTH - 1))

    def rule(self):
        return "=" * self.WIDTH


class Peer:
    def __init__(self, app, sock, ip, port):
        self.app = app
        self.sock = sock
        self.ip = ip
        self.port = port
        self.open = True
        self.mine = False           # did I close it?

    def name(self):
        return "%s:%d" % (self.ip, self.port)

    def write(self, text):
        frame = "%04d%s" % (len(text), text)
        self.sock.sendall(frame.encode())

    def read(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise ConnectionError
            data += part
        return data

    def loop(self):
        try:
            while True:
                size = int(self.read(4))
                text = self.read(size).decode("utf-8", "replace")
                self.app.screen.box(self.name(), text)
        except (OSError, ValueError):
            pass
        self.open = False
        self.sock.close()
        if self.mine:
            time.sleep(0.02)
            self.app.screen.draw("[done] %s is closed" % self.name())
        else:
            self.app.screen.draw("[left] " + self.name())


class App:
    def __init__(self, port):
        self.screen = Screen()
        self.port = port
        self.peers = {}
        self.count = 0
        self.server = socket.create_server(("", port), backlog=10)

    def ip(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(("192.0.2.10", 10))
        ip = s.getsockname()[0]
        s.close()
        return ip

    def add(self, sock, ip, port):
        peer = Peer(self, sock, ip, port)
        self.count += 1
        self.peers[self.count] = peer
        threading.Thread(target=peer.loop, daemon=True).start()
        return self.count

    def wait_for_calls(self):
        while True:
            sock, (ip, port) = self.server.accept()
            number = self.add(sock, ip, port)
            self.screen.draw("[call] %s:%d is number %d" % (ip, port, number))

    # ---- the commands -----------------------------------------------

    def do_help(self):
        return [self.screen.rule(),
                "help       | this page",
                "myip       | my address",
                "myport     | my port",
                "connect    | connect <destination> <port>",
                "list       | whom am I connected with",
                "terminate  | terminate <id>",
                "send       | send <id> <message>",
                "exit       | close everything",
                self.screen.rule()]

    def do_myip(self):
        return ["IP   : " + self.ip()]

    def do_myport(self):
        return ["PORT : %d" % self.port]

    def do_connect(self, host, port):
        if not port.isdigit() or int(port) not in range(1, 65536):
            return ["[fail] not a port"]
        port = int(port)
        try:
            ip = socket.gethostbyname(host)
        except OSError:
            return ["[fail] not a destination"]
        if port == self.port and ip in ("127.0.0.1", self.ip()):
            return ["[fail] no talking to yourself"]
        for peer in self.peers.values():
            if peer.open and (peer.ip, peer.port) == (ip, port):
                return ["[fail] you are connected to %s" % peer.name()]
        self.screen.draw("[wait] %s:%d" % (ip, port))
        try:
            sock = socket.create_connection((ip, port), timeout=3)
        except OSError as why:
            return ["[fail] " + str(why)]
        sock.settimeout(None)
        return ["[done] number %d" % self.add(sock, ip, port)]

    def do_list(self):
        rows = [" %2d | %-21s" % (n, p.name()) for n, p in self.peers.items() if p.open]
        return rows + ["%d connection(s)" % len(rows)]

    def find(self, number):
        peer = self.peers.get(int(number)) if number.isdigit() else None
        return peer if peer and peer.open else None

    def do_terminate(self, number):
        peer = self.find(number)
        if not peer:
            return ["[fail] no number " + number]
        peer.mine = True
        peer.open = False
        peer.sock.shutdown(socket.SHUT_RDWR)
        return []

    def do_send(self, number, text):
        peer = self.find(number)
        if not peer:
            return ["[fail] no number " + number]
        peer.write(text)
        return ["[done] said"]

    def run(self):
        threading.Thread(target=self.wait_for_calls, daemon=True).start()
        self.screen.draw("[done] here I am, port %d" % self.port)
        parts = {"connect": 3, "terminate": 2, "send": 3}
        while True:
            try:
                line = input("talk# ")
            except EOFError:
                break
            name = (line.split() or [""])[0]
            if name == "exit":
                break
            words = line.lstrip().split(" ", parts.get(name, 1) - 1)
            method = getattr(self, "do_" + name, None)
            if method and len(words) == parts.get(name, 1):
                self.screen.draw(*method(*words[1:]))
            elif name:
                self.screen.draw("[fail] what is that?")
        self.screen.draw("[done] bye")


App(int(sys.argv[1])).run()
