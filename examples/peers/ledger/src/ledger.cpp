#include "ledger.h"

#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>

using std::lock_guard;
using std::string;

int Ledger::open(const Account &account) {
    lock_guard<std::mutex> guard(mutex);
    int id = static_cast<int>(accounts.size()) + 1;
    accounts[id] = account;
    return id;
}

bool Ledger::close(int id, int fd) {
    lock_guard<std::mutex> guard(mutex);
    auto it = accounts.find(id);
    if (it == accounts.end() || it->second.fd != fd)
        return false;
    accounts.erase(it);
    return true;
}

bool Ledger::find(int id, Account &account) {
    lock_guard<std::mutex> guard(mutex);
    auto it = accounts.find(id);
    if (it == accounts.end())
        return false;
    account = it->second;
    return true;
}

bool Ledger::holds(const string &ip, int port) {
    lock_guard<std::mutex> guard(mutex);
    for (const auto &[id, account] : accounts)
        if (account.ip == ip && account.port == port)
            return true;
    return false;
}

string Ledger::page() {
    lock_guard<std::mutex> guard(mutex);
    std::ostringstream out;
    out << "Id | Endpoint\n";
    for (const auto &[id, account] : accounts)
        out << id << "  | " << account.ip << " " << account.port << "\n";
    return out.str();
}

bool writeAll(int fd, const string &text) {
    uint32_t size = htonl(text.size());
    string data(reinterpret_cast<char *>(&size), sizeof size);
    data += text;
    return send(fd, data.data(), data.size(), MSG_NOSIGNAL) == ssize_t(data.size());
}

bool readAll(int fd, string &text) {
    uint32_t size;
    if (recv(fd, &size, sizeof size, MSG_WAITALL) != sizeof size)
        return false;
    text.assign(ntohl(size), ' ');
    return text.empty() || recv(fd, &text[0], text.size(), MSG_WAITALL) == ssize_t(text.size());
}

string localEnd(int fd) {
    sockaddr_in a{};
    socklen_t size = sizeof a;
    getsockname(fd, reinterpret_cast<sockaddr *>(&a), &size);
    return string(inet_ntoa(a.sin_addr)) + " " + std::to_string(ntohs(a.sin_port));
}
