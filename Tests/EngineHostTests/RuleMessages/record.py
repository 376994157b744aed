#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what a kernel tells of packets that `meta nftrace set 1` chose:  record.py >RECORDING

Run as root, in a network and mount namespace of its own, under the kernel that is meant, as for ../Answers/record.py:

    KERNEL_SUITE=trixie ../../../.ci/vm python3 -B record.py >6.12.txt

The router has the TAP devices lan0 (2) and wan0 (3), each with one neighbour. A recording has one line for each fact:

    kernel RELEASE
    scenario NAME             begins, without entries in conntrack
    rule TEXT                 a line of its ruleset
    load HEX                  the batch by which nft loads it
    in DEVICE HEX             a frame comes in
    * HEX                     a datagram that listeners of NFNLGRP_NFTRACE got for it
"""
import fcntl
import os
import platform
import select
import socket
import struct
import subprocess

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000
NETLINK_NETFILTER, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTRACE = 12, 270, 1, 9
SO_RCVBUFFORCE, ETH_P_ALL, NFNL_MSG_BATCH_BEGIN = 33, 3, 16
QUIET_S = 0.5
CLIENT, SERVER, LAN = "192.0.2.2", "198.51.100.2", "192.0.2.1"
CLIENT6, SERVER6 = "2001:db8:1::2", "2001:db8:2::2"
SETUP = """
modprobe -aq tun nlmon nf_conntrack nft_ct nft_masq nft_nat nft_reject_inet nft_reject_ipv4 || true
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0
ip link set lo up
"""
ADDRESSES = """
ip link set {name} address 02:00:00:00:0{number}:01 up
ip address add {lan}.1/24 dev {name}
ip address add 2001:db8:{number}::1/64 dev {name} nodad
ip neighbour add {lan}.2 lladdr 02:00:00:00:0{number}:02 dev {name}
ip neighbour add 2001:db8:{number}::2 lladdr 02:00:00:00:0{number}:02 dev {name}
"""


def checksum(octets):
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(number, kind, payload):
    to, of = (bytes([2, 0, 0, 0, number, end]) for end in (1, 2))
    return to + of + struct.pack("!H", kind) + payload


def ipv4(protocol, source, destination, body, ttl=64, fragment=0, options=b""):
    ends = socket.inet_aton(source) + socket.inet_aton(destination)
    length = 20 + len(options)
    header = struct.pack("!BBHHHBBH", 0x40 | length // 4, 0, length + len(body), 7, fragment, ttl, protocol, 0) + ends
    header += options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def with_sum(source, destination, protocol, body, place):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    pseudo = b"".join(socket.inet_pton(family, end) for end in (source, destination))
    pseudo += struct.pack("!II", len(body), protocol)
    return body[:place] + struct.pack("!H", checksum(pseudo + body)) + body[place + 2:]


def datagram(port, source=CLIENT, destination=SERVER, payload=b"hello", sport=1000):
    header = struct.pack("!HHHH", sport, port, 8 + len(payload), 0)
    return with_sum(source, destination, 17, header + payload, 6)


def udp(port, source=CLIENT, destination=SERVER, payload=b"hello", sport=1000, **rest):
    return ipv4(17, source, destination, datagram(port, source, destination, payload, sport), **rest)


def udp6(port):
    body = datagram(port, CLIENT6, SERVER6, b"x")
    ends = b"".join(socket.inet_pton(socket.AF_INET6, end) for end in (CLIENT6, SERVER6))
    return struct.pack("!IHBB", 6 << 28, len(body), 17, 64) + ends + body


def syn(port):
    header = struct.pack("!HHIIBBHHH", 1000, port, 9, 0, 0x50, 2, 8192, 0, 0)
    return ipv4(6, CLIENT, SERVER, with_sum(CLIENT, SERVER, 6, header, 16))


def echo():
    body = struct.pack("!BBHHH", 8, 0, 0, 3, 1) + b"abc"
    return ipv4(1, CLIENT, LAN, body[:2] + struct.pack("!H", checksum(body)) + body[4:])


def lan(packet, kind=0x0800):
    return "lan0", ethernet(1, kind, packet)


def tagged(tag, packet):
    return lan(struct.pack("!HH", tag, 0x0800) + packet, 0x8100)


ARP = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + bytes([2, 0, 0, 0, 1, 2]) + socket.inet_aton(CLIENT) + bytes(6) \
    + socket.inet_aton(LAN)

SCENARIOS = {
    "jumps": ("""
table ip t {
  chain a { counter; return; }
  chain b { udp dport 5 counter meta mark set 7; }
  chain f {
    type filter hook forward priority 0; policy accept;
    meta nftrace set 1
    udp dport 5 counter jump a
    jump b
    udp dport 9 accept
    udp dport 8 drop
    udp dport 7 return
  }
}
""", [lan(udp(port)) for port in (5, 9, 8, 7, 6)]),
    "translation": ("""
table inet t {
  chain g { ct mark set 9 meta mark set 0x11223344; udp dport 6 notrack; }
  chain p { type filter hook prerouting priority -300; meta nftrace set 1; }
  chain i { type filter hook input priority 0; icmp type echo-request accept; }
  chain f {
    type filter hook forward priority 0; policy drop;
    udp dport 5 meta nftrace set 0
    udp dport 5 accept
    ip6 nexthdr udp accept
    tcp dport 6 reject with tcp reset
    udp dport 6 goto g
    udp dport vmap { 8: jump g, 9: drop, 10: accept }
    ct state established accept
  }
  chain q { type nat hook postrouting priority 100; oifname wan0 masquerade; }
  chain o { type filter hook output priority 0; icmp type echo-reply accept; }
}
""", [*[lan(udp(port)) for port in (5, 6, 8, 9, 10)],
      ("wan0", ethernet(2, 0x0800, udp(1000, SERVER, "198.51.100.1", b"back", 10))),
      lan(udp6(5), 0x86DD), lan(syn(6)), lan(echo()), tagged(0, udp(7)), lan(udp(10) + bytes(50)),
      lan(udp(10, options=bytes([1] * 8))), lan(udp(10, ttl=1)), lan(udp(10, destination="203.0.113.2", ttl=9)),
      lan(udp(5, fragment=0x2000, payload=bytes(24)))]),
    "untracked": ("""
table ip t {
  chain b { udp dport 7 counter; }
  chain a { udp dport 7 jump b; }
  chain p {
    type filter hook prerouting priority -300;
    udp dport 5 notrack
    udp dport 6 notrack meta nftrace set 1
    udp dport 7 meta nftrace set 1 goto a
    udp dport 8 meta nftrace set 1 return
  }
  chain o { type filter hook output priority 0; meta nftrace set 1; }
  chain z { type filter hook postrouting priority 0; ct state untracked counter; }
}
""", [*[lan(udp(port)) for port in (5, 6, 7, 8)], lan(echo())]),
    "device": ("""
table netdev t {
  chain n { type filter hook ingress device lan0 priority 0; meta nftrace set 1; udp dport 7 counter; ether type ip counter accept; }
}
table inet t {
  chain d { type filter hook prerouting priority 10; ct state new counter; notrack; }
  chain f { type filter hook forward priority 5; udp dport 5 meta mark set 3; }
  chain g {
    type filter hook forward priority 6;
    udp dport 5 meta nftrace set 0
    udp dport 6 meta nftrace set 0 accept
    udp dport 7 counter accept
  }
  chain z { type filter hook postrouting priority 0; }
}
""", [*[lan(udp(port)) for port in (5, 6, 7)], lan(udp6(5), 0x86DD), tagged(5, udp(7)), lan(ARP, 0x0806)]),
}


def sh(commands):
    subprocess.run(["sh", "-ec", commands], check=True)


def tap(name, number):
    os.makedirs("/dev/net", exist_ok=True)
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    sh(ADDRESSES.format(name=name, number=number, lan=("192.0.2", "198.51.100")[number - 1]))
    return descriptor


def received(source):
    while select.select([source], [], [], QUIET_S)[0]:
        yield source.recv(1 << 20)


def load(rules):
    """The batches by which nft loads rules."""
    sh("nft flush ruleset; conntrack -F 2>/dev/null; ip link add nlmon0 type nlmon; ip link set nlmon0 up")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as monitor:
        monitor.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        monitor.bind(("nlmon0", ETH_P_ALL))
        subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
        seen = list(received(monitor))
    sh("ip link delete nlmon0")
    return [one for one in seen if struct.unpack("<H", one[4:6])[0] == NFNL_MSG_BATCH_BEGIN]


def main():
    sh(SETUP)
    taps = {"lan0": tap("lan0", 1), "wan0": tap("wan0", 2)}
    listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    listener.bind((0, 0))
    listener.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTRACE)
    print("kernel", platform.release())
    for name, (rules, frames) in SCENARIOS.items():
        print("scenario", name)
        print("".join(f"rule {line}\n" for line in rules.strip().splitlines()), end="")
        for batch in load(rules):
            print("load", batch.hex())
        list(received(listener))
        for device, frame in frames:
            print("in", device, frame.hex())
            os.write(taps[device], frame)
            for message in received(listener):
                print("*", message.hex())


main()
