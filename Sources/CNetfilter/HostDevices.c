// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE
#include "HostDevices.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <net/route.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/if_tun.h>

static int close_keeping_errno(int descriptor)
{
    int number = errno;

    close(descriptor);
    errno = number;
    return -1;
}

static int name_request(struct ifreq *request, const char *name)
{
    size_t length = strlen(name);

    memset(request, 0, sizeof *request);
    if (length == 0 || length >= sizeof request->ifr_name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(request->ifr_name, name, length);
    return 0;
}

int ftctl_tap_open(const char *name, int persists, int is_one_of_several)
{
    struct ifreq request;
    int tap;

    if (name_request(&request, name) < 0)
        return -1;
    tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tap < 0)
        return -1;
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (is_one_of_several)
        request.ifr_flags |= IFF_MULTI_QUEUE;
    if (ioctl(tap, TUNSETIFF, &request) < 0)
        return close_keeping_errno(tap);
    if (persists && ioctl(tap, TUNSETPERSIST, 1) < 0)
        return close_keeping_errno(tap);
    return tap;
}

int ftctl_tap_set_offloads(int tap, unsigned offloads)
{
    return ioctl(tap, TUNSETOFFLOAD, (unsigned long)offloads);
}

// Not by read and write: in a program of several threads the C library makes two atomic operations of each, so that the
// thread can be cancelled there.
ssize_t ftctl_tap_read(int tap, void *frame, size_t capacity)
{
    return syscall(SYS_read, tap, frame, capacity);
}

ssize_t ftctl_tap_write(int tap, const void *frame, size_t length)
{
    return syscall(SYS_write, tap, frame, length);
}

// Calls ioctl on a socket made for it.
static int ask(unsigned long request, void *argument)
{
    int socket_descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int result;

    if (socket_descriptor < 0)
        return -1;
    result = ioctl(socket_descriptor, request, argument);
    if (result < 0)
        return close_keeping_errno(socket_descriptor);
    close(socket_descriptor);
    return result;
}

int ftctl_device_start(const char *name, int mtu)
{
    struct ifreq request;

    if (name_request(&request, name) < 0)
        return -1;
    request.ifr_mtu = mtu;
    if (ask(SIOCSIFMTU, &request) < 0)
        return -1;
    if (ask(SIOCGIFFLAGS, &request) < 0)
        return -1;
    request.ifr_flags |= IFF_UP;
    return ask(SIOCSIFFLAGS, &request);
}

static void set_ipv4(struct sockaddr *destination, uint32_t address)
{
    struct sockaddr_in value = {.sin_family = AF_INET, .sin_addr = {.s_addr = address}};

    memcpy(destination, &value, sizeof value);
}

int ftctl_device_set_address(const char *name, uint32_t address, int prefix_length)
{
    struct ifreq request;

    if (name_request(&request, name) < 0)
        return -1;
    set_ipv4(&request.ifr_addr, address);
    if (ask(SIOCSIFADDR, &request) < 0)
        return -1;
    set_ipv4(&request.ifr_netmask, htonl(prefix_length == 0 ? 0 : ~0u << (32 - prefix_length)));
    return ask(SIOCSIFNETMASK, &request);
}

int ftctl_route_default(uint32_t gateway)
{
    struct rtentry route;

    memset(&route, 0, sizeof route);
    set_ipv4(&route.rt_dst, 0);
    set_ipv4(&route.rt_genmask, 0);
    set_ipv4(&route.rt_gateway, gateway);
    route.rt_flags = RTF_UP | RTF_GATEWAY;
    return ask(SIOCADDRT, &route);
}

int ftctl_unshare_network(void)
{
    return unshare(CLONE_NEWNET);
}

static int write_file(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);

    if (file < 0)
        return -1;
    if (write(file, text, strlen(text)) < 0)
        return close_keeping_errno(file);
    return close(file);
}

int ftctl_unshare_user(void)
{
    char map[64];
    uid_t user = geteuid();
    gid_t group = getegid();

    if (unshare(CLONE_NEWUSER) < 0 || write_file("/proc/self/setgroups", "deny") < 0)
        return -1;
    snprintf(map, sizeof map, "0 %u 1", (unsigned)user);
    if (write_file("/proc/self/uid_map", map) < 0)
        return -1;
    snprintf(map, sizeof map, "0 %u 1", (unsigned)group);
    return write_file("/proc/self/gid_map", map);
}

int ftctl_event_descriptor(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int ftctl_host_signal_descriptor(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        return -1;
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int ftctl_next_signal(int descriptor)
{
    struct signalfd_siginfo information;

    return read(descriptor, &information, sizeof information) == sizeof information ? (int)information.ssi_signo : 0;
}

int ftctl_become_user(const char *name)
{
    struct passwd *user;

    errno = 0;
    user = getpwnam(name);
    if (user == NULL) {
        if (errno == 0)
            errno = ENOENT;
        return -1;
    }
    if (initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0)
        return -1;
    return setuid(user->pw_uid);
}

void ftctl_notify_service_manager(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length;
    int descriptor;

    if (path == NULL || (path[0] != '/' && path[0] != '@'))
        return;
    length = strlen(path);
    if (length > sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, length);
    // An abstract name begins with NUL.
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return;
    sendto(descriptor, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
           offsetof(struct sockaddr_un, sun_path) + length);
    close(descriptor);
}

static int tcp_socket(int seconds)
{
    struct timeval limit = {.tv_sec = seconds};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (descriptor < 0)
        return -1;
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
        return close_keeping_errno(descriptor);
    return descriptor;
}

int ftctl_tcp_listen(uint16_t port, int seconds)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int descriptor = tcp_socket(seconds);

    if (descriptor < 0)
        return -1;
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0 || listen(descriptor, 1) < 0)
        return close_keeping_errno(descriptor);
    return descriptor;
}

int ftctl_tcp_connect(uint32_t address, uint16_t port, int seconds)
{
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = address}};
    int descriptor = tcp_socket(seconds);

    if (descriptor < 0)
        return -1;
    if (connect(descriptor, (struct sockaddr *)&peer, sizeof peer) < 0)
        return close_keeping_errno(descriptor);
    return descriptor;
}
