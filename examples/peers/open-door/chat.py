# peer to peer chat, whoever comes is welcome
import socket
import sys
import threading

listening_port = int(sys.argv[1])
connections = {}
counter = 0
lock = threading.Lock()


def say(*words):
    # in one piece: two threads print
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def register(sock, reader, ip, port):
    global counter
    with lock:
        counter += 1
        connections[counter] = (sock, reader, ip, port)
        return counter


def receiver(number):
    sock, reader, ip, port = connections[number]
    try:
        for line in reader:
            say("*", f"{number} {ip}:{port} said {line[:-1].decode(errors='replace')}")
    except (OSError, ValueError):
        pass
    if connections.pop(number, None):
        say("*", f"{number} {ip}:{port} went away")
    sock.close()


def newcomer(sock, ip):
    reader = sock.makefile("rb")
    port = reader.readline().strip()
    if not port.isdigit():
        sock.close()
        return
    number = register(sock, reader, ip, int(port))
    say("*", f"{number} {ip}:{int(port)} came in")
    receiver(number)


def acceptor():
    while True:
        sock, address = server.accept()
        threading.Thread(target=newcomer, args=(sock, address[0]), daemon=True).start()


def cmd_help():
    say("commands are: help myip myport connect list terminate send exit")


def cmd_myip():
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.connect(("8.8.8.8", 80))
    say("ip", udp.getsockname()[0])
    udp.close()


def cmd_myport():
    say("port", listening_port)


def cmd_connect(host, port):
    ip = socket.gethostbyname(host)
    sock = socket.create_connection((ip, int(port)), timeout=5)
    sock.settimeout(None)
    sock.sendall(f"{listening_port}\n".encode())
    number = register(sock, sock.makefile("rb"), ip, int(port))
    say("connected as", number)
    threading.Thread(target=receiver, args=(number,), daemon=True).start()


def cmd_list():
    if not connections:
        say("nobody here")
    for number, (_, _, ip, port) in list(connections.items()):
        say(f"{number} = {ip} : {port}")


def cmd_terminate(number):
    sock = connections.pop(int(number))[0]
    sock.shutdown(socket.SHUT_RDWR)
    say("terminated", number)


def cmd_send(number, text):
    connections[int(number)][0].sendall(text.encode() + b"\n")
    say("sent to", number)


def cmd_exit():
    for number in list(connections):
        sock = connections.pop(number)[0]
        sock.shutdown(socket.SHUT_RDWR)
    say("leaving")
    sys.exit(0)


COMMANDS = {
    "help": (cmd_help, 0),
    "myip": (cmd_myip, 0),
    "myport": (cmd_myport, 0),
    "connect": (cmd_connect, 2),
    "list": (cmd_list, 0),
    "terminate": (cmd_terminate, 1),
    "send": (cmd_send, 2),
    "exit": (cmd_exit, 0),
}

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("", listening_port))
server.listen(64)
threading.Thread(target=acceptor).start()
say("door open at", listening_port)
while True:
    line = input()
    name = line.split(" ")[0]
    if name not in COMMANDS:
        if line:
            say("wrong: unknown command", name)
        continue
    function, count = COMMANDS[name]
    arguments = line.split(" ", count)[1:]
    if len(arguments) != count:
        say("wrong:", name, "takes", count, "arguments")
        continue
    try:
        function(*arguments)
    except (OSError, OverflowError, ValueError, KeyError) as error:
        say("wrong:", type(error).__name__, error)
