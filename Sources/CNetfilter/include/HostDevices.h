// SPDX-License-Identifier: GPL-3.0-or-later
// TAP devices, the namespaces that they are in, and what else an engine's host asks of the kernel.
#ifndef FTCTL_HOST_DEVICES_H
#define FTCTL_HOST_DEVICES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// All return -1 and set errno on failure.

// Makes or adopts the TAP device `name` of the calling thread's network namespace. Each frame is preceded by a virtio-net
// header of 10 octets. A device that is adopted stays when its descriptor is closed; one that was
// made stays when `persists` is not 0. Called again with `is_one_of_several` not 0, gives the device another queue. Does
// not block.
int ftctl_tap_open(const char *name, int persists, int is_one_of_several);

// What the reader of a TAP device can take: TUN_F_* bits.
int ftctl_tap_set_offloads(int tap, unsigned offloads);

// Reads or writes a frame with its virtio-net header of 10 octets in front. Returns the length of both; what is longer than
// `capacity` is cut.
ssize_t ftctl_tap_read(int tap, void *frame, size_t capacity);
ssize_t ftctl_tap_write(int tap, const void *frame, size_t length);

// Sets the MTU of a device, in octets, and lets it be up.
int ftctl_device_start(const char *name, int mtu);

// Gives a device an IPv4 address, in network byte order.
int ftctl_device_set_address(const char *name, uint32_t address, int prefix_length);

// Routes all IPv4 packets by a gateway, in network byte order.
int ftctl_route_default(uint32_t gateway);

// Gives the calling thread a network namespace of its own.
int ftctl_unshare_network(void);

// Makes the calling process, which has one thread, root of a user namespace of its own.
int ftctl_unshare_user(void);

// An eventfd that does not block.
int ftctl_event_descriptor(void);

// Blocks SIGINT, SIGTERM and SIGHUP, and returns a descriptor to read them from, which does not block.
int ftctl_host_signal_descriptor(void);

// The next signal that waits at such a descriptor; 0 when there is none.
int ftctl_next_signal(int descriptor);

// Gives up all privileges for those of a user, groups included. Returns -1 with errno ENOENT when there is no such user.
int ftctl_become_user(const char *name);

// Tells the service manager that started the program, as sd_notify(3) describes; nothing where there is none.
void ftctl_notify_service_manager(const char *state);

// A TCP socket that listens at a port; one that is connected to an IPv4 address, in network byte order. Neither they nor
// what is accepted wait longer than `seconds` for anything.
int ftctl_tcp_listen(uint16_t port, int seconds);
int ftctl_tcp_connect(uint32_t address, uint16_t port, int seconds);

#endif
