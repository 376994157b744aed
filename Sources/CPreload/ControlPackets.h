// SPDX-License-Identifier: GPL-3.0-or-later
// Packets of an engine's control socket (AF_UNIX, SOCK_SEQPACKET), as Sources/NetlinkWire/Control/ControlFraming.swift
// describes them; a test compares the two. The first octet of each packet is its tag; numbers are in host byte order.
#ifndef FTCTL_CONTROL_PACKETS_H
#define FTCTL_CONTROL_PACKETS_H

// From a client.
#define CONTROL_OPEN 's'
#define CONTROL_FRAGMENT 'M'
#define CONTROL_FINAL_FRAGMENT 'F'
#define CONTROL_BIND 'b'
#define CONTROL_OPTION 'o'
#define CONTROL_RECEIVE_BUFFER 'r'

// From the server.
#define CONTROL_OPENED 'S'
#define CONTROL_DATAGRAM 'D'
#define CONTROL_BARRIER 'B'
#define CONTROL_FAILURE 'E'

// Octets of content of a packet, and of a datagram, at most.
#define CONTROL_FRAGMENT_LIMIT (128 << 10)
#define CONTROL_DATAGRAM_LIMIT (16 << 20)

// The environment's variable that holds the path of the engine's socket.
#define CONTROL_SOCKET_VARIABLE "FTCTL_CONTROL_SOCKET"

#endif
