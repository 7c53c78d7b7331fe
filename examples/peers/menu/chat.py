"""Chat with a menu. Nothing needs to be learnt by heart."""

import socket
import sys
import threading

MENU = """
========= MENU =========
 1  help       5  list
 2  myip       6  terminate
 3  myport     7  send
 4  connect    8  exit
========================"""


def say(*words):
    # in one piece: two threads print
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Connection(threading.Thread):
    def __init__(self, chat, sock, port=None):
        super().__init__(daemon=True)
        self.chat, self.sock, self.port = chat, sock, port
        self.ip = sock.getpeername()[0]
        self.input = sock.makefile("rb")
        self.alive = True
        self.is_called = port is not None

    def run(self):
        if not self.is_called:
            try:
                self.port = int(self.input.readline())
            except (OSError, ValueError):
                self.sock.close()
                return
            self.chat.connections.append(self)
            say("\n-->", f"{self.ip}:{self.port} has connected")
        try:
            for line in self.input:
                text = line[:-1].decode(errors="replace")
                say("\n-->", f"{self.ip}:{self.port} sends \N{LEFT DOUBLE QUOTATION MARK}{text}"
                               "\N{RIGHT DOUBLE QUOTATION MARK}")  # fmt: skip
        except (OSError, ValueError):
            pass
        if self.alive:
            self.alive = False
            self.chat.connections.remove(self)
            say("\n-->", f"{self.ip}:{self.port} has disconnected")


class Chat:
    def __init__(self, port):
        self.port = port
        self.connections = []
        self.listed = []
        self.numbers = {}
        self.server = socket.socket()
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.server.bind(("", port))
        self.server.listen(40)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            Connection(self, self.server.accept()[0]).start()

    def ip(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("8.8.8.8", 80))
            return s.getsockname()[0]

    def connect(self):
        host = input("Destination: ")
        port = input("Port: ")
        if not port.isdigit() or not 1 <= int(port) <= 65535:
            return "Not possible: the port must be a number from 1 to 65535"
        try:
            ip = socket.gethostbyname(host)
        except OSError:
            return "Not possible: unknown destination"
        if int(port) == self.port and (ip == self.ip() or ip.startswith("127.")):
            return "Not possible: this is your own address"
        if any((c.ip, c.port) == (ip, int(port)) for c in self.connections if c.is_called):
            return "Not possible: there is such a connection"
        try:
            sock = socket.create_connection((ip, int(port)), timeout=5)
            sock.settimeout(None)
            sock.sendall(f"{self.port}\n".encode())
        except OSError as error:
            return f"Not possible: {error}"
        connection = Connection(self, sock, int(port))
        self.connections.append(connection)
        connection.start()
        return f"You are connected to {ip}:{port}"

    def list(self):
        self.listed = list(self.connections)
        for c in self.listed:
            # who has got a number keeps it
            number = self.numbers.setdefault(c, len(self.numbers) + 1)
            say(f"  ({number}) {c.ip} port {c.port}")
        return f"Number of connections: {len(self.listed)}"

    def chosen(self):
        number = input("Connection number: ")
        found = [c for c in self.listed if str(self.numbers[c]) == number and c.alive]
        return found[0] if found else None

    def terminate(self):
        if not self.listed:
            return "Not possible: list the connections first"
        connection = self.chosen()
        if connection is None:
            return "Not possible: no such number in the list"
        connection.alive = False
        self.connections.remove(connection)
        connection.sock.close()
        self.listed = []
        return "The connection is terminated"

    def send(self):
        if not self.listed:
            return "Not possible: list the connections first"
        connection = self.chosen()
        message = input("Message: ")
        if connection is None:
            return "Not possible: no such number in the list"
        try:
            connection.sock.sendall(message.encode() + b"\n")
        except OSError as error:
            return f"Not possible: {error}"
        return "The message is sent"

    def run(self):
        actions = {"4": self.connect, "5": self.list, "6": self.terminate, "7": self.send}
        while True:
            choice = input("Your choice: ")
            if choice == "1":
                say(MENU)
            elif choice == "2":
                say("My IP address:", self.ip())
            elif choice == "3":
                say("My port:", self.port)
            elif choice == "8":
                say("Thank you for chatting")
                return
            elif choice in actions:
                say(actions[choice]())
            else:
                say("Not possible: choose from 1 to 8")


chat = Chat(int(input("Which port shall I listen on? ")))
say(MENU)
chat.run()
