#!/usr/bin/env python3
# Chat application, assignment 1
import select
import socket
import sys
import threading
import time

PROMPT = ">> "
HELP = """Available commands:
 help                         show this text
 myip                         show my IP address
 myport                       show my listening port
 connect <destination> <port> connect to a peer
 list                         list the connections
 terminate <id>               close a connection
 send <id> <message>          send a message to a connection
 exit                         leave the chat"""


def say(*words):
    # in one piece: two threads print
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Chat:
    def __init__(self, port):
        self.port = port
        self.connections = {}
        self.next_id = 1
        self.called = set()  # ids of those that I have called
        self.lock = threading.Lock()
        self.server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.server.bind(("0.0.0.0", port))
        self.server.listen(20)

    def show(self, text):
        # the user is at the prompt, so give it back to him afterwards
        sys.stdout.write("\n" + text + "\n" + PROMPT)
        sys.stdout.flush()

    def myip(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(("8.8.8.8", 80))
        ip = s.getsockname()[0]
        s.close()
        return ip

    def add(self, sock, ip, port):
        with self.lock:
            number = self.next_id
            self.next_id += 1
            self.connections[number] = (sock, ip, port)
        return number

    def accept_loop(self):
        while True:
            sock, address = self.server.accept()
            # the first five bytes are the port that the other one listens on
            header = b""
            while len(header) < 5:
                part = sock.recv(5 - len(header))
                if not part:
                    break
                header += part
            if len(header) < 5:
                sock.close()
                continue
            number = self.add(sock, address[0], int(header))
            self.show(f"Peer {address[0]}:{int(header)} connected to you, id {number}")
            self.start_receiver(number, sock)

    def start_receiver(self, number, sock):
        threading.Thread(target=self.receive_loop, args=(number, sock), daemon=True).start()

    def receive_loop(self, number, sock):
        _, ip, port = self.connections[number]
        while True:
            select.select([sock], [], [])
            time.sleep(0.8)  # long messages come in parts: wait for the rest
            try:
                data = sock.recv(2048)
            except OSError:
                data = b""
            if not data:
                break
            message = data.decode(errors="replace")
            self.show(f"Message received from {ip}:{port}: {message}")
        with self.lock:
            ended = self.connections.pop(number, None)
        if ended:
            self.show(f"Peer {ip}:{port} closed connection {number}")
        sock.close()

    def connect(self, host, port):
        if not port.isdigit() or not 0 < int(port) < 65536:
            return "Error: invalid port"
        try:
            ip = socket.gethostbyname(host)
        except OSError:
            return "Error: invalid IP address"
        if int(port) == self.port and (ip == self.myip() or ip.startswith("127.")):
            return "Error: you cannot connect to yourself"
        called = [row[1:] for n, row in list(self.connections.items()) if n in self.called]
        if (ip, int(port)) in called:
            return "Error: there is a connection to this peer"
        try:
            sock = socket.create_connection((ip, int(port)), timeout=5)
        except OSError as e:
            return f"Error: cannot connect ({e})"
        sock.settimeout(None)
        sock.sendall(b"%05d" % self.port)
        number = self.add(sock, ip, int(port))
        self.called.add(number)
        self.start_receiver(number, sock)
        return f"Connected to {ip}:{port}, id {number}"

    def list(self):
        rows = ["id:  IP address         Port No."]
        for number, (_, ip, port) in list(self.connections.items()):
            rows.append(f"{number}:   {ip:<18} {port}")
        return "\n".join(rows)

    def terminate(self, number):
        with self.lock:
            if not number.isdigit() or int(number) not in self.connections:
                return "Error: no such connection"
            sock, ip, port = self.connections.pop(int(number))
        sock.shutdown(socket.SHUT_RDWR)
        return f"Connection {number} terminated"

    def send(self, number, message):
        if not number.isdigit() or int(number) not in self.connections:
            return "Error: no such connection"
        try:
            self.connections[int(number)][0].sendall(message.encode())
        except OSError as e:
            return f"Error: not sent ({e})"
        return f"Message sent to {number}"

    def run(self):
        threading.Thread(target=self.accept_loop, daemon=True).start()
        say(f"Chat started on port {self.port}")
        while True:
            line = input(PROMPT)
            words = line.split()
            if not words:
                continue
            if words == ["help"]:
                say(HELP)
            elif words == ["myip"]:
                say("The IP address is", self.myip())
            elif words == ["myport"]:
                say("The program runs on port number", self.port)
            elif words[0] == "connect" and len(words) == 3:
                say(self.connect(words[1], words[2]))
            elif words == ["list"]:
                say(self.list())
            elif words[0] == "terminate" and len(words) == 2:
                say(self.terminate(words[1]))
            elif words[0] == "send" and len(words) > 2:
                say(self.send(words[1], line.split(" ", 2)[2]))
            elif words == ["exit"]:
                break
            else:
                say("Error: unknown command or wrong number of arguments")
        for sock, _, _ in list(self.connections.values()):
            sock.close()
        say("Bye!")


Chat(int(sys.argv[1])).run()
