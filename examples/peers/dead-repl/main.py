import socket
import sys
import threading
import os

# Chat program
# python3 main.py <port>

HOST = ''
PORT = int(sys.argv[1])
conns = {}       # id -> (socket, ip, port)
nextid = 1
mutex = threading.Lock()


def getip():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(('203.0.113.20', 80))
    return s.getsockname()[0]


def add_conn(sock, ip, port):
    global nextid
    mutex.acquire()
    i = nextid
    nextid = nextid + 1
    conns[i] = (sock, ip, port)
    mutex.release()
    return i


def read_msg(sock):
    # messages end with a zero byte
    msg = b''
    while True:
        c = sock.recv(1)
        if c == b'':
            return None
        if c == b'\0':
            return msg.decode(errors='replace')
        msg = msg + c


def client_thread(i, sock, ip, port):
    while True:
        try:
            msg = read_msg(sock)
        except OSError:
            msg = None
        if msg is None:
            break
        sys.stdout.write('\nMessage from %s \nPort: %d \nText: %s\n' % (ip, port, msg))
    if i in conns:
        del conns[i]
        print('\nThe client', ip, port, 'has disconnected')
    sock.close()


def server_thread(server):
    while True:
        sock, addr = server.accept()
        try:
            port = int(read_msg(sock))
        except (TypeError, ValueError, OSError):
            sock.close()
            continue
        i = add_conn(sock, addr[0], port)
        print('\nThe client', addr[0], port, 'has connected')
        threading.Thread(target=client_thread, args=(i, sock, addr[0], port)).start()


def print_help():
    print('''
--- HELP ---
help: Prints this text.
myip: Prints the IP address of this process.
myport: Prints the port this process is listening on.
connect <destination> <port>: Establishes a connection.
list: Prints all connections.
terminate <id>: Terminates a connection.
send <id> <message>: Sends a message.
exit: Terminates this process.
''')


def connect(dest, port):
    if not port.isdigit() or int(port) > 65535 or int(port) < 1:
        print('ERROR: invalid port')
        return
    port = int(port)
    if dest == getip() and port == PORT:
        print('ERROR: self connection')
        return
    try:
        ip = socket.gethostbyname(dest)
        for c in list(conns.values()):
            if c[1] == ip and c[2] == port:
                print('ERROR: duplicate connection')
                return
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.settimeout(4)
        sock.connect((ip, port))
        sock.settimeout(None)
        sock.sendall(str(PORT).encode() + b'\0')
    except OSError as e:
        print('ERROR:', e)
        return
    i = add_conn(sock, ip, port)
    threading.Thread(target=client_thread, args=(i, sock, ip, port)).start()
    print('Connected to', ip, 'with id', i)


def main():
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((HOST, PORT))
    server.listen(10)
    threading.Thread(target=server_thread, args=(server,)).start()
    print('Welcome! Type help for help.')
    while True:
        cmd = input('>').split()
        if len(cmd) == 0:
            continue
        if cmd[0] == 'help':
            print_help()
        elif cmd[0] == 'myip':
            print('Your IP address:')
            print(getip())
        elif cmd[0] == 'myport':
            print('Your port:')
            print(PORT)
        elif cmd[0] == 'connect':
            connect(cmd[1], cmd[2])
        elif cmd[0] == 'list':
            print('id:\tIP address\tPort')
            for i in sorted(conns):
                print(i, conns[i][1], conns[i][2], sep='\t')
        elif cmd[0] == 'terminate':
            if int(cmd[1]) in conns:
                c = conns.pop(int(cmd[1]))
                c[0].shutdown(socket.SHUT_RDWR)
                print('Terminated', cmd[1])
            else:
                print('ERROR: there is no connection', cmd[1])
        elif cmd[0] == 'send':
            if int(cmd[1]) in conns:
                conns[int(cmd[1])][0].sendall(' '.join(cmd[2:]).encode() + b'\0')
                print('Sent to', cmd[1])
            else:
                print('ERROR: there is no connection', cmd[1])
        elif cmd[0] == 'exit':
            print('Bye')
            sys.stdout.flush()
            os._exit(0)
        else:
            print('ERROR: unknown command', cmd[0])


main()
