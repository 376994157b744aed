// SPDX-License-Identifier: GPL-3.0-or-later
// Traffic for the comparison of forwarders: `traffic receive tcp|udp PORT` prints what came in each second-long window that
// it lasted, `traffic send tcp|udp ADDRESS PORT SECONDS SIZE` sends as fast as it can. `traffic spray ADDRESS PORT SECONDS
// SIZE FLOWS` sends UDP from as many sockets, at as little cost as can be, `traffic sink PORT` lets it be dropped.
#define _GNU_SOURCE
#include "common.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { BATCH = 64, LARGEST = 1 << 17 };

static int open_socket(int is_tcp)
{
    int descriptor = socket(AF_INET, is_tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    int yes = 1, room = 4 << 20;

    if (descriptor < 0)
        fail("socket");
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (!is_tcp)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    return descriptor;
}

static void receive(int is_tcp, int port)
{
    static char memory[LARGEST];
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = 1};
    int descriptor = open_socket(is_tcp);
    double start = 0, end = 0;
    uint64_t octets = 0, units = 0;
    ssize_t length;

    if (bind(descriptor, (struct sockaddr *)&own, sizeof own) < 0)
        fail("bind");
    if (is_tcp) {
        if (listen(descriptor, 1) < 0 || (descriptor = accept(descriptor, NULL, NULL)) < 0)
            fail("accept");
    }
    while ((length = recv(descriptor, memory, sizeof memory, 0)) > 0) {
        if (units++ == 0) {
            start = now();
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        }
        octets += (uint64_t)length;
        end = now();
    }
    printf("%.0f bit/s %.0f packets/s\n", (double)octets * 8 / (end - start), (double)units / (end - start));
}

static void send_all(int is_tcp, const char *address, int port, double seconds, size_t size)
{
    static char memory[LARGEST];
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct iovec part = {memory, size};
    struct mmsghdr messages[BATCH];
    int descriptor = open_socket(is_tcp);
    double end = now() + seconds;

    inet_pton(AF_INET, address, &peer.sin_addr);
    if (connect(descriptor, (struct sockaddr *)&peer, sizeof peer) < 0)
        fail("connect");
    memset(messages, 0, sizeof messages);
    for (int index = 0; index < BATCH; index++)
        messages[index].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
    while (now() < end) {
        if (is_tcp) {
            if (send(descriptor, memory, size, MSG_NOSIGNAL) < 0)
                fail("send");
        } else {
            // What a full queue refuses is not sent; it is what came that counts.
            (void)sendmmsg(descriptor, messages, BATCH, 0);
        }
    }
}

// The kernel cuts what is sent at once into datagrams of the size.
static void spray(const char *address, int port, double seconds, int size, int flows)
{
    static char memory[LARGEST];
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int *descriptors = calloc((size_t)flows, sizeof *descriptors);
    double end = now() + seconds;

    inet_pton(AF_INET, address, &peer.sin_addr);
    for (int flow = 0; flow < flows; flow++) {
        descriptors[flow] = open_socket(0);
        if (setsockopt(descriptors[flow], IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size) < 0 ||
            connect(descriptors[flow], (struct sockaddr *)&peer, sizeof peer) < 0)
            fail("connect");
    }
    while (now() < end)
        for (int flow = 0; flow < flows; flow++)
            (void)!send(descriptors[flow], memory, (size_t)size * BATCH, 0);
}

// A socket that nobody reads, and that is soon full.
static void sink(int port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    if (bind(open_socket(0), (struct sockaddr *)&own, sizeof own) < 0)
        fail("bind");
    for (;;)
        pause();
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[1], "receive") == 0) {
        receive(strcmp(arguments[2], "tcp") == 0, atoi(arguments[3]));
    } else if (count == 7 && strcmp(arguments[1], "send") == 0) {
        size_t size = (size_t)atol(arguments[6]);

        send_all(strcmp(arguments[2], "tcp") == 0, arguments[3], atoi(arguments[4]), atof(arguments[5]),
                 size < LARGEST ? size : LARGEST);
    } else if (count == 7 && strcmp(arguments[1], "spray") == 0) {
        spray(arguments[2], atoi(arguments[3]), atof(arguments[4]), atoi(arguments[5]), atoi(arguments[6]));
    } else if (count == 3 && strcmp(arguments[1], "sink") == 0) {
        sink(atoi(arguments[2]));
    } else {
        fprintf(stderr, "usage: traffic receive tcp|udp PORT | send tcp|udp ADDRESS PORT SECONDS SIZE\n"
                        "       traffic spray ADDRESS PORT SECONDS SIZE FLOWS | sink PORT\n");
        return 2;
    }
    return 0;
}
