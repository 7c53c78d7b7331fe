"""No news is good news."""

import readline  # noqa: F401 - for the arrow keys
import socket
import sys
import threading

me = int(sys.argv[1])
conns = {}
called = set()  # ids of those that I have called
last = 0
lock = threading.Lock()


class Oops(Exception):
    pass


def say(*words):
    # in one piece: two threads print
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def ip():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("8.8.8.8", 80))
        return s.getsockname()[0]


def add(sock, file, addr, port):
    global last
    with lock:
        last += 1
        conns[last] = sock, file, addr, port
        return last


def receive(cid):
    sock, file, addr, port = conns[cid]
    try:
        for line in file:
            say(f"\r{addr}:{port} | {line[:-1].decode(errors='replace')}")
    except OSError:
        pass
    conns.pop(cid, None)
    sock.close()


def welcome(sock, addr):
    file = sock.makefile("rb")
    try:
        port = int(file.readline())
    except (OSError, ValueError):
        sock.close()
        return
    receive(add(sock, file, addr, port))


def serve(server):
    while True:
        sock, (addr, _) = server.accept()
        threading.Thread(target=welcome, args=(sock, addr), daemon=True).start()


def connect(host, port):
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Oops("bad port")
    addr = socket.gethostbyname(host)
    if int(port) == me and (addr == ip() or addr.startswith("127.")):
        raise Oops("self")
    if (addr, int(port)) in [row[2:] for cid, row in list(conns.items()) if cid in called]:
        raise Oops("duplicate")
    sock = socket.create_connection((addr, int(port)), 5)
    sock.settimeout(None)
    sock.sendall(b"%d\n" % me)
    cid = add(sock, sock.makefile("rb"), addr, int(port))
    called.add(cid)
    threading.Thread(target=receive, args=(cid,), daemon=True).start()


def lookup(cid):
    if not cid.isdigit() or int(cid) not in conns:
        raise Oops("bad id")
    return int(cid)


def terminate(cid):
    conns.pop(lookup(cid))[0].shutdown(socket.SHUT_RDWR)


def send(cid, text):
    conns[lookup(cid)][0].sendall(text.encode() + b"\n")


def listing():
    for cid, (_, _, addr, port) in list(conns.items()):
        say(cid, addr, port)


COMMANDS = {
    "help": (0, lambda: say(*COMMANDS)),
    "myip": (0, lambda: say(ip())),
    "myport": (0, lambda: say(me)),
    "connect": (2, connect),
    "list": (0, listing),
    "terminate": (1, terminate),
    "send": (2, send),
    "exit": (0, sys.exit),
}

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("", me))
server.listen(40)
threading.Thread(target=serve, args=(server,), daemon=True).start()
while True:
    name, *rest = input("% ").split(" ", 1)
    count, function = COMMANDS.get(name, (-1, None))
    arguments = rest[0].split(" ", count - 1) if rest and count else rest
    try:
        if function and len(arguments) == count:
            function(*arguments)
        elif name:
            raise Oops("bad command")
    except (Oops, OSError) as error:
        say("?", error)
