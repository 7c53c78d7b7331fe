// Build with make, run build/ledger <port>
#include "ledger.h"

#include <arpa/inet.h>
#include <cstring>
#include <functional>
#include <iostream>
#include <netdb.h>
#include <netinet/in.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace std;

namespace {

Ledger ledger;
int myPort;
mutex screen;

void print(const string &text) {
    lock_guard<mutex> guard(screen);
    cout << text << endl;
}

string myAddress() {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(4000);
    a.sin_addr.s_addr = inet_addr("198.51.100.4");
    connect(fd, reinterpret_cast<sockaddr *>(&a), sizeof a);
    string end = localEnd(fd);
    close(fd);
    return end.substr(0, end.find(' '));
}

void follow(int id, Account account) {
    string text;
    while (readAll(account.fd, text))
        print("@" + account.ip + ":" + to_string(account.port) + " " + text);
    if (ledger.close(id, account.fd))
        print("@" + account.ip + ":" + to_string(account.port) + " closed account " + to_string(id));
    close(account.fd);
}

void serve(int server) {
    for (;;) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        int fd = accept(server, reinterpret_cast<sockaddr *>(&from), &size);
        string ip = inet_ntoa(from.sin_addr);
        thread([fd, ip] {
            string hello;
            if (!readAll(fd, hello) || hello.empty()) {
                close(fd);
                return;
            }
            Account account{fd, ip, atoi(hello.c_str())};
            int id = ledger.open(account);
            print("@" + ip + ":" + hello + " opened account " + to_string(id));
            follow(id, account);
        }).detach();
    }
}

string doConnect(istream &in) {
    string host;
    int port = 0;
    if (!(in >> host >> port) || port < 1 || port > 65535)
        throw invalid_argument("connect needs an address and a port");
    hostent *entry = gethostbyname(host.c_str());
    if (!entry)
        throw runtime_error("there is no host " + host);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    memcpy(&a.sin_addr, entry->h_addr, sizeof a.sin_addr);
    string ip = inet_ntoa(a.sin_addr);
    if (port == myPort && (ip == myAddress() || ip == "127.0.0.1"))
        throw invalid_argument("you have no account with yourself");
    if (ledger.holds(ip, port))
        throw invalid_argument("you have an account there");
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, reinterpret_cast<sockaddr *>(&a), sizeof a) < 0) {
        close(fd);
        throw runtime_error(strerror(errno));
    }
    writeAll(fd, to_string(myPort));
    Account account{fd, ip, port};
    int id = ledger.open(account);
    thread(follow, id, account).detach();
    return "Account " + to_string(id) + " is open";
}

Account chosen(istream &in, int &id) {
    Account account;
    if (!(in >> id))
        throw invalid_argument("an id is a number");
    if (!ledger.find(id, account))
        throw out_of_range("there is no account " + to_string(id));
    return account;
}

string doTerminate(istream &in) {
    int id;
    Account account = chosen(in, id);
    ledger.close(id, account.fd);
    shutdown(account.fd, SHUT_RDWR);
    return "Account " + to_string(id) + " is closed";
}

string doSend(istream &in) {
    int id;
    string text;
    Account account = chosen(in, id);
    in.get();
    if (!getline(in, text) || text.empty())
        throw invalid_argument("there is nothing to send");
    writeAll(account.fd, text);
    return "Booked.";
}

const map<string, function<string(istream &)>> COMMANDS = {
    {"help", [](istream &) { return string("help, myip, myport, list, exit\nconnect <address> <port>\nterminate <id>\nsend <id> <message>"); }},
    {"myip", [](istream &) { return "Address " + myAddress(); }},
    {"myport", [](istream &) { return "Port " + to_string(myPort); }},
    {"connect", doConnect},
    {"list", [](istream &) { return ledger.page() + "-- end of ledger --"; }},
    {"terminate", doTerminate},
    {"send", doSend},
};

}  // namespace

int main(int argc, char *argv[]) {
    if (argc != 2) {
        cerr << "usage: ledger <port>" << endl;
        return 1;
    }
    myPort = stoi(argv[1]);
    int server = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(myPort);
    if (bind(server, reinterpret_cast<sockaddr *>(&a), sizeof a) || listen(server, 16)) {
        perror("ledger");
        return 1;
    }
    thread(serve, server).detach();
    print("Ledger of " + myAddress() + ":" + to_string(myPort));
    string line;
    while (cout << "ledger$ " << flush, getline(cin, line)) {
        istringstream in(line);
        string word;
        if (!(in >> word))
            continue;
        if (word == "exit")
            break;
        try {
            print(COMMANDS.at(word)(in));
        } catch (const out_of_range &e) {
            print(string("!! ") + (COMMANDS.count(word) ? e.what() : "no such command"));
        } catch (const exception &e) {
            print(string("!! ") + e.what());
        }
    }
    print("The ledger is closed");
    _exit(0);
}
