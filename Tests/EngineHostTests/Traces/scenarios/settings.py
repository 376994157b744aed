# SPDX-License-Identifier: GPL-3.0-or-later
"""VLAN membership of bridge ports, stations of a bridge and MTUs are changed from outside while flows are offloaded.
Record: PYTHONPATH=scenarios record.py scenarios/settings.py -o OUTPUT"""
from parts import *

NEXT_MAC = "02:00:00:00:01:03"
LISTED = ruleset(devices="lan0, lan1, wan0")


def member(s, port, number, add=True, **flags):
    """bridge vlan; flags: pvid, untagged, self."""
    words = "".join(f" {name}" for name in flags)
    return s.command(f"bridge vlan {'add' if add else 'del'} dev {port} vid {number}{words}",
                     change={"vlan": {"dev": port, "vid": number, "add": add, **flags}})


def station(s, port, mac, number=None, add=True, kind="static"):
    """bridge fdb; kind: static or dynamic."""
    words = (f" vlan {number}" if number else "") + (f" {kind}" if add else "")
    change = {"dev": port, "mac": mac, "add": add, **({"vlan": number} if number else {}), **({"static": kind == "static"} if add else {})}
    return s.command(f"bridge fdb {'replace' if add else 'del'} {mac} dev {port} master{words}", change={"fdb": change})


def mtu(s, device, octets):
    return s.command(f"ip link set {device} mtu {octets}", change={"mtu": {"dev": device, "mtu": octets}})


def both_ways(s, *flows):
    for f in flows:
        f.out("PA", b"from the client").back("PA", b"from the server")
    return s.conntrack()


def filtering(name, about):
    s = Scenario(name, about, devices=[
        tap("lan0", PORT_MAC), tap("lan1", OTHER_MAC),
        bridge(["lan0", "lan1"], vlan_filtering=True, pvid={"lan0": 10}, tagged={"br0": [10, 20], "lan1": [10, 20]}),
        vlan("br0.10", "br0", 10, LAN), vlan("br0.20", "br0", 20, ["10.20.0.1/24"]), tap("wan0", WAN_MAC, WAN)],
        neighbours=two_port_neighbours("br0.10") + [{"dev": "br0.20", "ip": "10.20.0.2", "mac": NEXT_MAC}], ruleset_text=LISTED)
    return s, TCPFlow(s).handshake().data(2), TCPFlow(s, "10.20.0.2", sport=42000, lan="lan1", client_mac=NEXT_MAC,
                                                      wrap_client=tag(20)).handshake().data(2)


def bridged(name, about):
    s = Scenario(name, about, devices=[tap("lan0", PORT_MAC), tap("lan1", OTHER_MAC), bridge(["lan0", "lan1"], LAN),
                                       tap("wan0", WAN_MAC, WAN)],
                 neighbours=two_port_neighbours("br0"), ruleset_text=LISTED)
    return s, TCPFlow(s).handshake().data(2)


def vlans():
    s, first, second = filtering("vlan-port-leaves", "A client's port leaves the VLAN of its flow, and comes back")
    member(s, "lan0", 10, add=False)
    both_ways(s, first, second)
    TCPFlow(s, sport=43000).out("S")
    UDPFlow(s, sport=43001, lan="lan1", wrap_client=tag(10)).out().back()
    member(s, "lan0", 10, pvid=True, untagged=True)
    TCPFlow(s, sport=43002).handshake().data(1)
    yield both_ways(s, first, second)

    s, first, second = filtering("vlan-port-tags", "A client's port starts to tag the frames of its flow's VLAN")
    member(s, "lan0", 10, pvid=True)
    both_ways(s, first)
    TCPFlow(s, sport=43000).handshake().data(2)
    first.wrap_client = tag(10)
    both_ways(s, first)
    member(s, "lan1", 20, pvid=True, untagged=True)
    both_ways(s, second)
    yield both_ways(s, TCPFlow(s, "10.20.0.2", sport=43001, lan="lan1", client_mac=NEXT_MAC).handshake().data(2))

    s, first, second = filtering("vlan-bridge-leaves", "The bridge itself leaves the VLAN of a flow, and comes back")
    member(s, "br0", 10, add=False, self=True)
    both_ways(s, first, second)
    TCPFlow(s, sport=43000).out("S")
    member(s, "br0", 10, self=True)
    yield both_ways(s, first, TCPFlow(s, sport=43001).handshake().data(2))

    s, first, second = filtering("vlan-moves", "A port goes from one VLAN to another, to whose network its client does not belong")
    member(s, "lan0", 20, pvid=True, untagged=True)
    member(s, "lan0", 10, add=False)
    both_ways(s, first, second)
    UDPFlow(s, "10.20.0.2", sport=43000, client_mac=NEXT_MAC).out().back().out().back()
    yield both_ways(s, second)


def stations():
    s, f = bridged("fdb-moves", "A client's entry is set to another port, to which a new flow goes")
    station(s, "lan1", CLIENT_MAC)
    both_ways(s, f)
    late = TCPFlow(s, sport=43000)
    yield both_ways(s, f, late.handshake().data(2))

    s, f = bridged("fdb-removed", "A client's entry is removed: its flow stays, a new one is not offloaded until it speaks")
    station(s, "lan0", CLIENT_MAC, add=False)
    both_ways(s, f)
    late = UDPFlow(s, sport=43000).out()
    station(s, "lan0", CLIENT_MAC, add=False)
    late.back().back().out().back()
    both_ways(s, f)
    yield both_ways(s, f)

    s, f = bridged("fdb-dynamic", "An entry is learned anew from the port where its client speaks")
    station(s, "lan1", CLIENT_MAC, kind="dynamic")
    both_ways(s, f)
    TCPFlow(s, sport=43000).handshake().data(2)
    station(s, "lan1", NEXT_MAC)
    s.send("lan0", Ether(src="02:00:00:00:01:04", dst=NEXT_MAC) / IP(src="192.0.2.4", dst="192.0.2.3", id=5) / UDP() / b"where are you?")
    station(s, "lan1", NEXT_MAC, add=False)
    s.send("lan0", Ether(src="02:00:00:00:01:04", dst=NEXT_MAC) / IP(src="192.0.2.4", dst="192.0.2.3", id=6) / UDP() / b"where are you?")
    yield s.conntrack()

    s, first, second = filtering("fdb-vlans", "Entries of VLANs are set and removed")
    station(s, "lan1", CLIENT_MAC, 10)
    both_ways(s, first)
    TCPFlow(s, sport=43000).handshake().data(2)
    station(s, "lan0", CLIENT_MAC, 20)
    station(s, "lan1", NEXT_MAC, 20, add=False)
    both_ways(s, first, second)
    station(s, "lan1", CLIENT_MAC, 10, add=False)
    yield both_ways(s, first, TCPFlow(s, sport=43001).handshake().data(2))


def large(s, *flows, sizes=(1100, 1360)):
    """Data of such sizes in both directions, and a look."""
    for f in flows:
        for size in sizes:
            f.out("PA", b"x" * size, advance=False).back("PA", b"y" * size, advance=False)
    return s.conntrack()


def less_and_back(s, device, f, octets):
    """The device gets a smaller MTU, and the old one of so many octets."""
    mtu(s, device, 1300)
    large(s, f)
    both_ways(s, f)
    mtu(s, device, octets)
    large(s, f, sizes=(1360,))
    both_ways(s, f)
    return large(s, f, sizes=(1360,))


def over_session(name, about):
    s = Scenario(name, about, devices=[two_port_devices()[0], tap("wan0", WAN_MAC), session_device("wan0")],
                 neighbours=[n for n in two_port_neighbours() if n["dev"] == "lan0"])
    return s, TCPFlow(s, wrap_server=session()).handshake().data(2)


def mtus():
    for name, about, devices, neighbours, device, wrap in (
            ("mtu-port", "The server's port gets a smaller MTU, and the old one", two_port_devices(), two_port_neighbours(), "wan0", None),
            ("mtu-vlan", "A VLAN device gets a smaller MTU, and the old one",
             [two_port_devices()[0], tap("wan0", WAN_MAC), vlan("wan0.20", "wan0", 20, WAN)], two_port_neighbours("lan0", "wan0.20"),
             "wan0.20", tag(20)),
            ("mtu-under-vlan", "The device under a VLAN gets a smaller MTU, and the old one",
             [two_port_devices()[0], tap("wan0", WAN_MAC), vlan("wan0.20", "wan0", 20, WAN)], two_port_neighbours("lan0", "wan0.20"),
             "wan0", tag(20)),
            ("mtu-under-tunnel", "The device under a tunnel gets a smaller MTU, and the old one",
             two_port_devices() + [tunnel_device()], two_port_neighbours(), "wan0", tunnelled())):
        s = Scenario(name, about, devices=devices, neighbours=neighbours, routes=[TUNNEL_ROUTE] if wrap and "tunnel" in name else [])
        server = "10.88.0.2" if s.routes else SERVER4
        flows = [TCPFlow(s, server=server, wrap_server=wrap).handshake().data(2)]
        if not s.routes:
            flows.append(TCPFlow(s, CLIENT6, SERVER6, wrap_server=wrap).handshake().data(2))
        flows.append(UDPFlow(s, server=server, wrap_server=wrap).out().back().out().back())
        mtu(s, device, 1300)
        large(s, *flows[:-1])
        flows[-1].out(b"x" * 1320).back(b"y" * 1320)
        both_ways(s, *flows[:-1])
        large(s, *flows[:-1], sizes=(1100,))
        mtu(s, device, 1500)
        large(s, *flows[:-1], sizes=(1360,))
        both_ways(s, *flows[:-1])
        yield large(s, *flows[:-1], sizes=(1360,))

    s = Scenario("mtu-under-tunnel-nat", "The device under a tunnel, behind whose address a client is, gets a smaller MTU",
                 devices=two_port_devices() + [tunnel_device()], routes=[TUNNEL_ROUTE],
                 ruleset_text=ruleset(nat=MASQUERADE.replace("wan0", "tun4")))
    f = TCPFlow(s, server="10.88.0.2", nat_client="10.77.0.1", wrap_server=tunnelled()).handshake().data(2)
    mtu(s, "wan0", 1300)
    large(s, f)
    yield both_ways(s, f)

    s = Stack("mtu-under-tunnel6", "The device under an IPv6 tunnel gets a smaller MTU, and the old one",
              devices=two_port_devices() + [tunnel6_device()], routes=[TUNNEL6_ROUTE])
    f = TCPFlow(s, CLIENT6, "2001:db8:88::2", wrap_server=lambda e, p: e / IPv6(src=SERVER6, dst=WAN6, hlim=64) / p)
    f.handshake().data(2)
    mtu(s, "wan0", 1400)
    large(s, f, sizes=(1280, 1320))
    both_ways(s, f)
    mtu(s, "wan0", 1500)
    large(s, f, sizes=(1320,))
    both_ways(s, f)
    yield large(s, f, sizes=(1320,))

    lan = two_port_devices(lan_mtu=1400)[0]
    tags = [tap("wan0", WAN_MAC), vlan("wan0.100", "wan0", 100), vlan("wan0.100.20", "wan0.100", 20, WAN)]
    for name, about, devices, wan, wrap in (
            ("mtu-behind-session", "What comes in a session is too large for the client's port by less than the header",
             [tap("wan0", WAN_MAC), session_device("wan0")], None, session()),
            ("mtu-behind-tags", "What comes with two tags is too large for the client's port by less than the inner tag", tags, tags[-1]["name"], tag(100, 20)),
            ("mtu-behind-tunnel", "What comes through a tunnel is too large for the client's port by less than the outer header",
             [tap("wan0", WAN_MAC, WAN), tunnel_device()], "wan0", tunnelled())):
        routes = [TUNNEL_ROUTE] if "tunnel" in name else []
        neighbours = [n for n in two_port_neighbours("lan0", wan or "none") if n["dev"] != "none"]
        s = Scenario(name, about, devices=[lan] + devices, neighbours=neighbours, routes=routes)
        f = TCPFlow(s, server="10.88.0.2" if routes else SERVER4, wrap_server=wrap).handshake().data(2)
        for size in (1400, 1401, 1404, 1405, 1408, 1409, 1420, 1421):
            f.back("PA", b"y" * (size - 40), advance=False)
        yield both_ways(s, f)

    s = Scenario("mtu-below-ipv6", "The server's port gets an MTU that is too small for IPv6, which leaves it, and the old one")
    f, f6, u6 = TCPFlow(s).handshake().data(2), TCPFlow(s, CLIENT6, SERVER6).handshake().data(2), UDPFlow(s, CLIENT6, SERVER6)
    u6.out().back().out().back()
    mtu(s, "wan0", 1000)
    both_ways(s, f, f6)
    u6.back().out().back()
    large(s, f, sizes=(940, 1000))
    mtu(s, "wan0", 1500)
    both_ways(s, f, f6)
    yield u6.out().back().s.conntrack()

    s = Scenario("mtu-above", "A VLAN device does not get a larger MTU than its device", devices=[
        two_port_devices()[0], tap("wan0", WAN_MAC), vlan("wan0.20", "wan0", 20, WAN)], neighbours=two_port_neighbours("lan0", "wan0.20"))
    f = TCPFlow(s, wrap_server=tag(20)).handshake().data(2)
    mtu(s, "wan0.20", 1501)
    large(s, f, sizes=(1360, 1461))
    yield both_ways(s, f)

    s, f = bridged("mtu-bridge-port", "A port of a bridge gets a smaller MTU, which the bridge follows, and the old one")
    yield less_and_back(s, "lan0", f, 1500)

    s, f = bridged("mtu-bridge", "A bridge gets an MTU of its own, and its ports' changes are theirs alone from then on")
    mtu(s, "br0", 1300)
    large(s, f)
    both_ways(s, f)
    mtu(s, "lan1", 1200)
    large(s, f, sizes=(1220, 1360))
    yield both_ways(s, f)

    s, f = over_session("mtu-session", "A PPPoE session gets a smaller MTU, and the old one")
    yield less_and_back(s, "ppp0", f, 1492)

    s, f = over_session("mtu-under-session", "The device under a PPPoE session gets a smaller MTU, which ends the session")
    mtu(s, "wan0", 1400)
    both_ways(s, f)
    large(s, f)
    UDPFlow(s, sport=43000, wrap_server=session()).out().back()
    yield both_ways(s, f)


def tracking():
    """Which rules switch connection tracking on, and for which family."""
    chain = "chain nat {\n\t\ttype nat hook prerouting priority -100; policy accept;\n\t\t%s\n\t}"
    for name, about, rule in (
            ("needs-nat-chain", "A chain of translations without rules has nothing tracked", ""),
            ("needs-nat-rule", "A rule that translates IPv4 addresses has IPv4 tracked", "iifname lan0 tcp dport 8080 dnat ip to 198.51.100.2:80")):
        s = Scenario(name, about, ruleset_text=ruleset(offload="", nat=chain % rule))
        for client, server in ((CLIENT4, SERVER4), (CLIENT6, SERVER6)):
            UDPFlow(s, client, server).out().back()
        s.conntrack()
        s.command("nft add rule inet x y meta l4proto udp flow add @f")
        for client, server in ((CLIENT4, SERVER4), (CLIENT6, SERVER6)):
            UDPFlow(s, client, server, sport=41000).out().back().out()
        s.conntrack()
        s.command("nft flush chain inet x y")
        for client, server in ((CLIENT4, SERVER4), (CLIENT6, SERVER6)):
            UDPFlow(s, client, server, sport=42000).out().back().out()
        yield s.conntrack()


def scenarios():
    yield from vlans()
    yield from stations()
    yield from mtus()
    yield from tracking()
