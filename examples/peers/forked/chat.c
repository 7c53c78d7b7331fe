/*
 * chat.c - operating systems lab: processes, signals and sockets
 *
 *   gcc chat.c -o chat
 *   ./chat 5000
 *
 * One child per connection reads from it and prints. The parent owns the
 * keyboard and the table. SIGCHLD tells it that a connection is over.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX 200
#define LINE 8192

struct entry {
    pid_t child;
    int fd;
    char ip[16];
    int port;
    int closing;
} tab[MAX];

int nentries = 0;
int myport;

void on_child(int sig)
{
    pid_t pid;
    int i;
    (void)sig;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
        for (i = 0; i < nentries; i++)
            if (tab[i].child == pid) {
                tab[i].child = 0;
                close(tab[i].fd);
                if (!tab[i].closing) {
                    printf("peer %d (%s:%d) is gone\n", i + 1, tab[i].ip, tab[i].port);
                    fflush(stdout);
                }
            }
}

/* the child: print lines until the end */
void child(int n, int fd)
{
    char line[LINE];
    FILE *in = fdopen(fd, "r");
    signal(SIGTERM, SIG_DFL);
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = 0;
        printf("peer %d (%s:%d) : %s\n", n + 1, tab[n].ip, tab[n].port, line);
        fflush(stdout);
    }
    exit(0);
}

int add(int fd, const char *ip, int port)
{
    sigset_t set;
    int n;
    if (nentries == MAX) {
        close(fd);
        return -1;
    }
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    n = nentries++;
    tab[n].fd = fd;
    tab[n].port = port;
    tab[n].closing = 0;
    snprintf(tab[n].ip, sizeof tab[n].ip, "%s", ip);
    fflush(stdout);
    tab[n].child = fork();
    if (tab[n].child == 0)
        child(n, fd);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return n;
}

void own_ip(char *buf)
{
    struct sockaddr_in a = {0};
    socklen_t len = sizeof a;
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    a.sin_family = AF_INET;
    a.sin_port = htons(1);
    a.sin_addr.s_addr = inet_addr("192.0.2.3");
    connect(s, (struct sockaddr *)&a, sizeof a);
    getsockname(s, (struct sockaddr *)&a, &len);
    strcpy(buf, inet_ntoa(a.sin_addr));
    close(s);
}

int known(const char *ip, int port)
{
    int i;
    for (i = 0; i < nentries; i++)
        if (tab[i].child && tab[i].port == port && strcmp(tab[i].ip, ip) == 0)
            return 1;
    return 0;
}

void cmd_connect(char *host, char *portarg)
{
    struct sockaddr_in a = {0};
    struct hostent *h;
    char ip[16], mine[16], hello[16];
    int port, s, n;
    if (!host || !portarg || (port = atoi(portarg)) < 1 || port > 65535) {
        printf("usage: connect <destination> <port>\n");
        return;
    }
    if (!(h = gethostbyname(host))) {
        printf("cannot find %s\n", host);
        return;
    }
    memcpy(&a.sin_addr, h->h_addr_list[0], sizeof a.sin_addr);
    strcpy(ip, inet_ntoa(a.sin_addr));
    own_ip(mine);
    if (port == myport && (!strcmp(ip, mine) || !strncmp(ip, "127.", 4))) {
        printf("cannot connect to yourself\n");
        return;
    }
    if (known(ip, port)) {
        printf("cannot connect twice\n");
        return;
    }
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, (struct sockaddr *)&a, sizeof a) < 0) {
        printf("cannot connect: %s\n", strerror(errno));
        close(s);
        return;
    }
    sprintf(hello, "%d\n", myport);
    send(s, hello, strlen(hello), 0);
    n = add(s, ip, port);
    if (n < 0)
        printf("cannot connect: the table is full\n");
    else
        printf("peer %d is %s:%d\n", n + 1, ip, port);
}

void welcome(int server)
{
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    char line[16];
    int n, got = 0;
    int s = accept(server, (struct sockaddr *)&a, &len);
    if (s < 0)
        return;
    /* the first line is the port on which the caller listens */
    while (got < 15 && recv(s, line + got, 1, 0) == 1 && line[got] != '\n')
        got++;
    line[got] = 0;
    if (atoi(line) == 0) {
        close(s);
        return;
    }
    n = add(s, inet_ntoa(a.sin_addr), atoi(line));
    if (n >= 0)
        printf("peer %d (%s:%d) is here\n", n + 1, tab[n].ip, tab[n].port);
}

int pick(char *arg)
{
    int n = arg ? atoi(arg) : 0;
    if (n < 1 || n > nentries || !tab[n - 1].child) {
        printf("no peer %s\n", arg ? arg : "");
        return -1;
    }
    return n - 1;
}

void command(char *line)
{
    char *word, *arg, *rest, ip[16];
    int i, n = 0;
    line[strcspn(line, "\n")] = 0;
    word = strsep(&line, " ");
    if (!strcmp(word, "help")) {
        printf("help\nmyip\nmyport\nconnect <destination> <port>\nlist\n");
        printf("terminate <id>\nsend <id> <message>\nexit\n");
    } else if (!strcmp(word, "myip")) {
        own_ip(ip);
        printf("ip %s\n", ip);
    } else if (!strcmp(word, "myport")) {
        printf("port %d\n", myport);
    } else if (!strcmp(word, "connect")) {
        arg = strsep(&line, " ");
        cmd_connect(arg, line);
    } else if (!strcmp(word, "list")) {
        for (i = 0; i < nentries; i++)
            if (tab[i].child) {
                printf("%-4d%-18s%d\n", i + 1, tab[i].ip, tab[i].port);
                n++;
            }
        printf("%d peers\n", n);
    } else if (!strcmp(word, "terminate")) {
        if ((i = pick(line)) >= 0) {
            sigset_t set, old;
            sigemptyset(&set);
            sigaddset(&set, SIGCHLD);
            sigprocmask(SIG_BLOCK, &set, &old);
            tab[i].closing = 1;
            kill(tab[i].child, SIGTERM);
            while (tab[i].child)
                sigsuspend(&old);
            sigprocmask(SIG_SETMASK, &old, NULL);
            printf("peer %d closed\n", i + 1);
        }
    } else if (!strcmp(word, "send")) {
        arg = strsep(&line, " ");
        rest = line;
        if ((i = pick(arg)) >= 0) {
            if (!rest || !*rest)
                printf("no message\n");
            else if (dprintf(tab[i].fd, "%s\n", rest) < 0)
                printf("cannot send\n");
            else
                printf("ok\n");
        }
    } else if (!strcmp(word, "exit")) {
        for (i = 0; i < nentries; i++)
            if (tab[i].child)
                kill(tab[i].child, SIGTERM);
        exit(0);
    } else if (*word) {
        printf("%s: unknown command\n", word);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in a = {0};
    char line[LINE];
    int one = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    fd_set set;
    if (argc < 2) {
        fprintf(stderr, "usage: %s port\n", argv[0]);
        return 2;
    }
    myport = atoi(argv[1]);
    a.sin_family = AF_INET;
    a.sin_port = htons(myport);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(server, (struct sockaddr *)&a, sizeof a) < 0 || listen(server, 5) < 0) {
        perror("chat");
        return 1;
    }
    signal(SIGCHLD, on_child);
    signal(SIGPIPE, SIG_IGN);
    printf("this is port %d\n$ ", myport);
    fflush(stdout);
    for (;;) {
        FD_ZERO(&set);
        FD_SET(0, &set);
        FD_SET(server, &set);
        if (select(server + 1, &set, NULL, NULL, NULL) < 0)
            continue; /* a child ended */
        if (FD_ISSET(server, &set))
            welcome(server);
        if (FD_ISSET(0, &set)) {
            if (!fgets(line, sizeof line, stdin))
                exit(0);
            command(line);
            printf("$ ");
        }
        fflush(stdout);
    }
}
