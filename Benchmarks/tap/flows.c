// SPDX-License-Identifier: GPL-3.0-or-later
// Flows that come and go: `flows serve PORT` answers on TCP and UDP, `flows make ADDRESS PORT SECONDS RATE` begins RATE flows a
// second, one half TCP connections, one half UDP exchanges, and prints how many of each were completed.
#define _GNU_SOURCE
#include "common.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 100, EXCHANGES = 3, EVENTS = 256, FLOWS = 1 << 16 };

static const double patience = 10; // seconds, longer than the first two repetitions of a lost SYN take

struct flow {
    double begun;
    unsigned char exists, is_tcp, is_connected;
    int done; // octets (TCP) or datagrams (UDP) that came back
};

static struct flow flows[FLOWS];
static int poller;

static void watch(int descriptor, uint32_t events, int operation)
{
    struct epoll_event event = {.events = events, .data.fd = descriptor};

    if (epoll_ctl(poller, operation, descriptor, &event) < 0)
        fail("epoll_ctl");
}

static int open_socket(int type)
{
    int descriptor = socket(AF_INET, type | SOCK_NONBLOCK, 0);

    if (descriptor < 0)
        fail("socket");
    if (descriptor >= FLOWS)
        errno = EMFILE, fail("socket");
    return descriptor;
}

static void serve(int port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct epoll_event events[EVENTS];
    char memory[2048];
    int yes = 1, listener = open_socket(SOCK_STREAM), datagrams = open_socket(SOCK_DGRAM);

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&own, sizeof own) < 0 || bind(datagrams, (struct sockaddr *)&own, sizeof own) < 0)
        fail("bind");
    if (listen(listener, 4096) < 0)
        fail("listen");
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
    watch(datagrams, EPOLLIN, EPOLL_CTL_ADD);
    for (;;) {
        int count = epoll_wait(poller, events, EVENTS, -1);

        for (int index = 0; index < count; index++) {
            int descriptor = events[index].data.fd;
            struct sockaddr_in peer;
            socklen_t size = sizeof peer;
            ssize_t length;

            if (descriptor == listener) {
                int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

                if (accepted >= 0)
                    watch(accepted, EPOLLIN, EPOLL_CTL_ADD);
            } else if (descriptor == datagrams) {
                while ((length = recvfrom(datagrams, memory, sizeof memory, 0, (struct sockaddr *)&peer, &size)) >= 0)
                    (void)sendto(datagrams, memory, (size_t)length, 0, (struct sockaddr *)&peer, size);
            } else {
                // The answer, and the end: the side that closes first keeps the connection's last state.
                if ((length = recv(descriptor, memory, sizeof memory, 0)) > 0)
                    (void)send(descriptor, memory, (size_t)length, MSG_NOSIGNAL);
                close(descriptor);
            }
        }
    }
}

static uint64_t begun[2], completed[2], failed[2];

static void end_flow(int descriptor, int is_complete)
{
    struct flow *flow = &flows[descriptor];

    (is_complete ? completed : failed)[flow->is_tcp]++;
    flow->exists = 0;
    close(descriptor);
}

static void begin_flow(int is_tcp, const struct sockaddr_in *peer)
{
    int descriptor = open_socket(is_tcp ? SOCK_STREAM : SOCK_DGRAM);

    flows[descriptor] = (struct flow){.begun = now(), .exists = 1, .is_tcp = (unsigned char)is_tcp};
    begun[is_tcp]++;
    if (connect(descriptor, (const struct sockaddr *)peer, sizeof *peer) < 0 && errno != EINPROGRESS) {
        end_flow(descriptor, 0);
        return;
    }
    watch(descriptor, is_tcp ? EPOLLOUT : EPOLLIN, EPOLL_CTL_ADD);
    if (!is_tcp) {
        char memory[SIZE] = {0};

        (void)send(descriptor, memory, sizeof memory, 0);
    }
}

static void go_on(int descriptor)
{
    struct flow *flow = &flows[descriptor];
    char memory[SIZE] = {0};
    ssize_t length;

    if (flow->is_tcp && !flow->is_connected) {
        flow->is_connected = 1;
        watch(descriptor, EPOLLIN, EPOLL_CTL_MOD);
        if (send(descriptor, memory, sizeof memory, MSG_NOSIGNAL) < 0)
            end_flow(descriptor, 0);
        return;
    }
    length = recv(descriptor, memory, sizeof memory, 0);
    if (length < 0 && errno == EAGAIN)
        return;
    if (flow->is_tcp) {
        if (length > 0)
            flow->done += (int)length;
        else
            end_flow(descriptor, length == 0 && flow->done == SIZE);
    } else if (length != SIZE) {
        end_flow(descriptor, 0);
    } else if (++flow->done == EXCHANGES) {
        end_flow(descriptor, 1);
    } else {
        (void)send(descriptor, memory, sizeof memory, 0);
    }
}

static void make(const char *address, int port, double seconds, double rate)
{
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct epoll_event events[EVENTS];
    double start = now(), last_look = start;
    uint64_t made = 0;

    inet_pton(AF_INET, address, &peer.sin_addr);
    for (;;) {
        double time = now();
        int count, is_over = time > start + seconds;

        while (!is_over && (double)made < (time - start) * rate)
            begin_flow(made++ & 1, &peer);
        count = epoll_wait(poller, events, EVENTS, 5);
        for (int index = 0; index < count; index++)
            if (flows[events[index].data.fd].exists)
                go_on(events[index].data.fd);
        if (time > last_look + 1) {
            last_look = time;
            for (int descriptor = 0; descriptor < FLOWS; descriptor++)
                if (flows[descriptor].exists && time > flows[descriptor].begun + patience)
                    end_flow(descriptor, 0);
        }
        if (is_over && completed[0] + completed[1] + failed[0] + failed[1] == made)
            break;
    }
    printf("TCP %lu begun %lu completed %lu failed\nUDP %lu begun %lu completed %lu failed\n", begun[1], completed[1], failed[1],
           begun[0], completed[0], failed[0]);
}

int main(int count, char **arguments)
{
    struct rlimit limit = {FLOWS, FLOWS};

    setrlimit(RLIMIT_NOFILE, &limit);
    if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0)
        fail("epoll_create1");
    if (count == 3 && strcmp(arguments[1], "serve") == 0) {
        serve(atoi(arguments[2]));
    } else if (count == 6 && strcmp(arguments[1], "make") == 0) {
        make(arguments[2], atoi(arguments[3]), atof(arguments[4]), atof(arguments[5]));
    } else {
        fprintf(stderr, "usage: flows serve PORT | make ADDRESS PORT SECONDS RATE\n");
        return 2;
    }
    return 0;
}
