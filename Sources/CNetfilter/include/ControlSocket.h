// SPDX-License-Identifier: GPL-3.0-or-later
// Sockets of an engine's control connection: AF_UNIX, SOCK_SEQPACKET, one tag octet before each packet's content.
#ifndef FTCTL_CONTROL_SOCKET_H
#define FTCTL_CONTROL_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// All return -1 and set errno on failure.

// A socket that listens at `path`, which must not exist; only its owner may connect. Does not block.
int ftctl_control_listen(const char *path);

// The next connection, which does not block, and who is at the other end.
int ftctl_control_accept(int descriptor, uint32_t *user, int32_t *process);

// A connection to `path`, which blocks.
int ftctl_control_connect(const char *path);

// Sends one packet whole, never a signal.
int ftctl_control_send(int descriptor, uint8_t tag, const void *content, size_t length);

// Receives one packet: its tag, and as much of its content as fits. Returns the length of the whole content, which may
// be more than `capacity`; -1 with errno ECONNRESET when the other end has closed.
ssize_t ftctl_control_receive(int descriptor, uint8_t *tag, void *content, size_t capacity, int flags);

#endif
