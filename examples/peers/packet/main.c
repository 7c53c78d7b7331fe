/* Assignment 2: chat with packets. make && ./chat <port> */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <pthread.h>
#include <netdb.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "packet.h"

typedef struct node {
    int id, sock, port;
    char ip[20];
    struct node *next;
} Node;

static Node *head = NULL;
static int counter = 0;
static int listen_port;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static Node *find_id(int id)
{
    Node *n;
    for (n = head; n != NULL; n = n->next)
        if (n->id == id)
            return n;
    return NULL;
}

static int remove_node(int id)
{
    Node **p;
    int found = 0;
    pthread_mutex_lock(&mutex);
    for (p = &head; *p != NULL; p = &(*p)->next)
        if ((*p)->id == id) {
            *p = (*p)->next;    /* the thread may still look at it: not freed */
            found = 1;
            break;
        }
    pthread_mutex_unlock(&mutex);
    return found;
}

static Node *add_node(int sock, const char *ip, int port)
{
    Node *n = calloc(1, sizeof(Node)), **p;
    pthread_mutex_lock(&mutex);
    n->id = ++counter;
    n->sock = sock;
    n->port = port;
    strncpy(n->ip, ip, sizeof(n->ip) - 1);
    for (p = &head; *p != NULL; p = &(*p)->next)
        ;
    *p = n;
    pthread_mutex_unlock(&mutex);
    return n;
}

static void *reader(void *arg)
{
    Node *n = arg;
    Packet packet;
    while (recv_packet(n->sock, &packet) && packet.type != BYE) {
        printf("\n[MSG %d] %s", n->id, packet.text);
        fflush(stdout);
    }
    if (remove_node(n->id)) {
        printf("\n[END %d] %s/%d\n", n->id, n->ip, n->port);
        fflush(stdout);
    }
    close(n->sock);
    return NULL;
}

static void start_reader(Node *n)
{
    pthread_t thread;
    pthread_create(&thread, NULL, reader, n);
    pthread_detach(thread);
}

static void *acceptor(void *arg)
{
    int server = *(int *)arg, sock;
    struct sockaddr_in from;
    socklen_t size;
    Packet packet;
    Node *n;
    while (1) {
        size = sizeof(from);
        sock = accept(server, (struct sockaddr *)&from, &size);
        if (sock < 0)
            continue;
        if (!recv_packet(sock, &packet) || packet.type != HELLO) {
            close(sock);
            continue;
        }
        n = add_node(sock, inet_ntoa(from.sin_addr), packet.port);
        printf("\n[NEW %d] %s/%d\n", n->id, n->ip, n->port);
        fflush(stdout);
        start_reader(n);
    }
    return NULL;
}

static void get_my_ip(char *ip)
{
    struct sockaddr_in addr;
    socklen_t size = sizeof(addr);
    int sock = socket(AF_INET, SOCK_DGRAM, 0);
    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons(9999);
    inet_aton("203.0.113.5", &addr.sin_addr);
    connect(sock, (struct sockaddr *)&addr, sizeof(addr));
    getsockname(sock, (struct sockaddr *)&addr, &size);
    strcpy(ip, inet_ntoa(addr.sin_addr));
    close(sock);
}

static void do_connect(const char *host, int port)
{
    struct hostent *entry = gethostbyname(host);
    struct sockaddr_in addr;
    char ip[20], mine[20];
    Node *n;
    int sock;
    if (entry == NULL || port < 1 || port > 65535) {
        printf("[ERR] bad address\n");
        return;
    }
    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons(port);
    memcpy(&addr.sin_addr, entry->h_addr, entry->h_length);
    strcpy(ip, inet_ntoa(addr.sin_addr));
    get_my_ip(mine);
    if (port == listen_port && strcmp(ip, mine) == 0) {
        printf("[ERR] this is you\n");
        return;
    }
    for (n = head; n != NULL; n = n->next)
        if (n->port == port && strcmp(n->ip, ip) == 0) {
            printf("[ERR] connected already\n");
            return;
        }
    sock = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        printf("[ERR] no connection\n");
        close(sock);
        return;
    }
    send_packet(sock, HELLO, listen_port, "");
    n = add_node(sock, ip, port);
    start_reader(n);
    printf("[OK] connection %d\n", n->id);
}

int main(int argc, char **argv)
{
    char line[5000], verb[100], text[5000], ip[20];
    int server, id, words, on = 1;
    struct sockaddr_in addr;
    pthread_t thread;
    Node *n;
    if (argc != 2) {
        printf("[ERR] a port is missing\n");
        return 1;
    }
    listen_port = atoi(argv[1]);
    server = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_port = htons(listen_port);
    if (bind(server, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
        printf("[ERR] the port is in use\n");
        return 1;
    }
    listen(server, 10);
    pthread_create(&thread, NULL, acceptor, &server);
    printf("[OK] listening on %d\n", listen_port);
    while (1) {
        printf("\ncmd: ");
        fflush(stdout);
        if (fgets(line, sizeof(line), stdin) == NULL)
            break;
        if (sscanf(line, "%99s", verb) != 1)
            continue;
        if (strcmp(verb, "help") == 0) {
            puts("[OK] connect <ip> <port> | send <id> <text> | terminate <id>");
            puts("[OK] list | myip | myport | help | exit");
        } else if (strcmp(verb, "myip") == 0) {
            get_my_ip(ip);
            printf("[OK] %s\n", ip);
        } else if (strcmp(verb, "myport") == 0) {
            printf("[OK] %d\n", listen_port);
        } else if (strcmp(verb, "connect") == 0) {
            if (sscanf(line, "%*s %4999s %d", text, &id) == 2)
                do_connect(text, id);
            else
                printf("[ERR] connect <ip> <port>\n");
        } else if (strcmp(verb, "list") == 0) {
            printf("[OK] connections:\n");
            for (n = head; n != NULL; n = n->next)
                printf("     %d) %s/%d\n", n->id, n->ip, n->port);
        } else if (strcmp(verb, "terminate") == 0) {
            if (sscanf(line, "%*s %d", &id) != 1 || (n = find_id(id)) == NULL) {
                printf("[ERR] which connection?\n");
                continue;
            }
            remove_node(id);
            send_packet(n->sock, BYE, 0, "");
            shutdown(n->sock, SHUT_RDWR);
            printf("[OK] terminated\n");
        } else if (strcmp(verb, "send") == 0) {
            words = sscanf(line, "%*s %d %[^\n]", &id, text);
            if (words < 1 || (n = find_id(id)) == NULL)
                printf("[ERR] which connection?\n");
            else if (words < 2)
                printf("[ERR] which text?\n");
            else if (send_packet(n->sock, TEXT, 0, text))
                printf("[OK] sent\n");
            else
                printf("[ERR] not sent\n");
        } else if (strcmp(verb, "exit") == 0) {
            break;
        } else {
            printf("[ERR] no command\n");
        }
    }
    for (n = head; n != NULL; n = n->next)
        shutdown(n->sock, SHUT_RDWR);
    printf("[OK] exit\n");
    return 0;
}
