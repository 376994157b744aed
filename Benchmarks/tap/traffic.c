// SPDX-License-Identifier: GPL-3.0-or-later
// Traffic for the comparison of forwarders: `traffic receive tcp|udp PORT` prints what came in each second-long window that
// it lasted, `traffic send tcp|udp ADDRESS PORT SECONDS SIZE` sends as fast as it can. `traffic spray ADDRESS PORT SECONDS
// SIZE FLOWS QUEUE` sends UDP from as many sockets, at as little cost as can be, each of them a flow that the forwarder takes
// along the named queue; `traffic sink PORT QUEUES` tells it which, and lets all else be dropped.
#define _GNU_SOURCE
#include "common.h"
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
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

// A socket whose datagrams come along the queue, as the sink says.
static int open_flow(const struct sockaddr_in *peer, char queue)
{
    struct timeval patience = {.tv_usec = 200000};

    for (int attempt = 0; attempt < 1000; attempt++) {
        int descriptor = open_socket(0);
        char answer = -1;

        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (connect(descriptor, (const struct sockaddr *)peer, sizeof *peer) < 0)
            fail("connect");
        if (send(descriptor, &queue, 1, 0) == 1 && recv(descriptor, &answer, 1, 0) == 1 && answer == queue)
            return descriptor;
        close(descriptor);
    }
    fputs("no flow takes the queue\n", stderr);
    exit(1);
}

// The kernel cuts what is sent at once into datagrams of the size.
static void spray(const char *address, int port, double seconds, int size, int flows, char queue)
{
    static char memory[LARGEST];
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int *descriptors = calloc((size_t)flows, sizeof *descriptors);
    double end;

    inet_pton(AF_INET, address, &peer.sin_addr);
    for (int flow = 0; flow < flows; flow++) {
        descriptors[flow] = open_flow(&peer, queue);
        if (setsockopt(descriptors[flow], IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size) < 0)
            fail("UDP_SEGMENT");
    }
    // Others may still ask.
    usleep(500000);
    end = now() + seconds;
    while (now() < end)
        for (int flow = 0; flow < flows; flow++)
            (void)!send(descriptors[flow], memory, (size_t)size * BATCH, 0);
}

// A socket for each queue, which tells what asks along which queue it came. It is not read any more, and soon full, once
// there is something else.
static void sink(int port, int queues)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    // The kernel counts recorded queues from one.
    struct sock_filter code[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)(SKF_AD_OFF + SKF_AD_QUEUE)},
                                 {BPF_ALU | BPF_SUB | BPF_K, 0, 0, 1},
                                 {BPF_RET | BPF_A, 0, 0, 0}};
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    struct pollfd *sockets = calloc((size_t)queues, sizeof *sockets);
    int yes = 1;

    for (int queue = 0; queue < queues; queue++) {
        sockets[queue] = (struct pollfd){open_socket(0), POLLIN, 0};
        if (setsockopt(sockets[queue].fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) < 0 ||
            bind(sockets[queue].fd, (struct sockaddr *)&own, sizeof own) < 0 ||
            setsockopt(sockets[queue].fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) < 0)
            fail("sink");
    }
    for (;;) {
        poll(sockets, (nfds_t)queues, -1);
        for (int queue = 0; queue < queues; queue++) {
            struct sockaddr_in peer;
            socklen_t room = sizeof peer;
            char datagram[2], answer = (char)queue;

            if (sockets[queue].revents == 0)
                continue;
            if (recvfrom(sockets[queue].fd, datagram, sizeof datagram, 0, (struct sockaddr *)&peer, &room) == 1)
                (void)!sendto(sockets[queue].fd, &answer, 1, 0, (struct sockaddr *)&peer, room);
            else
                sockets[queue].events = 0;
        }
    }
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[1], "receive") == 0) {
        receive(strcmp(arguments[2], "tcp") == 0, atoi(arguments[3]));
    } else if (count == 7 && strcmp(arguments[1], "send") == 0) {
        size_t size = (size_t)atol(arguments[6]);

        send_all(strcmp(arguments[2], "tcp") == 0, arguments[3], atoi(arguments[4]), atof(arguments[5]),
                 size < LARGEST ? size : LARGEST);
    } else if (count == 8 && strcmp(arguments[1], "spray") == 0) {
        spray(arguments[2], atoi(arguments[3]), atof(arguments[4]), atoi(arguments[5]), atoi(arguments[6]),
              (char)atoi(arguments[7]));
    } else if (count == 4 && strcmp(arguments[1], "sink") == 0) {
        sink(atoi(arguments[2]), atoi(arguments[3]));
    } else {
        fprintf(stderr, "usage: traffic receive tcp|udp PORT | send tcp|udp ADDRESS PORT SECONDS SIZE\n"
                        "       traffic spray ADDRESS PORT SECONDS SIZE FLOWS QUEUE | sink PORT QUEUES\n");
        return 2;
    }
    return 0;
}
