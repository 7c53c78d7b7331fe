// slots.c: five chats at a time, with poll()
// Compile: gcc -o slots slots.c      Run: ./slots PORT

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOTS 5
#define SIZE 256

struct slot {
    int fd;          // 0: the slot is free
    bool known;      // has said its port
    char ip[INET_ADDRSTRLEN];
    int port;
    char text[SIZE]; // what has come of the next line
    int used;
} slots[SLOTS];

static int port;
static struct pollfd watched[SLOTS + 2];

static const char *own_ip(void)
{
    static char ip[INET_ADDRSTRLEN];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(2000)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    inet_pton(AF_INET, "203.0.113.77", &a.sin_addr);
    connect(fd, (struct sockaddr *)&a, size);
    getsockname(fd, (struct sockaddr *)&a, &size);
    close(fd);
    inet_ntop(AF_INET, &a.sin_addr, ip, sizeof ip);
    return ip;
}

static int put(int fd, const char *ip, int p)
{
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].fd == 0) {
            slots[i] = (struct slot){.fd = fd, .port = p, .known = p != 0};
            strcpy(slots[i].ip, ip);
            return i;
        }
    close(fd);
    return -1;
}

static void take(int i)
{
    close(slots[i].fd);
    slots[i].fd = 0;
}

static void line_came(int i)
{
    struct slot *s = &slots[i];
    s->text[s->used] = '\0';
    s->used = 0;
    if (s->known) {
        printf("[%c] %s\n", 'A' + i, s->text);
    } else {
        s->port = atoi(s->text);
        s->known = true;
        printf("[%c] opened by %s, %d\n", 'A' + i, s->ip, s->port);
    }
}

static void bytes_came(int i)
{
    struct slot *s = &slots[i];
    char c[512];
    ssize_t n = recv(s->fd, c, sizeof c, 0);
    if (n <= 0) {
        if (s->known)
            printf("[%c] closed by %s, %d\n", 'A' + i, s->ip, s->port);
        take(i);
        return;
    }
    for (ssize_t k = 0; k < n; k++) {
        if (c[k] == '\n' || s->used == SIZE - 1)
            line_came(i);
        if (c[k] != '\n')
            s->text[s->used++] = c[k];
    }
}

static void dial(char *host, char *p)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    char ip[INET_ADDRSTRLEN], hello[20];
    if (host == NULL || p == NULL || atoi(p) <= 0 || atoi(p) > 65535 || getaddrinfo(host, p, &hints, &found) != 0) {
        puts("E: address");
        return;
    }
    struct sockaddr_in *a = (struct sockaddr_in *)found->ai_addr;
    inet_ntop(AF_INET, &a->sin_addr, ip, sizeof ip);
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].fd && slots[i].port == atoi(p) && strcmp(slots[i].ip, ip) == 0) {
            puts("E: duplicate");
            return;
        }
    if (atoi(p) == port && (strcmp(ip, own_ip()) == 0 || strcmp(ip, "127.0.0.1") == 0)) {
        puts("E: self");
        return;
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, found->ai_addr, found->ai_addrlen) < 0) {
        perror("E");
        close(fd);
        return;
    }
    freeaddrinfo(found);
    int i = put(fd, ip, atoi(p));
    if (i < 0) {
        puts("E: no free slot");
        return;
    }
    send(fd, hello, sprintf(hello, "%d\n", port), MSG_NOSIGNAL);
    printf("O: slot %c\n", 'A' + i);
}

static int which(const char *word)
{
    if (word != NULL && strlen(word) == 1) {
        int i = word[0] - 'A';
        if (i >= 0 && i < SLOTS && slots[i].fd)
            return i;
    }
    puts("E: slot");
    return -1;
}

static void obey(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    char *verb = strtok(line, " "), *first = strtok(NULL, " "), *rest = strtok(NULL, "");
    int i;
    if (verb == NULL)
        return;
    if (strcasecmp(verb, "help") == 0) {
        puts("O: help, myip, myport, connect <destination> <port>, list, terminate <id>, send <id> <message>, exit");
    } else if (strcasecmp(verb, "myip") == 0) {
        printf("O: %s\n", own_ip());
    } else if (strcasecmp(verb, "myport") == 0) {
        printf("O: %d\n", port);
    } else if (strcasecmp(verb, "connect") == 0) {
        dial(first, rest);
    } else if (strcasecmp(verb, "list") == 0) {
        for (i = 0; i < SLOTS; i++)
            if (slots[i].fd && slots[i].known)
                printf("   %c  %-16s %d\n", 'A' + i, slots[i].ip, slots[i].port);
            else
                printf("   %c  -\n", 'A' + i);
    } else if (strcasecmp(verb, "terminate") == 0) {
        if ((i = which(first)) >= 0) {
            take(i);
            puts("O: free");
        }
    } else if (strcasecmp(verb, "send") == 0) {
        if ((i = which(first)) < 0)
            return;
        if (rest == NULL) {
            puts("E: text");
            return;
        }
        strcat(rest, "\n");
        if (send(slots[i].fd, rest, strlen(rest), MSG_NOSIGNAL) < 0)
            perror("E");
    } else if (strcasecmp(verb, "exit") == 0) {
        puts("O: all slots are free");
        exit(0);
    } else {
        puts("E: command");
    }
}

int main(int argc, char *argv[])
{
    char line[5000];
    int server = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET};
    port = argc > 1 ? atoi(argv[1]) : 0;
    a.sin_port = htons(port);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(server, (struct sockaddr *)&a, sizeof a) < 0 || listen(server, 8) < 0) {
        perror("E");
        return 1;
    }
    setlinebuf(stdout);
    printf("O: listening, %d\n", port);
    for (;;) {
        watched[0] = (struct pollfd){.fd = 0, .events = POLLIN};
        watched[1] = (struct pollfd){.fd = server, .events = POLLIN};
        for (int i = 0; i < SLOTS; i++)
            watched[i + 2] = (struct pollfd){.fd = slots[i].fd ? slots[i].fd : -1, .events = POLLIN};
        poll(watched, SLOTS + 2, -1);
        for (int i = 0; i < SLOTS; i++)
            if (watched[i + 2].revents)
                bytes_came(i);
        if (watched[1].revents) {
            socklen_t size = sizeof a;
            int fd = accept(server, (struct sockaddr *)&a, &size);
            char ip[INET_ADDRSTRLEN];
            put(fd, inet_ntop(AF_INET, &a.sin_addr, ip, sizeof ip), 0);
        }
        if (watched[0].revents) {
            if (fgets(line, sizeof line - 1, stdin) == NULL)
                return 0;
            obey(line);
        }
    }
}
