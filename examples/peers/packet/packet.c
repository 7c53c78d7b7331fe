#include <string.h>
#include <sys/socket.h>
#include "packet.h"

int send_packet(int sock, int type, int port, const char *text)
{
    Packet packet;
    memset(&packet, 0, sizeof(packet));
    packet.type = type;
    packet.port = port;
    strncpy(packet.text, text, TEXT_SIZE - 1);
    return send(sock, &packet, sizeof(packet), MSG_NOSIGNAL) == sizeof(packet);
}

/* 1: there is a packet, 0: the connection is over */
int recv_packet(int sock, Packet *packet)
{
    memset(packet, 0, sizeof(*packet));
    return recv(sock, packet, sizeof(*packet), 0) > 0;
}
