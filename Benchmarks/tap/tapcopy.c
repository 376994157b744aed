// SPDX-License-Identifier: GPL-3.0-or-later
// Copies frames between two TAP devices, both ways, with their virtio-net headers: what any forwarder on TAP costs at
// least. The devices are in the namespaces that the caller names; each of several queues has a thread of its own.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BURST = 64, ROOM = 10 + 65536 + 64, MOST_QUEUES = 16 };

static int open_tap(const char *name, const char *namespace_path, int is_one_of_several)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (is_one_of_several ? IFF_MULTI_QUEUE : 0)};
    int place = open(namespace_path, O_RDONLY | O_CLOEXEC);
    int tap;

    if (place < 0 || setns(place, CLONE_NEWNET) < 0) {
        perror(namespace_path);
        exit(1);
    }
    tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (tap < 0 || ioctl(tap, TUNSETIFF, &request) < 0 ||
        ioctl(tap, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN) < 0) {
        perror(name);
        exit(1);
    }
    return tap;
}

// One queue of either device.
static void *copy(void *pair)
{
    static __thread char frame[ROOM];
    struct pollfd *taps = pair;

    for (;;) {
        poll(taps, 2, -1);
        for (int side = 0; side < 2; side++) {
            for (int index = 0; taps[side].revents != 0 && index < BURST; index++) {
                ssize_t length = read(taps[side].fd, frame, sizeof frame);

                if (length <= 0)
                    break;
                // A frame that the other device does not take is lost, as on any wire.
                (void)!write(taps[!side].fd, frame, (size_t)length);
            }
        }
    }
    return NULL;
}

int main(int count, char **arguments)
{
    static struct pollfd taps[MOST_QUEUES][2];
    int queues = count > 5 ? atoi(arguments[5]) : 1;

    if (count < 5 || count > 6 || queues < 1 || queues > MOST_QUEUES) {
        fprintf(stderr, "usage: tapcopy DEVICE NAMESPACE-FILE DEVICE NAMESPACE-FILE [QUEUES]\n");
        return 2;
    }
    for (int queue = 0; queue < queues; queue++)
        for (int side = 0; side < 2; side++)
            taps[queue][side] =
                (struct pollfd){open_tap(arguments[1 + 2 * side], arguments[2 + 2 * side], queues > 1), POLLIN, 0};
    puts("ready");
    fflush(stdout);
    for (int queue = 1; queue < queues; queue++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, copy, taps[queue]) != 0)
            return 1;
    }
    copy(taps[0]);
}
