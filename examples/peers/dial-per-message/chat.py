"""chat.py: every request to another peer is a TCP connection of its own, like in HTTP.

Requests: CONNECT <my port>, MESSAGE <my port> <text>, TERMINATE <my port>. Answer: OK.
"""

import socket
import sys
import threading
import traceback

PORT = int(sys.argv[1])
contacts = {}  # id -> (ip, port)
newest = 0
guard = threading.Lock()


class ChatError(Exception):
    pass


def say(*words):
    # in one piece: two threads print
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def own_ip():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("8.8.8.8", 80))
    try:
        return s.getsockname()[0]
    finally:
        s.close()


def remember(ip, port):
    global newest
    with guard:
        if known := number_of(ip, port):
            return known
        newest += 1
        contacts[newest] = (ip, port)
        return newest


def number_of(ip, port):
    return next((n for n, contact in list(contacts.items()) if contact == (ip, port)), None)


def request(ip, port, text):
    with socket.create_connection((ip, port), timeout=0.7) as sock:
        sock.sendall(text.encode() + b"\n")
        if sock.makefile("rb").readline() != b"OK\n":
            raise ChatError("the other peer did not answer")


def serve_one(sock, ip):
    line = sock.makefile("r", encoding="utf-8", errors="replace", newline="\n").readline()
    if not line.endswith("\n"):
        return
    verb, port, *text = line[:-1].split(" ", 2)
    known = number_of(ip, int(port))
    if verb == "CONNECT" and not known:
        known = remember(ip, int(port))
        say(f"\n[+] {known}: {ip}:{port} connected")
    elif verb == "MESSAGE" and known:
        say(f"\n[{known}] {ip}:{port}: {text[0]}")
    elif verb == "TERMINATE" and known:
        with guard:
            del contacts[known]
        say(f"\n[-] {known}: {ip}:{port} disconnected")
    sock.sendall(b"OK\n")


def serve(server):
    while True:
        sock, (ip, _) = server.accept()
        try:
            sock.settimeout(0.7)
            with sock:
                serve_one(sock, ip)
        except (OSError, ValueError):
            pass


def contact(word):
    if int(word) not in contacts:
        raise ChatError(f"there is no peer number {word}")
    return contacts[int(word)]


def connect(host, port):
    ip, port = socket.gethostbyname(host), int(port)
    if not 0 < port < 65536:
        raise ChatError("ports go from 1 to 65535")
    if port == PORT and (ip == own_ip() or ip.startswith("127.")):
        raise ChatError("a peer cannot connect to itself")
    if number_of(ip, port):
        raise ChatError("already connected")
    request(ip, port, f"CONNECT {PORT}")
    say(f"Connected to {ip}:{port} as number {remember(ip, port)}")


def terminate(word):
    ip, port = contact(word)
    with guard:
        del contacts[int(word)]
    try:
        request(ip, port, f"TERMINATE {PORT}")
    except OSError:
        pass  # it has gone, then
    say(f"Disconnected from number {word}")


def send(word, text):
    ip, port = contact(word)
    request(ip, port, f"MESSAGE {PORT} {text}")
    say(f"Sent to number {word}")


def run(line):
    match line.split(" "):
        case ["help"]:
            say(
                "help | myip | myport | connect <destination> <port> | list |"
                " terminate <id> | send <id> <message> | exit"
            )
        case ["myip"]:
            say("My IP is", own_ip())
        case ["myport"]:
            say("My port is", PORT)
        case ["connect", host, port]:
            connect(host, port)
        case ["list"]:
            for n, (ip, port) in sorted(contacts.items()):
                say(f"number {n}: {ip} on port {port}")
            say("End of list")
        case ["terminate", word]:
            terminate(word)
        case ["send", word, _, *_]:
            send(word, line.split(" ", 2)[2])
        case _:
            raise ChatError("no such command")


with socket.socket() as server:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", PORT))
    server.listen(5)
    threading.Thread(target=serve, args=(server,), daemon=True).start()
    say("Chat on port", PORT)
    while True:
        line = input("you: ")
        if line == "exit":
            break
        try:
            if line:
                run(line)
        except Exception:
            say(traceback.format_exc().rstrip())
    for n in list(contacts):
        terminate(n)
    say("The end")
