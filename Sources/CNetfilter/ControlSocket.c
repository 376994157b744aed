// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE
#include "ControlSocket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static int make_address(const char *path, struct sockaddr_un *address)
{
    size_t length = strlen(path);

    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (length >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address->sun_path, path, length);
    return 0;
}

static int close_keeping_errno(int descriptor)
{
    int number = errno;

    close(descriptor);
    errno = number;
    return -1;
}

int ftctl_control_listen(const char *path)
{
    struct sockaddr_un address;
    int descriptor;

    if (make_address(path, &address) < 0)
        return -1;
    descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return -1;
    // The mode of the socket before it has a name is the one that its name gets: at no time may others connect.
    if (fchmod(descriptor, S_IRUSR | S_IWUSR) < 0 ||
        bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0 || listen(descriptor, 128) < 0)
        return close_keeping_errno(descriptor);
    return descriptor;
}

int ftctl_control_accept(int descriptor, uint32_t *user, int32_t *process)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    int accepted = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (accepted < 0)
        return -1;
    if (getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
        return close_keeping_errno(accepted);
    *user = peer.uid;
    *process = peer.pid;
    return accepted;
}

int ftctl_control_connect(const char *path)
{
    struct sockaddr_un address;
    int descriptor;

    if (make_address(path, &address) < 0)
        return -1;
    descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0)
        return close_keeping_errno(descriptor);
    return descriptor;
}

int ftctl_control_send(int descriptor, uint8_t tag, const void *content, size_t length)
{
    struct iovec parts[2] = {{&tag, 1}, {(void *)content, length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

    return sendmsg(descriptor, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

ssize_t ftctl_control_receive(int descriptor, uint8_t *tag, void *content, size_t capacity, int flags)
{
    struct iovec parts[2] = {{tag, 1}, {content, capacity}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t received = recvmsg(descriptor, &message, flags | MSG_TRUNC);

    if (received == 0) {
        errno = ECONNRESET;
        return -1;
    }
    return received < 0 ? -1 : received - 1;
}
