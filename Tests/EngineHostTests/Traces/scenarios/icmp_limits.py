# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the router answers packets that no route takes, with icmp_ratelimit 0.
Record: record.py scenarios/icmp_limits.py -o OUTPUT"""
from scenario import *

NOWHERE = "203.0.113.9"


def probe(s, destination=NOWHERE, ttl=64, source=CLIENT4):
    s.send("lan0", Ether(src=CLIENT_MAC, dst=LAN_MAC) / IP(src=source, dst=destination, ttl=ttl, id=7, flags="DF")
           / UDP(sport=4000, dport=5000) / b"anybody there?")


def scenarios():
    s = Scenario("icmp-no-route", "A burst of packets without a route, from one sender and from another")
    for _ in range(6):
        probe(s)
    probe(s, source="192.0.2.3")
    s.wait(1.5)
    probe(s)
    probe(s)
    s.wait(6)
    for _ in range(3):
        probe(s)
    yield s

    s = Scenario("icmp-ttl-then-no-route", "Errors of other kinds count against those for missing routes, not the other way round")
    for _ in range(3):
        probe(s, SERVER4, ttl=1)
    probe(s)
    s.wait(1.5)
    probe(s)
    probe(s, SERVER4, ttl=1)
    s.wait(1.5)
    probe(s, SERVER4, ttl=1)
    probe(s)
    yield s
