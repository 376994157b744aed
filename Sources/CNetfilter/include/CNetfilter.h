// SPDX-License-Identifier: GPL-3.0-or-later
// The one door to C: kernel headers, libmnl, libnftnl and libnetfilter_conntrack, and what the Glibc module lacks.
// _GNU_SOURCE stays undefined here: with it, fd_set would differ from the Glibc module's. What needs it is a
// function of CNetfilter.c.
#ifndef FTCTL_CNETFILTER_H
#define FTCTL_CNETFILTER_H

// Before the kernel's headers, which leave out what it has defined.
#include <netinet/in.h>

#include <errno.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

// Before libnetfilter_conntrack, whose own copy of nfnetlink.h is older and would define the enums differently.
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/ethtool_netlink.h>
#include <linux/fib_rules.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/flowtable.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>

#include "ControlSocket.h"
#include "HostDevices.h"

// errno is a macro that Swift does not import.
static inline int ftctl_errno(void) { return errno; }

// The symbol of an errno, or a null pointer.
const char *ftctl_errno_name(int number);

// Enters the network namespace that `descriptor` refers to; the calling thread only. -1 and errno on failure.
int ftctl_enter_network_namespace(int descriptor);

// Asks for a receive buffer, by force where CAP_NET_ADMIN allows. 0, or -1 and errno.
int ftctl_set_receive_buffer(int descriptor, int octets);

// The receive buffer's size as the kernel accounts it, or 0.
int ftctl_receive_buffer(int descriptor);

// Asks for a send buffer, which bounds the longest datagram, by force where CAP_NET_ADMIN allows. 0, or -1 and errno.
int ftctl_set_send_buffer(int descriptor, int octets);

// Blocks SIGINT and SIGTERM and returns a descriptor that becomes readable when one arrives. -1 and errno on failure.
int ftctl_signal_descriptor(void);

// Has the first SIGINT or SIGTERM noted, unless it is ignored; a second one ends the program.
void ftctl_note_interruption(void);

// The signal that was noted, or 0.
int ftctl_interruption(void);

// The size of a terminal's window in characters. -1 and errno where there is none.
int ftctl_terminal_size(int descriptor, int *rows, int *columns);

#endif
