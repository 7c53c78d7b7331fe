"""Chat in which everything on the wire is a JSON object, one a line."""

import json
import socket
import sys
import threading


class Link:
    """A connection to another peer."""

    def __init__(self, number, sock, stream, ip, port):
        self.number, self.sock, self.stream, self.ip, self.port = number, sock, stream, ip, port
        self.gone = threading.Event()

    def put(self, **fields):
        put(self.sock, **fields)

    def __str__(self):
        return f"{self.number} ({self.ip}, {self.port})"


links = {}
dialling = set()
total = 0
lock = threading.RLock()
port = int(sys.argv[1])


def say(*words):
    # in one piece: two threads print
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def put(sock, **fields):
    sock.sendall((json.dumps(fields) + "\n").encode())


def objects(sock):
    with sock.makefile("r", encoding="utf-8", newline="\n") as file:
        try:
            for line in file:
                yield json.loads(line)
        except (OSError, ValueError):
            return


def own_address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]


def add(sock, stream, ip, other):
    global total
    with lock:
        total += 1
        links[total] = Link(total, sock, stream, ip, other)
        return links[total]


def linked(ip, other):
    return any((link.ip, link.port) == (ip, other) for link in list(links.values()))


def follow(link):
    for item in link.stream:
        if item.get("type") == "message" and link.number in links:
            say(f"message from {link}: {item['text']}")
    with lock:
        if links.pop(link.number, None):
            say(f"lost {link}")
    link.sock.close()
    link.gone.set()


def serve(sock, ip):
    stream = objects(sock)
    hello = next(stream, {})
    if hello.get("type") != "hello":
        sock.close()
        return
    with lock:
        # of two that cross, the one dialled from the lower address is kept
        here, there = (own_address(), port), (ip, hello["port"])
        if linked(*there) or (there in dialling and here < there):
            put(sock, type="refused", why="there is a connection between us")
            sock.close()
            return
        link = add(sock, stream, ip, hello["port"])
        put(sock, type="welcome")
        say(f"new {link}")
    follow(link)


def accept(server):
    while True:
        sock, (ip, _) = server.accept()
        threading.Thread(target=serve, args=(sock, ip), daemon=True).start()


def connect(host, word):
    if not word.isdigit() or not 0 < int(word) < 65536:
        return "error: invalid port"
    other = int(word)
    try:
        ip = socket.gethostbyname(host)
    except OSError:
        return "error: invalid address"
    if other == port and (ip == own_address() or ip.startswith("127.")):
        return "error: no connection to myself"
    with lock:
        if linked(ip, other):
            return "error: there is a connection between us"
        dialling.add((ip, other))
    try:
        return dial(ip, other)
    finally:
        dialling.discard((ip, other))


def dial(ip, other):
    try:
        sock = socket.create_connection((ip, other), timeout=5)
        put(sock, type="hello", port=port)
        stream = objects(sock)
        answer = next(stream, {"why": "no answer"})
        sock.settimeout(None)
    except OSError as problem:
        return f"error: {problem}"
    if answer.get("type") != "welcome":
        sock.close()
        return f"error: {answer.get('why')}"
    link = add(sock, stream, ip, other)
    threading.Thread(target=follow, args=(link,), daemon=True).start()
    return f"connected {link}"


def pick(word):
    return links.get(int(word)) if word.isdigit() else None


def obey(line):
    match line.split(" ", 2):
        case ["help"]:
            return "commands: help myip myport connect list terminate send exit"
        case ["myip"]:
            return f"address {own_address()}"
        case ["myport"]:
            return f"port {port}"
        case ["connect", host, word]:
            return connect(host, word)
        case ["list"]:
            return "\n".join([f"- {link}" for link in list(links.values())] or ["- none"])
        case ["terminate", word]:
            with lock:
                if not (link := pick(word)):
                    return f"error: no connection {word}"
                del links[link.number]
            link.sock.shutdown(socket.SHUT_WR)
            link.gone.wait(2)  # until the other end has closed it, too
            return f"terminated {word}"
        case ["send", word, text] if text:
            if not (link := pick(word)):
                return f"error: no connection {word}"
            try:
                link.put(type="message", text=text)
            except OSError as problem:
                return f"error: {problem}"
            return f"sent {word}"
    return "error: no such command"


listening = socket.create_server(("", port), backlog=64)
threading.Thread(target=accept, args=(listening,), daemon=True).start()
say("json chat, port", port)
while (line := input("json> ")) != "exit":
    if line:
        say(obey(line))
for open_link in list(links.values()):
    open_link.sock.close()
say("bye")
