# SPDX-License-Identifier: GPL-3.0-or-later
"""The device under a VLAN, a PPPoE session, a bridge or a tunnel goes down and comes back while flows are offloaded.
Record: PYTHONPATH=scenarios record.py scenarios/lower_links.py -o OUTPUT"""
from parts import *


def link(s, device, up, neighbours=()):
    command = f"ip link set {device} {'up' if up else 'down'}"
    for neighbour in neighbours:
        command += f"; ip neigh replace {neighbour['ip']} lladdr {neighbour['mac']} dev {neighbour['dev']} nud permanent"
    s.command(command, change={"link": {"dev": device, "up": up}})


def interrupted(s, device, v6=False, back=(), **more):
    """A connection whose way goes through a device that is down for a while."""
    client, server = (CLIENT6, SERVER6) if v6 else (CLIENT4, more.pop("server", SERVER4))
    f = TCPFlow(s, client, server, **more).handshake().data(2)
    link(s, device, False)
    s.conntrack()
    # Nothing arrives on a device that is down.
    if device != "lan0":
        f.out("PA", b"while it is down")
    if device != "wan0":
        f.back("PA", b"from there", advance=False)
    s.wait(2)
    s.conntrack()
    link(s, device, True, back)
    f.out("PA", b"after it").back("PA", b"and back").out("PA", b"again").back("PA", b"and again")
    return s.conntrack()


def scenarios():
    plain_lan, plain_wan = two_port_devices()
    lan_only = [n for n in two_port_neighbours() if n["dev"] == "lan0"]
    wan_vlan = [tap("wan0", WAN_MAC), vlan("wan0.20", "wan0", 20, WAN)]
    on_vlan = [n for n in two_port_neighbours("lan0", "wan0.20") if n["dev"] == "wan0.20" and ":" not in n["ip"]]
    yield interrupted(Scenario("lower-vlan", "The device under a VLAN is down for a while", devices=[plain_lan] + wan_vlan,
                               neighbours=two_port_neighbours("lan0", "wan0.20")), "wan0", back=on_vlan, wrap_server=tag(20))
    wan_ppp = [tap("wan0", WAN_MAC), session_device("wan0")]
    yield interrupted(Scenario("lower-pppoe", "The device under a PPPoE session is down for a while", devices=[plain_lan] + wan_ppp,
                               neighbours=lan_only), "wan0", wrap_server=session())
    ports = [tap("lan0", PORT_MAC), tap("lan1", OTHER_MAC), bridge(["lan0", "lan1"], LAN), plain_wan]
    yield interrupted(Scenario("lower-bridge-port", "The client's port of a bridge is down for a while", devices=ports,
                               neighbours=two_port_neighbours("br0"), ruleset_text=ruleset(devices="lan0, lan1, wan0")), "lan0")
    s = Scenario("lower-ipip", "The device under a tunnel is down for a while", devices=[plain_lan, plain_wan, tunnel_device()],
                 routes=[TUNNEL_ROUTE])
    on_wan = [n for n in two_port_neighbours() if n["dev"] == "wan0" and ":" not in n["ip"]]
    yield interrupted(s, "wan0", back=on_wan, server="10.88.0.2", wrap_server=tunnelled())
    upper = [n for n in two_port_neighbours("lan0", "wan0.20") if n["dev"] == "wan0.20" and ":" not in n["ip"]]
    yield interrupted(Scenario("upper-vlan", "The VLAN device itself is down for a while", devices=[plain_lan] + wan_vlan,
                               neighbours=two_port_neighbours("lan0", "wan0.20")), "wan0.20", back=upper, wrap_server=tag(20))
