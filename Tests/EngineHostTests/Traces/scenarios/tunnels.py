# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of service and congestion marks through tunnels, tunnel packets that no tunnel takes, and protocols that the router does
not speak.  Record: PYTHONPATH=scenarios record.py scenarios/tunnels.py -o OUTPUT"""
from parts import *

VALUES = (0x00, 0x01, 0x02, 0x03, 0xB8, 0xBB)


def marked(packet, value):
    if packet.version == 6:
        packet.tc = value
    else:
        packet.tos = value
    return packet


def ip(source, destination, **more):
    return IPv6(src=source, dst=destination, **more) if ":" in source else IP(src=source, dst=destination, id=0x77, **more)


def services(name, v6, offload):
    more = {"ruleset_text": ruleset(offload=offload)}
    if v6:
        s = Stack(name, "", devices=two_port_devices() + [tunnel6_device()], routes=[TUNNEL6_ROUTE], **more)
        client, server, ends = CLIENT6, "2001:db8:88::2", (SERVER6, WAN6)
    else:
        s = Scenario(name, "", devices=two_port_devices() + [tunnel_device()], routes=[TUNNEL_ROUTE], **more)
        client, server, ends = CLIENT4, "10.88.0.2", (SERVER4, WAN4)
    s.about = f"Types of service of {'IPv6' if v6 else 'IPv4'} in a tunnel, " + ("offloaded" if offload else "not offloaded")

    def out(value, **more):
        s.send("lan0", Ether(src=CLIENT_MAC, dst=LAN_MAC) / marked(ip(client, server, **more), value) / UDP(sport=40000, dport=53) / b"question")

    def back(outer, inner, **more):
        s.send("wan0", Ether(src=SERVER_MAC, dst=WAN_MAC) / marked(ip(*ends, **more), outer)
               / marked(ip(server, client), inner) / UDP(sport=53, dport=40000) / b"answer")
    for value in VALUES:
        out(value)
    for outer in (0, 1, 2, 3, 0xBB):
        for inner in (0, 1, 2, 3):
            back(outer, inner)
    if not v6:
        out(0, flags="DF")
        back(0, 0, flags="DF")
        back(0, 0, ttl=1)
    else:
        back(0, 0, hlim=1)
    for value in VALUES:
        out(value)
    return s.conntrack()


def unspoken(name, v6, with_tunnels):
    s = Stack(name, f"Protocols that the router does not speak, over {'IPv6' if v6 else 'IPv4'}" + (", while it has tunnels" if with_tunnels else ""),
              devices=two_port_devices() + ([tunnel_device(), tunnel6_device()] if with_tunnels else []))
    other = ("2001:db8:2::7", WAN6) if v6 else ("198.51.100.7", WAN4)
    own = (SERVER6, WAN6) if v6 else (SERVER4, WAN4)
    for address in ("198.51.100.7", "2001:db8:2::7"):
        s.neighbours.append({"dev": "wan0", "ip": address, "mac": SERVER_MAC})

    def send(ends, protocol, body):
        s.send("wan0", Ether(src=SERVER_MAC, dst=WAN_MAC) / (ip(*ends, nh=protocol) if v6 else ip(*ends, proto=protocol)) / Raw(body), f"protocol {protocol}")
    inner4 = bytes(IP(src="10.88.0.2", dst=CLIENT4, id=1) / UDP(sport=5, dport=6) / b"inside")
    inner6 = bytes(IPv6(src="2001:db8:88::2", dst=CLIENT6) / UDP(sport=5, dport=6) / b"inside")
    for ends in (other, own):
        send(ends, 4, inner4)
        send(ends, 4, inner6)
        send(ends, 41, inner6)
        send(ends, 41, inner4)
        send(ends, 4, inner4[:12])
        send(ends, 41, inner6[:30])
        send(ends, 4, b"")
        send(ends, 41, b"")
    for protocol in (2, 8, 33, 46, 47, 50, 51, 59, 88, 89, 103, 108, 112, 115, 132, 136, 137, 253, 255):
        send(own, protocol, b"\x00\x00\x08\x00" + bytes(range(28)))
    if with_tunnels:
        s.command("ip link set tun6 down", change={"link": {"dev": "tun6", "up": False}}) if v6 else \
            s.command("ip link set tun4 down", change={"link": {"dev": "tun4", "up": False}})
        send(own, 4, inner4)
        send(own, 41, inner6)
    return s


def scenarios():
    for v6 in (False, True):
        number = 6 if v6 else 4
        yield services(f"tunnel{number}-service-classic", v6, "")
        yield services(f"tunnel{number}-service", v6, "meta l4proto { tcp, udp } flow add @f")
        yield unspoken(f"unspoken{number}", v6, False)
        yield unspoken(f"unspoken{number}-tunnels", v6, True)
