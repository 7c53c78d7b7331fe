#! /usr/bin/python3
#
# party.py -- chat for more than two
#
# usage: party.py -l PORT
#
# What one says is passed on to everybody else, so a whole class can chat over
# one machine in the middle.

from getopt import getopt
from select import select
from socket import *
from sys import argv, exit, stdin, stdout

opts, _ = getopt(argv[1:], "l:")
port = int(dict(opts)["-l"])

people = []       # [id, socket, address, port, bytes that wait for the rest of their line]
number = 100


def p(text):
    stdout.write(text + "\n")
    stdout.flush()


def me():
    s = socket(AF_INET, SOCK_DGRAM)
    s.connect(("198.51.100.1", 42))
    return s.getsockname()[0]


def join(sock, address, their):
    global number
    number += 1
    people.append([number, sock, address, their, b""])


def by_id(word):
    for one in people:
        if str(one[0]) == word:
            return one
    p("?? nobody is " + word)


def leave(one):
    people.remove(one)
    one[1].close()


def pass_on(line, but):
    for one in people:
        if one is not but:
            try:
                one[1].sendall(line + b"\n")
            except OSError:
                pass


def arrived(one):
    try:
        data = one[1].recv(4096)
    except OSError:
        data = b""
    if not data:
        p("<- %d at %s" % (one[0], one[2]))
        leave(one)
        return
    *lines, one[4] = (one[4] + data).split(b"\n")
    for line in lines:
        p("%d %s says %s" % (one[0], one[2], line.decode("utf8", "replace")))
        pass_on(line, one)


def connect_to(words):
    if len(words) != 2 or not words[1].isnumeric():
        return p("?? connect ADDRESS PORT")
    if int(words[1]) == port and words[0] in (me(), "127.0.0.1", "localhost"):
        return p("?? that is you")
    for one in people:
        if one[2] == words[0] and one[3] == int(words[1]):
            return p("?? %d is that one" % one[0])
    sock = socket()
    sock.settimeout(3)
    try:
        sock.connect((words[0], int(words[1])))
    except (OSError, OverflowError) as e:
        return p("?? " + str(e))
    sock.settimeout(None)
    join(sock, words[0], int(words[1]))


def keyboard():
    line = stdin.readline()
    if line == "":
        exit(0)
    words = line.split()
    if words == []:
        pass
    elif words[0] == "help":
        p("help myip myport connect list terminate send exit")
        p("connect ADDRESS PORT, terminate NUMBER, send NUMBER TEXT")
    elif words[0] == "myip":
        p(me())
    elif words[0] == "myport":
        p("%d" % port)
    elif words[0] == "connect":
        connect_to(words[1:])
    elif words[0] == "list":
        p("on the line: %d" % len(people))
        for one in people:
            p("   %d = %s, port %d" % tuple(one[:1] + one[2:4]))
    elif words[0] == "terminate" and len(words) == 2:
        one = by_id(words[1])
        if one:
            leave(one)
    elif words[0] == "send" and len(words) > 2:
        one = by_id(words[1])
        if one:
            text = line.rstrip("\n").split(" ", 2)[2]
            one[1].sendall(text.encode() + b"\n")
    elif words[0] == "exit":
        exit(0)
    else:
        p("?? see help")


server = socket()
server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
server.bind(("", port))
server.listen()
p("party line %d" % port)
while True:
    ready, _, _ = select([stdin, server] + [one[1] for one in people], [], [])
    if server in ready:
        sock, (address, their) = server.accept()
        join(sock, address, their)
        p("-> %d at %s" % (number, address))
    for one in people[:]:
        if one[1] in ready:
            arrived(one)
    if stdin in ready:
        keyboard()
