# SPDX-License-Identifier: GPL-3.0-or-later
"""Random stacks of devices with random traffic, from a seed: QinQ, bridges that filter VLANs, VLANs on and under bridges,
PPPoE on VLANs, tunnels on VLANs; stations, neighbours and links change.  Record:
PYTHONPATH=scenarios FUZZ_SEEDS=1-20 record.py scenarios/random_stacks.py -o OUTPUT"""
import random

from parts import *


class Side:
    """One side of the router: its devices, the one with the addresses, and how frames there are wrapped."""

    def __init__(self, name, devices, top, taps, wrap=None):
        self.name, self.devices, self.top, self.taps, self.wrap = name, devices, top, taps, wrap
        self.port, self.other = taps[0], None
        self.routes, self.has_neighbours = [], True
        self.servers = None


def lan_side(r):
    kind = r.choice(["plain", "vlan", "qinq", "bridge", "filtering", "filtering-tagged", "pvid", "vlan-port", "vlan-on-bridge"])
    mtu = r.choice([{}, {}, {"mtu": 1400}])
    ports = [tap("lan0", PORT_MAC), tap("lan1", OTHER_MAC)]
    if kind == "plain":
        return Side(kind, [tap("lan0", LAN_MAC, LAN, **mtu)], "lan0", ["lan0"])
    if kind == "vlan":
        return Side(kind, [tap("lan0", LAN_MAC), vlan("lan0.10", "lan0", 10, LAN, **mtu)], "lan0.10", ["lan0"], tag(10))
    if kind == "qinq":
        outer = r.choice([("802.1ad", 0x88A8), ("802.1q", 0x8100)])
        devices = [tap("lan0", LAN_MAC), vlan("s100", "lan0", 100, protocol=outer[0]), vlan("c10", "s100", 10, LAN, **mtu)]
        return Side(kind, devices, "c10", ["lan0"], tag(100, 10, outer=outer[1]))
    if kind == "bridge":
        side = Side(kind, ports + [bridge(["lan0", "lan1"], LAN)], "br0", ["lan0", "lan1"])
        side.other = ("lan1", None)
    elif kind == "filtering":
        devices = ports + [bridge(["lan0", "lan1"], vlan_filtering=True, pvid={"lan0": 10}, tagged={"br0": [10, 20], "lan1": [10, 20]}),
                           vlan("br0.10", "br0", 10, LAN)]
        side = Side(kind, devices, "br0.10", ["lan0", "lan1"])
        side.other = ("lan1", tag(10))
    elif kind == "filtering-tagged":
        devices = ports + [bridge(["lan0", "lan1"], vlan_filtering=True, pvid={"lan1": 20}, tagged={"br0": [10, 20], "lan0": [10, 20]}),
                           vlan("br0.20", "br0", 20, LAN)]
        side = Side(kind, devices, "br0.20", ["lan0", "lan1"], tag(20))
        side.other = ("lan1", None)
    elif kind == "pvid":
        side = Side(kind, ports + [bridge(["lan0", "lan1"], LAN, vlan_filtering=True, tagged={"lan1": [1]})], "br0", ["lan0", "lan1"])
        side.other = ("lan1", tag(1))
    elif kind == "vlan-port":
        side = Side(kind, ports[:1] + [vlan("lan0.5", "lan0", 5)] + ports[1:] + [bridge(["lan0.5", "lan1"], LAN)], "br0",
                    ["lan0", "lan1"], tag(5))
        side.other = ("lan1", None)
    else:
        side = Side(kind, ports + [bridge(["lan0", "lan1"]), vlan("br0.30", "br0", 30, LAN, **mtu)], "br0.30", ["lan0", "lan1"], tag(30))
        side.other = ("lan1", tag(30))
    return side


def wan_side(r):
    kind = r.choice(["plain", "vlan", "qinq", "pppoe", "pppoe-vlan", "ipip", "ipip-vlan", "ip6tnl"])
    mtu = r.choice([{}, {}, {"mtu": 1400}])
    if kind == "plain":
        return Side(kind, [tap("wan0", WAN_MAC, WAN, **mtu)], "wan0", ["wan0"])
    if kind == "vlan":
        return Side(kind, [tap("wan0", WAN_MAC), vlan("wan0.20", "wan0", 20, WAN, **mtu)], "wan0.20", ["wan0"], tag(20))
    if kind == "qinq":
        return Side(kind, [tap("wan0", WAN_MAC), vlan("q30", "wan0", 30), vlan("q31", "q30", 31, WAN)], "q31", ["wan0"], tag(30, 31))
    if kind.startswith("pppoe"):
        parent = "wan0.7" if kind == "pppoe-vlan" else "wan0"
        devices = [tap("wan0", WAN_MAC)] + ([vlan("wan0.7", "wan0", 7)] if kind == "pppoe-vlan" else [])
        devices.append(session_device(parent))
        side = Side(kind, devices, "ppp0", ["wan0"], session(7 if kind == "pppoe-vlan" else None))
        side.has_neighbours = False
        return side
    if kind == "ip6tnl":
        devices = [tap("wan0", WAN_MAC, WAN), tunnel6_device()]
        side = Side(kind, devices, "wan0", ["wan0"], lambda e, p: e / IPv6(src=SERVER6, dst=WAN6, hlim=64) / p)
        side.routes, side.servers = [TUNNEL6_ROUTE], (None, "2001:db8:88::2")
        return side
    under = "wan0.20" if kind == "ipip-vlan" else "wan0"
    devices = [tap("wan0", WAN_MAC, [] if under != "wan0" else WAN)] + ([vlan(under, "wan0", 20, WAN)] if under != "wan0" else [])
    devices.append(tunnel_device())
    side = Side(kind, devices, under, ["wan0"], tunnelled(tag(20)) if under != "wan0" else tunnelled())
    side.routes, side.servers = [TUNNEL_ROUTE], ("10.88.0.2", None)
    return side


def neighbours_of(lan, wan):
    """Client and server, on the sides that have neighbours."""
    ends = (lan, (CLIENT4, CLIENT6), CLIENT_MAC), (wan, (SERVER4, SERVER6), SERVER_MAC)
    return [{"dev": side.top, "ip": address, "mac": mac} for side, addresses, mac in ends if side.has_neighbours for address in addresses]


def build(seed):
    r = random.Random(f"stack {seed}")
    lan, wan = lan_side(r), wan_side(r)
    tops = [side.top for side in (lan, wan)]
    leaving = "ppp0" if wan.top == "ppp0" else next((d["name"] for d in wan.devices if d["kind"] in ("ipip", "ip6tnl")), wan.top)
    masquerade = r.random() < 0.4
    listed = lan.taps + wan.taps
    dice = r.random()
    if dice < 0.08:
        listed = tops if "ppp0" not in tops else listed
    elif dice < 0.14:
        listed = listed[1:]
    offload = r.choice(["meta l4proto { tcp, udp } flow add @f", "ct state established flow add @f"])
    s = Stack(f"stack-{seed}", f"seed {seed}: {lan.name} LAN, {wan.name} WAN" + (", masquerade" if masquerade else ""),
              devices=lan.devices + wan.devices, neighbours=neighbours_of(lan, wan), routes=wan.routes,
              sysctl={"net.netfilter.nf_conntrack_acct": 1, "net.netfilter.nf_flowtable_tcp_timeout": 4,
                      "net.netfilter.nf_flowtable_udp_timeout": 4},
              ruleset_text=ruleset(offload, devices=", ".join(f'"{name}"' for name in listed),
                                   nat=MASQUERADE.replace("wan0", leaving) if masquerade else "",
                                   flags=r.choice(["", "counter;"])))
    flows = []
    for i in range(r.randint(2, 4)):
        v6 = r.random() < 0.5
        if wan.servers:
            v6 = wan.servers[0] is None
        client, server = (CLIENT6, SERVER6) if v6 else (CLIENT4, SERVER4)
        if wan.servers:
            server = wan.servers[v6]
        more = {"lan": lan.port, "sport": 41000 + i, "dport": r.choice([443, 5201]), "wrap_client": lan.wrap, "wrap_server": wan.wrap}
        if masquerade:
            inside = {"tun4": "10.77.0.1", "tun6": "2001:db8:77::1"}
            more["nat_client"] = inside.get(leaving, WAN6 if v6 else WAN4)
        flow = (UDPFlow if r.random() < 0.4 else TCPFlow)(s, client, server, **more)
        flow.stage = 0
        flows.append(flow)
    moved = False
    for _ in range(r.randint(28, 40)):
        f, dice = r.choice(flows), r.random()
        payload = bytes(r.randrange(256) for _ in range(r.choice([0, 1, 20, 101, 700, 1330, 1340, 1390, 1440])))
        if dice < 0.03:
            s.wait(r.choice([0.5, 1.5, 6]))
        elif dice < 0.10:
            s.conntrack()
        elif dice < 0.13 and lan.other and not moved:
            # The station moves to the other port.
            moved = True
            for each in flows:
                each.lan, wrap = lan.other
                each.wrap_client = wrap or (lambda e, p: e / p)
        elif dice < 0.15 and lan.wrap:
            f.s.send(f.lan, Ether(src=CLIENT_MAC, dst=LAN_MAC) / f._ip(f.client, f.server) / b"untagged" if isinstance(f, TCPFlow)
                     else Ether(src=CLIENT_MAC, dst=LAN_MAC) / f._packet(f.client, f.server, f.sport, f.dport, b"untagged"))
        elif dice < 0.17 and wan.has_neighbours and not wan.servers:
            address = r.choice([SERVER4, SERVER6])
            s.command(f"ip neigh replace {address} lladdr 02:00:00:00:0a:0a dev {wan.top} nud permanent",
                      change={"neighbour": {"dev": wan.top, "ip": address, "mac": "02:00:00:00:0a:0a"}})
        else:
            speak(r, f, dice, payload)
    return s.conntrack()


scenarios = of_seeds(build)
