# SPDX-License-Identifier: GPL-3.0-or-later
"""Random networks from a seed: each side is a port, a bridge, a bridge that filters VLANs or a bridge of VLAN devices, with
up to two VLANs, a PPPoE session or a tunnel on it; two clients, of which one speaks with the other through the bridge, too;
ARP, translation, fragments, padding, tags and destinations that are wrong.  Record:
PYTHONPATH=scenarios FUZZ_SEEDS=1-20 record.py scenarios/random_nets.py -o OUTPUT"""
import random

from scapy.all import ARP, fragment

from parts import *

CLIENTS = [(CLIENT4, CLIENT6, CLIENT_MAC), ("192.0.2.3", "2001:db8:1::3", "02:00:00:00:01:03")]


def framed(tags, ethernet, packet, session=None):
    """A frame with these (protocol, number) tags, the outermost first, and in a PPPoE session if there is one."""
    ethertype = 0x0806 if packet.haslayer(ARP) else 0x86DD if packet.version == 6 else 0x0800
    body = bytes(packet)
    if session is not None:
        body, ethertype = bytes(pppoe_frame(ethernet, packet, session))[14:], 0x8864
    for protocol, number in reversed(tags):
        body, ethertype = number.to_bytes(2, "big") + ethertype.to_bytes(2, "big") + body, protocol
    addresses = bytes.fromhex((ethernet.dst + ethernet.src).replace(":", ""))
    return addresses + ethertype.to_bytes(2, "big") + body


def wrapped(tags):
    return lambda e, p: framed(tags, e, p)


class Side:
    """One side of the router: devices, the one with the addresses, and the tags of a frame on each of its ports."""

    def __init__(self, r, name, mac, addresses, letter):
        self.devices, self.kind = [], []
        self.ports, self.bridge = [], None
        base = r.choice(["port", "port", "bridge", "filtering", "vlan-ports"])
        self.kind.append(base)
        if base == "port":
            self.devices.append(tap(f"{name}0", mac))
            self.top, self.ports = f"{name}0", [[f"{name}0", []]]
        else:
            self.bridge = f"br{letter}"
            taps = [f"{name}0", f"{name}1"]
            self.devices += [tap(t, f"02:00:00:00:{letter}5:0{i}") for i, t in enumerate(taps)]
            more = {}
            if base == "vlan-ports":
                numbers = [r.choice([5, 6]), 7]
                self.devices += [vlan(f"{t}.{n}", t, n) for t, n in zip(taps, numbers)]
                members = [f"{t}.{n}" for t, n in zip(taps, numbers)]
                self.ports = [[t, [(0x8100, n)]] for t, n in zip(taps, numbers)]
            else:
                members, self.ports = taps, [[t, []] for t in taps]
            number = 1
            if base == "filtering":
                more = {"vlan_filtering": True, "pvid": {}, "tagged": {}}
                number = r.choice([1, 10])
                for port in self.ports:
                    if r.random() < 0.5:                         # tagged
                        more["tagged"].setdefault(port[0], []).append(number)
                        port[1] = [(0x8100, number)]
                    elif number != 1:
                        more["pvid"][port[0]] = number
                if number != 1:
                    more["tagged"][self.bridge] = [number]
                for port in self.ports:                          # a VLAN of the ports alone
                    if r.random() < 0.5:
                        more["tagged"].setdefault(port[0], []).append(30)
            self.devices.append({"name": self.bridge, "kind": "bridge", "mac": mac, "ports": members, "addresses": [], **more})
            self.top = self.bridge
            if number != 1:
                self.devices.append(vlan(f"{self.top}.{number}", self.top, number))
                self.top += f".{number}"
            self.filtering = base == "filtering"
        for level in range(r.choice([0, 0, 1, 1, 2])):
            if base == "filtering" or level + len(self.kind) > 3:
                break
            protocol = r.choice(["802.1q", "802.1q", "802.1ad"]) if not level else "802.1q"
            number = r.choice([20, 21]) + level
            above = f"{name[0]}v{number}" if self.top != f"{name[0]}v{number}" else f"{name[0]}w{number}"
            self.devices.append(vlan(above, self.top, number, protocol=protocol))
            self.top = above
            self.kind.append("vlan" if protocol == "802.1q" else "service-vlan")
            for port in self.ports:
                port[1] = port[1] + [(0x8100 if protocol == "802.1q" else 0x88A8, number)]
        self.devices[-1]["addresses"] = addresses


def build(seed):
    r = random.Random(f"net {seed}")
    lan, wan = Side(r, "lan", LAN_MAC, list(LAN), "a"), Side(r, "wan", WAN_MAC, list(WAN), "b")
    above = r.choice(["none", "none", "none", "pppoe", "ipip", "ip6tnl"])
    devices, routes, leaving = lan.devices + wan.devices, [], wan.top
    server4, server6, inner4, inner6 = SERVER4, SERVER6, WAN4, WAN6
    if above == "pppoe":
        wan.devices[-1]["addresses"] = []
        devices.append(session_device(wan.top))
        leaving = "ppp0"
    elif above == "ipip":
        devices.append(tunnel_device())
        routes, leaving, server4, inner4 = [TUNNEL_ROUTE], "tun4", "10.88.0.2", "10.77.0.1"
    elif above == "ip6tnl":
        devices.append(tunnel6_device())
        routes, leaving, server6, inner6 = [TUNNEL6_ROUTE], "tun6", "2001:db8:88::2", "2001:db8:77::1"

    def wrap_server(port):
        tags = wan.ports[port][1]

        def wrap(e, p):
            if above == "ipip" and p.version == 4:
                p = IP(src=SERVER4, dst=WAN4, id=0x55, ttl=64) / p
            if above == "ip6tnl" and p.version == 6:
                p = IPv6(src=SERVER6, dst=WAN6, hlim=64) / p
            return framed(tags, e, p, 17 if above == "pppoe" else None)
        return wrap

    neighbours = [{"dev": lan.top, "ip": a, "mac": c[2]} for c in CLIENTS for a in c[:2]]
    asks = above == "none" and r.random() < 0.25
    if above != "pppoe":
        neighbours += [{"dev": wan.top, "ip": a, "mac": SERVER_MAC} for a in (SERVER4, SERVER6) if not (asks and a == SERVER4)]
    nat = r.choice(["", "", "masquerade", "snat", "dnat"])
    text = {"": "", "masquerade": MASQUERADE.replace("wan0", leaving),
            "snat": "chain post {\n\t\ttype nat hook postrouting priority 100; policy accept;\n\t\toifname \"%s\" ip saddr 192.0.2.0/24 snat to %s\n\t}"
                    % (leaving, inner4),
            "dnat": "chain pre {\n\t\ttype nat hook prerouting priority -100; policy accept;\n\t\tiifname \"%s\" tcp dport 8080 dnat ip to %s:80\n\t}"
                    % (lan.top, server4)}[nat]
    listed = [p[0] for p in lan.ports + wan.ports]
    if r.random() < 0.15:
        listed.pop(r.randrange(len(listed)))
    offload = r.choice(["meta l4proto { tcp, udp } flow add @f", "ct state established flow add @f"])
    s = Stack(f"net-{seed}", f"seed {seed}: {'+'.join(lan.kind)} LAN, {'+'.join(wan.kind)} WAN, {above} above, {nat or 'no'} NAT",
              devices=devices, neighbours=neighbours, routes=routes,
              sysctl={"net.netfilter.nf_conntrack_acct": 1, "net.netfilter.nf_flowtable_tcp_timeout": 20,
                      "net.netfilter.nf_flowtable_udp_timeout": 20},
              ruleset_text=ruleset(offload, devices=", ".join(f'"{name}"' for name in listed), nat=text,
                                   flags=r.choice(["", "counter;"])))
    places = [0, len(lan.ports) - 1]
    flows = []
    for i in range(r.randint(2, 4)):
        v6, who = r.random() < 0.4, r.randrange(2)
        client, server = CLIENTS[who][v6], (server6 if v6 else server4)
        more = {"lan": lan.ports[places[who]][0], "sport": 41000 + i, "dport": r.choice([443, 5201]), "client_mac": CLIENTS[who][2],
                "wan": wan.ports[0][0], "wrap_client": wrapped(lan.ports[places[who]][1]), "wrap_server": wrap_server(0)}
        if nat == "masquerade" or nat == "snat" and not v6:
            more["nat_client"] = inner6 if v6 else inner4
        udp = r.random() < 0.4
        if nat == "dnat" and not v6 and not udp and r.random() < 0.7:
            more.update(dport=8080, real_dport=80)
        flow = (UDPFlow if udp else TCPFlow)(s, client, server, **more)
        flow.stage, flow.who = 0, who
        flows.append(flow)
    server_port = 0
    for _ in range(r.randint(28, 40)):
        f, dice = r.choice(flows), r.random()
        payload = bytes(r.randrange(256) for _ in range(r.choice([0, 1, 20, 101, 700, 1330, 1400])))
        if dice < 0.03:
            s.wait(r.choice([0.5, 1.5]))
        elif dice < 0.09:
            s.conntrack()
        elif dice < 0.12 and len(lan.ports) > 1:
            who = r.randrange(2)                                 # a client moves to the other port
            places[who] = 1 - places[who]
            for each in flows:
                if each.who == who:
                    each.lan, each.wrap_client = lan.ports[places[who]][0], wrapped(lan.ports[places[who]][1])
        elif dice < 0.14 and len(wan.ports) > 1:
            server_port = 1 - server_port                        # and the server
            for each in flows:
                each.wan, each.wrap_server = wan.ports[server_port][0], wrap_server(server_port)
        elif dice < 0.18:
            a, b = CLIENTS[0], CLIENTS[1]                        # from client to client
            port = lan.ports[places[0]]
            s.send(port[0], framed(port[1], Ether(src=a[2], dst=r.choice([b[2], b[2], "ff:ff:ff:ff:ff:ff"])),
                                   IP(src=a[0], dst=b[0], id=7) / UDP(sport=9, dport=9) / (payload or b"?")), "to the other client")
        elif dice < 0.22:
            port = lan.ports[places[f.who]]                      # a tag too many, or none
            tags = [(0x8100, number) for number in r.choice([[], [30], [10], [20], [20, 21]])]
            s.send(port[0], framed(tags, Ether(src=CLIENTS[f.who][2], dst=LAN_MAC),
                                   IP(src=CLIENTS[f.who][0], dst=server4, id=9) / UDP(sport=77, dport=78) / b"another tag"), "another tag")
        elif dice < 0.25:
            port = lan.ports[places[f.who]]                      # another destination
            s.send(port[0], framed(port[1], Ether(src=CLIENTS[f.who][2], dst="02:00:00:00:77:77"),
                                   IP(src=CLIENTS[f.who][0], dst=server4, id=9) / UDP(sport=77, dport=78) / b"another host"),
                   "another destination")
        elif dice < 0.28 and isinstance(f, UDPFlow) and ":" not in f.client and above == "none":
            packet = IP(src=f.client, dst=f.server, id=r.randrange(1, 65535)) / UDP(sport=f.sport, dport=f.dport) / (b"f" * 900)
            for piece in fragment(packet, fragsize=600):
                s.send(f.lan, f.wrap_client(Ether(src=CLIENTS[f.who][2], dst=LAN_MAC), piece), "a fragment")
        elif dice < 0.30 and asks:
            port = wan.ports[server_port]
            s.send(port[0], framed(port[1], Ether(src=SERVER_MAC, dst=WAN_MAC),
                                   ARP(op=2, hwsrc=SERVER_MAC, psrc=SERVER4, hwdst=WAN_MAC, pdst=WAN4)), "ARP reply")
        elif isinstance(f, UDPFlow) and r.random() < 0.08:
            f.out(payload, ttl=r.choice([1, 2]))
            f.stage += 1
        else:
            speak(r, f, dice, payload, until=(0.92, 0.95, 0.98))
    return s.conntrack()


scenarios = of_seeds(build)
