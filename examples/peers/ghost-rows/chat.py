"""A chat for the course on networks. Start it with a port: python3 chat.py 5000"""

import socket
import struct
import sys
from threading import Lock, Thread

# A frame: one letter (P port, M message, B bye), two bytes with the length, the text.
PORT, MESSAGE, BYE = b"P", b"M", b"B"


def say(*words):
    # in one piece: two threads print
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def frame(kind, text=""):
    data = text.encode()
    return kind + struct.pack(">H", len(data)) + data


def exactly(sock, count):
    data = b""
    while len(data) < count:
        more = sock.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read_frame(sock):
    kind = exactly(sock, 1)
    (length,) = struct.unpack(">H", exactly(sock, 2))
    return kind, exactly(sock, length).decode(errors="replace")


class Node:
    def __init__(self, port):
        self.port = port
        self.rows = {}
        self.called = set()  # the rows that began here
        self.count = 0
        self.lock = Lock()

    def ip(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("10.255.255.255", 1))
            return s.getsockname()[0]

    def add(self, sock, ip, port):
        with self.lock:
            self.count += 1
            self.rows[self.count] = (sock, ip, port)
            return self.count

    def serve(self):
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("0.0.0.0", self.port))
        server.listen(100)
        say(f"+ online at port {self.port}")
        while True:
            sock, (ip, _) = server.accept()
            Thread(target=self.arrive, args=(sock, ip), daemon=True).start()

    def arrive(self, sock, ip):
        try:
            kind, port = read_frame(sock)
        except (EOFError, OSError):
            return
        if kind == PORT:
            row = self.add(sock, ip, int(port))
            say(f"+ {ip} {port} joined as {row}")
            self.listen_to(row, sock, ip, port)

    def listen_to(self, row, sock, ip, port):
        try:
            while True:
                kind, text = read_frame(sock)
                if kind == MESSAGE:
                    say(f"{ip} {port} -> {text}")
                elif kind == BYE:
                    with self.lock:
                        mine = self.rows.pop(row, None)
                    if mine:
                        say(f"- {ip} {port} left, was {row}")
                    sock.close()
                    return
        except (EOFError, OSError):
            pass  # nothing more to read

    def connect(self, host, port):
        if not port.isdigit() or not 0 < int(port) <= 65535:
            return "! not a port: " + port
        try:
            ip = socket.gethostbyname(host)
        except OSError:
            return "! not an address: " + host
        port = int(port)
        if port == self.port and (ip == self.ip() or ip.startswith("127.")):
            return "! no connections to oneself"
        rows = list(self.rows.items())
        if any(row[1:] == (ip, port) for number, row in rows if number in self.called):
            return "! no second connection to the same peer"
        sock = socket.socket()
        sock.settimeout(5)
        try:
            sock.connect((ip, port))
            sock.settimeout(None)
            sock.sendall(frame(PORT, str(self.port)))
        except OSError as error:
            return f"! {error}"
        row = self.add(sock, ip, port)
        self.called.add(row)
        Thread(target=self.listen_to, args=(row, sock, ip, port), daemon=True).start()
        return f"= connection {row} to {ip} {port}"

    def terminate(self, row):
        with self.lock:
            if not row.isdigit() or int(row) not in self.rows:
                return "! no connection " + row
            sock, _, _ = self.rows.pop(int(row))
        self.tell(sock, frame(BYE))
        return f"= connection {row} ended"

    def tell(self, sock, data):
        try:
            sock.sendall(data)
        except OSError:
            return False
        return True

    def send(self, row, text):
        if not row.isdigit() or int(row) not in self.rows:
            return "! no connection " + row
        if not self.tell(self.rows[int(row)][0], frame(MESSAGE, text)):
            return "! could not be sent"
        return f"= sent {len(text)} characters to {row}"

    def answer(self, line):
        words = line.split()
        match words:
            case ["help"]:
                return "= help myip myport connect list terminate send exit"
            case ["myip"]:
                return "= " + self.ip()
            case ["myport"]:
                return f"= {self.port}"
            case ["connect", host, port]:
                return self.connect(host, port)
            case ["list"]:
                rows = [f"  {row} {ip} {port}" for row, (_, ip, port) in list(self.rows.items())]
                return "\n".join([*rows, f"= {len(rows)} in the list"])
            case ["terminate", row]:
                return self.terminate(row)
            case ["send", row, _, *_]:
                return self.send(row, line.split(" ", 2)[2])
        return "! use help"


node = Node(int(sys.argv[1]))
Thread(target=node.serve, daemon=True).start()
for line in sys.stdin:
    if line.strip() == "exit":
        for sock, _, _ in list(node.rows.values()):
            node.tell(sock, frame(BYE))
        say("= bye")
        break
    if line.strip():
        say(node.answer(line.rstrip("\n")))
