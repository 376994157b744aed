# SPDX-License-Identifier: GPL-3.0-or-later
"""Random changes from outside, from a seed, on the routers of random_nets.py and of random_stacks.py: links, MTUs, neighbours,
stations, membership of VLANs, routes beyond a gateway, entries that are deleted or marked, rules.  Record:
PYTHONPATH=scenarios FUZZ_SEEDS=1-20 record.py scenarios/random_changes.py -o OUTPUT"""
import random

import random_nets
import random_stacks
from parts import *


class Changes:
    """The changes that a router of these devices allows."""

    def __init__(self, r, s):
        self.r, self.s = r, s
        self.names = [d["name"] for d in s.devices]
        self.bridges = {d["name"]: d for d in s.devices if d["kind"] == "bridge"}
        self.down = None

    def neighbour(self, dev, ip, mac):
        self.s.command(f"ip neigh replace {ip} lladdr {mac} dev {dev} nud permanent",
                       change={"neighbour": {"dev": dev, "ip": ip, "mac": mac}})

    def link(self):
        if self.down:
            name, self.down = self.down, None
            self.s.command(f"ip link set {name} up", change={"link": {"dev": name, "up": True}})
            for n in self.s.neighbours:
                self.neighbour(n["dev"], n["ip"], n["mac"])
        else:
            self.down = self.r.choice([n for n in self.names if n != "ppp0"])
            self.s.command(f"ip link set {self.down} down", change={"link": {"dev": self.down, "up": False}})

    def mtu(self):
        name, octets = self.r.choice(self.names), self.r.choice([1300, 1400, 1500, 1500])
        if name == "ppp0":
            octets = min(octets, 1492)
        self.s.command(f"ip link set {name} mtu {octets}", change={"mtu": {"dev": name, "mtu": octets}})

    def move(self):
        n = self.r.choice(self.s.neighbours)
        self.neighbour(n["dev"], n["ip"], self.r.choice([n["mac"], "02:00:00:00:0a:0a"]))

    def station(self):
        if not self.bridges:
            return self.move()
        b = self.bridges[self.r.choice(sorted(self.bridges))]
        number = None
        if b.get("vlan_filtering"):
            number = self.r.choice([1, 10, 20, 30])
        port, mac = self.r.choice(b["ports"]), self.r.choice([CLIENT_MAC, "02:00:00:00:01:03", SERVER_MAC])
        add, kind = self.r.random() < 0.7, self.r.choice(["static", "dynamic"])
        words = (f" vlan {number}" if number else "") + (f" {kind}" if add else "")
        change = {"dev": port, "mac": mac, "add": add, **({"vlan": number} if number else {}), **({"static": kind == "static"} if add else {})}
        self.s.command(f"bridge fdb {'replace' if add else 'del'} {mac} dev {port} master{words}", change={"fdb": change})

    def member(self):
        filtering = [b for b in self.bridges.values() if b.get("vlan_filtering")]
        if not filtering:
            return self.station()
        b = self.r.choice(filtering)
        own = self.r.random() < 0.25
        port = b["name"] if own else self.r.choice(b["ports"])
        number, add = self.r.choice([1, 10, 20, 30]), self.r.random() < 0.7
        flags = {}
        if add:
            flags = self.r.choice([{}, {"pvid": True, "untagged": True}, {"untagged": True}, {"pvid": True}])
        if own:
            flags = {**flags, "self": True}
        words = "".join(f" {name}" for name in flags)
        self.s.command(f"bridge vlan {'add' if add else 'del'} dev {port} vid {number}{words}",
                       change={"vlan": {"dev": port, "vid": number, "add": add, **flags}})

    def entries(self):
        f = self.r.choice(self.s.flows)
        protocol = "udp" if isinstance(f, UDPFlow) else "tcp"
        family = " -f ipv6" if ":" in f.client else ""
        kind = self.r.choice(["delete", "delete", "mark", "flush"])
        if kind == "delete":
            self.s.command(f"conntrack -D{family} -p {protocol} --sport {f.sport}", change={"delete": {"protocol": protocol, "sport": f.sport}})
        elif kind == "mark":
            self.s.command(f"conntrack -U{family} -p {protocol} --sport {f.sport} --mark 42",
                           change={"update": {"mark": 42, "protocol": protocol, "sport": f.sport}})
        else:
            self.s.command("conntrack -F", change={"flush": {}})

    def rules(self):
        self.s.command(*self.r.choice([("nft flush chain inet x y",),
                                       ("nft add rule inet x y meta l4proto tcp flow add @f",)]))

    def one(self):
        self.r.choice([self.link, self.link, self.mtu, self.mtu, self.move, self.station, self.member, self.entries,
                       self.entries, self.rules])()


def build(seed):
    r = random.Random(f"changes {seed}")
    base = r.choice([random_nets, random_stacks])
    s = base.build(10_000 + seed)
    s.name, s.about = f"changes-{seed}", s.about.replace(f"{10_000 + seed}", f"{seed}")
    steps, s.steps = s.steps, []
    changes = Changes(r, s)
    for step in steps:
        # A TAP device that is down takes no frames.
        if "command" in step or changes.down and step.get("in") == changes.down:
            continue
        s.steps.append(step)
        if len(s.steps) > 8 and r.random() < 0.14:
            changes.one()
            if r.random() < 0.3:
                s.conntrack()
    return s


def noted(kind):
    """Has scenarios know their flows of this kind."""
    before = kind.__init__

    def init(self, scenario, *values, **more):
        before(self, scenario, *values, **more)
        vars(scenario).setdefault("flows", []).append(self)
    kind.__init__ = init


noted(TCPFlow)
noted(UDPFlow)
scenarios = of_seeds(build)
