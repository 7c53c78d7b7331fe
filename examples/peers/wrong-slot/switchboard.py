import socket
import sys
from threading import Thread

"""
SWITCHBOARD  (python3 switchboard.py)

The wires are kept in a plain list. A wire has a number that never changes, but
everything that is typed goes by the position in the list.
"""


class Wire:
    last = 0

    def __init__(self, sock, ip, port):
        Wire.last += 1
        self.number = Wire.last
        self.sock = sock
        self.ip = ip
        self.port = port
        self.cut = False

    def __str__(self):
        return "wire %d to %s port %s" % (self.number, self.ip, self.port)


wires = []


def log(*what):
    print("*", *what)


def listen(wire, lines):
    try:
        for line in lines:
            sys.stdout.write("* %s says:\n    %s\n" % (wire, line.rstrip("\n")))
    except OSError:
        pass
    if not wire.cut:
        wires.remove(wire)
        log(wire, "broke")
    wire.sock.close()


def lines_of(sock):
    return sock.makefile(encoding="utf-8", errors="replace", newline="\n")


def operator(server):
    while 1:
        sock, (ip, _) = server.accept()
        lines = lines_of(sock)
        first = lines.readline()
        if not first.startswith("HELLO "):
            sock.close()
            continue
        wire = Wire(sock, ip, int(first[6:]))
        wires.append(wire)
        log(wire, "was plugged in")
        Thread(target=listen, args=(wire, lines), daemon=True).start()


def my_ip():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("203.0.113.99", 5))
    return s.getsockname()[0]


def plug(ip, port):
    port = int(port)
    if (ip, port) in [(my_ip(), my_port), ("localhost", my_port), ("127.0.0.1", my_port)]:
        raise ValueError("no wire to yourself")
    for w in wires:
        if (w.ip, w.port) == (ip, port):
            raise ValueError("there is " + str(w))
    sock = socket.create_connection((ip, port), 3)
    sock.settimeout(None)
    sock.sendall(b"HELLO %d\n" % my_port)
    wire = Wire(sock, ip, port)
    wires.append(wire)
    Thread(target=listen, args=(wire, lines_of(sock)), daemon=True).start()
    return "plugged " + str(wire)


def wire_at(word):
    place = int(word)
    if place < 1:
        raise ValueError("no wire " + word)
    return wires[place - 1]


def unplug(word):
    wire = wire_at(word)
    wire.cut = True
    wires.remove(wire)
    wire.sock.shutdown(socket.SHUT_RDWR)
    return "unplugged wire " + word


def say(word, *texts):
    wire = wire_at(word)
    if not texts:
        raise ValueError("say something")
    wire.sock.sendall((" ".join(texts) + "\n").encode())
    return "wire %s has it" % word


def table():
    if not wires:
        return "no wires"
    return "\n".join("%d, %s, %s" % (w.number, w.ip, w.port) for w in wires)


commands = {
    "myip": lambda: "your ip: " + my_ip(),
    "myport": lambda: "your port: %d" % my_port,
    "connect": plug,
    "list": table,
    "terminate": unplug,
    "send": say,
    "help": lambda: "commands: " + ", ".join(list(commands) + ["exit"]),
}

my_port = int(input("Port of this switchboard? "))
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("0.0.0.0", my_port))
server.listen(5)
Thread(target=operator, args=(server,), daemon=True).start()
print("(%s:%d) ready, " % (my_ip(), my_port), end="")
while 1:
    try:
        word, *rest = input("your command: ").split(" ")
    except EOFError:
        break
    if word == "exit":
        break
    if word == "":
        continue
    try:
        print(commands[word](*rest))
    except KeyError:
        print("error: no command", word)
    except (OSError, ValueError, IndexError, TypeError, OverflowError) as e:
        print("error:", e)
print("all wires unplugged")
