# SPDX-License-Identifier: GPL-3.0-or-later
"""Random stacks of devices, from a seed, on TAP devices with virtio-net headers: frames of many segments and unfinished checksums
mixed with plain ones, towards devices of other abilities.  Record:
PYTHONPATH=scenarios FUZZ_SEEDS=1-20 record.py scenarios/random_segments.py -o OUTPUT"""
import ipaddress
import random

from parts import *
from random_stacks import lan_side, neighbours_of, wan_side

ABILITIES = [None, [], ["csum"], ["csum", "tso4"], ["csum", "tso6"], ["csum", "tso4", "tso6"], ["csum", "tso4", "tso6", "tso_ecn"],
             ["csum", "tso4", "tso6", "tso_ecn", "uso4", "uso6"]]
NEEDS_CSUM, TCPV4, TCPV6, UDP_L4 = 1, 1, 4, 5


def pseudo(source, destination, protocol, length):
    """The pseudo-header sum that a partial checksum holds, not complemented."""
    data = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed + length.to_bytes(4, "big") + protocol.to_bytes(4, "big")
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def partial(r, f, payload, gso_size, back, flags="PA"):
    """One frame whose checksum is left to the device, of one or many segments."""
    client_mac, lan_mac, server_mac, wan_mac = f.macs
    source, destination = (f.real_server, f.nat_client) if back else (f.client, f.server)
    ports = (f.real_dport, f.nat_sport) if back else (f.sport, f.dport)
    six, tcp = ":" in source, isinstance(f, TCPFlow)
    if tcp:
        seq, ack = (f.ack, f.seq) if back else (f.seq, f.ack)
        head = TCP(sport=ports[0], dport=ports[1], flags=flags, seq=seq, ack=ack, window=64240,
                   chksum=pseudo(source, destination, 6, 20 + len(payload)))
        size, offset, kind = 20, 16, TCPV6 if six else TCPV4
        f.ack, f.seq = (f.ack + len(payload) + ("F" in flags), f.seq) if back else (f.ack, f.seq + len(payload) + ("F" in flags))
    else:
        head = UDP(sport=ports[0], dport=ports[1], len=8 + len(payload), chksum=pseudo(source, destination, 17, 8 + len(payload)))
        size, offset, kind = 8, 6, UDP_L4
    ttl = r.choice([64, 64, 64, 64, 2, 1]) if r.random() < 0.3 else 64
    ip = IPv6(src=source, dst=destination, hlim=ttl) if six else IP(src=source, dst=destination, ttl=ttl, id=0x2222, flags=r.choice(["DF", "DF", 0]))
    ethernet = Ether(src=server_mac, dst=wan_mac) if back else Ether(src=client_mac, dst=lan_mac)
    frame = bytes((f.wrap_server if back else f.wrap_client)(ethernet, ip / head / payload))
    start = len(frame) - size - len(payload)
    vnet = {"flags": NEEDS_CSUM, "csum_start": start, "csum_offset": offset}
    if gso_size and len(payload) > gso_size:
        vnet.update(gso_type=kind, gso_size=gso_size, hdr_len=start + size)
    f.s.send(f.wan if back else f.lan, frame, "", vnet)


def build(seed):
    r = random.Random(f"segments {seed}")
    lan, wan = lan_side(r), wan_side(r)
    while any(d["kind"] == "ip6tnl" for d in wan.devices):
        wan = wan_side(r)
    leaving = "ppp0" if wan.top == "ppp0" else next((d["name"] for d in wan.devices if d["kind"] == "ipip"), wan.top)
    abilities = {}
    for device in lan.devices + wan.devices:
        if device["kind"] == "tap":
            abilities[device["name"]] = r.choice(ABILITIES)
            if abilities[device["name"]] is not None:
                device["offloads"] = abilities[device["name"]]
    nat = r.choice(["", "masquerade", "dnat"])
    listed = lan.taps + wan.taps
    server4 = wan.servers[0] if wan.servers else SERVER4
    text = {"": "", "masquerade": MASQUERADE.replace("wan0", leaving),
            "dnat": "chain pre {\n\t\ttype nat hook prerouting priority -100; policy accept;\n\t\ttcp dport 8080 dnat ip to %s:80\n\t}" % server4}[nat]
    offload = r.choice(["meta l4proto { tcp, udp } flow add @f", "ct state established flow add @f", "ip protocol udp flow add @f"])
    s = Stack(f"segments-{seed}", f"seed {seed}: {lan.name} LAN, {wan.name} WAN, {nat or 'no'} NAT",
              devices=lan.devices + wan.devices, neighbours=neighbours_of(lan, wan), routes=wan.routes,
              sysctl={"net.netfilter.nf_conntrack_acct": 1, "net.netfilter.nf_flowtable_tcp_timeout": 20,
                      "net.netfilter.nf_flowtable_udp_timeout": 20},
              ruleset_text=ruleset(offload, devices=", ".join(f'"{name}"' for name in listed), nat=text, flags=r.choice(["", "counter;"])))
    flows = []
    for i in range(r.randint(2, 4)):
        v6 = r.random() < 0.5 and not wan.servers
        client, server = (CLIENT6, SERVER6) if v6 else (CLIENT4, server4)
        more = {"lan": lan.port, "sport": 41000 + i, "dport": r.choice([443, 5201]), "wrap_client": lan.wrap, "wrap_server": wan.wrap}
        if nat == "masquerade":
            more["nat_client"] = "10.77.0.1" if wan.servers else WAN6 if v6 else WAN4
        udp = r.random() < 0.3
        if nat == "dnat" and not v6 and not udp and r.random() < 0.7:
            more.update(dport=8080, real_dport=80)
        flow = (UDPFlow if udp else TCPFlow)(s, client, server, **more)
        flow.stage = 0
        flows.append(flow)
    for _ in range(r.randint(24, 32)):
        f, dice = r.choice(flows), r.random()
        payload = bytes(r.randrange(256) for _ in range(r.choice([0, 1, 20, 101, 700, 1330])))
        back = r.random() < 0.5
        whole = abilities[f.wan if back else f.lan] is not None and not (back and (wan.servers or leaving == "ppp0"))
        if dice < 0.08:
            s.conntrack()
        elif whole and f.stage >= (1 if isinstance(f, UDPFlow) else 3) and dice < 0.75:
            size = r.choice([0, 500, 1200, 1300, 1400, 1428, 1448])
            octets = r.choice([1, 21, 300, 1000]) if not size else size * r.randint(1, 4) + r.choice([0, 1, 77])
            partial(r, f, bytes(r.randrange(256) for _ in range(octets)), size, back, r.choice(["PA", "PA", "A", "A", "PA", "FPA"]))
        else:
            speak(r, f, dice, payload)
    return s.conntrack()


scenarios = of_seeds(build)
