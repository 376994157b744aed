// SPDX-License-Identifier: GPL-3.0-or-later
/* Receives a whole conntrack dump and counts it: what any listing costs at least. */
#define _GNU_SOURCE
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    static char buffer[1 << 15] __attribute__((aligned(64)));
    struct { struct nlmsghdr header; struct nfgenmsg family; } request = {
        .header = { .nlmsg_len = sizeof request, .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1 } };
    struct timespec start, end;
    unsigned long entries = 0, bytes = 0, calls = 0;
    int socket_fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), done = 0;

    clock_gettime(CLOCK_MONOTONIC, &start);
    if (socket_fd < 0 || send(socket_fd, &request, sizeof request, 0) < 0) {
        perror("dump");
        return 1;
    }
    while (!done) {
        ssize_t length = recv(socket_fd, buffer, sizeof buffer, 0);
        if (length <= 0) {
            perror("dump");
            return 1;
        }
        calls++;
        bytes += (unsigned long)length;
        for (struct nlmsghdr *message = (void *)buffer; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
            if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
                done = 1;
            else
                entries++;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    printf("%lu entries, %lu bytes, %lu reads, %.4f s, %.0f ns an entry\n", entries, bytes, calls, seconds,
           entries ? seconds * 1e9 / (double)entries : 0);
    return 0;
}
