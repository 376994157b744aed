// SPDX-License-Identifier: GPL-3.0-or-later
// The one door to C: kernel headers, libmnl, libnftnl and libnetfilter_conntrack.
#ifndef FTCTL_CNETFILTER_H
#define FTCTL_CNETFILTER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sys/types.h>
#include <sys/socket.h>

// Before libnetfilter_conntrack, whose own copy of nfnetlink.h is older and would define the enums differently.
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>

#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

#endif
