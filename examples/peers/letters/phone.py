#!/usr/bin/env python3
"""phone.py PORT - chat with your class mates

Lines have letters, like the rooms of our building: a, b, c ... the first free one is
taken. Everything is done by one select() loop. On the wire we speak JSON.
"""
import json, select, socket, string, sys

ERRORS = {
    1: "that is no command",
    2: "no line with that letter",
    3: "wrong number of words",
    4: "that is a bad address",
    5: "no answer",
    6: "you can not call yourself",
    7: "there is a line already",
    8: "no letters left",
}

lines = {}   # letter -> (socket, ip, port)
halls = []   # sockets that called and did not say their port yet


def error(n):
    print("ERR %d %s" % (n, ERRORS[n]))


def my_address():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("198.51.100.9", 99))
    try:
        return s.getsockname()[0]
    finally:
        s.close()


def take(sock, ip, port):
    for letter in string.ascii_lowercase:
        if letter not in lines:
            lines[letter] = (sock, ip, port)
            return letter
    sock.close()
    return None


def tell(sock, **what):
    try:
        sock.sendall(json.dumps(what).encode())
    except OSError:
        pass


def call(words):
    if len(words) != 2:
        return error(3)
    try:
        ip, port = socket.gethostbyname(words[0]), int(words[1])
        if not 0 < port < 65536:
            raise ValueError
    except (OSError, ValueError):
        return error(4)
    if port == my_port and ip in ("127.0.0.1", my_address()):
        return error(6)
    if (ip, port) in [line[1:] for line in lines.values()]:
        return error(7)
    print("calling %s %d ..." % (ip, port))
    sock = socket.socket()
    sock.settimeout(3)
    try:
        sock.connect((ip, port))
    except OSError:
        return error(5)
    tell(sock, op="hello", port=my_port)
    try:
        if b"welcome" not in sock.recv(100):
            raise OSError
    except OSError:
        sock.close()
        return error(5)
    sock.settimeout(None)
    letter = take(sock, ip, port)
    if letter is None:
        return error(8)
    print("line %s is up" % letter)


def hang_up(letter):
    sock = lines.pop(letter)[0]
    sock.close()


def show():
    print("+------+-----------------+-------+")
    print("| line | address         | port  |")
    print("+------+-----------------+-------+")
    for letter in sorted(lines):
        print("| %-4s | %-15s | %-5d |" % (letter, lines[letter][1], lines[letter][2]))
    print("+------+-----------------+-------+")


def typed(text):
    words = text.split()
    if not words:
        return
    verb = words[0]
    if verb == "help":
        print("You can use: help, myip, myport, connect <destination> <port>,")
        print("list, terminate <id>, send <id> <message>, exit")
    elif verb == "myip":
        print("%s" % my_address())
    elif verb == "myport":
        print("%d" % my_port)
    elif verb == "connect":
        call(words[1:])
    elif verb == "list":
        show()
    elif verb == "exit":
        for letter in list(lines):
            hang_up(letter)
        sys.exit()
    elif verb in ("terminate", "send"):
        if len(words) < (2 if verb == "terminate" else 3):
            error(3)
        elif words[1] not in lines:
            error(2)
        elif verb == "terminate":
            hang_up(words[1])
            print("line %s is down" % words[1])
        else:
            tell(lines[words[1]][0], op="text", text=text.split(" ", 2)[2])
            print("told %s" % words[1])
    else:
        error(1)


def heard(sock):
    try:
        data = sock.recv(65536)
    except OSError:
        data = b""
    letter = next((l for l in lines if lines[l][0] is sock), None)
    if not data:
        if sock in halls:
            halls.remove(sock)
        if letter:
            print("* %s (%s %d) hung up" % ((letter,) + lines.pop(letter)[1:]))
        sock.close()
        return
    rest = data.decode("utf-8", "replace")
    while rest:
        try:
            message, end = json.JSONDecoder().raw_decode(rest)
        except ValueError:
            return  # somebody else's protocol
        rest = rest[end:]
        understood(sock, message)


def understood(sock, message):
    if message["op"] == "hello" and sock in halls:
        halls.remove(sock)
        letter = take(sock, sock.getpeername()[0], message["port"])
        if letter:
            tell(sock, op="welcome")
            print("* %s (%s %d) calls" % ((letter,) + lines[letter][1:]))
    elif message["op"] == "text":
        letter = next((l for l in lines if lines[l][0] is sock), None)
        print("%s> %s" % (letter, message["text"]))


my_port = int(sys.argv[1])
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("", my_port))
server.listen(8)
print("phone is at %d" % my_port)
while True:
    socks = [line[0] for line in lines.values()] + halls
    for ready in select.select([server, sys.stdin] + socks, [], [])[0]:
        if ready is server:
            halls.append(server.accept()[0])
        elif ready is sys.stdin:
            text = sys.stdin.readline()
            if not text:
                sys.exit()
            typed(text.rstrip("\n"))
        elif ready.fileno() >= 0:
            heard(ready)
    sys.stdout.flush()
