"""CHAT - REMOTE MESSAGE EXCHANGE. Usage: chat.py PORT. Commands are in capitals."""

import socket
import sys
import threading

COMMANDS = [
    ("HELP", "this information"),
    ("MYIP", "the IP address of this process"),
    ("MYPORT", "the port on which this process listens"),
    ("CONNECT <IP> <PORT>", "a new connection"),
    ("LIST", "all connections"),
    ("TERMINATE <ID>", "end a connection"),
    ("SEND <ID> <MESSAGE>", "a message to the other side"),
    ("EXIT", "close everything and end"),
]

table = {}
table_lock = threading.Lock()
last_id = 0
listen_port = int(sys.argv[1])


def out(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def local_ip():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("1.1.1.1", 53))
        return udp.getsockname()[0]


def enter(sock, stream, ip, port, called=None):
    global last_id
    with table_lock:
        last_id += 1
        table[last_id] = {
            "sock": sock,
            "stream": stream,
            "ip": ip,
            "port": port,
            "called": called,
        }
        return last_id


def reader(cid):
    entry = table[cid]
    try:
        for line in entry["stream"]:
            out(f"MESSAGE FROM {cid} {entry['ip']} {entry['port']} > {line.rstrip(chr(10))}")
    except OSError:
        pass
    with table_lock:
        still_there = table.pop(cid, None)
    if still_there:
        out(f"DISCONNECTED {cid} {entry['ip']} {entry['port']}")
    entry["stream"].close()
    entry["sock"].close()


def open_stream(sock):
    return sock.makefile("r", encoding="utf-8", errors="replace", newline="\n")


def welcome(sock, ip):
    try:
        stream = open_stream(sock)
        port = int(stream.readline())
    except (OSError, ValueError):
        sock.close()
        return
    cid = enter(sock, stream, ip, port)
    out(f"ACCEPTED {cid} {ip} {port}")
    reader(cid)


def listener(server):
    while True:
        sock, addr = server.accept()
        threading.Thread(target=welcome, args=(sock, addr[0]), daemon=True).start()


def do_connect(host, port):
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        return "ERR BAD PORT"
    port = int(port)
    try:
        ip = socket.gethostbyname(host)
    except OSError:
        return "ERR BAD ADDRESS"
    if port == listen_port and (ip == local_ip() or ip.startswith("127.")):
        return "ERR SELF CONNECTION"
    if any(e["called"] == (ip, port) for e in list(table.values())):
        return "ERR DUPLICATE CONNECTION"
    try:
        sock = socket.create_connection((ip, port), 5)
        sock.settimeout(None)
        sock.sendall(f"{listen_port}\n".encode())
    except OSError as err:
        return f"ERR {str(err).upper()}"
    cid = enter(sock, open_stream(sock), ip, port, called=(ip, port))
    threading.Thread(target=reader, args=(cid,), daemon=True).start()
    return f"OK CONNECTED {cid}"


def do_terminate(cid):
    with table_lock:
        if not cid.isdecimal() or int(cid) not in table:
            return "ERR NO SUCH ID"
        entry = table.pop(int(cid))
    entry["sock"].shutdown(socket.SHUT_RDWR)
    return f"OK TERMINATED {cid}"


def do_send(cid, message):
    if not cid.isdecimal() or int(cid) not in table:
        return "ERR NO SUCH ID"
    try:
        table[int(cid)]["sock"].sendall((message + "\n").encode())
    except OSError:
        return "ERR NOT SENT"
    return f"OK SENT {cid}"


def command(words):
    match words:
        case ["HELP"]:
            return "\n".join(f"{name:<22}{what}" for name, what in COMMANDS) + "\nOK"
        case ["MYIP"]:
            return f"OK {local_ip()}"
        case ["MYPORT"]:
            return f"OK {listen_port}"
        case ["CONNECT", host, port]:
            return do_connect(host, port)
        case ["LIST"]:
            rows = [f"{cid:>3} | {e['ip']:<15} | {e['port']:>5}" for cid, e in list(table.items())]
            return "\n".join([*rows, f"OK {len(rows)} CONNECTIONS"])
        case ["TERMINATE", cid]:
            return do_terminate(cid)
        case ["SEND", cid, _, *_]:
            return do_send(cid, " ".join(words[2:]))
    return "ERR UNKNOWN COMMAND"


server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("", listen_port))
server.listen(50)
threading.Thread(target=listener, args=(server,), daemon=True).start()
out(f"READY ON PORT {listen_port}")
while True:
    words = input("CMD: ").split()
    if words == ["EXIT"]:
        break
    if words:
        out(command(words))
for e in list(table.values()):
    e["sock"].close()
out("OK BYE")
