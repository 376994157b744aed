# SPDX-License-Identifier: GPL-3.0-or-later
"""What several scenario files share: devices, how frames on them are wrapped, and the traffic of random ones."""
import os

from scenario import *

LAN, WAN = [LAN4 + "/24", LAN6 + "/64"], [WAN4 + "/24", WAN6 + "/64"]
PORT_MAC, OTHER_MAC = "02:00:00:00:05:00", "02:00:00:00:05:01"


def tag(*numbers, outer=0x8100):
    def wrap(e, p):
        for number in reversed(numbers):
            p = Dot1Q(vlan=number) / p
        return Ether(src=e.src, dst=e.dst, type=outer) / p
    return wrap


def session(on_vlan=None):
    def wrap(e, p):
        frame = pppoe_frame(e, p, 17)
        return frame if on_vlan is None else Ether(src=e.src, dst=e.dst) / Dot1Q(vlan=on_vlan, type=0x8864) / frame.payload
    return wrap


def tunnelled(below=lambda e, p: e / p):
    """In the tunnel of tunnel_device(), on what `below` wraps."""
    return lambda e, p: below(e, IP(src=SERVER4, dst=WAN4, id=0x55, ttl=64) / p)


def tap(name, mac, addresses=(), **more):
    return {"name": name, "kind": "tap", "mac": mac, "addresses": list(addresses), **more}


def vlan(name, parent, number, addresses=(), **more):
    return {"name": name, "kind": "vlan", "parent": parent, "id": number, "addresses": list(addresses), **more}


def bridge(ports, addresses=(), **more):
    return {"name": "br0", "kind": "bridge", "mac": LAN_MAC, "ports": ports, "addresses": list(addresses), **more}


def session_device(parent):
    return {"name": "ppp0", "kind": "pppoe", "parent": parent, "session": 17, "remote": SERVER_MAC, "mtu": 1492,
            "addresses": [WAN4 + "/32 peer " + SERVER4, WAN6 + "/64"]}


def tunnel_device():
    return {"name": "tun4", "kind": "ipip", "local": WAN4, "remote": SERVER4, "addresses": ["10.77.0.1/24"]}


def tunnel6_device():
    return {"name": "tun6", "kind": "ip6tnl", "local": WAN6, "remote": SERVER6, "addresses": ["2001:db8:77::1/64"]}


# Where the tunnels lead.
TUNNEL_ROUTE, TUNNEL6_ROUTE = {"to": "10.88.0.0/24", "dev": "tun4"}, {"to": "2001:db8:88::/64", "dev": "tun6"}


class Stack(Scenario):
    """A batch of ip(8) takes no options: routes of IPv6 are told by their prefix."""

    def late_commands(self):
        for command in super().late_commands():
            yield command.replace("ip -6 route", "ip route")


def speak(r, f, dice, payload, until=(0.90, 0.93, 0.97)):
    """The next packet of a flow: a datagram, a step of the handshake, or what the dice say: data, data that
    expire soon, an end, a reset."""
    if isinstance(f, UDPFlow):
        r.choice([f.out, f.out, f.back])(payload or b"?")
        f.stage += 1
    elif f.stage == 0:
        f.out("S")
        f.stage = 1
    elif f.stage == 1:
        f.back("SA")
        f.stage = 2
    elif f.stage == 2:
        f.out("A")
        f.stage = 3
    elif dice < until[0]:
        r.choice([f.out, f.back])(r.choice(["A", "PA"]), payload)
    elif dice < until[1]:
        f.out("PA", payload, ttl=r.choice([1, 2]))
    elif dice < until[2]:
        r.choice([f.out, f.back])("FA")
    else:
        r.choice([f.out, f.back])("RA")


def seeds():
    first, _, last = os.environ.get("FUZZ_SEEDS", "1-10").partition("-")
    return range(int(first), int(last or first) + 1)


def of_seeds(build):
    """The scenarios() of a file that builds one from each seed."""
    return lambda: map(build, seeds())
