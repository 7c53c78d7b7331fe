#!/usr/bin/env python3
"""ParlorTalk: a friendly peer-to-peer chat.  usage: salon.py PORT"""
import socket
import string
import struct
import sys
import threading

LIMIT = 200
PAGES = [
    ["1  /help                     this help",
     "2  /myip                     your address",
     "3  /myport                   your port",
     "4  /connect <ip>:<port>      call somebody"],
    ["5  /list                     who is on the line",
     "6  /terminate <letter>       hang up",
     "7  /send <letter> <text>     say something",
     "8  /exit                     go home"],
]
NUMBERS = {"1": "help", "2": "myip", "3": "myport", "4": "connect", "5": "list",
           "6": "terminate", "7": "send", "8": "exit"}
guests = {}
lock = threading.Lock()
nick = "?"


class Guest:
    def __init__(self, sock, ip, port, name=""):
        self.sock, self.ip, self.port, self.name = sock, ip, port, name
        self.letter = None


def pack(kind, text):
    data = text.encode()
    return kind + struct.pack("!I", len(data)) + data


def read_exactly(sock, n):
    data = b""
    while len(data) < n:
        part = sock.recv(n - len(data))
        if not part:
            raise OSError("gone")
        data += part
    return data


def unpack(sock):
    head = read_exactly(sock, 5)
    return head[:1], read_exactly(sock, struct.unpack("!I", head[1:])[0]).decode("utf-8", "replace")


def own_ip():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("8.8.8.8", 80))
        return s.getsockname()[0]


def add(guest):
    with lock:
        if any((g.ip, g.port) == (guest.ip, guest.port) for g in guests.values()):
            return False
        for letter in string.ascii_lowercase:
            if letter not in guests:
                guest.letter = letter
                guests[letter] = guest
                return True
        return False


def listen_to(guest):
    try:
        while True:
            kind, text = unpack(guest.sock)
            if kind == b"Q":
                break
            if text == "/quit":
                break
            print(f"\n   {guest.name} ({guest.letter}) whispers: {text[:LIMIT]}")
    except OSError:
        return
    with lock:
        mine = guests.get(guest.letter) is guest
        if mine:
            del guests[guest.letter]
    guest.sock.close()
    if mine:
        print(f"\n   {guest.name} ({guest.letter}) has left the parlor.")


def door(server):
    while True:
        sock, addr = server.accept()
        try:
            kind, text = unpack(sock)
            port, name = text.split(" ", 1)
            guest = Guest(sock, addr[0], int(port), name)
        except (OSError, ValueError):
            sock.close()
            continue
        if not add(guest):
            sock.close()
            continue
        sock.sendall(pack(b"H", nick))
        print(f"\n   {guest.name} from {guest.ip}:{guest.port} entered the parlor as {guest.letter}.")
        threading.Thread(target=listen_to, args=(guest,), daemon=True).start()


def sure(question):
    return input(f"{question} Are you sure? (y/n) ").strip().lower().startswith("y")


def do_help():
    print("--- page 1 of 2 ---")
    print("\n".join(PAGES[0]))
    input("-- press ENTER for more --")
    print("--- page 2 of 2 ---")
    print("\n".join(PAGES[1]))


def do_connect(rest):
    ip, _, port = rest.strip().rpartition(":")
    if not ip or not port.isdigit() or not 0 < int(port) < 65536:
        print("I need an address like 10.0.0.7:4000, my dear.")
        return
    port = int(port)
    if port == my_port and ip in ("localhost", "127.0.0.1", own_ip()):
        print("You cannot call yourself.")
        return
    with lock:
        if any((g.ip, g.port) == (ip, port) for g in guests.values()):
            print("But you are talking to them already!")
            return
    try:
        sock = socket.create_connection((ip, port), timeout=4)
        sock.sendall(pack(b"H", f"{my_port} {nick}"))
        _, name = unpack(sock)
        sock.settimeout(None)
    except OSError as e:
        print(f"Nobody picks up at {ip}:{port} ({e.strerror or e}).")
        return
    guest = Guest(sock, ip, port, name)
    if not add(guest):
        sock.close()
        print("But you are talking to them already!")
        return
    print(f"{name} picks up. You are on line {guest.letter}.")
    threading.Thread(target=listen_to, args=(guest,), daemon=True).start()


def do_list():
    if not guests:
        print("The parlor is empty.")
        return
    with lock:
        for letter, g in sorted(guests.items()):
            print(f"  {letter} ~ {g.name} ~ {g.ip}:{g.port}")


def do_terminate(rest):
    guest = guests.get(rest.strip().lower())
    if guest is None:
        print("There is no such line.")
        return
    if not sure(f"Hang up on {guest.name}?"):
        print("As you wish.")
        return
    with lock:
        guests.pop(guest.letter, None)
    try:
        guest.sock.sendall(pack(b"Q", ""))
        guest.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    guest.sock.close()
    print("Click.")


def do_send(rest):
    letter, _, text = rest.partition(" ")
    guest = guests.get(letter.lower())
    if guest is None:
        print("There is no such line.")
        return
    if not text.strip():
        print("Say what?")
        return
    try:
        guest.sock.sendall(pack(b"M", text))
        print(f"(to {guest.name}, {len(text)} letters)")
    except OSError:
        print("The line is dead.")


def main():
    global my_port, nick
    if len(sys.argv) != 2:
        sys.exit("usage: salon.py PORT")
    my_port = int(sys.argv[1])
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("0.0.0.0", my_port))
    server.listen(16)
    print("Welcome to ParlorTalk!")
    nick = input("What shall we call you? ").strip() or "anonymous"
    print(f"Nice to meet you, {nick}. The parlor is open on port {my_port}.")
    threading.Thread(target=door, args=(server,), daemon=True).start()
    while True:
        try:
            line = input(f"<{nick}> ")
        except EOFError:
            break
        word, _, rest = line.lstrip().partition(" ")
        word = NUMBERS.get(word, word.lower().lstrip("/"))
        if not word:
            continue
        if word == "help":
            do_help()
        elif word == "myip":
            print(own_ip())
        elif word == "myport":
            print(my_port)
        elif word == "connect":
            do_connect(rest)
        elif word == "list":
            do_list()
        elif word == "terminate":
            do_terminate(rest)
        elif word == "send":
            do_send(rest)
        elif word == "exit":
            if sure("Leave the parlor?"):
                for g in list(guests.values()):
                    try:
                        g.sock.sendall(pack(b"Q", ""))
                    except OSError:
                        pass
                print("Good night!")
                break
        else:
            print(f"Pardon? ({word})")


if __name__ == "__main__":
    main()
