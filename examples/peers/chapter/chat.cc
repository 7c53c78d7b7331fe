// chat.cc - g++ -pthread chat.cc -o chat && ./chat 5000
//
// Protocol: key=value;key=value;...\n
//   op=hello;port=5000;
//   op=say;text=good morning;
//   op=bye;
#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <list>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <sstream>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <unordered_map>

#define GREEN "\033[32m"
#define RED "\033[31m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

typedef std::unordered_map<std::string, std::string> Fields;

struct Conn {
    int id, fd;
    std::string ip, port, buffer;
    bool gone = false;

    void write(const std::string &line) { ::send(fd, (line + "\n").c_str(), line.size() + 1, MSG_NOSIGNAL); }

    bool read(Fields &fields) {
        size_t end;
        char chunk[2048];
        while ((end = buffer.find('\n')) == std::string::npos) {
            ssize_t n = recv(fd, chunk, sizeof chunk, 0);
            if (n <= 0)
                return false;
            buffer.append(chunk, n);
        }
        std::istringstream line(buffer.substr(0, end));
        buffer.erase(0, end + 1);
        fields.clear();
        for (std::string pair; std::getline(line, pair, ';');) {
            size_t eq = pair.find('=');
            if (eq != std::string::npos)
                fields[pair.substr(0, eq)] = pair.substr(eq + 1);
        }
        return true;
    }
};

typedef std::shared_ptr<Conn> ConnPtr;

static std::list<ConnPtr> conns;
static std::recursive_mutex lock;
static int last = 0;
static std::string my_port;

static void say(const char *colour, const std::string &text) {
    std::lock_guard<std::recursive_mutex> l(lock);
    std::cout << "\r" << colour << text << PLAIN << std::endl;
}

static void prompt() {
    std::lock_guard<std::recursive_mutex> l(lock);
    std::cout << BOLD << "[" << conns.size() << " online] " << PLAIN << std::flush;
}

static std::string my_ip() {
    sockaddr_in a{};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    a.sin_family = AF_INET;
    a.sin_port = htons(3);
    a.sin_addr.s_addr = inet_addr("192.0.2.99");
    connect(fd, (sockaddr *)&a, len);
    getsockname(fd, (sockaddr *)&a, &len);
    close(fd);
    return inet_ntoa(a.sin_addr);
}

static bool forget(const ConnPtr &c) {
    std::lock_guard<std::recursive_mutex> l(lock);
    if (c->gone)
        return false;
    c->gone = true;
    conns.remove(c);
    return true;
}

static void keep(const ConnPtr &c) {
    std::lock_guard<std::recursive_mutex> l(lock);
    c->id = ++last;
    conns.push_back(c);
}

static void talk(ConnPtr c) {
    Fields f;
    while (c->read(f) && f["op"] != "bye")
        if (f["op"] == "say") {
            say(BOLD, c->ip + ":" + c->port + " says " + f["text"]);
            prompt();
        }
    if (forget(c)) {
        say(RED, "- " + c->ip + ":" + c->port);
        prompt();
    }
    close(c->fd);
}

static void listener(int server) {
    for (;;) {
        sockaddr_in a{};
        socklen_t len = sizeof a;
        int fd = accept(server, (sockaddr *)&a, &len);
        ConnPtr c(new Conn);
        c->fd = fd;
        c->ip = inet_ntoa(a.sin_addr);
        std::thread([c] {
            Fields f;
            if (!c->read(f) || f["op"] != "hello") {
                close(c->fd);
                return;
            }
            c->port = f["port"];
            keep(c);
            say(GREEN, "+ " + c->ip + ":" + c->port);
            prompt();
            talk(c);
        }).detach();
    }
}

static std::string do_connect(const std::string &host, const std::string &port) {
    int p = atoi(port.c_str());
    if (p < 1 || p > 65535)
        return "400 bad port";
    hostent *h = gethostbyname(host.c_str());
    if (!h)
        return "404 no host " + host;
    std::string ip = inet_ntoa(*(in_addr *)h->h_addr);
    if (port == my_port && (ip == my_ip() || ip == "127.0.0.1"))
        return "409 that is you";
    {
        std::lock_guard<std::recursive_mutex> l(lock);
        for (auto &c : conns)
            if (c->ip == ip && c->port == port)
                return "409 connected already";
    }
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(p);
    a.sin_addr = *(in_addr *)h->h_addr;
    ConnPtr c(new Conn);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    c->ip = ip;
    c->port = port;
    if (connect(c->fd, (sockaddr *)&a, sizeof a) < 0) {
        close(c->fd);
        return "503 nobody at " + ip + ":" + port;
    }
    c->write("op=hello;port=" + my_port + ";");
    keep(c);
    std::thread(talk, c).detach();
    return "200 id " + std::to_string(c->id);
}

static ConnPtr find(const std::string &id) {
    std::lock_guard<std::recursive_mutex> l(lock);
    for (auto &c : conns)
        if (std::to_string(c->id) == id)
            return c;
    return nullptr;
}

static std::string do_list() {
    std::lock_guard<std::recursive_mutex> l(lock);
    std::string text = "200 " + std::to_string(conns.size()) + " connections";
    for (auto &c : conns)
        text += "\n" + std::to_string(c->id) + ") " + c->ip + " " + c->port;
    return text;
}

static std::string answer(std::string line) {
    std::istringstream in(line);
    std::string verb, id, rest;
    in >> verb >> id;
    in.get();
    std::getline(in, rest);
    if (verb == "help")
        return "200 help myip myport connect(destination, port) list terminate(id) send(id, message) exit";
    if (verb == "myip")
        return "200 " + my_ip();
    if (verb == "myport")
        return "200 " + my_port;
    if (verb == "connect")
        return do_connect(id, rest);
    if (verb == "list")
        return do_list();
    if (verb != "terminate" && verb != "send")
        return "501 no command " + verb;
    ConnPtr c = find(id);
    if (!c)
        return "404 no id " + id;
    if (verb == "terminate") {
        forget(c);
        c->write("op=bye;");
        shutdown(c->fd, SHUT_RDWR);
        return "200 closed";
    }
    if (rest.empty())
        return "400 no message";
    if (rest.size() > 1000)
        return "413 message too long";
    c->write("op=say;text=" + rest + ";");
    return "200 sent";
}

int main(int argc, char **argv) {
    if (argc < 2)
        return 1;
    my_port = argv[1];
    int server = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(atoi(argv[1]));
    if (bind(server, (sockaddr *)&a, sizeof a) < 0 || listen(server, 30) < 0) {
        perror("chat");
        return 1;
    }
    std::thread(listener, server).detach();
    say(GREEN, "200 listening on " + my_port);
    for (std::string line; prompt(), std::getline(std::cin, line);) {
        if (line == "exit")
            break;
        if (line.find_first_not_of(' ') != std::string::npos) {
            std::string text = answer(line);
            say(text[0] == '2' ? PLAIN : RED, text);
        }
    }
    std::cout << "200 bye" << std::endl;
    _exit(0);
}
