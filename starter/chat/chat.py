"""A chat peer: chat.py PORT ADDRESS."""

import contextlib
import itertools
import socket
import sys
import termios
import threading

PORT, ADDRESS = int(sys.argv[1]), sys.argv[2]
links, ids, console = {}, itertools.count(1), threading.Lock()


def say(line):
    with console:  # otherwise lines of two threads run into each other: the test below found that
        print(line, flush=True)


def add(link, host, port):
    number = next(ids)
    links[number] = link, host, port
    return number


def receive(number, lines):
    _, host, port = links[number]
    with contextlib.suppress(OSError):  # the other end may be killed
        for line in lines:
            say(f"* message {number} {host}:{port}: {line[:-1]}")
    if links.pop(number, None):
        say(f"* closed {number} {host}:{port}")


def accept(listener):
    while True:
        link, (host, _) = listener.accept()
        lines = link.makefile(encoding="utf-8", newline="\n")
        port = int(lines.readline())  # where the other one listens
        number = add(link, host, port)
        say(f"* connected {number} {host}:{port}")
        threading.Thread(target=receive, args=[number, lines], daemon=True).start()


def connect(host, port):
    link = socket.create_connection((host, int(port)), 3, source_address=(ADDRESS, 0))
    link.settimeout(None)
    link.sendall(f"{PORT}\n".encode())
    number = add(link, host, int(port))
    lines = link.makefile(encoding="utf-8", newline="\n")
    threading.Thread(target=receive, args=[number, lines], daemon=True).start()
    return f"connected {number}"


def obey(verb, rest):
    if verb == "connect":
        return connect(*rest.split())
    if verb == "send":
        number, _, text = rest.partition(" ")
        links[int(number)][0].sendall(f"{text}\n".encode())
        return "sent"
    if verb == "list":
        for number, (_, host, port) in sorted(links.items()):
            say(f"{number} {host} {port}")
        return "list"
    if verb == "terminate":
        links.pop(int(rest))[0].shutdown(socket.SHUT_RDWR)
        return "terminated"
    raise ValueError(f"no command {verb}")


mode = termios.tcgetattr(0)
mode[3] &= ~termios.ECHO  # the echo could run into a line that is being printed
termios.tcsetattr(0, termios.TCSANOW, mode)
threading.Thread(
    target=accept, args=[socket.create_server((ADDRESS, PORT))], daemon=True
).start()
say("ready")
for line in sys.stdin:
    verb, _, rest = line.rstrip("\n").partition(" ")
    if verb == "exit":
        break
    try:
        say(f"ok: {obey(verb, rest)}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        say(f"error: {error}")
