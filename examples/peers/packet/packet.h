#ifndef PACKET_H
#define PACKET_H

#define TEXT_SIZE 512

enum { HELLO, TEXT, BYE };

typedef struct {
    int type;
    int port;
    char text[TEXT_SIZE];
} Packet;

int send_packet(int sock, int type, int port, const char *text);
int recv_packet(int sock, Packet *packet);

#endif
