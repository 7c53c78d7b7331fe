/* chat.c - a chat between peers with select().   ./chat <port> */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_PEERS 32
#define MAX_TEXT 100 /* the assignment: messages have at most 100 characters */

struct message {
    char text[MAX_TEXT + 1];
};

struct peer {
    int fd; /* 0: this slot is free */
    int port;
    int called; /* by me */
    char ip[INET_ADDRSTRLEN];
};

static struct peer peers[MAX_PEERS]; /* the id is the slot + 1 */
static int my_port;

static void my_ip(char *ip) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)};
    socklen_t size = sizeof a;
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    inet_pton(AF_INET, "8.8.8.8", &a.sin_addr);
    connect(s, (struct sockaddr *)&a, size);
    getsockname(s, (struct sockaddr *)&a, &size);
    inet_ntop(AF_INET, &a.sin_addr, ip, INET_ADDRSTRLEN);
    close(s);
}

static int add(int fd, const char *ip, int port, int called) {
    for (int i = 0; i < MAX_PEERS; i++)
        if (!peers[i].fd) {
            peers[i].fd = fd;
            peers[i].port = port;
            peers[i].called = called;
            strcpy(peers[i].ip, ip);
            return i + 1;
        }
    close(fd);
    return 0;
}

static struct peer *find(const char *word) {
    int id = word ? atoi(word) : 0;
    if (id < 1 || id > MAX_PEERS || !peers[id - 1].fd) {
        printf("ERROR: no peer with this id\n");
        return NULL;
    }
    return &peers[id - 1];
}

static void do_connect(const char *host, const char *word) {
    char ip[INET_ADDRSTRLEN], own[INET_ADDRSTRLEN];
    struct sockaddr_in a = {.sin_family = AF_INET};
    struct timeval patience = {5, 0};
    int port = word ? atoi(word) : 0, fd, id;
    struct hostent *entry = host ? gethostbyname(host) : NULL;
    uint16_t hello = htons(my_port);

    if (!entry || port < 1 || port > 65535) {
        printf("ERROR: usage: connect <destination> <port>\n");
        return;
    }
    memcpy(&a.sin_addr, entry->h_addr_list[0], sizeof a.sin_addr);
    a.sin_port = htons(port);
    inet_ntop(AF_INET, &a.sin_addr, ip, sizeof ip);
    my_ip(own);
    if (port == my_port && (!strcmp(ip, own) || !strncmp(ip, "127.", 4))) {
        printf("ERROR: this is you\n");
        return;
    }
    for (int i = 0; i < MAX_PEERS; i++)
        if (peers[i].fd && peers[i].called && peers[i].port == port && !strcmp(peers[i].ip, ip)) {
            printf("ERROR: this peer is connected\n");
            return;
        }
    fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
        printf("ERROR: cannot connect: %m\n");
        close(fd);
        return;
    }
    send(fd, &hello, sizeof hello, 0);
    id = add(fd, ip, port, 1);
    printf("OK: connected with id %d\n", id);
}

static void do_send(const char *word, const char *text) {
    struct message m = {0};
    struct peer *p = find(word);
    if (!p)
        return;
    strncpy(m.text, text, MAX_TEXT);
    if (send(p->fd, &m, sizeof m, 0) < 0)
        printf("ERROR: not sent: %m\n");
    else
        printf("OK: sent\n");
}

static void do_accept(int server) {
    struct sockaddr_in a;
    socklen_t size = sizeof a;
    uint16_t hello;
    char ip[INET_ADDRSTRLEN];
    int id, fd = accept(server, (struct sockaddr *)&a, &size);
    if (recv(fd, &hello, sizeof hello, MSG_WAITALL) != sizeof hello) {
        close(fd);
        return;
    }
    inet_ntop(AF_INET, &a.sin_addr, ip, sizeof ip);
    id = add(fd, ip, ntohs(hello), 0);
    printf("\nINFO: %s:%d is connected with id %d\n", ip, ntohs(hello), id);
}

static void do_receive(struct peer *p) {
    struct message m;
    int id = p - peers + 1;
    if (recv(p->fd, &m, sizeof m, MSG_WAITALL) == sizeof m) {
        printf("\nINFO: message from %d (%s:%d): %s\n", id, p->ip, p->port, m.text);
        return;
    }
    printf("\nINFO: %s:%d with id %d has disconnected\n", p->ip, p->port, id);
    close(p->fd);
    p->fd = 0;
}

static void do_command(char *line) {
    char *rest = line, *verb = strsep(&rest, " ");
    char ip[INET_ADDRSTRLEN];
    if (!strcmp(verb, "help"))
        printf("OK: help myip myport connect list terminate send exit\n");
    else if (!strcmp(verb, "myip"))
        my_ip(ip), printf("OK: ip %s\n", ip);
    else if (!strcmp(verb, "myport"))
        printf("OK: port %d\n", my_port);
    else if (!strcmp(verb, "connect")) {
        char *host = strsep(&rest, " ");
        do_connect(host, rest);
    } else if (!strcmp(verb, "list")) {
        for (int i = 0; i < MAX_PEERS; i++)
            if (peers[i].fd)
                printf("%d\t%s\t%d\n", i + 1, peers[i].ip, peers[i].port);
        printf("OK: end of list\n");
    } else if (!strcmp(verb, "terminate")) {
        struct peer *p = find(rest);
        if (p) {
            close(p->fd);
            p->fd = 0;
            printf("OK: terminated\n");
        }
    } else if (!strcmp(verb, "send")) {
        char *word = strsep(&rest, " ");
        if (rest && *rest)
            do_send(word, rest);
        else
            printf("ERROR: usage: send <id> <message>\n");
    } else if (!strcmp(verb, "exit")) {
        printf("OK: bye\n");
        exit(0);
    } else if (*verb)
        printf("ERROR: unknown command\n");
}

int main(int argc, char **argv) {
    struct sockaddr_in a = {.sin_family = AF_INET};
    int one = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    char *line = NULL;
    size_t size = 0;

    my_port = argc > 1 ? atoi(argv[1]) : 0;
    a.sin_port = htons(my_port);
    signal(SIGPIPE, SIG_IGN);
    setbuf(stdout, NULL);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(server, (struct sockaddr *)&a, sizeof a) < 0 || listen(server, 32) < 0) {
        perror("chat");
        return 1;
    }
    printf("OK: listening on %d\nchat: ", my_port);
    for (;;) {
        fd_set set;
        int most = server;
        FD_ZERO(&set);
        FD_SET(0, &set);
        FD_SET(server, &set);
        for (int i = 0; i < MAX_PEERS; i++)
            if (peers[i].fd) {
                FD_SET(peers[i].fd, &set);
                most = peers[i].fd > most ? peers[i].fd : most;
            }
        select(most + 1, &set, NULL, NULL, NULL);
        for (int i = 0; i < MAX_PEERS; i++)
            if (peers[i].fd && FD_ISSET(peers[i].fd, &set))
                do_receive(&peers[i]);
        if (FD_ISSET(server, &set))
            do_accept(server);
        if (FD_ISSET(0, &set)) {
            if (getline(&line, &size, stdin) < 0)
                return 0;
            line[strcspn(line, "\n")] = 0;
            do_command(line);
            printf("chat: ");
        }
    }
}
