// SPDX-License-Identifier: GPL-3.0-or-later
// Carries the netlink sockets of an unmodified program to a userspace engine: AF_NETLINK sockets of the protocols
// NETLINK_NETFILTER and NETLINK_ROUTE become connections to the engine's control socket. Everything else is the C library's.
//
// Netlink answers synchronously: when sendmsg returns, the answers wait to be received, and programs rely on it (a receive
// that does not block, or a select without time-out, right after a send). So a send here returns when the next packet of the
// connection is a datagram or the barrier, and a receive takes the barrier away behind the last datagram. Thus the
// descriptor is readable if and only if a datagram, or a failure to report, is next; poll and select need no help.
#define _GNU_SOURCE
#include "ControlPackets.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

// What is known of a descriptor that stands for a netlink socket. Descriptors that share a connection share it.
struct connection {
    uint32_t port;
    uint32_t groups;
    int protocol;
    int type;
    // A barrier is still to come.
    int is_awaiting;
    int references;
    int receive_buffer;
    int send_buffer;
};

static struct connection **connections;
static int connection_room;
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

// MARK: The C library's own functions

static void *real_function(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL)
        abort();
    return found;
}

// Looked up once for each place of use; two threads that do so at once find the same.
#define REAL(name)                                                                                                     \
    (__extension__({                                                                                                   \
        static __typeof__(&name) found;                                                                                \
        if (found == NULL)                                                                                             \
            found = (__typeof__(&name))real_function(#name);                                                           \
        found;                                                                                                         \
    }))

// MARK: The table

static struct connection *find(int descriptor)
{
    struct connection *found = NULL;

    // Read without the lock: a program's own descriptor is entered before it can use it.
    if (descriptor < 0 || descriptor >= connection_room)
        return NULL;
    pthread_mutex_lock(&table_lock);
    if (descriptor < connection_room)
        found = connections[descriptor];
    pthread_mutex_unlock(&table_lock);
    return found;
}

// Enters a connection under a descriptor; NULL takes out what was there. -1 and errno on failure.
static int enter(int descriptor, struct connection *connection)
{
    struct connection *gone = NULL;
    int result = 0;

    pthread_mutex_lock(&table_lock);
    if (descriptor >= connection_room && connection != NULL) {
        int room = descriptor + 64;
        struct connection **larger = realloc(connections, (size_t)room * sizeof *larger);

        if (larger == NULL) {
            result = -1;
            errno = ENOMEM;
        } else {
            memset(larger + connection_room, 0, (size_t)(room - connection_room) * sizeof *larger);
            connections = larger;
            connection_room = room;
        }
    }
    if (result == 0 && descriptor < connection_room) {
        gone = connections[descriptor];
        connections[descriptor] = connection;
        if (connection != NULL)
            connection->references++;
        if (gone != NULL && --gone->references > 0)
            gone = NULL;
    }
    pthread_mutex_unlock(&table_lock);
    free(gone);
    return result;
}

// MARK: Packets

static int send_packet(int descriptor, uint8_t tag, struct iovec *content, size_t parts)
{
    struct iovec all[16] = {{&tag, 1}};
    struct msghdr message = {.msg_iov = all, .msg_iovlen = parts + 1};
    ssize_t sent;
    struct pollfd ready = {.fd = descriptor, .events = POLLOUT};

    if (parts > 15) {
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(all + 1, content, parts * sizeof *content);
    // A netlink request never waits for room, whatever the descriptor's mode: the engine takes it.
    while ((sent = REAL(sendmsg)(descriptor, &message, MSG_NOSIGNAL)) < 0 && (errno == EINTR || errno == EAGAIN))
        if (errno == EAGAIN)
            REAL(poll)(&ready, 1, -1);
    return sent < 0 ? -1 : 0;
}

static int send_numbers(int descriptor, uint8_t tag, uint32_t first, uint32_t second, size_t count)
{
    uint32_t numbers[2] = {first, second};
    struct iovec content = {numbers, count * sizeof *numbers};

    return send_packet(descriptor, tag, &content, 1);
}

// The tag of the next packet, which stays where it is; waits for one whatever the descriptor's mode. 0 at the end of the
// connection, -1 and errno on failure.
static int next_tag(int descriptor)
{
    uint8_t tag;
    ssize_t length;
    struct pollfd ready = {.fd = descriptor, .events = POLLIN};

    while ((length = REAL(recv)(descriptor, &tag, 1, MSG_PEEK)) < 0 && (errno == EINTR || errno == EAGAIN))
        if (errno == EAGAIN)
            REAL(poll)(&ready, 1, -1);
    return length < 0 ? -1 : length == 0 ? 0 : tag;
}

// Waits until the next packet is one that the program is to receive, or none is to come.
static void settle(int descriptor, struct connection *connection)
{
    uint8_t tag;

    while (connection->is_awaiting) {
        switch (next_tag(descriptor)) {
        case CONTROL_BARRIER:
            REAL(recv)(descriptor, &tag, 1, 0);
            connection->is_awaiting--;
            break;
        case CONTROL_DATAGRAM:
        case CONTROL_FAILURE:
        case 0:
        case -1:
            return;
        default:
            REAL(recv)(descriptor, &tag, 1, 0);
        }
    }
}

// MARK: Sockets

static int connect_to_engine(const char *path, int flags)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor, number;

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    descriptor = REAL(socket)(AF_UNIX, SOCK_SEQPACKET | (flags & SOCK_CLOEXEC), 0);
    if (descriptor < 0)
        return -1;
    if (REAL(connect)(descriptor, (struct sockaddr *)&address, sizeof address) < 0) {
        number = errno;
        REAL(close)(descriptor);
        errno = number;
        return -1;
    }
    return descriptor;
}

// Opens as the control protocol wants, and learns the port id. -1 and errno on failure.
static int open_netlink(int descriptor, int protocol, struct connection *connection)
{
    uint8_t number = (uint8_t)protocol;
    struct iovec content = {&number, 1};
    struct {
        uint8_t tag;
        uint8_t content[4];
    } answer;
    ssize_t length;

    if (send_packet(descriptor, CONTROL_OPEN, &content, 1) < 0)
        return -1;
    while ((length = REAL(recv)(descriptor, &answer, sizeof answer, 0)) < 0 && errno == EINTR)
        ;
    if (length != sizeof answer || (answer.tag != CONTROL_OPENED && answer.tag != CONTROL_FAILURE)) {
        errno = EPROTO;
        return -1;
    }
    memcpy(&connection->port, answer.content, 4);
    if (answer.tag == CONTROL_FAILURE) {
        errno = (int)connection->port;
        return -1;
    }
    return 0;
}

EXPORTED int socket(int domain, int type, int protocol)
{
    const char *path = getenv(CONTROL_SOCKET_VARIABLE);
    struct connection *connection;
    int descriptor, number;

    if (domain != AF_NETLINK || path == NULL || (protocol != NETLINK_NETFILTER && protocol != NETLINK_ROUTE))
        return REAL(socket)(domain, type, protocol);
    descriptor = connect_to_engine(path, type);
    if (descriptor < 0)
        return -1;
    connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        REAL(close)(descriptor);
        errno = ENOMEM;
        return -1;
    }
    connection->protocol = protocol;
    connection->type = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    connection->receive_buffer = connection->send_buffer = 212992;
    if (open_netlink(descriptor, protocol, connection) < 0 || enter(descriptor, connection) < 0) {
        number = errno;
        free(connection);
        REAL(close)(descriptor);
        errno = number;
        return -1;
    }
    if (type & SOCK_NONBLOCK)
        REAL(fcntl)(descriptor, F_SETFL, O_NONBLOCK);
    return descriptor;
}

EXPORTED int close(int descriptor)
{
    if (find(descriptor) != NULL)
        enter(descriptor, NULL);
    return REAL(close)(descriptor);
}

static int entered(int descriptor, struct connection *connection)
{
    if (descriptor >= 0 && (connection != NULL || find(descriptor) != NULL) && enter(descriptor, connection) < 0) {
        REAL(close)(descriptor);
        errno = ENOMEM;
        return -1;
    }
    return descriptor;
}

EXPORTED int dup(int descriptor)
{
    struct connection *connection = find(descriptor);

    return entered(REAL(dup)(descriptor), connection);
}

EXPORTED int dup2(int descriptor, int wanted)
{
    struct connection *connection = find(descriptor);

    return descriptor == wanted ? REAL(dup2)(descriptor, wanted) : entered(REAL(dup2)(descriptor, wanted), connection);
}

EXPORTED int dup3(int descriptor, int wanted, int flags)
{
    struct connection *connection = find(descriptor);

    return entered(REAL(dup3)(descriptor, wanted, flags), connection);
}

// A pointer and an int travel in a register each, so that one call serves all commands.
static int control_descriptor(const char *name, int descriptor, int command, void *argument)
{
    struct connection *connection = find(descriptor);
    int result = ((int (*)(int, int, ...))real_function(name))(descriptor, command, argument);

    if (connection != NULL && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))
        return entered(result, connection);
    return result;
}

EXPORTED int fcntl(int descriptor, int command, ...)
{
    va_list list;
    void *argument;

    va_start(list, command);
    argument = va_arg(list, void *);
    va_end(list);
    return control_descriptor("fcntl", descriptor, command, argument);
}

EXPORTED int fcntl64(int descriptor, int command, ...)
{
    va_list list;
    void *argument;

    va_start(list, command);
    argument = va_arg(list, void *);
    va_end(list);
    return control_descriptor("fcntl64", descriptor, command, argument);
}

EXPORTED int bind(int descriptor, const struct sockaddr *address, socklen_t length)
{
    struct connection *connection = find(descriptor);
    struct sockaddr_nl netlink;

    if (connection == NULL)
        return REAL(bind)(descriptor, address, length);
    if (length < sizeof netlink) {
        errno = EINVAL;
        return -1;
    }
    memcpy(&netlink, address, sizeof netlink);
    if (netlink.nl_family != AF_NETLINK) {
        errno = EINVAL;
        return -1;
    }
    if (netlink.nl_pid != 0)
        connection->port = netlink.nl_pid;
    connection->groups = netlink.nl_groups;
    return send_numbers(descriptor, CONTROL_BIND, connection->port, netlink.nl_groups, 2);
}

static int give_address(struct sockaddr *address, socklen_t *length, uint32_t port, uint32_t groups)
{
    struct sockaddr_nl netlink = {.nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups};

    if (address != NULL && length != NULL) {
        memcpy(address, &netlink, *length < sizeof netlink ? *length : sizeof netlink);
        *length = sizeof netlink;
    }
    return 0;
}

EXPORTED int getsockname(int descriptor, struct sockaddr *address, socklen_t *length)
{
    struct connection *connection = find(descriptor);

    if (connection == NULL)
        return REAL(getsockname)(descriptor, address, length);
    return give_address(address, length, connection->port, connection->groups);
}

EXPORTED int getpeername(int descriptor, struct sockaddr *address, socklen_t *length)
{
    if (find(descriptor) == NULL)
        return REAL(getpeername)(descriptor, address, length);
    return give_address(address, length, 0, 0);
}

// Every destination is the engine.
EXPORTED int connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    return find(descriptor) == NULL ? REAL(connect)(descriptor, address, length) : 0;
}

// MARK: Options

// Twice what is asked for, and not too little. Source (Linux 7.2): net/core/sock.c, __sock_set_rcvbuf.
static int granted_buffer(int octets, int least)
{
    if (octets < 0)
        octets = 0;
    if (octets > INT_MAX / 2)
        octets = INT_MAX / 2;
    return 2 * octets < least ? least : 2 * octets;
}

EXPORTED int setsockopt(int descriptor, int level, int option, const void *value, socklen_t length)
{
    struct connection *connection = find(descriptor);
    int number = 0;

    if (connection == NULL)
        return REAL(setsockopt)(descriptor, level, option, value, length);
    if (length >= sizeof number)
        memcpy(&number, value, sizeof number);
    if (level == SOL_NETLINK)
        return send_numbers(descriptor, CONTROL_OPTION, (uint32_t)option, (uint32_t)number, 2);
    if (level != SOL_SOCKET)
        return REAL(setsockopt)(descriptor, level, option, value, length);
    switch (option) {
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
        // Requests travel in pieces: any size will do.
        connection->send_buffer = granted_buffer(number, 4608);
        return 0;
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
        connection->receive_buffer = granted_buffer(number, 2304);
        return send_numbers(descriptor, CONTROL_RECEIVE_BUFFER, (uint32_t)connection->receive_buffer, 0, 1);
    default:
        return REAL(setsockopt)(descriptor, level, option, value, length);
    }
}

EXPORTED int getsockopt(int descriptor, int level, int option, void *value, socklen_t *length)
{
    struct connection *connection = find(descriptor);
    int number = 0;

    if (connection == NULL)
        return REAL(getsockopt)(descriptor, level, option, value, length);
    if (level == SOL_SOCKET) {
        switch (option) {
        case SO_DOMAIN:
            number = AF_NETLINK;
            break;
        case SO_PROTOCOL:
            number = connection->protocol;
            break;
        case SO_TYPE:
            number = connection->type;
            break;
        case SO_SNDBUF:
            number = connection->send_buffer;
            break;
        case SO_RCVBUF:
            number = connection->receive_buffer;
            break;
        default:
            return REAL(getsockopt)(descriptor, level, option, value, length);
        }
    } else if (level != SOL_NETLINK) {
        return REAL(getsockopt)(descriptor, level, option, value, length);
    }
    if (*length < sizeof number) {
        errno = EINVAL;
        return -1;
    }
    memcpy(value, &number, sizeof number);
    *length = sizeof number;
    return 0;
}

// MARK: Sending

// Sends the datagram in the parts, in pieces of at most the limit.
static ssize_t send_datagram(int descriptor, struct connection *connection, const struct iovec *parts, size_t count)
{
    size_t total = 0, left, part = 0, offset = 0;

    for (size_t index = 0; index < count; index++)
        total += parts[index].iov_len;
    if (total > CONTROL_DATAGRAM_LIMIT) {
        errno = EMSGSIZE;
        return -1;
    }
    left = total;
    do {
        struct iovec piece[15];
        size_t pieces = 0, room = CONTROL_FRAGMENT_LIMIT;

        while (part < count && room > 0 && pieces < 15) {
            size_t length = parts[part].iov_len - offset;

            if (length > room)
                length = room;
            piece[pieces].iov_base = (char *)parts[part].iov_base + offset;
            piece[pieces++].iov_len = length;
            room -= length;
            left -= length;
            offset += length;
            if (offset == parts[part].iov_len) {
                part++;
                offset = 0;
            }
        }
        if (send_packet(descriptor, left == 0 ? CONTROL_FINAL_FRAGMENT : CONTROL_FRAGMENT, piece, pieces) < 0)
            return -1;
    } while (left > 0);
    connection->is_awaiting++;
    settle(descriptor, connection);
    return (ssize_t)total;
}

EXPORTED ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags)
{
    struct connection *connection = find(descriptor);

    if (connection == NULL)
        return REAL(sendmsg)(descriptor, message, flags);
    return send_datagram(descriptor, connection, message->msg_iov, message->msg_iovlen);
}

EXPORTED ssize_t sendto(
    int descriptor, const void *content, size_t length, int flags, const struct sockaddr *address, socklen_t size)
{
    struct connection *connection = find(descriptor);
    struct iovec part = {(void *)content, length};

    if (connection == NULL)
        return REAL(sendto)(descriptor, content, length, flags, address, size);
    return send_datagram(descriptor, connection, &part, 1);
}

EXPORTED ssize_t send(int descriptor, const void *content, size_t length, int flags)
{
    return find(descriptor) == NULL ? REAL(send)(descriptor, content, length, flags)
                                    : sendto(descriptor, content, length, flags, NULL, 0);
}

EXPORTED ssize_t write(int descriptor, const void *content, size_t length)
{
    return find(descriptor) == NULL ? REAL(write)(descriptor, content, length)
                                    : sendto(descriptor, content, length, 0, NULL, 0);
}

// MARK: Receiving

EXPORTED ssize_t recvmsg(int descriptor, struct msghdr *message, int flags)
{
    struct connection *connection = find(descriptor);
    struct iovec parts[16];
    struct msghdr inner = {.msg_iov = parts};
    uint8_t tag = 0;
    ssize_t received;
    size_t room = 0;

    if (connection == NULL)
        return REAL(recvmsg)(descriptor, message, flags);
    if (message->msg_iovlen > 15) {
        errno = EMSGSIZE;
        return -1;
    }
    parts[0].iov_base = &tag;
    parts[0].iov_len = 1;
    memcpy(parts + 1, message->msg_iov, message->msg_iovlen * sizeof *parts);
    inner.msg_iovlen = message->msg_iovlen + 1;
    for (size_t index = 0; index < message->msg_iovlen; index++)
        room += message->msg_iov[index].iov_len;
    settle(descriptor, connection);
    do {
        received = REAL(recvmsg)(descriptor, &inner, flags | MSG_TRUNC);
        if (received < 0)
            return -1;
        if (received == 0) {
            // The engine has ended: a kernel never does, so that there is no errno for it.
            errno = ECONNRESET;
            return -1;
        }
        if (tag == CONTROL_FAILURE) {
            uint32_t number = EIO;

            if (received == 5 && message->msg_iovlen > 0 && message->msg_iov[0].iov_len >= sizeof number)
                memcpy(&number, message->msg_iov[0].iov_base, sizeof number);
            if (flags & MSG_PEEK)
                REAL(recv)(descriptor, &tag, 1, 0);
            settle(descriptor, connection);
            errno = (int)number;
            return -1;
        }
        // Packets that are none of the program's pass by; a peek must not see them again.
        if (tag != CONTROL_DATAGRAM) {
            if (tag == CONTROL_BARRIER && connection->is_awaiting)
                connection->is_awaiting--;
            if (flags & MSG_PEEK)
                REAL(recv)(descriptor, &tag, 1, 0);
        }
    } while (tag != CONTROL_DATAGRAM);
    received--;
    if (message->msg_name != NULL) {
        socklen_t size = message->msg_namelen;

        give_address(message->msg_name, &size, 0, 0);
        message->msg_namelen = size;
    }
    message->msg_controllen = 0;
    message->msg_flags = (size_t)received > room ? MSG_TRUNC : 0;
    if (!(flags & MSG_PEEK))
        settle(descriptor, connection);
    return (size_t)received > room && !(flags & MSG_TRUNC) ? (ssize_t)room : received;
}

EXPORTED ssize_t recvfrom(
    int descriptor, void *content, size_t length, int flags, struct sockaddr *address, socklen_t *size)
{
    struct iovec part = {content, length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t received;

    if (find(descriptor) == NULL)
        return REAL(recvfrom)(descriptor, content, length, flags, address, size);
    received = recvmsg(descriptor, &message, flags);
    if (received >= 0)
        give_address(address, size, 0, 0);
    return received;
}

EXPORTED ssize_t recv(int descriptor, void *content, size_t length, int flags)
{
    return find(descriptor) == NULL ? REAL(recv)(descriptor, content, length, flags)
                                    : recvfrom(descriptor, content, length, flags, NULL, NULL);
}

EXPORTED ssize_t read(int descriptor, void *content, size_t length)
{
    return find(descriptor) == NULL ? REAL(read)(descriptor, content, length)
                                    : recvfrom(descriptor, content, length, 0, NULL, NULL);
}

// What programs built with _FORTIFY_SOURCE call.
EXPORTED ssize_t __recvfrom_chk(
    int descriptor, void *content, size_t length, size_t room, int flags, struct sockaddr *address, socklen_t *size)
{
    if (length > room)
        abort();
    return recvfrom(descriptor, content, length, flags, address, size);
}

EXPORTED ssize_t __recv_chk(int descriptor, void *content, size_t length, size_t room, int flags)
{
    if (length > room)
        abort();
    return recv(descriptor, content, length, flags);
}

EXPORTED ssize_t __read_chk(int descriptor, void *content, size_t length, size_t room)
{
    if (length > room)
        abort();
    return read(descriptor, content, length);
}
