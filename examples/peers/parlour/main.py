"""
PARLOUR v1.2  --  CSCI 4211 Programming Assignment 2
"""
import random
import socket
import threading

GREEN, RED, CYAN, BOLD, OFF = "\033[32m", "\033[31m", "\033[36m", "\033[1m", "\033[0m"


class UI:
    """Everything that goes to the screen."""

    lock = threading.Lock()

    @staticmethod
    def box(title, lines, colour=CYAN):
        width = max([len(title) + 4] + [len(l) for l in lines]) + 2
        with UI.lock:
            print(colour + "╔═ " + title + " " + "═" * (width - len(title) - 3) + "╗" + OFF)
            for line in lines:
                print(colour + "║ " + OFF + line.ljust(width - 1) + colour + "║" + OFF)
            print(colour + "╚" + "═" * width + "╝" + OFF, flush=True)

    @staticmethod
    def ok(text):
        with UI.lock:
            print(f"{GREEN}✔{OFF} {text}\n", flush=True)

    @staticmethod
    def bad(*texts):
        with UI.lock:
            for n, text in enumerate(texts):
                print((f"{RED}✘{OFF} " if n == 0 else "    ") + text)
            print(flush=True)

    @staticmethod
    def banner():
        print(f"""{BOLD}
  ____   _    ____  _     ___  _   _ ____
 |  _ \\ / \\  |  _ \\| |   / _ \\| | | |  _ \\
 | |_) / _ \\ | |_) | |  | | | | | | | |_) |
 |  __/ ___ \\|  _ <| |__| |_| | |_| |  _ <
 |_| /_/   \\_\\_| \\_\\_____\\___/ \\___/|_| \\_\\
{OFF}""")


class Guest:
    def __init__(self, sock, ip, port):
        self.sock, self.ip, self.port = sock, ip, port
        self.key = None

    def __str__(self):
        return f"{self.ip}:{self.port}"


class GuestBook:
    def __init__(self):
        self.guests = {}
        self.lock = threading.RLock()

    def enter(self, guest):
        with self.lock:
            while True:
                key = random.randint(100, 999)
                if key not in self.guests:
                    break
            guest.key = key
            self.guests[key] = guest

    def leave(self, guest):
        with self.lock:
            return self.guests.pop(guest.key, None)

    def has(self, ip, port):
        with self.lock:
            return any(g.ip == ip and g.port == port for g in self.guests.values())


class Server(threading.Thread):
    def __init__(self, app):
        super().__init__(daemon=True)
        self.app = app
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(("", app.port))
        self.sock.listen(10)

    def run(self):
        while True:
            sock, (ip, _) = self.sock.accept()
            threading.Thread(target=self.app.welcome, args=(sock, ip), daemon=True).start()


class App:
    def __init__(self, port):
        self.port = port
        self.book = GuestBook()
        self.ip = self.find_ip()

    def find_ip(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("10.255.255.255", 1))
            return s.getsockname()[0]

    def welcome(self, sock, ip):
        hello = b""
        while not hello.endswith(b"\n"):
            c = sock.recv(1)
            if not c:
                return sock.close()
            hello += c
        guest = Guest(sock, ip, int(hello.split()[1]))
        self.book.enter(guest)
        self.listen(guest)

    def listen(self, guest):
        while True:
            try:
                data = guest.sock.recv(1024)
            except OSError:
                break
            if not data:
                break
            for text in data.decode(errors="ignore").split("\n"):
                if text:
                    UI.box(f"Message from {guest} (#{guest.key})", [text], GREEN)
        if self.book.leave(guest):
            guest.sock.close()
            UI.box("Notice", [f"{guest} has left the parlour."], RED)

    # ---------------------------------------------------------------- commands
    def cmd_help(self, args, line):
        UI.box("HELP", [
            "help                    show this box",
            "myip                    show my address",
            "myport                  show my port",
            "connect <ip> <port>     visit somebody",
            "list                    who is here",
            "terminate <id>          show somebody the door",
            "send <id> <message>     talk",
            "exit                    leave",
        ])

    def cmd_myip(self, args, line):
        UI.ok("Your IP address is " + self.ip)

    def cmd_myport(self, args, line):
        UI.ok("Your port is " + str(self.port))

    def cmd_connect(self, args, line):
        if len(args) != 2:
            return UI.bad("Wrong number of arguments.", "Usage:   connect <ip> <port>", "Example: connect 10.0.0.7 4545")
        ip, port = args
        try:
            port = int(port)
            assert 0 < port <= 65535
        except (ValueError, AssertionError):
            return UI.bad("Port must be a number between 1 and 65535.", "Usage:   connect <ip> <port>")
        if ip == self.ip and port == self.port:
            return UI.bad("You can't visit yourself!")
        if self.book.has(ip, port):
            return UI.bad("They are here already.")
        print(f"… knocking at {ip}:{port}", flush=True)
        try:
            sock = socket.create_connection((ip, port), timeout=5)
        except OSError as error:
            return UI.bad("Nobody opened the door.", f"Reason: {error.strerror or error}")
        sock.settimeout(None)
        sock.sendall(f"HELLO {self.port}\n".encode())
        guest = Guest(sock, ip, port)
        self.book.enter(guest)
        threading.Thread(target=self.listen, args=(guest,), daemon=True).start()
        UI.ok(f"{guest} let you in. Its id is {guest.key}.")

    def cmd_list(self, args, line):
        print("┌─────┬─────────────────┬───────┐")
        print("│ id  │ IP address      │ port  │")
        print("├─────┼─────────────────┼───────┤")
        with self.book.lock:
            for key, g in self.book.guests.items():
                print(f"│ {key:<3} │ {g.ip:<15} │ {g.port:<5} │")
        print("└─────┴─────────────────┴───────┘", flush=True)

    def guest(self, args):
        if not args:
            return UI.bad("Which id?", "Try 'list' to see the ids.")
        try:
            return self.book.guests[int(args[0])]
        except ValueError:
            UI.bad(f"'{args[0]}' is not a number.")
        except KeyError:
            UI.bad(f"There is nobody with the id {args[0]}.", "Try 'list' to see the ids.")

    def cmd_terminate(self, args, line):
        guest = self.guest(args)
        if guest:
            self.book.leave(guest)
            guest.sock.shutdown(socket.SHUT_RDWR)
            guest.sock.close()
            UI.ok(f"Said goodbye to {guest}.")

    def cmd_send(self, args, line):
        guest = self.guest(args)
        if not guest:
            return
        if len(args) < 2:
            return UI.bad("Say something!", "Usage:   send <id> <message>")
        guest.sock.sendall((" ".join(args[1:]) + "\n").encode())
        UI.ok(f"Message sent to {guest}.")

    def run(self):
        while True:
            line = input(f"{BOLD}parlour:{self.port}${OFF} ")
            print(f"» {line}")
            words = line.split()
            if not words:
                continue
            if words[0] == "exit":
                UI.ok("Bye!")
                return
            command = getattr(self, "cmd_" + words[0], None)
            if command is None:
                UI.bad(f"Unknown command: {words[0]}", "Type 'help' for help.")
            else:
                command(words[1:], line)


if __name__ == "__main__":
    UI.banner()
    port = int(input("Which port shall I listen on? "))
    app = App(port)
    Server(app).start()
    UI.ok(f"The parlour is open on port {port}.")
    app.run()
