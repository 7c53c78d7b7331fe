#pragma once
#include <map>
#include <mutex>
#include <string>

/** One connection, with its end of the socket. */
struct Account {
    int fd = -1;
    std::string ip;   // of the other one
    int port = 0;     // on which the other one listens
};

/** All connections by id. */
class Ledger {
public:
    int open(const Account &account);
    bool close(int id, int fd);
    bool find(int id, Account &account);
    bool holds(const std::string &ip, int port);
    std::string page();

private:
    std::mutex mutex;
    std::map<int, Account> accounts;
};

bool writeAll(int fd, const std::string &text);
bool readAll(int fd, std::string &text);
std::string localEnd(int fd);
