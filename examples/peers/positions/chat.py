import socket
import sys
import threading

# every connection is [socket, ip, port]; its id is where it stands in the list
conns = []
called = []  # those of them that I have called
mutex = threading.Lock()
port = int(sys.argv[1])

usage = """\
help ............................ this help
myip ............................ own IP
myport .......................... own port
connect <destination> <port> .... connect to somebody
list ............................ who is connected
terminate <id> .................. hang up
send <id> <message> ............. send text
exit ............................ quit"""


def say(*words):
    # in one piece: two threads print
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def getip():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("8.8.8.8", 1))
    return s.getsockname()[0]


def read_line(sock, buf):
    """Return one line and what came behind it; None at the end."""
    while b"\n" not in buf:
        data = sock.recv(2048)
        if not data:
            return None, b""
        buf += data
    line, rest = buf.split(b"\n", 1)
    return line.decode("utf-8", "replace"), rest


def receiving(conn, buf=b""):
    while True:
        try:
            line, buf = read_line(conn[0], buf)
        except OSError:
            line = None
        if line is None:
            break
        say(f"<{conn[1]}:{conn[2]}> {line}")
    with mutex:
        if conn not in conns:
            return
        conns.remove(conn)
    conn[0].close()
    say(f"-- {conn[1]}:{conn[2]} hung up")


def incoming(sock, ip):
    try:
        first, rest = read_line(sock, b"")
        conn = [sock, ip, int(first)]
    except (OSError, TypeError, ValueError):
        sock.close()
        return
    with mutex:
        conns.append(conn)
    say(f"-- {ip}:{first} called")
    receiving(conn, rest)


def accepting(server):
    while True:
        sock, addr = server.accept()
        threading.Thread(target=incoming, args=(sock, addr[0]), daemon=True).start()


def connect(ip, to):
    if not to.isdigit() or int(to) not in range(1, 65536):
        say("failed: port must be 1-65535")
        return
    try:
        ip = socket.gethostbyname(ip)
    except OSError:
        say("failed: no such host")
        return
    if int(to) == port and (ip == getip() or ip.startswith("127.")):
        say("failed: this is you")
        return
    if any(c[1:] == [ip, int(to)] for c in called if c in conns):
        say("failed: duplicate")
        return
    sock = socket.socket()
    sock.settimeout(5)
    try:
        sock.connect((ip, int(to)))
    except OSError as e:
        say("failed:", e)
        return
    sock.settimeout(None)
    sock.sendall(f"{port}\n".encode())
    conn = [sock, ip, int(to)]
    called.append(conn)
    with mutex:
        conns.append(conn)
    say("connected, number", conns.index(conn))
    threading.Thread(target=receiving, args=(conn,), daemon=True).start()


def pick(word):
    if word.isdigit() and int(word) < len(conns):
        return conns[int(word)]
    say("failed: no connection", word)
    return None


def main():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", port))
    server.listen(32)
    threading.Thread(target=accepting, args=(server,), daemon=True).start()
    say("waiting for calls on", port)
    while True:
        line = input("chat$ ")
        cmd, _, rest = line.partition(" ")
        args = rest.split()
        if cmd == "help":
            say(usage)
        elif cmd == "myip":
            say("ip:", getip())
        elif cmd == "myport":
            say("port:", port)
        elif cmd == "connect" and len(args) == 2:
            connect(*args)
        elif cmd == "list":
            say("ID    ADDRESS            PORT")
            for i, c in enumerate(conns):
                say(f"{i:<5} {c[1]:<18} {c[2]}")
        elif cmd == "terminate" and len(args) == 1:
            with mutex:
                conn = pick(args[0])
                if conn:
                    conns.remove(conn)
                    conn[0].shutdown(socket.SHUT_RDWR)
                    say("hung up on number", args[0])
        elif cmd == "send" and len(args) >= 2:
            conn = pick(args[0])
            if conn:
                try:
                    conn[0].sendall(rest.split(" ", 1)[1].encode() + b"\n")
                    say("ok, sent")
                except OSError as e:
                    say("failed:", e)
        elif cmd == "exit":
            say("good bye")
            return
        elif cmd:
            say("failed: what is", line)


main()
