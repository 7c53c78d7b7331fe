"""A chat shell, built on Python's own cmd module.

Start it with the port as its argument. Try `help` or `help connect`.
"""
import cmd
import socket
import struct
import sys
import threading


class Wire:
    """Frames with two bytes of length in front."""

    def __init__(self, sock):
        self.sock = sock
        self.file = sock.makefile("rb")

    def put(self, data):
        self.sock.sendall(struct.pack("!H", len(data)) + data)

    def get(self):
        head = self.file.read(2)
        if len(head) < 2:
            return None
        return self.file.read(*struct.unpack("!H", head))

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class ChatShell(cmd.Cmd):
    intro = "Chat shell. Type help or ? to list commands."
    prompt = "(chat) "
    doc_header = "Commands (type help <command> for more)"

    def __init__(self, port):
        super().__init__()
        self.port = port
        self.peers = {}
        self.freed = []
        server = socket.create_server(("0.0.0.0", port))
        threading.Thread(target=self.accept, args=(server,), daemon=True).start()

    # -- connections ---------------------------------------------------

    def announce(self, text):
        self.stdout.write("\r" + text + "\n" + self.prompt)
        self.stdout.flush()

    def insert(self, wire, ip, port):
        number = self.freed.pop() if self.freed else len(self.peers) + 1
        self.peers[number] = (wire, ip, port)
        return number

    def accept(self, server):
        while True:
            sock, (ip, _) = server.accept()
            threading.Thread(target=self.greet, args=(Wire(sock), ip), daemon=True).start()

    def greet(self, wire, ip):
        hello = wire.get()
        if hello is None:
            return wire.close()
        number = self.insert(wire, ip, int(hello))
        self.announce(f"## {ip} {int(hello)} joined as {number}")
        self.receive(number)

    def receive(self, number):
        wire, ip, port = self.peers[number]
        while True:
            try:
                data = wire.get()
            except OSError:
                data = None
            if data is None:
                break
            self.announce(f"## {number} ({ip}) says {data.decode(errors='replace')}")
        if self.peers.get(number, [None])[0] is wire:
            del self.peers[number]
            self.freed.append(number)
            self.announce(f"## {ip} {port} left")
        wire.close()

    def address(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("192.0.2.1", 1))
            return s.getsockname()[0]

    # -- commands --------------------------------------------------------

    def do_myip(self, args):
        """myip: the address of this host"""
        print("address =", self.address())

    def do_myport(self, args):
        """myport: the port on which we listen"""
        print("port =", self.port)

    def do_connect(self, args):
        """connect <destination> <port>: open a connection"""
        try:
            host, port = args.split()
            ip, port = socket.gethostbyname(host), int(port)
            if not 0 < port < 65536:
                raise ValueError("port out of range")
            if port == self.port and ip in (self.address(), "127.0.0.1"):
                raise ValueError("this is me")
            if (ip, port) in [(i, p) for _, i, p in self.peers.values()]:
                raise ValueError("connected already")
            sock = socket.create_connection((ip, port), 4)
            sock.settimeout(None)
        except (OSError, ValueError) as e:
            print("*** Error:", e)
            return
        wire = Wire(sock)
        wire.put(str(self.port).encode())
        number = self.insert(wire, ip, port)
        threading.Thread(target=self.receive, args=(number,), daemon=True).start()
        print("opened", number)

    def do_list(self, args):
        """list: all connections"""
        for number, (_, ip, port) in sorted(self.peers.items()):
            print(f"[{number}]  {ip}  {port}")
        print(f"total: {len(self.peers)}")

    def pick(self, args):
        try:
            return int(args.split()[0]), self.peers[int(args.split()[0])][0]
        except (ValueError, LookupError):
            print("*** Error: which connection?")
            return None, None

    def do_terminate(self, args):
        """terminate <id>: end a connection"""
        number, wire = self.pick(args)
        if wire:
            del self.peers[number]
            self.freed.append(number)
            wire.close()
            print("ended", number)

    def do_send(self, args):
        """send <id> <message>: send a message"""
        number, wire = self.pick(args)
        if wire:
            try:
                wire.put(args.split()[1].encode())
            except IndexError:
                print("*** Error: what?")
            else:
                print("sent to", number)

    def do_exit(self, args):
        """exit: leave"""
        return True


ChatShell(int(sys.argv[1])).cmdloop()
