#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what a kernel answers to the messages of scenarios.py:  record.py [SCENARIO...] >RECORDING

Run as root under the kernel that is meant; each scenario has a network namespace of its own, with the devices d0
and d1. For one of the kernels that the engine models:

    cd Tests/EngineHostTests/Answers && KERNEL_SUITE=trixie ../../../.ci/vm python3 -B record.py >6.12.txt

(bookworm for 6.1, sid for 7.2). A recording has one line for each fact:

    kernel RELEASE
    scenario NAME             begins; the process that asks is PID, of the name COMM, on both sides
    process PID COMM
    setting NAME VALUE        a sysctl of net.netfilter is set, or has this value
    step TEXT                 what the next request is about
    > CLIENT HEX              the request, by one of the CLIENTS
    < HEX                     a datagram that the client got for it
    * GROUP HEX               a datagram that listeners of a multicast group got
"""
import ctypes
import os
import socket
import struct
import subprocess
import sys

NETLINK_NETFILTER = 12
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 1, 10, 11
CLONE_NEWNET = 0x40000000
# Port id, and the options that are set, of each client.
CLIENTS = {"plain": (1000, []), "ext": (2000, [NETLINK_EXT_ACK]),
           "capped": (3000, [NETLINK_EXT_ACK, NETLINK_CAP_ACK])}
GROUPS = range(1, 8)
MODULES = """nfnetlink nf_conntrack nf_conntrack_netlink nf_conntrack_ftp nf_conntrack_irc nf_nat nf_tables nft_ct nft_nat nft_masq
  nft_redir nft_log nft_limit nft_quota nft_reject nft_reject_inet nft_chain_nat nft_hash nft_fib nft_fib_inet
  nft_numgen nft_tunnel nft_synproxy nft_connlimit nft_flow_offload nf_flow_table nf_flow_table_inet nft_counter
  nft_objref nft_compat nft_queue nft_socket nft_osf nft_xfrm nft_tproxy nft_dup_netdev nft_fwd_netdev
  nf_log_syslog nfnetlink_log nft_reject_ipv4 nft_reject_ipv6 nft_fib_ipv4""".split()


class Recorder:
    """One scenario under way: sends requests and writes down what comes of them."""

    def __init__(self, name):
        self.lines = [f"scenario {name}", f"process {os.getpid()} record"]
        self.sequence = 0
        self.clients = {}
        for client, (port, options) in CLIENTS.items():
            self.clients[client] = self.socket(port)
            for option in options:
                self.clients[client].setsockopt(SOL_NETLINK, option, 1)
        self.listeners = {}
        for group in GROUPS:
            self.listeners[group] = self.socket(0)
            self.listeners[group].setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)

    @staticmethod
    def socket(port):
        made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        made.bind((port, 0))
        return made

    def setting(self, name, value):
        with open(f"/proc/sys/net/netfilter/{name}", "w") as file:
            file.write(str(value))
        self.lines.append(f"setting {name} {value}")

    def present(self, name):
        """Notes a setting that is the machine's and cannot be set in a namespace."""
        with open(f"/proc/sys/net/netfilter/{name}") as file:
            self.lines.append(f"setting {name} {file.read().strip()}")

    def send(self, text, *messages, by="ext"):
        """One datagram of `messages`: octets, or functions that make them from a sequence number."""
        datagram = b""
        for message in messages:
            self.sequence += 1
            datagram += message(self.sequence) if callable(message) else message
        self.lines += [f"step {text}", f"> {by} {datagram.hex()}"]
        self.clients[by].sendto(datagram, (0, 0))
        # The kernel has answered, and told the listeners, when the call returns.
        self.lines += [f"< {answer.hex()}" for answer in received(self.clients[by])]
        for group, listener in self.listeners.items():
            self.lines += [f"* {group} {event.hex()}" for event in received(listener)]

    def batch(self, text, *messages, by="ext", **options):
        self.send(text, batch_begin(**options), *messages, batch_end(), by=by)


def received(source):
    while True:
        try:
            # A greater buffer, once seen, would let the kernel fill greater datagrams when it dumps.
            length = source.recv_into(bytearray(1), 1, socket.MSG_DONTWAIT | socket.MSG_PEEK | socket.MSG_TRUNC)
            yield source.recv(length, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return


# Flags of messages.
REQUEST, ACK, ECHO, ROOT, MATCH, REPLACE, EXCL, CREATE, APPEND = 1, 4, 8, 0x100, 0x200, 0x100, 0x200, 0x400, 0x800
DUMP = ROOT | MATCH


def padded(octets):
    return octets + bytes(-len(octets) % 4)


def message(kind, flags, payload, length=None):
    """A function from sequence number to message."""
    def make(sequence):
        size = 16 + len(payload) if length is None else length
        return padded(struct.pack("=IHHII", size, kind, flags, sequence, 0) + payload)
    return make


def netfilter(kind, flags, family, *attributes, version=0, resource=0):
    return message(kind, flags | REQUEST, struct.pack("!BBH", family, version, resource) + b"".join(attributes))


def attribute(kind, payload):
    if isinstance(payload, str):
        payload = payload.encode() + b"\0"
    return padded(struct.pack("=HH", 4 + len(payload), kind) + payload)


def nest(kind, *attributes):
    return attribute(kind | 0x8000, b"".join(attributes))


def u8(kind, value):
    return attribute(kind, struct.pack("!B", value))


def u16(kind, value):
    return attribute(kind, struct.pack("!H", value))


def u32(kind, value):
    return attribute(kind, struct.pack("!I", value))


def u64(kind, value):
    return attribute(kind, struct.pack("!Q", value))


def batch_begin(flags=0, generation=None, subsystem=10):
    attributes = [] if generation is None else [u32(1, generation)]
    return netfilter(16, flags, 0, *attributes, resource=subsystem)


def batch_end(flags=0):
    return netfilter(17, flags, 0, resource=10)


def record(name, play):
    """Plays one scenario in a child process and returns its lines."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
            sys.exit("record: cannot make a network namespace")
        subprocess.run(["ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1"], check=True)
        for device in ("lo", "d0", "d1"):
            subprocess.run(["ip", "link", "set", device, "up"], check=True)
        with open("/proc/self/comm", "w") as file:
            file.write("record")
        recorder = Recorder(name)
        play(recorder)
        with os.fdopen(writing, "w") as file:
            file.write("\n".join(recorder.lines) + "\n")
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    if os.waitpid(child, 0)[1] != 0:
        sys.exit(f"record: scenario {name} failed")
    return text


def main():
    from scenarios import SCENARIOS
    subprocess.run(["modprobe", "-qa"] + MODULES, check=False, stderr=subprocess.DEVNULL)
    print("kernel", os.uname().release)
    for name, play in SCENARIOS.items():
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            print(record(name, play), end="", flush=True)


if __name__ == "__main__":
    main()
