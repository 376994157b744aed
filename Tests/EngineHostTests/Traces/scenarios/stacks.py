# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks of devices: QinQ on both sides, several VLANs on a filtering bridge, a VLAN on a bridge port, PPPoE on a VLAN,
a tunnel on a VLAN, stations that move, MTUs.  Record: PYTHONPATH=scenarios record.py scenarios/stacks.py -o OUTPUT"""
from parts import *


def both(s, **more):
    for client, server in ((CLIENT4, SERVER4), (CLIENT6, SERVER6)):
        TCPFlow(s, client, server, **more).handshake().data(2)
        UDPFlow(s, client, server, **more).out().back().out().back()
    return s.conntrack()


def scenarios():
    plain_lan, plain_wan = two_port_devices()
    lan_only = [n for n in two_port_neighbours() if n["dev"] == "lan0"]
    ports = two_port_neighbours
    yield both(Scenario("stack-qinq-both", "QinQ on both sides", devices=[
        tap("lan0", LAN_MAC), vlan("s100", "lan0", 100, protocol="802.1ad"), vlan("c10", "s100", 10, LAN),
        tap("wan0", WAN_MAC), vlan("q30", "wan0", 30), vlan("q31", "q30", 31, WAN)], neighbours=ports("c10", "q31")),
        wrap_client=tag(100, 10, outer=0x88A8), wrap_server=tag(30, 31))

    yield both(Scenario("stack-pppoe-vlan", "PPPoE on a VLAN", devices=[
        plain_lan, tap("wan0", WAN_MAC), vlan("wan0.7", "wan0", 7),
        session_device("wan0.7")], neighbours=lan_only), wrap_server=session(7))

    filtering = bridge(["lan0", "lan1"], vlan_filtering=True, pvid={"lan0": 10}, tagged={"br0": [10, 20], "lan1": [10, 20]})
    s = Scenario("stack-bridge-vlans", "Two VLANs on a filtering bridge", devices=[
        tap("lan0", PORT_MAC), tap("lan1", OTHER_MAC), filtering,
        vlan("br0.10", "br0", 10, LAN), vlan("br0.20", "br0", 20, ["10.20.0.1/24"]), plain_wan],
        neighbours=ports("br0.10") + [{"dev": "br0.20", "ip": "10.20.0.2", "mac": CLIENT_MAC}],
        ruleset_text=ruleset(devices="lan0, lan1, wan0"))
    TCPFlow(s).handshake().data(2)
    TCPFlow(s, "10.20.0.2", SERVER4, sport=42000, lan="lan1", wrap_client=tag(20)).handshake().data(2)
    f = TCPFlow(s, sport=43000, wrap_client=tag(20)).out("S")
    yield s.conntrack()

    yield both(Scenario("stack-bridge-vlan-port", "A VLAN device is a port of a bridge", devices=[
        tap("lan0", LAN_MAC), vlan("lan0.5", "lan0", 5), tap("lan1", OTHER_MAC),
        bridge(["lan0.5", "lan1"], LAN), plain_wan],
        neighbours=ports("br0"), ruleset_text=ruleset(devices="lan0, lan1, wan0")), wrap_client=tag(5))

    s = Scenario("stack-pvid-tagged", "The bridge's PVID leaves its port tagged", devices=[
        tap("lan0", PORT_MAC), tap("lan1", OTHER_MAC),
        bridge(["lan0", "lan1"], LAN, vlan_filtering=True, tagged={"lan1": [1]}), plain_wan],
        neighbours=ports("br0"), ruleset_text=ruleset(devices="lan0, lan1, wan0"))
    yield both(s, lan="lan1", wrap_client=tag(1))

    s = Scenario("stack-mtu", "A VLAN with a smaller MTU than its device", devices=[
        tap("lan0", LAN_MAC), vlan("lan0.10", "lan0", 10, LAN, mtu=1400), plain_wan], neighbours=ports("lan0.10"))
    f = TCPFlow(s, wrap_client=tag(10)).handshake().data(1)
    f.back("PA", b"x" * 1360).back("PA", b"x" * 1361, advance=False).out("PA", b"y" * 1400)
    yield s.conntrack()

    s = Scenario("stack-ipip-vlan", "A tunnel on a VLAN", devices=[plain_lan, tap("wan0", WAN_MAC), vlan("wan0.20", "wan0", 20, WAN), tunnel_device()],
        neighbours=ports("lan0", "wan0.20"), routes=[TUNNEL_ROUTE])
    f = TCPFlow(s, server="10.88.0.2", wrap_server=tunnelled(tag(20)))
    f.handshake().data(3)
    yield s.conntrack()
