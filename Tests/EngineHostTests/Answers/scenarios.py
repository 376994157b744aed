# SPDX-License-Identifier: GPL-3.0-or-later
"""What record.py asks kernels: conntrack entries and expectations, then nf_tables. Constants are named as in
linux/netfilter/nfnetlink_conntrack.h and nf_tables.h, without their prefixes."""

import socket
import struct

from record import (ACK, APPEND, CREATE, DUMP, ECHO, EXCL, REPLACE, REQUEST, attribute, batch_begin,
    batch_end, message, nest, netfilter, u16, u32, u64, u8)

SCENARIOS = {}


def scenario(play):
    SCENARIOS[play.__name__.replace("_", "-")] = play
    return play


IPV4, IPV6 = 2, 10
TCP, UDP, ICMP, GRE, ICMPV6, SCTP, UDPLITE = 6, 17, 1, 47, 58, 132, 136

# ---- conntrack

(TUPLE_ORIG, TUPLE_REPLY, STATUS, PROTOINFO, HELP, NAT_SRC, TIMEOUT, MARK, COUNTERS_ORIG, COUNTERS_REPLY, USE,
    ID, NAT_DST, TUPLE_MASTER, SEQ_ADJ_ORIG, SEQ_ADJ_REPLY, SECMARK, ZONE, SECCTX, TIMESTAMP, MARK_MASK,
    LABELS, LABELS_MASK, SYNPROXY, FILTER, STATUS_MASK, TIMESTAMP_EVENT) = range(1, 28)
(CT_NEW, CT_GET, CT_DELETE, CT_GET_CTRZERO, CT_GET_STATS_CPU, CT_GET_STATS, CT_GET_DYING,
    CT_GET_UNCONFIRMED) = range(8)
SEEN_REPLY, ASSURED, CONFIRMED = 2, 4, 8


def conntrack(kind, flags, *attributes, family=IPV4, **more):
    return netfilter(0x100 | kind, flags, family, *attributes, **more)


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def addresses(source, destination):
    first = 3 if ":" in source else 1
    return nest(1, attribute(first, address(source)), attribute(first + 1, address(destination)))


def ports(protocol, source, destination):
    return nest(2, u8(1, protocol), u16(2, source), u16(3, destination))


def tuples(
    protocol=UDP, source="10.0.0.1", destination="192.0.2.1", sport=1000, dport=53, zones=(None, None)
):
    """Both tuples of a flow with ports."""

    def one(kind, zone, *members):
        return nest(kind, *members, *([] if zone is None else [u16(3, zone)]))

    first = one(TUPLE_ORIG, zones[0], addresses(source, destination), ports(protocol, sport, dport))
    return first + one(TUPLE_REPLY, zones[1], addresses(destination, source), ports(protocol, dport, sport))


def original(protocol=UDP, source="10.0.0.1", destination="192.0.2.1", sport=1000, dport=53, kind=TUPLE_ORIG):
    return nest(kind, addresses(source, destination), ports(protocol, sport, dport))


def tcp_info(state, flags=None, scales=None):
    members = [u8(1, state)]
    if scales:
        members += [u8(2, scales[0]), u8(3, scales[1])]
    if flags:
        members += [attribute(4, bytes(flags[0])), attribute(5, bytes(flags[1]))]
    return nest(PROTOINFO, nest(1, *members))


def echo(family, protocol, kinds, first, source, destination):
    """Tuples of an ICMP flow: types of request and answer, and the first of three attribute numbers."""

    def one(kind, icmp_type, *ends):
        return nest(kind, addresses(*ends), nest(2, u8(1, protocol), u16(first, 7), u8(first + 1, icmp_type),
            u8(first + 2, 0)))

    return one(TUPLE_ORIG, kinds[0], source, destination) + one(TUPLE_REPLY, kinds[1], destination, source)


NEW = CREATE | EXCL | ACK


def add(r, text, *attributes, flags=NEW, family=IPV4, by="ext"):
    r.send(text, conntrack(CT_NEW, flags, *attributes, family=family), by=by)


@scenario
def conntrack_new(r):
    t = u32(TIMEOUT, 600)
    add(r, "UDP", tuples(), t)
    add(r, "the same, exclusively", tuples(), t)
    add(r, "the same, exclusively, capped", tuples(), t, by="capped")
    add(r, "the same, exclusively, without extended acknowledgements", tuples(), t, by="plain")
    add(r, "without creating", tuples(sport=1001), t, flags=ACK)
    add(r, "without an acknowledgement", tuples(sport=1002), t, flags=CREATE)
    add(r, "the reply direction of what is there", tuples(source="192.0.2.1", destination="10.0.0.1",
        sport=53, dport=1000), t)
    add(r, "TCP with its state", tuples(TCP, dport=80), t, tcp_info(3, ((3, 3), (1, 255)), (7, 9)))
    add(r, "TCP without a state", tuples(TCP, dport=81), t)
    add(r, "TCP, seen and assured, marked", tuples(TCP, dport=82), t, tcp_info(3), u32(STATUS, SEEN_REPLY
        | ASSURED | CONFIRMED), u32(MARK, 5))
    add(r, "TCP over IPv6", tuples(TCP, "2001:db8::1", "2001:db8:1::2", 1000, 443), t, tcp_info(1),
        family=IPV6)
    add(r, "ICMP", echo(IPV4, ICMP, (8, 0), 4, "10.0.0.1", "192.0.2.1"), t)
    add(r, "ICMPv6", echo(IPV6, ICMPV6, (128, 129), 7, "2001:db8::1", "2001:db8:1::2"), t, family=IPV6)
    add(r, "ICMP of a type without answer", echo(IPV4, ICMP, (3, 0), 4, "10.0.0.1", "192.0.2.1"), t)
    add(r, "GRE", tuples(GRE, sport=1, dport=2), t)
    add(r, "SCTP", tuples(SCTP, sport=36412, dport=36412), t, nest(PROTOINFO, nest(3, u8(1, 4), u32(2, 17),
        u32(3, 18))))
    add(r, "SCTP without its tags", tuples(SCTP, sport=36413), t, nest(PROTOINFO, nest(3, u8(1, 4))))
    add(r, "a protocol without ports", nest(TUPLE_ORIG, addresses("10.0.0.1", "192.0.2.1"), nest(2, u8(1,
        99))) + nest(TUPLE_REPLY, addresses("192.0.2.1", "10.0.0.1"), nest(2, u8(1, 99))), t)
    add(r, "a zone", tuples(), t, u16(ZONE, 7))
    add(r, "a zone of the original direction", tuples(sport=1100, zones=(8, None)), t)
    add(r, "a zone of the reply direction", tuples(sport=1101, zones=(None, 9)), t)
    add(r, "a zone of each direction", tuples(sport=1102, zones=(8, 9)), t)
    add(r, "a zone, and one of a direction", tuples(sport=1103, zones=(8, None)), t, u16(ZONE, 8))
    add(r, "translated", original(sport=1200) + nest(TUPLE_REPLY, addresses("192.0.2.1", "10.0.0.1"),
        ports(UDP, 53, 1200)), t, nest(NAT_SRC, attribute(1, address("198.51.100.1"))))
    add(r, "translated with a port", tuples(sport=1201), t, nest(NAT_DST, attribute(1,
        address("198.51.100.9")), nest(3, u16(1, 5353), u16(2, 5353))))
    add(r, "confirmed by the client", tuples(sport=1300), t, u32(STATUS, CONFIRMED))
    add(r, "with a status that is not confirmed", tuples(sport=1301), t, u32(STATUS, SEEN_REPLY))
    add(r, "a helper", tuples(TCP, dport=21), t, tcp_info(3), nest(HELP, attribute(1, "ftp")))
    add(r, "a helper that there is not", tuples(TCP, dport=22), t, nest(HELP, attribute(1, "nosuchhelper")))
    add(r, "a master", tuples(TCP, dport=5000), t, tcp_info(3), original(TCP, dport=21, kind=TUPLE_MASTER))
    add(r, "a master that there is not", tuples(TCP, dport=5001), t, original(TCP, dport=23,
        kind=TUPLE_MASTER))
    add(r, "labels without room", tuples(sport=1400), t, attribute(LABELS, bytes([1]) + bytes(15)))
    add(r, "echoed", tuples(sport=1500), t, flags=CREATE | ECHO)
    add(r, "without a reply tuple", original(sport=1600), t)
    add(r, "without an original tuple", original(sport=1600, kind=TUPLE_REPLY), t)
    add(r, "without tuples", t)
    add(r, "without a timeout", tuples(sport=1601))
    add(r, "with two protocols", original(sport=1602) + original(TCP, "192.0.2.1", "10.0.0.1", 53, 1602,
        TUPLE_REPLY), t)
    add(r, "a timeout of nothing", tuples(sport=1603), u32(TIMEOUT, 0))
    add(r, "a timeout of sixteen bits", tuples(sport=1604), u16(TIMEOUT, 600))
    add(r, "a tuple without addresses", nest(TUPLE_ORIG, ports(UDP, 1, 2)) + nest(TUPLE_REPLY, ports(UDP, 2,
        1)), t)
    add(r, "a tuple without a protocol", nest(TUPLE_ORIG, addresses("10.0.0.1", "192.0.2.1")), t)
    add(r, "a tuple without ports", nest(TUPLE_ORIG, addresses("10.0.0.1", "192.0.2.1"), nest(2, u8(1, UDP))),
        t)
    add(r, "an address of two octets", nest(TUPLE_ORIG, nest(1, u16(1, 1)), ports(UDP, 1, 2)), t)
    add(r, "an empty tuple", nest(TUPLE_ORIG), t)
    add(r, "IPv4 addresses in a message of IPv6", tuples(sport=1605), t, family=IPV6)
    add(r, "of no family", tuples(sport=1606), t, family=0)
    add(r, "of a family that there is not", tuples(sport=1607), t, family=77)
    add(r, "with an attribute that there is not", tuples(sport=1608), t, u32(60, 1))
    add(r, "with a TCP state that there is not", tuples(TCP, sport=1609), t, tcp_info(77))
    add(r, "with TCP states of another protocol", tuples(sport=1610), t, tcp_info(3))
    r.send("of version 9", conntrack(CT_NEW, NEW, tuples(sport=1611), t, version=9))
    r.send("all that is there", conntrack(CT_GET, DUMP, family=0))


@scenario
def conntrack_update(r):
    t = u32(TIMEOUT, 600)
    r.batch("a rule that gives entries labels", table("t", family=1), chain("t", "c", family=1), rule("t",
        "c", immediate_value(1, bytes([1]) + bytes(15)), expression("ct", u32(2, 13), u32(4, 1)), family=1))
    add(r, "an entry", tuples(TCP, dport=80), t, tcp_info(1))
    add(r, "another", tuples(), t)
    add(r, "a timeout", tuples(TCP, dport=80), u32(TIMEOUT, 300), flags=ACK)
    add(r, "a mark", tuples(TCP, dport=80), u32(MARK, 0x12345678), flags=ACK)
    add(r, "a mark with a mask", tuples(TCP, dport=80), u32(MARK, 0xFF), u32(MARK_MASK, 0xF0), flags=ACK)
    add(r, "the same mark", original(TCP, dport=80), u32(MARK, 0x12345678), flags=ACK)
    add(r, "a state", original(TCP, dport=80), tcp_info(3, ((8, 8), (8, 8))), flags=ACK)
    add(r, "seen reply and assured", original(TCP, dport=80), u32(STATUS, CONFIRMED | SEEN_REPLY | ASSURED),
        flags=ACK)
    add(r, "assured no more", original(TCP, dport=80), u32(STATUS, CONFIRMED | SEEN_REPLY), flags=ACK)
    add(r, "confirmed no more", original(TCP, dport=80), u32(STATUS, SEEN_REPLY | ASSURED), flags=ACK)
    add(r, "dying", original(TCP, dport=80), u32(STATUS, 0x200 | CONFIRMED | SEEN_REPLY | ASSURED), flags=ACK)
    add(r, "labels", original(), attribute(LABELS, bytes([5]) + bytes(15)), flags=ACK)
    add(r, "labels with a mask", original(), attribute(LABELS, bytes([2]) + bytes(15)), attribute(LABELS_MASK,
        bytes([6]) + bytes(15)), flags=ACK)
    add(r, "the same labels", original(), attribute(LABELS, bytes([3]) + bytes(15)), flags=ACK)
    add(r, "labels of three octets", original(), attribute(LABELS, bytes([1, 2, 3])), flags=ACK)
    add(r, "labels of four octets", original(), attribute(LABELS, bytes([1, 2, 3, 4])), flags=ACK)
    add(r, "labels of twenty octets", original(), attribute(LABELS, bytes(20)), flags=ACK)
    add(r, "a helper afterwards", original(TCP, dport=80), nest(HELP, attribute(1, "ftp")), flags=ACK)
    add(r, "a translation afterwards", original(), nest(NAT_SRC, attribute(1, address("198.51.100.1"))),
        flags=ACK)
    add(r, "a master afterwards", original(), original(TCP, dport=80, kind=TUPLE_MASTER), flags=ACK)
    add(r, "by the reply tuple", original(UDP, "192.0.2.1", "10.0.0.1", 53, 1000, TUPLE_REPLY), u32(MARK, 9),
        flags=ACK)
    add(r, "nothing", original(), flags=ACK)
    add(r, "replacing", original(), u32(MARK, 10), flags=ACK | REPLACE | CREATE)
    add(r, "echoed", original(), u32(MARK, 11), flags=ACK | ECHO)
    add(r, "with labels from the start", tuples(sport=1001), t, attribute(LABELS, bytes([7]) + bytes(15)))
    r.send("two entries in one datagram", conntrack(CT_NEW, NEW, tuples(sport=1002), t), conntrack(CT_NEW,
        NEW, tuples(sport=1002), t))
    r.send("one entry", conntrack(CT_GET, 0, original()))
    r.send("the other", conntrack(CT_GET, 0, original(TCP, dport=80)))


def few(r):
    t = u32(TIMEOUT, 600)
    add(r, "UDP", tuples(), t, u32(MARK, 1))
    add(r, "UDP, zone 7", tuples(), t, u16(ZONE, 7), u32(MARK, 3))
    add(r, "TCP", tuples(TCP, dport=80), t, tcp_info(3), u32(STATUS, CONFIRMED | SEEN_REPLY | ASSURED),
        u32(MARK, 2))
    add(r, "TCP of IPv6", tuples(TCP, "2001:db8::1", "2001:db8:1::2", 1000, 443), t, tcp_info(1), family=IPV6)
    add(r, "ICMP", echo(IPV4, ICMP, (8, 0), 4, "10.0.0.1", "192.0.2.1"), t)


@scenario
def conntrack_get(r):
    few(r)
    reply = original(UDP, "192.0.2.1", "10.0.0.1", 53, 1000, TUPLE_REPLY)
    for by in ("plain", "ext", "capped"):
        r.send(f"one, {by}", conntrack(CT_GET, 0, original()), by=by)
        r.send(f"one that there is not, {by}", conntrack(CT_GET, 0, original(dport=54)), by=by)
    r.send("one, acknowledged", conntrack(CT_GET, ACK, original()))
    r.send("by the reply tuple", conntrack(CT_GET, 0, reply))
    r.send("by both", conntrack(CT_GET, 0, tuples()))
    r.send("by a master", conntrack(CT_GET, 0, original(kind=TUPLE_MASTER)))
    r.send("by nothing", conntrack(CT_GET, 0))
    r.send("in a zone", conntrack(CT_GET, 0, original(), u16(ZONE, 7)))
    r.send("in another zone", conntrack(CT_GET, 0, original(), u16(ZONE, 8)))
    r.send("in a zone of the tuple", conntrack(CT_GET, 0, nest(TUPLE_ORIG, addresses("10.0.0.1", "192.0.2.1"),
        ports(UDP, 1000, 53), u16(3, 7))))
    r.send("of IPv6", conntrack(CT_GET, 0, original(TCP, "2001:db8::1", "2001:db8:1::2", 1000, 443),
        family=IPV6))
    r.send("of IPv6 in IPv4's name", conntrack(CT_GET, 0, original(TCP, "2001:db8::1", "2001:db8:1::2", 1000,
        443)))
    r.send("of no family", conntrack(CT_GET, 0, original(), family=0))
    r.send("of version 3", conntrack(CT_GET, 0, original(), version=3))
    r.send("with an identifier", conntrack(CT_GET, 0, original(), u32(ID, 1)))
    r.send("a tuple not marked as nested", conntrack(CT_GET, ACK, attribute(TUPLE_ORIG, addresses("10.0.0.1",
        "192.0.2.1") + ports(UDP, 1000, 53))))
    r.send("and its counters, of which there are none", conntrack(CT_GET_CTRZERO, 0, original()))


@scenario
def conntrack_dump(r):
    r.setting("nf_conntrack_acct", 1)
    few(r)
    r.send("all", conntrack(CT_GET, DUMP, family=0))
    r.send("all, acknowledged", conntrack(CT_GET, DUMP | ACK, family=0))
    r.send("IPv4", conntrack(CT_GET, DUMP))
    r.send("IPv6", conntrack(CT_GET, DUMP, family=IPV6))
    r.send("a family that there is not", conntrack(CT_GET, DUMP, family=77))
    r.send("a mark", conntrack(CT_GET, DUMP, u32(MARK, 2), family=0))
    r.send("a mark with a mask", conntrack(CT_GET, DUMP, u32(MARK, 2), u32(MARK_MASK, 2), family=0))
    r.send("a mask without a mark", conntrack(CT_GET, DUMP, u32(MARK_MASK, 2), family=0))
    r.send("a status", conntrack(CT_GET, DUMP, u32(STATUS, ASSURED), family=0))
    r.send("a status with a mask", conntrack(CT_GET, DUMP, u32(STATUS, 0), u32(STATUS_MASK, ASSURED),
        family=0))
    r.send("a status of nothing", conntrack(CT_GET, DUMP, u32(STATUS, 0), family=0))
    r.send("a mask without a status", conntrack(CT_GET, DUMP, u32(STATUS_MASK, 4), family=0))
    r.send("a zone", conntrack(CT_GET, DUMP, u16(ZONE, 7), family=0))
    r.send("zone 0", conntrack(CT_GET, DUMP, u16(ZONE, 0), family=0))
    one = struct.pack("=I", 0x1F | 0x20 | 8)
    r.send("a tuple", conntrack(CT_GET, DUMP, original(), nest(FILTER, attribute(1, struct.pack("=I",
        0x3B)))))
    r.send("a source", conntrack(CT_GET, DUMP, nest(TUPLE_ORIG, nest(1, attribute(1, address("10.0.0.1")))),
        nest(FILTER, attribute(1, struct.pack("=I", 1)))))
    r.send("a reply's port", conntrack(CT_GET, DUMP, nest(TUPLE_REPLY, nest(2, u8(1, TCP), u16(2, 80))),
        nest(FILTER, attribute(2, struct.pack("=I", 0x18)))))
    r.send("a tuple's zone", conntrack(CT_GET, DUMP, nest(TUPLE_ORIG, u16(3, 7)), nest(FILTER, attribute(1,
        struct.pack("=I", 4)))))
    r.send("a source of IPv6", conntrack(CT_GET, DUMP, nest(TUPLE_ORIG, nest(1, attribute(3,
        address("2001:db8::1")))), nest(FILTER, attribute(1, struct.pack("=I", 1))), family=IPV6))
    r.send("another source of IPv6", conntrack(CT_GET, DUMP, nest(TUPLE_ORIG, nest(1, attribute(3,
        address("2001:db8::9")))), nest(FILTER, attribute(1, struct.pack("=I", 1))), family=IPV6))
    r.send("a filter of no family", conntrack(CT_GET, DUMP, original(), nest(FILTER, attribute(1, one)),
        family=0))
    r.send("a filter without its tuple", conntrack(CT_GET, DUMP, nest(FILTER, attribute(1, one))))
    r.send("a filter with flags that there are not", conntrack(CT_GET, DUMP, original(), nest(FILTER,
        attribute(1, struct.pack("=I", 0x1000)))))
    r.send("a filter for ports of no protocol", conntrack(CT_GET, DUMP, original(), nest(FILTER, attribute(1,
        struct.pack("=I", 0x10)))))
    r.send("a filter not marked as nested", conntrack(CT_GET, DUMP, original(), attribute(FILTER, attribute(1,
        one))))
    r.send("a filter of unknown members", conntrack(CT_GET, DUMP, original(), nest(FILTER, attribute(9,
        one))))
    r.send("one, with its counters", conntrack(CT_GET, 0, original()))
    r.send("one, zeroing", conntrack(CT_GET_CTRZERO, 0, original()))
    r.send("all, zeroing", conntrack(CT_GET_CTRZERO, DUMP, family=0))
    r.send("the dying", conntrack(CT_GET_DYING, DUMP, family=0))
    r.send("the unconfirmed", conntrack(CT_GET_UNCONFIRMED, DUMP, family=0))
    r.send("the dying, not as a dump", conntrack(CT_GET_DYING, ACK))
    r.send("the unconfirmed, not as a dump", conntrack(CT_GET_UNCONFIRMED, 0))
    r.send("a dump and a request in one datagram", conntrack(CT_GET, DUMP, family=IPV6), conntrack(CT_GET, 0,
        original()))


@scenario
def conntrack_delete(r):
    r.setting("nf_conntrack_acct", 1)
    few(r)
    r.send("one", conntrack(CT_DELETE, ACK, original()))
    r.send("it once more", conntrack(CT_DELETE, ACK, original()))
    r.send("one in a zone, by its reply tuple", conntrack(CT_DELETE, ACK, original(UDP, "192.0.2.1",
        "10.0.0.1", 53, 1000, TUPLE_REPLY), u16(ZONE, 7)))
    r.send("one of another identifier", conntrack(CT_DELETE, ACK, original(TCP, dport=80), u32(ID, 1)))
    r.send("one, echoed", conntrack(CT_DELETE, ACK | ECHO, original(TCP, dport=80)))
    r.send("of a version that honours the family, IPv6", conntrack(CT_DELETE, ACK, family=IPV6, version=1))
    r.send("what is left", conntrack(CT_GET, DUMP, family=0))
    few(r)
    r.send("by a mark", conntrack(CT_DELETE, ACK, u32(MARK, 2), u32(MARK_MASK, 0xFF), family=0))
    r.send("by a zone", conntrack(CT_DELETE, ACK, u16(ZONE, 7), family=0))
    r.send("by a status", conntrack(CT_DELETE, ACK, u32(STATUS, ASSURED), u32(STATUS_MASK, ASSURED),
        family=0))
    r.send("what is left now", conntrack(CT_GET, DUMP, family=0))
    r.send("by a mask without a mark", conntrack(CT_DELETE, ACK, u32(MARK_MASK, 2), family=0))
    r.send("by a filter", conntrack(CT_DELETE, ACK, nest(TUPLE_ORIG, nest(1, attribute(1,
        address("10.0.0.1")))), nest(FILTER, attribute(1, struct.pack("=I", 1)))))
    r.send("all", conntrack(CT_DELETE, ACK, family=0))
    r.send("all, of nothing", conntrack(CT_DELETE, 0, family=0))
    r.send("none is left", conntrack(CT_GET, DUMP, family=0))


@scenario
def conntrack_statistics(r):
    r.present("nf_conntrack_max")
    r.send("of an empty table", conntrack(CT_GET_STATS, 0, family=0))
    r.send("of each processor", conntrack(CT_GET_STATS_CPU, DUMP, family=0))
    few(r)
    r.send("of some entries", conntrack(CT_GET_STATS, ACK, family=0))
    r.send("of some entries, as a dump", conntrack(CT_GET_STATS, DUMP, family=0))
    r.send("of each processor once more", conntrack(CT_GET_STATS_CPU, DUMP, family=0))
    r.send("of each processor, not as a dump", conntrack(CT_GET_STATS_CPU, ACK, family=0))
    r.send("of expectations", expectation(EXP_GET_STATS_CPU, DUMP, family=0))
    r.send("of expectations, not as a dump", expectation(EXP_GET_STATS_CPU, ACK, family=0))


@scenario
def conntrack_timestamps(r):
    r.setting("nf_conntrack_timestamp", 1)
    r.setting("nf_conntrack_acct", 1)
    few(r)
    r.send("one", conntrack(CT_GET, 0, original()))
    r.send("a change", conntrack(CT_NEW, ACK, original(), u32(MARK, 77)))
    r.send("one less", conntrack(CT_DELETE, ACK, original()))


@scenario
def wrong_messages(r):
    r.present("nf_conntrack_max")
    for by in ("plain", "ext", "capped"):
        r.send(f"an unknown message of conntrack, {by}", conntrack(9, ACK, family=0), by=by)
        r.send(f"an unknown message of nf_tables, {by}", netfilter(0xA50, ACK, 0), by=by)
    r.send("an unknown message of expectations", expectation(9, ACK, family=0))
    r.send("a version of nf_tables that there is not", nft(GETTABLE, ACK, attribute(1, "t"), version=9))
    r.batch("a version that there is not, in a batch", nft(NEWTABLE, CREATE | ACK, attribute(1, "v"),
        version=9))
    r.batch("what that made less", table("v", kind=DELTABLE, flags=ACK))
    r.send("an unknown subsystem", netfilter(0x0D00, ACK, 0))
    r.send("an unknown subsystem, not to be acknowledged", netfilter(0x0E00, 0, 0))
    r.send("no request", message(0x101, ACK, bytes(4)))
    r.send("no request, not to be acknowledged", message(0x101, 0, bytes(4)))
    r.send("a control message", message(1, REQUEST | ACK, bytes(4)))
    r.send("a short header", message(0x101, REQUEST | ACK, bytes(2)))
    r.send("no header", message(0x101, REQUEST | ACK, b""))
    r.send("no header, of nf_tables", message(0xA01, REQUEST | ACK, b""))
    r.send("a length that is too great", message(0x101, REQUEST | ACK, bytes(4), length=40))
    r.send("a length that is too small", message(0x101, REQUEST | ACK, bytes(4), length=8))
    r.send("an attribute that is too long", conntrack(CT_GET, ACK, struct.pack("=HH", 40, 1)))
    r.send("an attribute that is too short", conntrack(CT_GET, ACK, struct.pack("=HH", 2, 1)))
    r.send("an attribute that is too long, in a dump", conntrack(CT_GET, ACK | DUMP, struct.pack("=HH", 40,
        1), family=0))
    r.send("an attribute that is too long, of nf_tables", nft(GETTABLE, ACK, struct.pack("=HH", 40, 1)))
    r.send("octets after the attributes", conntrack(CT_GET_STATS, ACK, b"\1\2\3\0", family=0))
    r.send("a batch's message outside of one", table("t"))
    r.send("the end of a batch alone", batch_end(ACK))
    r.send("three messages, one of them wrong", conntrack(CT_GET_STATS, ACK, family=0), conntrack(9, ACK,
        family=0), conntrack(CT_GET_STATS, ACK, family=0))
    r.send("a request outside a batch, inside of one", batch_begin(), nft(GETTABLE, ACK, attribute(1, "t")),
        batch_end())
    r.send("an empty batch", batch_begin(ACK), batch_end(ACK))
    r.send("a batch without an end", batch_begin(ACK), table("t", flags=CREATE | ACK))
    r.send("a batch in a batch", batch_begin(), table("t", flags=CREATE | ACK), batch_begin(), batch_end())
    r.send("a batch of another subsystem", batch_begin(ACK, subsystem=1), batch_end())
    r.send("a batch of a subsystem that there is not", batch_begin(ACK, subsystem=77), batch_end())
    r.send("another subsystem's message in a batch", batch_begin(), conntrack(CT_GET_STATS, ACK, family=0),
        batch_end())
    r.send("an unknown message in a batch", batch_begin(), netfilter(0xA50, ACK, 0), batch_end())
    r.send("no request in a batch", batch_begin(), message(0xA00, ACK, bytes(4)), batch_end())
    r.send("a control message in a batch", batch_begin(), message(1, REQUEST | ACK, bytes(4)), batch_end())
    r.send("a short message in a batch", batch_begin(), message(0xA00, REQUEST | ACK, b""), batch_end())
    r.send("nothing was made", nft(GETTABLE, DUMP, family=0))


# ---- expectations

MASTER, TUPLE, MASK, EXP_TIMEOUT, EXP_ID, HELP_NAME, EXP_ZONE, FLAGS, CLASS, NAT, FN = range(1, 12)
EXP_NEW, EXP_GET, EXP_DELETE, EXP_GET_STATS_CPU = range(4)


def expectation(kind, flags, *attributes, family=IPV4, **more):
    return netfilter(0x200 | kind, flags, family, *attributes, **more)


@scenario
def expectations(r):
    master = original(TCP, dport=21, kind=MASTER)

    def expected(port, kind=TUPLE):
        return original(TCP, sport=0, dport=port, kind=kind)

    mask = nest(MASK, addresses("255.255.255.255", "255.255.255.255"), ports(TCP, 0, 65535))

    def new(text, *attributes, flags=NEW):
        r.send(text, expectation(EXP_NEW, flags, *attributes))

    add(r, "a master", tuples(TCP, dport=21), u32(TIMEOUT, 600), tcp_info(3), nest(HELP, attribute(1, "ftp")))
    add(r, "an entry without a helper", tuples(TCP, dport=22), u32(TIMEOUT, 600), tcp_info(3))
    new("one", master, expected(2000), mask, u32(EXP_TIMEOUT, 100))
    new("it once more, exclusively", master, expected(2000), mask, u32(EXP_TIMEOUT, 100))
    new("it once more", master, expected(2000), mask, u32(EXP_TIMEOUT, 100), flags=CREATE | ACK)
    new("a change", master, expected(2000), mask, u32(EXP_TIMEOUT, 200), flags=ACK)
    new("without creating", master, expected(2001), mask, flags=ACK)
    new("permanent", master, expected(2002), mask, u32(EXP_TIMEOUT, 100), u32(FLAGS, 1))
    new("of a class that there is not", master, expected(2003), mask, u32(EXP_TIMEOUT, 100), u32(CLASS, 3))
    new("by the helper's name", master, expected(2004), mask, u32(EXP_TIMEOUT, 100), attribute(HELP_NAME,
        "ftp"))
    new("by a helper that there is not", master, expected(2005), mask, u32(EXP_TIMEOUT, 100),
        attribute(HELP_NAME, "nosuchhelper"))
    new("without a master", expected(2006), mask)
    new("without a tuple", master, mask)
    new("without a mask", master, expected(2006))
    new("of a master that there is not", original(TCP, dport=23, kind=MASTER), expected(2006), mask)
    new("of a master without a helper", original(TCP, dport=22, kind=MASTER), expected(2006), mask)
    new("a timeout of two octets", master, expected(2006), mask, u16(EXP_TIMEOUT, 1))
    new("an attribute that there is not", master, expected(2007), mask, u32(EXP_TIMEOUT, 100), u32(50, 1))
    r.send("one", expectation(EXP_GET, 0, expected(2000)))
    r.send("one, acknowledged", expectation(EXP_GET, ACK, expected(2000)))
    r.send("one that there is not", expectation(EXP_GET, 0, expected(2999)))
    r.send("one by an identifier", expectation(EXP_GET, 0, expected(2000), u32(EXP_ID, 1)))
    r.send("one by its master", expectation(EXP_GET, 0, master))
    r.send("one by nothing", expectation(EXP_GET, 0))
    r.send("all", expectation(EXP_GET, DUMP, family=0))
    r.send("those of IPv6", expectation(EXP_GET, DUMP, family=IPV6))
    r.send("those of a master", expectation(EXP_GET, DUMP, master))
    r.send("those of a master that there is not", expectation(EXP_GET, DUMP, original(TCP, dport=23,
        kind=MASTER)))
    r.send("those of a master without a helper", expectation(EXP_GET, DUMP, original(TCP, dport=22,
        kind=MASTER)))
    r.send("the master", conntrack(CT_GET, 0, original(TCP, dport=21)))
    r.send("one less", expectation(EXP_DELETE, ACK, expected(2000)))
    r.send("it once more", expectation(EXP_DELETE, ACK, expected(2000)))
    r.send("by another identifier", expectation(EXP_DELETE, ACK, expected(2002), u32(EXP_ID, 1)))
    r.send("a helper's", expectation(EXP_DELETE, ACK, attribute(HELP_NAME, "ftp")))
    new("one again", master, expected(2000), mask, u32(EXP_TIMEOUT, 100))
    r.send("all less", expectation(EXP_DELETE, ACK, family=0))
    new("one at last", master, expected(2000), mask, u32(EXP_TIMEOUT, 100))
    add(r, "a master that may have more", tuples(TCP, dport=6667), u32(TIMEOUT, 600), tcp_info(3), nest(HELP,
        attribute(1, "irc")))
    second = original(TCP, dport=6667, kind=MASTER)
    for port in range(3000, 3003):
        new(f"one at {port}", second, expected(port), mask, u32(EXP_TIMEOUT, 100))
    r.send("all of both", expectation(EXP_GET, DUMP, family=0))
    r.send("those of the second", expectation(EXP_GET, DUMP, second))
    r.send("one of three", expectation(EXP_GET, 0, expected(3001)))
    r.send("one of three less, echoed", expectation(EXP_DELETE, ACK | ECHO, expected(3001)))
    r.send("a helper's, which there is not", expectation(EXP_DELETE, ACK, attribute(HELP_NAME,
        "nosuchhelper")))
    r.send("a helper's, of two", expectation(EXP_DELETE, ACK, attribute(HELP_NAME, "irc")))
    new("one echoed", second, expected(3003), mask, flags=NEW | ECHO)
    r.send("its master less", conntrack(CT_DELETE, ACK, original(TCP, dport=21)))
    r.send("none is left", expectation(EXP_GET, DUMP, family=0))


# ---- nf_tables

(NEWTABLE, GETTABLE, DELTABLE, NEWCHAIN, GETCHAIN, DELCHAIN, NEWRULE, GETRULE, DELRULE, NEWSET, GETSET,
    DELSET, NEWSETELEM, GETSETELEM, DELSETELEM, NEWGEN, GETGEN, TRACE, NEWOBJ, GETOBJ, DELOBJ, GETOBJ_RESET,
    NEWFLOWTABLE, GETFLOWTABLE, DELFLOWTABLE, GETRULE_RESET, DESTROYTABLE, DESTROYCHAIN, DESTROYRULE,
    DESTROYSET, DESTROYSETELEM, DESTROYOBJ, DESTROYFLOWTABLE, GETSETELEM_RESET) = range(34)
INET, ARP, NETDEV, BRIDGE = 1, 3, 5, 7


def nft(kind, flags, *attributes, family=IPV4, **more):
    return netfilter(0xA00 | kind, flags, family, *attributes, **more)


def table(name, *more, flags=CREATE | ACK, family=IPV4, kind=NEWTABLE):
    return nft(kind, flags, attribute(1, name), *more, family=family)


def chain(of, name, *more, flags=CREATE | ACK, family=IPV4, kind=NEWCHAIN):
    return nft(kind, flags, attribute(1, of), attribute(3, name), *more, family=family)


def hook(number, priority, *more):
    return nest(4, u32(1, number), attribute(2, struct.pack("!i", priority)), *more)


def expression(name, *data):
    return nest(1, attribute(1, name), nest(2, *data))


def counter(octets=0, packets=0):
    return expression("counter", u64(1, octets), u64(2, packets))


def verdict(code, chain_name=None):
    return nest(2, attribute(1, struct.pack("!i", code)), *([] if chain_name is None else [attribute(2,
        chain_name)]))


def immediate(code, chain_name=None):
    return expression("immediate", u32(1, 0), nest(2, verdict(code, chain_name)))


def immediate_value(register, value):
    return expression("immediate", u32(1, register), nest(2, attribute(1, value)))


def value(octets):
    return attribute(1, octets)


DROP, ACCEPT, JUMP, GOTO, RETURN = 0, 1, -3, -4, -5


def rule(of, name, *expressions, more=(), flags=CREATE | APPEND | ACK, family=IPV4, kind=NEWRULE):
    return nft(kind, flags, attribute(1, of), attribute(2, name), *([nest(4,
        *expressions)] if expressions else []), *more, family=family)


@scenario
def tables(r):
    r.send("the generation", nft(GETGEN, 0, family=0))
    r.send("the generation, acknowledged", nft(GETGEN, ACK, family=0))
    r.send("the generation, as a dump", nft(GETGEN, DUMP, family=0))
    r.send("none", nft(GETTABLE, DUMP, family=0))
    for number, family in enumerate((INET, IPV4, ARP, NETDEV, BRIDGE, IPV6)):
        r.batch(f"one of family {family}", table("t", family=family), by=("ext", "plain",
            "capped")[number % 3])
    r.batch("one of a family that there is not", table("t", family=77))
    r.batch("one of no family", table("t", family=0))
    r.batch("it once more", table("t"))
    r.batch("it once more, exclusively", table("t", flags=CREATE | EXCL | ACK))
    for by in ("plain", "capped"):
        r.batch(f"it once more, exclusively, {by}", table("t", flags=CREATE | EXCL | ACK), by=by)
    r.batch("replacing", table("t", flags=CREATE | REPLACE | ACK))
    r.batch("without creating", table("u", flags=ACK))
    r.batch("without a name", nft(NEWTABLE, CREATE | ACK))
    r.batch("a name that is too long", table("n" * 256))
    r.batch("a name of the greatest length", table("n" * 255))
    r.batch("an empty name", nft(NEWTABLE, CREATE | ACK, attribute(1, b"")))
    r.batch("a name without its zero", nft(NEWTABLE, CREATE | ACK, attribute(1, b"abc")))
    r.batch("dormant", table("t", u32(2, 1)))
    r.batch("awake", table("t", u32(2, 0)))
    r.batch("flags that there are not", table("t", u32(2, 0x80)))
    r.batch("flags of two octets", table("t", u16(2, 1)))
    r.batch("user data", table("v", attribute(6, b"\x00\x05text\x00")))
    r.batch("user data that is too much", table("w", attribute(6, bytes(300))))
    r.batch("owned", table("owned", u32(2, 2)))
    r.batch("owned by another", table("owned"), by="plain")
    r.batch("persistent", table("persistent", u32(2, 6)))
    r.batch("persistent without an owner", table("orphan", u32(2, 4)))
    r.batch("an attribute that there is not", table("x", u32(50, 1)))
    r.batch("echoed", table("echoed", flags=CREATE | ECHO | ACK))
    r.batch("two, echoed", table("echoed1", flags=CREATE | ECHO), table("echoed2", flags=CREATE | ECHO))
    r.send("one", nft(GETTABLE, 0, attribute(1, "t")))
    r.send("one, acknowledged", nft(GETTABLE, ACK, attribute(1, "t"), family=INET))
    r.send("one with user data", nft(GETTABLE, 0, attribute(1, "v")))
    for by in ("plain", "ext", "capped"):
        r.send(f"one that there is not, {by}", nft(GETTABLE, 0, attribute(1, "nosuch")), by=by)
    r.send("one by its handle", nft(GETTABLE, 0, u64(4, 2)))
    r.send("one by nothing", nft(GETTABLE, 0))
    r.send("one of no family", nft(GETTABLE, 0, attribute(1, "t"), family=0))
    r.send("all", nft(GETTABLE, DUMP, family=0))
    r.send("all of IPv4", nft(GETTABLE, DUMP))
    r.send("all of IPv4, acknowledged", nft(GETTABLE, DUMP | ACK))
    r.send("the owner's", nft(GETTABLE, 0, attribute(1, "owned")), by="plain")
    r.batch("one less", table("v", kind=DELTABLE, flags=ACK))
    r.batch("it once more", table("v", kind=DELTABLE, flags=ACK))
    r.batch("one of no matter whether", table("v", kind=DESTROYTABLE, flags=ACK))
    r.batch("one that is there, of no matter whether", table("t", kind=DESTROYTABLE, flags=ACK,
        family=BRIDGE))
    r.batch("one by its handle", nft(DELTABLE, ACK, u64(4, 3), family=ARP))
    r.batch("one by a handle that there is not", nft(DELTABLE, ACK, u64(4, 99)))
    r.batch("one of another owner", table("owned", kind=DELTABLE, flags=ACK), by="plain")
    r.batch("one echoed", table("echoed", kind=DELTABLE, flags=ECHO | ACK))
    r.batch("one with a chain", table("full"), chain("full", "c"), chain("full", "d", hook(2, 0), attribute(7,
        "filter")), rule("full", "d", counter(), immediate(JUMP, "c")))
    r.batch("one less with all that is in it", table("full", kind=DELTABLE, flags=ACK))
    r.batch("one that is made and unmade", table("brief"), table("brief", kind=DELTABLE, flags=ACK))
    r.batch("all of a family", nft(DELTABLE, ACK))
    r.batch("all", nft(DELTABLE, ACK, family=0))
    r.send("what is left", nft(GETTABLE, DUMP, family=0))
    r.send("the generation now", nft(GETGEN, 0, family=0))


@scenario
def chains(r):
    kind = attribute(7, "filter")
    r.batch("tables", table("t"), table("t", family=INET), table("t", family=NETDEV), table("t",
        family=BRIDGE), table("t", family=ARP))
    r.batch("one", chain("t", "c"))
    r.batch("it once more", chain("t", "c"))
    r.batch("it once more, exclusively", chain("t", "c", flags=CREATE | EXCL | ACK))
    r.batch("in a table that there is not", chain("u", "c"))
    r.batch("without a name", nft(NEWCHAIN, CREATE | ACK, attribute(1, "t")))
    r.batch("without a table", nft(NEWCHAIN, CREATE | ACK, attribute(3, "c")))
    r.batch("a base chain", chain("t", "b", hook(2, 0), kind))
    r.batch("with a policy", chain("t", "p", hook(1, -150), kind, u32(5, 0)))
    r.batch("a policy that there is not", chain("t", "q", hook(1, -150), kind, u32(5, 7)))
    r.batch("a policy of a chain without a hook", chain("t", "q", u32(5, 0)))
    r.batch("another policy", chain("t", "p", u32(5, 1)))
    r.batch("another policy, with its hook", chain("t", "p", hook(1, -150), kind, u32(5, 0)))
    r.batch("another priority", chain("t", "p", hook(1, -151), kind))
    r.batch("another type", chain("t", "p", hook(1, -150), attribute(7, "route")))
    r.batch("a hook afterwards", chain("t", "c", hook(1, 0), kind))
    r.batch("a hook that there is not", chain("t", "q", hook(9, 0), kind))
    r.batch("a hook without a priority", chain("t", "q", nest(4, u32(1, 1)), kind))
    r.batch("a type that there is not", chain("t", "q", hook(1, 0), attribute(7, "nosuch")))
    r.batch("a type with another's hook", chain("t", "q", hook(2, 0), attribute(7, "route")))
    r.batch("without a type", chain("t", "q", hook(2, 1)))
    r.batch("for translation", chain("t", "n", hook(0, -100), attribute(7, "nat")))
    r.batch("for translation, too early", chain("t", "n2", hook(0, -300), attribute(7, "nat")))
    r.batch("for routes", chain("t", "r", hook(3, 0), attribute(7, "route")))
    r.batch("with counters", chain("t", "counted", hook(2, 5), kind, nest(8, u64(1, 100), u64(2, 20))))
    r.batch("counters of a chain without a hook", chain("t", "c", nest(8, u64(1, 100), u64(2, 20))))
    r.batch("with user data", chain("t", "u", attribute(12, b"\x00\x03abc")))
    r.batch("flags", chain("t", "f", u32(10, 2)))
    r.batch("flags that there are not", chain("t", "f2", u32(10, 0x80)))
    r.batch("bound", nft(NEWCHAIN, CREATE | ACK, attribute(1, "t"), u32(10, 4), u32(11, 5)))
    r.batch("inet's ingress", chain("t", "i", hook(5, 0, attribute(3, "d0")), kind, family=INET))
    r.batch("inet's ingress without a device", chain("t", "i2", hook(5, 0), kind, family=INET))
    r.batch("at a device", chain("t", "i", hook(0, 0, attribute(3, "d0")), kind, family=NETDEV))
    r.batch("at two devices", chain("t", "ii", hook(0, 1, nest(4, attribute(1, "d0"), attribute(1, "d1"))),
        kind, family=NETDEV))
    r.batch("at the same device twice", chain("t", "i3", hook(0, 1, nest(4, attribute(1, "d0"), attribute(1,
        "d0"))), kind, family=NETDEV))
    r.batch("at a device that there is not", chain("t", "i4", hook(0, 0, attribute(3, "nosuch")), kind,
        family=NETDEV))
    r.batch("at no device", chain("t", "i5", hook(0, 0), kind, family=NETDEV))
    r.batch("at egress", chain("t", "e", hook(1, 0, attribute(3, "d0")), kind, family=NETDEV))
    r.batch("a bridge's", chain("t", "b", hook(2, 0), kind, family=BRIDGE))
    r.batch("of ARP", chain("t", "a", hook(0, 0), kind, family=ARP))
    r.batch("of ARP, at forwarding", chain("t", "a2", hook(2, 0), kind, family=ARP))
    r.batch("another name", nft(NEWCHAIN, ACK, attribute(1, "t"), u64(2, 1), attribute(3, "renamed")))
    r.batch("a name that is taken", nft(NEWCHAIN, ACK, attribute(1, "t"), u64(2, 1), attribute(3, "b")))
    r.batch("a handle that there is not", nft(NEWCHAIN, ACK, attribute(1, "t"), u64(2, 99), attribute(3,
        "x")))
    r.batch("echoed", chain("t", "echoed", flags=CREATE | ECHO))
    r.send("one", nft(GETCHAIN, 0, attribute(1, "t"), attribute(3, "b")))
    r.send("one with counters", nft(GETCHAIN, 0, attribute(1, "t"), attribute(3, "counted")))
    r.send("one that there is not", nft(GETCHAIN, 0, attribute(1, "t"), attribute(3, "nosuch")))
    r.send("one of a table that there is not", nft(GETCHAIN, 0, attribute(1, "nosuch"), attribute(3, "b")))
    r.send("one by nothing", nft(GETCHAIN, 0, attribute(1, "t")))
    r.send("all", nft(GETCHAIN, DUMP, family=0))
    r.send("those of a family", nft(GETCHAIN, DUMP, family=NETDEV))
    r.send("those of a table that there is not", nft(GETCHAIN, DUMP, attribute(1, "nosuch")))
    r.batch("devices less", chain("t", "ii", hook(0, 1, nest(4, attribute(1, "d1"))), flags=ACK,
        kind=DELCHAIN, family=NETDEV))
    r.batch("one less", chain("t", "b", flags=ACK, kind=DELCHAIN))
    r.batch("it once more", chain("t", "b", flags=ACK, kind=DELCHAIN))
    r.batch("of no matter whether", chain("t", "b", flags=ACK, kind=DESTROYCHAIN))
    r.batch("one that is there, of no matter whether", chain("t", "r", flags=ACK, kind=DESTROYCHAIN))
    r.batch("one by its handle", nft(DELCHAIN, ACK, attribute(1, "t"), u64(2, 3)))
    r.batch("one by a handle that there is not", nft(DELCHAIN, ACK, attribute(1, "t"), u64(2, 99)))
    r.batch("one with a rule", rule("t", "u", counter()), chain("t", "u", flags=ACK, kind=DELCHAIN))
    r.batch("one with rules", rule("t", "u", counter()), rule("t", "u", immediate(JUMP, "echoed")))
    r.batch("one that is jumped to", chain("t", "echoed", flags=ACK, kind=DELCHAIN))
    r.batch("one with rules, with them", chain("t", "u", flags=ACK, kind=DELCHAIN))
    r.batch("all of a table", nft(DELCHAIN, ACK, attribute(1, "t"), family=NETDEV))
    r.send("what is left", nft(GETCHAIN, DUMP, family=0))


def compare(op, octets):
    return expression("cmp", u32(1, 1), u32(2, op), nest(3, value(octets)))


def payload(base, offset, length):
    return expression("payload", u32(1, 1), u32(2, base), u32(3, offset), u32(4, length))


def meta(key):
    return expression("meta", u32(2, key), u32(1, 1))


@scenario
def rules(r):
    r.batch("a chain", table("t"), chain("t", "c", hook(2, 0), attribute(7, "filter")), chain("t", "d"))
    r.batch("appended", rule("t", "c", counter()))
    r.batch("appended once more", rule("t", "c", counter(100, 3), immediate(ACCEPT)))
    r.batch("inserted", rule("t", "c", immediate(DROP), flags=CREATE | ACK))
    r.batch("after a handle", rule("t", "c", counter(1, 1), more=[u64(6, 3)]))
    r.batch("before a handle", rule("t", "c", counter(2, 2), more=[u64(6, 3)], flags=CREATE | ACK))
    r.batch("after a handle that there is not", rule("t", "c", counter(), more=[u64(6, 99)]))
    r.batch("replaced", rule("t", "c", counter(7, 7), more=[u64(3, 4)], flags=REPLACE | ACK))
    r.batch("replaced, of a handle that there is not", rule("t", "c", counter(), more=[u64(3, 99)],
        flags=REPLACE | ACK))
    r.batch("a handle without replacing", rule("t", "c", counter(), more=[u64(3, 5)]))
    r.batch("a handle, exclusively", rule("t", "c", counter(), more=[u64(3, 5)], flags=EXCL | ACK))
    r.batch("without creating", rule("t", "c", counter(), flags=ACK))
    r.batch("without creating, replacing nothing", rule("t", "c", counter(), flags=REPLACE | ACK))
    r.batch("after one of the batch", rule("t", "c", counter(11, 1), more=[u32(9, 1)]), rule("t", "c",
        counter(12, 1), more=[u32(9, 2)]), rule("t", "c", counter(13, 1), more=[u32(10, 1)]))
    r.batch("after one of the batch that there is not", rule("t", "c", counter(13, 1), more=[u32(10, 77)]))
    r.batch("in a chain of the batch", chain("t", "local", u32(11, 7)), nft(NEWRULE, CREATE | APPEND | ACK,
        attribute(1, "t"), u32(11, 7), nest(4, counter())))
    r.batch("with user data", rule("t", "c", counter(), more=[attribute(7, b"\x00\x05hello")]))
    r.batch("without expressions", rule("t", "c"))
    r.batch("with an empty list", nft(NEWRULE, CREATE | APPEND | ACK, attribute(1, "t"), attribute(2, "c"),
        nest(4)))
    r.batch("in a chain that there is not", rule("t", "nosuch", counter()))
    r.batch("in a table that there is not", rule("nosuch", "c", counter()))
    r.batch("without a chain", nft(NEWRULE, CREATE | ACK, attribute(1, "t"), nest(4, counter())))
    r.batch("an expression without data", rule("t", "c", nest(1, attribute(1, "counter"))))
    r.batch("matches of a header", rule("t", "c", meta(16), compare(0, bytes([6])), payload(2, 2, 2),
        compare(0, bytes([0, 80])), counter()))
    r.batch("a mask", rule("t", "c", payload(1, 12, 4), expression("bitwise", u32(1, 1), u32(2, 1), u32(3, 4),
        nest(4, value(bytes([255, 255, 0, 0]))), nest(5, value(bytes(4)))), compare(1, bytes([10, 0, 0, 0]))))
    r.batch("states", rule("t", "c", expression("ct", u32(1, 1), u32(2, 0)), expression("bitwise", u32(1, 1),
        u32(2, 1), u32(3, 4), nest(4, value(struct.pack("=I", 6))), nest(5, value(bytes(4)))), compare(1,
        bytes(4)), immediate(ACCEPT)))
    r.batch("a jump", rule("t", "c", immediate(JUMP, "d")), rule("t", "c", immediate(GOTO, "d")))
    r.batch("a log", rule("t", "c", expression("log", attribute(2, "prefix"), u32(5, 4))), rule("t", "c",
        expression("log", u16(1, 2))), rule("t", "c", expression("log")))
    r.batch("a limit", rule("t", "c", expression("limit", u64(1, 10), u64(2, 1), u32(3, 5), u32(4, 0), u32(5,
        0))))
    r.batch("a limit of octets", rule("t", "c", expression("limit", u64(1, 1000), u64(2, 60), u32(4, 1),
        u32(5, 1))))
    r.batch("a quota", rule("t", "c", expression("quota", u64(1, 1000), u32(2, 1), u64(4, 10))))
    r.batch("a rejection", rule("t", "c", expression("reject", u32(1, 0), u8(2, 3))), rule("t", "c",
        expression("reject", u32(1, 1))))
    r.batch("last use", rule("t", "c", expression("last")))
    r.batch("a mark of the entry", rule("t", "c", immediate_value(1, struct.pack("=I", 5)), expression("ct",
        u32(2, 3), u32(4, 1))))
    r.batch("echoed", rule("t", "d", counter(5, 5), flags=CREATE | APPEND | ECHO))
    r.batch("nat", chain("t", "n", hook(4, 100), attribute(7, "nat")), rule("t", "n", expression("masq")),
        rule("t", "n", expression("masq", u32(1, 4))), rule("t", "n", immediate_value(1,
        address("198.51.100.1")), expression("nat", u32(1, 0), u32(2, 2), u32(3, 1))))
    r.send("one", nft(GETRULE, 0, attribute(1, "t"), attribute(2, "c"), u64(3, 3)))
    r.send("the first", nft(GETRULE, ACK, attribute(1, "t"), attribute(2, "c"), u64(3, 5)))
    r.send("one that there is not", nft(GETRULE, 0, attribute(1, "t"), attribute(2, "c"), u64(3, 99)))
    r.send("one without a handle", nft(GETRULE, 0, attribute(1, "t"), attribute(2, "c")))
    r.send("one of a chain that there is not", nft(GETRULE, 0, attribute(1, "t"), attribute(2, "nosuch"),
        u64(3, 3)))
    r.send("all", nft(GETRULE, DUMP, family=0))
    r.send("those of a chain", nft(GETRULE, DUMP, attribute(1, "t"), attribute(2, "d")))
    r.send("those of a chain that there is not", nft(GETRULE, DUMP, attribute(1, "t"), attribute(2,
        "nosuch")))
    r.send("those of a table that there is not", nft(GETRULE, DUMP, attribute(1, "nosuch")))
    r.send("one, zeroing", nft(GETRULE_RESET, 0, attribute(1, "t"), attribute(2, "c"), u64(3, 4)))
    r.send("all, zeroing", nft(GETRULE_RESET, DUMP, attribute(1, "t")))
    r.send("all, zeroed", nft(GETRULE, DUMP, attribute(1, "t"), attribute(2, "c")))
    r.batch("one less", nft(DELRULE, ACK, attribute(1, "t"), attribute(2, "c"), u64(3, 3)))
    r.batch("it once more", nft(DELRULE, ACK, attribute(1, "t"), attribute(2, "c"), u64(3, 3)))
    r.batch("it once more, echoed, and another", nft(DELRULE, ECHO, attribute(1, "t"), attribute(2, "c"),
        u64(3, 5)))
    r.batch("of no matter whether", nft(DESTROYRULE, ACK, attribute(1, "t"), attribute(2, "c"), u64(3, 3)))
    r.batch("of a chain that there is not", nft(DELRULE, ACK, attribute(1, "t"), attribute(2, "nosuch"),
        u64(3, 3)))
    r.batch("all of a chain", nft(DELRULE, ACK, attribute(1, "t"), attribute(2, "d")))
    r.batch("all of a table", nft(DELRULE, ACK, attribute(1, "t")))
    r.send("what is left", nft(GETRULE, DUMP, family=0))


@scenario
def expressions(r):
    four, two = address("192.0.2.1"), b"\0\x50"
    r.batch("chains and sets", table("t"), chain("t", "raw", hook(0, -300), attribute(7, "filter")),
        chain("t", "pre", hook(0, -100), attribute(7, "nat")), chain("t", "c", hook(2, 0), attribute(7,
        "filter")), chain("t", "post", hook(4, 100), attribute(7, "nat")), chain("t", "e"), new_set("s"),
        new_set("map", u32(6, 13), u32(7, 2), flags=MAP), new_set("verdicts", u32(6, 0xFFFFFF00), flags=MAP),
        new_set("dynamic", nest(9, u32(1, 100)), u64(11, 1000), flags=EVAL | SET_TIMEOUT), new_set("objects",
        u32(15, 1), flags=OBJECT))

    def one(text, *list_of, of="c"):
        r.batch(text, rule("t", of, *list_of))

    source = payload(1, 12, 4)
    one("a range", source, expression("range", u32(1, 1), u32(2, 0), nest(3, value(four)), nest(4,
        value(address("192.0.2.9")))))
    one("a range of two lengths", source, expression("range", u32(1, 1), u32(2, 0), nest(3, value(four)),
        nest(4, value(two))))
    one("another byte order", source, expression("byteorder", u32(1, 1), u32(2, 1), u32(3, 0), u32(4, 4),
        u32(5, 4)))
    one("a byte order of three octets", source, expression("byteorder", u32(1, 1), u32(2, 1), u32(3, 0),
        u32(4, 4), u32(5, 3)))
    one("a shift", source, expression("bitwise", u32(1, 1), u32(2, 1), u32(3, 4), u32(6, 1), nest(7,
        value(struct.pack("=I", 3)))))
    one("a shift that is too far", source, expression("bitwise", u32(1, 1), u32(2, 1), u32(3, 4), u32(6, 1),
        nest(7, value(struct.pack("=I", 32)))))
    one("a lookup", source, expression("lookup", u32(2, 1), attribute(1, "s")))
    one("a lookup inverted", source, expression("lookup", u32(2, 1), attribute(1, "s"), u32(5, 1)))
    one("a lookup inverted in a map", source, expression("lookup", u32(2, 1), attribute(1, "map"), u32(3, 1),
        u32(5, 1)))
    one("a lookup in a map", source, expression("lookup", u32(2, 1), attribute(1, "map"), u32(3, 9)))
    one("a lookup in a verdict map", source, expression("lookup", u32(2, 1), attribute(1, "verdicts"), u32(3,
        0)))
    one("a lookup in a set with a destination", source, expression("lookup", u32(2, 1), attribute(1, "s"),
        u32(3, 1)))
    one("a lookup in a set that there is not", source, expression("lookup", u32(2, 1), attribute(1,
        "nosuch")))
    one("an object from a map", source, expression("objref", u32(3, 1), attribute(4, "objects")))
    one("a mark", immediate_value(1, struct.pack("=I", 5)), expression("meta", u32(2, 3), u32(3, 1)))
    one("a key that cannot be set", immediate_value(1, four), expression("meta", u32(2, 16), u32(3, 1)))
    one("interfaces and lengths", meta(4), meta(5), meta(6), meta(0), meta(15), meta(1), meta(20))
    one("entries", *[expression("ct", u32(2, key), u32(1, 1)) for key in (0, 1, 2, 3, 5, 6, 7, 10)])
    one("entries by direction", *[expression("ct", u32(2, key), u32(1, 1), u8(3, 1)) for key in (8, 9, 11, 12,
        14, 15)])
    one("entries without a direction that needs one", expression("ct", u32(2, 11), u32(1, 1)))
    one("a header changed", immediate_value(1, two), expression("payload", u32(5, 1), u32(2, 2), u32(3, 2),
        u32(4, 2), u32(6, 1), u32(7, 16)))
    one("an option of TCP", expression("exthdr", u32(1, 1), u8(2, 2), u32(3, 2), u32(4, 2), u32(6, 1)))
    one("an option's presence", expression("exthdr", u32(1, 1), u8(2, 4), u32(3, 0), u32(4, 1), u32(5, 1),
        u32(6, 1)))
    one("a route's segment size", expression("rt", u32(1, 1), u32(2, 3)))
    one("a route's gateway", expression("rt", u32(1, 1), u32(2, 1)))
    one("the reverse path", expression("fib", u32(1, 1), u32(2, 1), u32(3, 1 | 4)), of="raw")
    one("a type of address", expression("fib", u32(1, 1), u32(2, 3), u32(3, 2)))
    one("a route of nothing", expression("fib", u32(1, 1), u32(2, 1), u32(3, 0)), of="raw")
    one("a hash", source, expression("hash", u32(1, 1), u32(2, 1), u32(3, 4), u32(4, 10), u32(5, 7), u32(6,
        2), u32(7, 0)))
    one("a counting number", expression("numgen", u32(1, 1), u32(2, 4), u32(3, 0), u32(4, 0)))
    one("a chance number", expression("numgen", u32(1, 1), u32(2, 4), u32(3, 1), u32(4, 5)))
    one("a number of nothing", expression("numgen", u32(1, 1), u32(2, 0), u32(3, 1)))
    one("no tracking", nest(1, attribute(1, "notrack")), of="raw")
    one("a source translation", immediate_value(1, four), immediate_value(2, two), expression("nat", u32(1,
        0), u32(2, 2), u32(3, 1), u32(4, 1), u32(5, 2), u32(6, 2), u32(7, 4)), of="post")
    one("a destination translation", immediate_value(1, four), expression("nat", u32(1, 1), u32(2, 2), u32(3,
        1)), of="pre")
    one("a destination translation behind the route", immediate_value(1, four), expression("nat", u32(1, 1),
        u32(2, 2), u32(3, 1)), of="post")
    one("a translation of another family", immediate_value(1, four), expression("nat", u32(1, 1), u32(2, 10),
        u32(3, 1)), of="pre")
    one("a redirection", immediate_value(1, two), expression("redir", u32(1, 1), u32(2, 1), u32(3, 2)),
        of="pre")
    one("a redirection of nothing", expression("redir"), of="pre")
    one("a masquerade with ports", immediate_value(1, two), expression("masq", u32(1, 8), u32(2, 1), u32(3,
        1)), of="post")
    one("a limit, inverted", expression("limit", u64(1, 10), u64(2, 60), u32(3, 5), u32(4, 0), u32(5, 1)))
    r.send("all", nft(GETRULE, DUMP, family=0))
    r.batch("a table of devices", table("t", family=NETDEV), chain("t", "i", hook(0, 0, attribute(3, "d0")),
        attribute(7, "filter"), family=NETDEV))
    r.batch("a copy", rule("t", "i", immediate_value(1, struct.pack("=I", 1)), expression("dup", u32(1, 1)),
        family=NETDEV))
    r.batch("a passage", rule("t", "i", immediate_value(1, struct.pack("=I", 1)), expression("fwd", u32(1,
        1)), family=NETDEV))
    r.send("those of devices", nft(GETRULE, DUMP, family=NETDEV))


@scenario
def expressions_unsupported(r):
    r.batch("a chain", table("t"), chain("t", "c", hook(2, 0), attribute(7, "filter")))

    def one(text, *members):
        r.batch(text, rule("t", "c", *members))

    one("a hash of both directions", expression("hash", u32(2, 1), u32(4, 10), u32(7, 1)))
    one("a queue", expression("queue", u16(1, 3), u16(2, 2), u16(3, 1)))
    one("a proxy", expression("synproxy", u16(1, 1460), u8(2, 7), u32(3, 3)))


@scenario
def rules_refused(r):
    r.batch("chains", table("t"), chain("t", "c", hook(2, 0), attribute(7, "filter")), chain("t", "d"))
    r.batch("an expression without a name", rule("t", "c", nest(1, nest(2))))
    r.batch("a jump to nowhere", rule("t", "c", immediate(JUMP, "nosuch")))
    r.batch("a jump to a base chain", rule("t", "d", immediate(JUMP, "c")))
    r.batch("a loop", rule("t", "d", immediate(JUMP, "d")))
    r.batch("a verdict that there is not", rule("t", "c", immediate(77)))
    r.batch("a limit of nothing", rule("t", "c", expression("limit", u64(1, 0), u64(2, 1))))
    r.batch("a rejection of a type that there is not", rule("t", "c", expression("reject", u32(1, 9))))
    r.batch("a register that there is not", rule("t", "c", expression("payload", u32(1, 99), u32(2, 1), u32(3,
        0), u32(4, 4))))
    r.batch("a payload without its length", rule("t", "c", expression("payload", u32(1, 1), u32(2, 1), u32(3,
        0))))
    r.batch("an empty comparison", rule("t", "c", expression("cmp", u32(1, 1), u32(2, 0), nest(3))))
    r.batch("a comparison that there is not", rule("t", "c", compare(9, bytes(4))))
    r.batch("a key that there is not", rule("t", "c", meta(99)))
    r.batch("a masquerade outside of nat", rule("t", "c", expression("masq")))
    r.batch("a key that nothing can set", rule("t", "c", immediate_value(1, struct.pack("=I", 5)),
        expression("ct", u32(2, 1), u32(4, 1))))
    r.batch("an expression that there is not", rule("t", "c", counter(), expression("nosuch")))
    r.batch("after a module was looked for in vain", rule("t", "d", counter()))
    r.send("what was made", nft(GETRULE, DUMP, family=0))


def new_set(
    name, *more, flags=0, key=(7, 4), of="t", kind=NEWSET, request=CREATE | ACK, identifier=1, family=IPV4
):
    return nft(kind, request, attribute(1, of), attribute(2, name), u32(3, flags), u32(4, key[0]), u32(5,
        key[1]), u32(10, identifier), *more, family=family)


ANONYMOUS, CONSTANT, INTERVAL, MAP, SET_TIMEOUT, EVAL, OBJECT, CONCAT, EXPR = (1, 2, 4, 8, 0x10, 0x20, 0x40,
    0x80, 0x100)


@scenario
def sets(r):
    r.batch("a table", table("t"), chain("t", "c"))
    r.batch("one", new_set("s"))
    r.batch("it once more", new_set("s"))
    r.batch("it once more, exclusively", new_set("s", request=CREATE | EXCL | ACK))
    r.batch("another of its name", new_set("s", flags=INTERVAL))
    r.batch("without creating", new_set("u", request=ACK))
    r.batch("replacing", new_set("s", request=CREATE | REPLACE | ACK))
    r.batch("ranges", new_set("ranges", flags=INTERVAL))
    r.batch("a map", new_set("map", u32(6, 13), u32(7, 2), flags=MAP))
    r.batch("a verdict map", new_set("verdicts", u32(6, 0xFFFFFF00), flags=MAP))
    r.batch("timeouts", new_set("timeouts", u64(11, 60000), u32(12, 5000), flags=SET_TIMEOUT))
    r.batch("a size", new_set("sized", nest(9, u32(1, 10))))
    r.batch("a policy", new_set("memory", u32(8, 1)))
    r.batch("concatenated", new_set("pairs", nest(9, nest(2, nest(1, u32(1, 4)), nest(1, u32(1, 2)))),
        flags=CONCAT, key=(0x1CD, 8)))
    r.batch("concatenated ranges", new_set("blocks", nest(9, nest(2, nest(1, u32(1, 4)), nest(1, u32(1, 2)))),
        flags=CONCAT | INTERVAL, key=(0x1CD, 8)))
    r.batch("counters", new_set("counted", expression_of(17, "counter"), flags=EXPR))
    r.batch("counters in a list", new_set("counted2", nest(18, expression("counter")), flags=EXPR))
    r.batch("of objects", new_set("objects", u32(15, 1), flags=OBJECT))
    r.batch("for the packet path", new_set("dynamic", nest(9, u32(1, 100)), u64(11, 1000), flags=EVAL
        | SET_TIMEOUT))
    r.batch("constant", new_set("constant", flags=CONSTANT))
    r.batch("user data", new_set("noted", attribute(13, b"\x00\x04\x01\x00\x00\x00")))
    r.batch("anonymous, bound by nothing", new_set("__set%d", flags=ANONYMOUS | CONSTANT))
    r.batch("anonymous, bound by a rule", new_set("__set%d", flags=ANONYMOUS | CONSTANT, identifier=3),
        elements("__set%d", value_element(b"\1\2\3\4"), identifier=3), rule("t", "c", payload(1, 12, 4),
        expression("lookup", u32(2, 1), attribute(1, "__set%d"), u32(4, 3))))
    r.batch("flags that there are not", new_set("x", flags=0x8000))
    r.batch("a map without data", new_set("x", flags=MAP))
    r.batch("data without a map", new_set("x", u32(6, 13), u32(7, 2)))
    r.batch("a map of data without a length", new_set("x", u32(6, 13), flags=MAP))
    r.batch("a timeout without the flag", new_set("x", u64(11, 1000)))
    r.batch("a map of objects and data", new_set("x", u32(6, 13), u32(7, 2), u32(15, 1), flags=MAP | OBJECT))
    r.batch("an object that there is not", new_set("x", u32(15, 99), flags=OBJECT))
    r.batch("a key of nothing", new_set("x", key=(7, 0)))
    r.batch("a key that is too long", new_set("x", key=(7, 65)))
    r.batch("without a key", nft(NEWSET, CREATE | ACK, attribute(1, "t"), attribute(2, "x"), u32(10, 1)))
    r.batch("without an identifier", nft(NEWSET, CREATE | ACK, attribute(1, "t"), attribute(2, "x"), u32(5,
        4)))
    r.batch("without a name", nft(NEWSET, CREATE | ACK, attribute(1, "t"), u32(5, 4), u32(10, 1)))
    r.batch("a policy that there is not", new_set("x", u32(8, 9)))
    r.batch("fields that do not fit the key", new_set("x", nest(9, nest(2, nest(1, u32(1, 4)), nest(1, u32(1,
        4)))), flags=CONCAT, key=(0x1CD, 12)))
    r.batch("an expression that keeps nothing", new_set("x", expression_of(17, "masq"), flags=EXPR))
    r.batch("in a table that there is not", new_set("x", of="nosuch"))
    r.batch("two names of a pattern", new_set("p%d", identifier=5), new_set("p%d", identifier=6))
    r.batch("a wrong pattern", new_set("p%s"))
    r.batch("echoed", new_set("echoed", request=CREATE | ECHO))
    r.send("one", nft(GETSET, 0, attribute(1, "t"), attribute(2, "s")))
    r.send("one, acknowledged", nft(GETSET, ACK, attribute(1, "t"), attribute(2, "timeouts")))
    r.send("one that there is not", nft(GETSET, 0, attribute(1, "t"), attribute(2, "nosuch")))
    r.send("one of a table that there is not", nft(GETSET, 0, attribute(1, "nosuch"), attribute(2, "s")))
    r.send("one by nothing", nft(GETSET, 0, attribute(1, "t")))
    r.send("all", nft(GETSET, DUMP, family=0))
    r.send("those of a table", nft(GETSET, DUMP, attribute(1, "t")))
    r.send("those of a table that there is not", nft(GETSET, DUMP, attribute(1, "nosuch")))
    r.batch("one less", nft(DELSET, ACK, attribute(1, "t"), attribute(2, "s")))
    r.batch("it once more", nft(DELSET, ACK, attribute(1, "t"), attribute(2, "s")))
    r.batch("of no matter whether", nft(DESTROYSET, ACK, attribute(1, "t"), attribute(2, "s")))
    r.batch("one by its handle", nft(DELSET, ACK, attribute(1, "t"), u64(16, 3)))
    r.batch("one that a rule uses", nft(DELSET, ACK, attribute(1, "t"), attribute(2, "__set0")))
    r.batch("by nothing", nft(DELSET, ACK, attribute(1, "t")))
    r.batch("the rule, and with it its set", nft(DELRULE, ACK, attribute(1, "t"), attribute(2, "c")))


def expression_of(kind, name, *data):
    return nest(kind, attribute(1, name), nest(2, *data))


def element(*members):
    return nest(1, *members)


def value_element(key, *more):
    return element(nest(1, value(key)), *more)


def end_element(key):
    return element(nest(1, value(key)), u32(3, 1))


def elements(of, *members, identifier=None, kind=NEWSETELEM, request=CREATE | ACK):
    return nft(kind, request, attribute(1, "t"), attribute(2, of), *([] if identifier is None else [u32(4,
        identifier)]), nest(3, *members))


@scenario
def elements_of_sets(r):
    def ip(last):
        return bytes([10, 0, 0, last])

    r.batch("sets", table("t"), chain("t", "c"), new_set("s"), new_set("ranges", flags=INTERVAL),
        new_set("map", u32(6, 13), u32(7, 2), flags=MAP), new_set("verdicts", u32(6, 0xFFFFFF00), flags=MAP),
        new_set("timeouts", u64(11, 600000), flags=SET_TIMEOUT), new_set("sized", nest(9, u32(1, 2))),
        new_set("pairs", nest(9, nest(2, nest(1, u32(1, 4)), nest(1, u32(1, 2)))), flags=CONCAT, key=(0x1CD,
        8)), new_set("blocks", nest(9, nest(2, nest(1, u32(1, 4)), nest(1, u32(1, 2)))), flags=CONCAT
        | INTERVAL, key=(0x1CD, 8)), new_set("counted", expression_of(17, "counter"), flags=EXPR),
        new_set("objects", u32(15, 1), flags=OBJECT), new_object("o", 1))
    r.batch("one", elements("s", value_element(ip(1))))
    r.batch("it once more", elements("s", value_element(ip(1))))
    r.batch("it once more, exclusively", elements("s", value_element(ip(1)), request=CREATE | EXCL | ACK))
    r.batch("some, one of them once more, exclusively", elements("s", value_element(ip(2)),
        value_element(ip(1)), request=CREATE | EXCL | ACK))
    r.batch("one with user data", elements("s", value_element(ip(2), attribute(6, b"\x00\x03abc"))))
    r.batch("a key that is too short", elements("s", value_element(b"\1\2")))
    r.batch("a key that is too long", elements("s", value_element(bytes(8))))
    r.batch("no key", elements("s", element(u32(3, 0))))
    r.batch("data without a map", elements("s", value_element(ip(3), nest(2, value(b"\1\2")))))
    r.batch("flags that there are not", elements("s", value_element(ip(3), u32(3, 0x80))))
    r.batch("an end without ranges", elements("s", end_element(ip(3))))
    r.batch("a timeout without the flag", elements("s", value_element(ip(3), u64(4, 1000))))
    r.batch("in a set that there is not", elements("nosuch", value_element(ip(1))))
    r.batch("without elements", nft(NEWSETELEM, CREATE | ACK, attribute(1, "t"), attribute(2, "s")))
    r.batch("an empty list", elements("s"))
    r.batch("without creating", elements("s", value_element(ip(4)), request=ACK))
    r.batch("everything else", elements("s", element(u32(3, 2))))
    r.batch("a range", elements("ranges", value_element(ip(10)), end_element(ip(20))))
    r.batch("another range", elements("ranges", value_element(ip(30)), end_element(ip(40))))
    r.batch("the same range", elements("ranges", value_element(ip(10)), end_element(ip(20))))
    r.batch("the same range, exclusively", elements("ranges", value_element(ip(10)), end_element(ip(20)),
        request=CREATE | EXCL | ACK))
    r.batch("a range that overlaps", elements("ranges", value_element(ip(15)), end_element(ip(25))))
    r.batch("a range inside", elements("ranges", value_element(ip(12)), end_element(ip(14))))
    r.batch("a range around", elements("ranges", value_element(ip(5)), end_element(ip(50))))
    r.batch("of a map", elements("map", value_element(ip(1), nest(2, value(b"\0\x50")))))
    r.batch("of a map, with other data", elements("map", value_element(ip(1), nest(2, value(b"\0\x51")))))
    r.batch("of a map, without data", elements("map", value_element(ip(2))))
    r.batch("of a map, with data that is too long", elements("map", value_element(ip(2), nest(2,
        value(bytes(4))))))
    r.batch("a verdict", elements("verdicts", value_element(ip(1), nest(2, verdict(ACCEPT)))))
    r.batch("a jump", elements("verdicts", value_element(ip(2), nest(2, verdict(JUMP, "c")))))
    r.batch("a jump to nowhere", elements("verdicts", value_element(ip(3), nest(2, verdict(JUMP, "nosuch")))))
    r.batch("with the set's timeout", elements("timeouts", value_element(ip(1))))
    r.batch("with a timeout", elements("timeouts", value_element(ip(2), u64(4, 1000000))))
    r.batch("with what is left of a timeout", elements("timeouts", value_element(ip(3), u64(4, 1000000),
        u64(5, 500000))))
    r.batch("with more left than the timeout", elements("timeouts", value_element(ip(4), u64(4, 1000), u64(5,
        5000))))
    r.batch("with another timeout", elements("timeouts", value_element(ip(2), u64(4, 2000000))))
    r.batch("more than the set holds", elements("sized", value_element(ip(1)), value_element(ip(2)),
        value_element(ip(3))))
    r.batch("a pair", elements("pairs", value_element(ip(1) + b"\0\x50\0\0")))
    r.batch("a block", elements("blocks", value_element(ip(1) + b"\0\x50\0\0", nest(10, value(ip(9)
        + b"\0\x60\0\0")))))
    r.batch("a block that overlaps", elements("blocks", value_element(ip(5) + b"\0\x55\0\0", nest(10,
        value(ip(19) + b"\0\x60\0\0")))))
    r.batch("counted", elements("counted", value_element(ip(1))))
    r.batch("counted already", elements("counted", value_element(ip(2), expression_of(7, "counter", u64(1,
        100), u64(2, 2)))))
    r.batch("counted otherwise", elements("counted", value_element(ip(3), expression_of(7, "quota", u64(1,
        100)))))
    r.batch("an object", elements("objects", value_element(ip(1), attribute(9, "o"))))
    r.batch("an object that there is not", elements("objects", value_element(ip(2), attribute(9, "nosuch"))))
    r.batch("without an object", elements("objects", value_element(ip(2))))
    r.batch("echoed", elements("s", value_element(ip(5)), request=CREATE | ECHO))

    def get(text, of, *members, kind=GETSETELEM, flags=0, by="ext"):
        r.send(text, nft(kind, flags, attribute(1, "t"), attribute(2, of), *([nest(3,
            *members)] if members else [])), by=by)

    get("one", "s", value_element(ip(1)))
    get("two", "s", value_element(ip(1)), value_element(ip(2)))
    get("one, acknowledged", "s", value_element(ip(1)), flags=ACK)
    get("one that there is not", "s", value_element(ip(99)))
    get("one that there is not, plain", "s", value_element(ip(99)), by="plain")
    get("one of two", "s", value_element(ip(1)), value_element(ip(99)))
    get("everything else", "s", element(u32(3, 2)))
    get("no list", "s")
    get("of a set that there is not", "nosuch", value_element(ip(1)))
    get("what a range holds", "ranges", value_element(ip(15)))
    get("where a range ends", "ranges", end_element(ip(15)))
    get("between ranges", "ranges", value_element(ip(25)))
    get("a block", "blocks", value_element(ip(3) + b"\0\x55\0\0", nest(10, value(ip(3) + b"\0\x55\0\0"))))
    for of in ("s", "ranges", "map", "verdicts", "timeouts", "pairs", "blocks", "counted", "objects"):
        get(f"all of {of}", of, flags=DUMP)
    get("all of a set that there is not", "nosuch", flags=DUMP)
    get("one, zeroing", "counted", value_element(ip(2)), kind=GETSETELEM_RESET)
    get("one, zeroed", "counted", value_element(ip(2)))
    get("all, zeroing", "counted", flags=DUMP, kind=GETSETELEM_RESET)

    def less(text, of, *members, kind=DELSETELEM, flags=ACK):
        r.batch(text, nft(kind, flags, attribute(1, "t"), attribute(2, of), *([nest(3,
            *members)] if members else [])))

    less("one less", "s", value_element(ip(1)))
    less("it once more", "s", value_element(ip(1)))
    less("of no matter whether", "s", value_element(ip(1)), kind=DESTROYSETELEM)
    less("two, one of which there is not", "s", value_element(ip(2)), value_element(ip(99)))
    less("a range less", "ranges", value_element(ip(10)), end_element(ip(20)))
    less("half a range less", "ranges", value_element(ip(30)))
    less("one of a map less", "map", value_element(ip(1), nest(2, value(b"\0\x50"))))
    less("one of a map less, by its key", "map", value_element(ip(1)))
    less("a jump less", "verdicts", value_element(ip(2)))
    less("echoed", "timeouts", value_element(ip(1)), flags=ECHO)
    less("all of a set", "pairs")
    less("all of a set that there is not", "nosuch")
    less("a block less", "blocks", value_element(ip(1) + b"\0\x50\0\0", nest(10, value(ip(9)
        + b"\0\x60\0\0"))))
    get("all of pairs now", "pairs", flags=DUMP)


def new_object(name, kind, *data, more=(), flags=CREATE | ACK, of="t", request=NEWOBJ):
    return nft(request, flags, attribute(1, of), attribute(2, name), u32(3, kind), nest(4, *data), *more)


@scenario
def objects(r):
    r.batch("a table", table("t"), chain("t", "c"))
    r.batch("a counter", new_object("counter", 1))
    r.batch("a counter that has counted", new_object("counted", 1, u64(1, 100), u64(2, 3)))
    r.batch("a quota", new_object("quota", 2, u64(1, 1000), u32(2, 1), u64(4, 77)))
    r.batch("a helper", new_object("helper", 3, attribute(1, "ftp"), u16(2, 2), u8(3, TCP)))
    r.batch("a helper that there is not", new_object("helper2", 3, attribute(1, "nosuchhelper"), u16(2, 2),
        u8(3, TCP)))
    r.batch("a limit", new_object("limit", 4, u64(1, 10), u64(2, 1), u32(3, 5), u32(4, 0), u32(5, 0)))
    r.batch("an expectation", new_object("expected", 9, u16(1, 2), u8(2, TCP), attribute(3, b"\x14\x50"),
        attribute(4, struct.pack("=I", 1000)), u8(5, 3)))
    r.batch("a timeout policy", new_object("policy", 7, u16(1, 2), u8(2, TCP), nest(3, u32(1, 10), u32(3,
        100))))
    r.batch("one once more", new_object("counter", 1))
    r.batch("one once more, exclusively", new_object("counter", 1, flags=CREATE | EXCL | ACK))
    r.batch("one of a type that there is not", new_object("x", 99))
    r.batch("one of no type", nft(NEWOBJ, CREATE | ACK, attribute(1, "t"), attribute(2, "x"), nest(4)))
    r.batch("one without data", nft(NEWOBJ, CREATE | ACK, attribute(1, "t"), attribute(2, "x"), u32(3, 1)))
    r.batch("one without a name", nft(NEWOBJ, CREATE | ACK, attribute(1, "t"), u32(3, 1), nest(4)))
    r.batch("a quota without octets", new_object("x", 2))
    r.batch("in a table that there is not", new_object("x", 1, of="nosuch"))
    r.batch("without creating", new_object("x", 1, flags=ACK))
    r.batch("with user data", new_object("noted", 1, more=[attribute(8, b"\x00\x03abc")]))
    r.batch("a quota anew", new_object("quota", 2, u64(1, 2000), u32(2, 0)))
    r.batch("echoed", new_object("echoed", 1, flags=CREATE | ECHO))
    r.batch("referred to", rule("t", "c", expression("objref", u32(1, 1), attribute(2, "counter"))))
    r.batch("referred to, of another type", rule("t", "c", expression("objref", u32(1, 2), attribute(2,
        "counter"))))
    r.batch("referred to, of none", rule("t", "c", expression("objref", u32(1, 1), attribute(2, "nosuch"))))

    def get(text, kind, *attributes, flags=0):
        r.send(text, nft(kind, flags, *attributes))

    t, c = attribute(1, "t"), attribute(2, "counted")
    get("one", GETOBJ, t, c, u32(3, 1))
    get("one, acknowledged", GETOBJ, t, c, u32(3, 1), flags=ACK)
    get("one of another type", GETOBJ, t, c, u32(3, 2))
    get("one without a type", GETOBJ, t, c)
    get("one that there is not", GETOBJ, t, attribute(2, "nosuch"), u32(3, 1))
    get("one of a table that there is not", GETOBJ, attribute(1, "nosuch"), c, u32(3, 1))
    get("all", GETOBJ, flags=DUMP)
    get("those of a table", GETOBJ, t, flags=DUMP)
    get("those of a type", GETOBJ, u32(3, 2), flags=DUMP)
    get("those of a table that there is not", GETOBJ, attribute(1, "nosuch"), flags=DUMP)
    get("one, zeroing", GETOBJ_RESET, t, c, u32(3, 1))
    get("one, zeroed", GETOBJ, t, c, u32(3, 1))
    get("all, zeroing", GETOBJ_RESET, flags=DUMP)
    get("all, zeroed", GETOBJ, flags=DUMP)
    less = attribute(2, "counted")
    r.batch("one less", nft(DELOBJ, ACK, t, less, u32(3, 1)))
    r.batch("it once more", nft(DELOBJ, ACK, t, less, u32(3, 1)))
    r.batch("of no matter whether", nft(DESTROYOBJ, ACK, t, less, u32(3, 1)))
    r.batch("one that a rule uses", nft(DELOBJ, ACK, t, attribute(2, "counter"), u32(3, 1)))
    r.batch("one by its handle", nft(DELOBJ, ACK, t, u32(3, 2), u64(6, 4)))
    r.batch("one without a type", nft(DELOBJ, ACK, t, attribute(2, "quota")))


@scenario
def objects_unsupported(r):
    r.batch("a table", table("t"))
    r.batch("a proxy", new_object("proxy", 10, u16(1, 1460), u8(2, 7), u32(3, 3)))


ADD, UPDATE, REMOVE = range(3)
INVERTED, WITH_EXPRESSIONS = 1, 2


def dynset(of, *more, operation=ADD, key=1):
    return expression("dynset", u32(4, key), u32(3, operation), attribute(1, of), *more)


def connlimit(count, *flags):
    return expression("connlimit", u32(1, count), *[u32(2, one) for one in flags])


@scenario
def dynamic_sets(r):
    limit = u64(1, 10), u64(2, 1), u32(3, 5), u32(4, 0), u32(5, 1)
    r.batch("a chain and sets", table("t"), chain("t", "c", hook(2, 0), attribute(7, "filter")), new_set("s"),
        new_set("dynamic", nest(9, u32(1, 100)), u64(11, 1000), flags=EVAL | SET_TIMEOUT),
        new_set("evaluated", nest(9, u32(1, 100)), flags=EVAL), new_set("timeouts", flags=SET_TIMEOUT),
        new_set("sized", nest(9, u32(1, 10))), new_set("short", key=(12, 1)), new_set("ranges",
        flags=INTERVAL), new_set("constant", flags=CONSTANT), new_set("map", u32(6, 13), u32(7, 2), flags=MAP
        | EVAL), new_set("verdicts", u32(6, 0xFFFFFF00), flags=MAP | EVAL), new_set("objects", u32(15, 1),
        flags=OBJECT), new_set("pairs", nest(9, nest(2, nest(1, u32(1, 4)), nest(1, u32(1, 2)))), flags=CONCAT
        | EVAL, key=(0x1CD, 8)), new_set("blocks", nest(9, nest(2, nest(1, u32(1, 4)), nest(1, u32(1, 2)))),
        flags=CONCAT | INTERVAL, key=(0x1CD, 8)), new_set("counted", expression_of(17, "counter"), flags=EVAL
        | EXPR), new_set("twice", nest(18, expression("counter"), expression("quota", u64(1, 500), u32(2,
        0))), flags=EVAL | EXPR))

    def one(text, *members):
        r.batch(text, rule("t", "c", *members))

    source, port = payload(1, 12, 4), immediate_value(9, b"\0\1")
    one("added to", source, dynset("s"))
    r.send("what came of its size", nft(GETSET, 0, attribute(1, "t"), attribute(2, "s")))
    r.batch("it once more", new_set("s"))
    r.batch("it once more, with a size", new_set("s", nest(9, u32(1, 7))))
    r.send("what came of that", nft(GETSET, 0, attribute(1, "t"), attribute(2, "s")))
    r.batch("one that is used", nft(DELSET, ACK, attribute(1, "t"), attribute(2, "s")))
    one("updated", source, dynset("dynamic", u64(6, 5000), operation=UPDATE))
    one("taken from", source, dynset("dynamic", operation=REMOVE))
    one("inverted", source, dynset("dynamic", u32(9, INVERTED)))
    one("with a counter", source, dynset("dynamic", expression_of(7, "counter")))
    one("with a counter that has counted", source, dynset("evaluated", expression_of(7, "counter", u64(1,
        1500), u64(2, 1))))
    one("with a limit", source, dynset("dynamic", expression_of(7, "limit", *limit), operation=UPDATE))
    one("with a quota", source, dynset("evaluated", expression_of(7, "quota", u64(1, 1000), u32(2, 1))))
    one("with the last time", source, dynset("evaluated", expression_of(7, "last")))
    one("with a limit of connections", source, dynset("evaluated", expression_of(7, "connlimit", u32(1, 10),
        u32(2, 1))))
    one("with a limit of connections and timeouts", source, dynset("dynamic", expression_of(7, "connlimit",
        u32(1, 10), u32(2, 1))))
    one("with two expressions", source, dynset("evaluated", u32(9, WITH_EXPRESSIONS), nest(10,
        expression("counter"), expression("limit", *limit))))
    one("with one expression in a list", source, dynset("evaluated", u32(9, WITH_EXPRESSIONS), nest(10,
        expression("counter"))))
    one("with two expressions and no flag", source, dynset("evaluated", nest(10, expression("counter"),
        expression("limit", *limit))))
    one("with three expressions", source, dynset("evaluated", u32(9, WITH_EXPRESSIONS), nest(10,
        *[expression("counter")] * 3)))
    one("with an expression that keeps nothing", source, dynset("evaluated", expression_of(7, "masq")))
    one("with an expression that is wrong", source, dynset("evaluated", expression_of(7, "limit", u64(1, 0),
        u64(2, 1))))
    one("with the set's expression", source, dynset("counted"))
    one("with the set's expression, said again", source, dynset("counted", expression_of(7, "counter")))
    one("with another than the set's expression", source, dynset("counted", expression_of(7, "last")))
    one("with the set's two expressions", source, dynset("twice"))
    one("with the set's two expressions, said again", source, dynset("twice", u32(9, WITH_EXPRESSIONS),
        nest(10, expression("counter"), expression("quota", u64(1, 900), u32(2, 0)))))
    one("with the set's two expressions the other way round", source, dynset("twice", u32(9,
        WITH_EXPRESSIONS), nest(10, expression("quota", u64(1, 900), u32(2, 0)), expression("counter"))))
    one("with one of the set's two expressions", source, dynset("twice", expression_of(7, "counter")))
    one("with one of the set's two expressions in a list", source, dynset("twice", u32(9, WITH_EXPRESSIONS),
        nest(10, expression("counter"))))
    one("an expression for a set that has none", source, dynset("timeouts", expression_of(7, "counter")))
    one("a timeout", source, dynset("timeouts", u64(6, 60000)))
    one("no timeout", source, dynset("timeouts"))
    one("a timeout without timeouts", source, dynset("evaluated", u64(6, 60000)))
    one("a timeout that is too long", source, dynset("timeouts", u64(6, 0xFFFFFFFFFFFFFFFF)))
    one("a map", source, port, dynset("map", u32(5, 9)))
    one("a map from a register of sixteen octets", source, immediate_value(2, b"\0\1"), dynset("map", u32(5,
        2), operation=UPDATE))
    one("a map without data", source, dynset("map"))
    one("data without a map", source, port, dynset("evaluated", u32(5, 9)))
    one("a verdict map", source, port, dynset("verdicts", u32(5, 9)))
    one("a map of objects", source, dynset("objects"))
    one("concatenated", source, port, dynset("pairs"))
    one("concatenated ranges", source, port, dynset("blocks"))
    one("a set that is not there", source, dynset("nosuch"))
    one("a set without a name", source, expression("dynset", u32(4, 1), u32(3, 0)))
    one("nothing to do", source, expression("dynset", u32(4, 1), attribute(1, "dynamic")))
    one("something unknown to do", source, dynset("dynamic", operation=3))
    one("something far too unknown to do", source, dynset("dynamic", operation=256))
    one("no key", expression("dynset", u32(3, 0), attribute(1, "dynamic")))
    one("a key that nobody wrote", dynset("dynamic"))
    one("a key that does not fit", immediate_value(4, bytes(8)), dynset("pairs", key=23))
    one("a key from the verdict", source, dynset("dynamic", key=0))
    one("a flag that there is not", source, dynset("dynamic", u32(9, 4)))
    one("a constant set", source, dynset("constant"))
    one("a set of few", source, dynset("sized"))
    one("a set of short keys", source, dynset("short"))
    one("ranges", source, dynset("ranges"))
    r.batch("ranges for the packet path", new_set("x", flags=INTERVAL | EVAL))
    r.batch("concatenated ranges for the packet path", new_set("x", nest(9, nest(2, nest(1, u32(1, 4)),
        nest(1, u32(1, 2)))), flags=INTERVAL | CONCAT | EVAL, key=(0x1CD, 8)))
    r.batch("by an identifier", new_set("later%d", nest(9, u32(1, 9)), flags=EVAL, identifier=7), rule("t",
        "c", source, expression("dynset", u32(4, 1), u32(3, 0), attribute(1, "later%d"), u32(2, 7))))
    r.batch("anonymous, bound by a rule", new_set("__set%d", flags=ANONYMOUS | EVAL, identifier=8), rule("t",
        "c", source, expression("dynset", u32(4, 1), u32(3, 1), attribute(1, "__set%d"), u32(2, 8),
        expression_of(7, "counter"))))
    r.batch("a set and its rule, and a mistake", new_set("lost"), rule("t", "c", source, dynset("lost")),
        rule("t", "c", dynset("nosuch")))
    one("connections", connlimit(10, 1))
    one("connections, without flags", connlimit(10))
    one("connections, with flags of nothing", connlimit(10, 0))
    one("connections, with a flag that there is not", connlimit(10, 2))
    one("connections without a number", expression("connlimit"))
    r.batch("connections of devices", table("n", family=NETDEV), chain("n", "i", hook(0, 0, attribute(3,
        "d0")), attribute(7, "filter"), family=NETDEV), rule("n", "i", connlimit(10), family=NETDEV))
    r.batch("a set with a limit of connections", new_set("connections", expression_of(17, "connlimit", u32(1,
        10), u32(2, 0)), flags=EVAL | EXPR))
    r.batch("a set with a limit of connections and timeouts", new_set("x", expression_of(17, "connlimit",
        u32(1, 10), u32(2, 0)), flags=EVAL | EXPR | SET_TIMEOUT))
    r.batch("a set with a limit of connections and a size", new_set("x", expression_of(17, "connlimit",
        u32(1, 10), u32(2, 0)), nest(9, u32(1, 10)), flags=EXPR))
    r.batch("an element of it", elements("connections", value_element(bytes([10, 0, 0, 1]))))
    r.batch("an object of it", new_object("o", 5, u32(1, 10), u32(2, 0)))
    r.batch("an object of it, inverted", new_object("p", 5, u32(1, 20), u32(2, 1)))
    r.batch("an object of it without a number", new_object("q", 5))
    one("an object of it used", expression("objref", u32(1, 5), attribute(2, "o")))
    r.send("objects", nft(GETOBJ, DUMP, family=0))
    r.send("sets", nft(GETSET, DUMP, family=0))
    r.send("rules", nft(GETRULE, DUMP, family=0))
    for name in ("connections", "counted", "dynamic"):
        r.send(f"elements of {name}", nft(GETSETELEM, DUMP, attribute(1, "t"), attribute(2, name)))
    r.batch("all rules less", nft(DELRULE, ACK, attribute(1, "t"), attribute(2, "c")))
    r.batch("and a set that was used", nft(DELSET, ACK, attribute(1, "t"), attribute(2, "s")))
    r.send("what is left", nft(GETSET, DUMP, family=0))
    one("with an expression that there is not", source, dynset("evaluated", expression_of(7, "nosuch")))


@scenario
def batches(r):
    r.batch("a mistake in the middle", table("a"), table("b", u32(2, 0x80)), table("c"))
    r.send("nothing was made", nft(GETTABLE, DUMP, family=0))
    r.batch("three mistakes", table("a", u32(2, 0x80)), table("b"), chain("nosuch", "c"), rule("b", "nosuch",
        counter()))
    for by in ("plain", "capped"):
        r.batch(f"three mistakes, {by}", table("a", u32(2, 0x80)), table("b"), chain("nosuch", "c"), rule("b",
            "nosuch", counter()), by=by)
    r.batch("mistakes that want no acknowledgement", table("a", u32(2, 0x80), flags=CREATE), table("b",
        flags=CREATE))
    r.batch("silently", table("a", flags=CREATE), chain("a", "c", flags=CREATE))
    r.batch("with acknowledgements of the frame", table("b", flags=CREATE | ACK), flags=ACK)
    r.batch("all of it echoed", table("d", flags=CREATE | ECHO | ACK), chain("d", "c", flags=CREATE | ECHO
        | ACK), rule("d", "c", counter(), flags=CREATE | APPEND | ECHO | ACK))
    r.batch("all of it echoed, plain", table("e", flags=CREATE | ECHO | ACK), by="plain")
    r.batch("the generation that is", table("f"), generation=generation(r))
    r.batch("a generation that was", table("g"), generation=1)
    r.batch("any generation", table("g"), generation=0)
    r.batch("made and unmade", chain("a", "brief"), rule("a", "brief", counter()), chain("a", "brief",
        kind=DELCHAIN, flags=ACK))
    r.batch("unmade and made", table("a", kind=DELTABLE, flags=ACK), table("a"), chain("a", "c"))
    r.batch("unmade twice", table("b", kind=DELTABLE, flags=ACK), table("b", kind=DELTABLE, flags=ACK))
    r.batch("used after it was unmade", table("b", kind=DELTABLE, flags=ACK), chain("b", "c"))
    r.batch("a set and its elements and a rule", new_set("s", of="f", identifier=9), nft(NEWSETELEM, CREATE
        | ACK, attribute(1, "f"), u32(4, 9), attribute(2, "s"), nest(3, value_element(b"\1\2\3\4"))),
        chain("f", "c"), rule("f", "c", payload(1, 12, 4), expression("lookup", u32(2, 1), attribute(1, "s"),
        u32(4, 9))))
    r.batch("more rules than one message of events holds", *[rule("f", "c", counter(number, 1),
        immediate(ACCEPT), flags=CREATE | APPEND) for number in range(60)])
    r.send("more rules than one message of answers holds", nft(GETRULE, DUMP, attribute(1, "f")))
    r.batch("a jump that nests too deeply", *[chain("f", f"n{number}", flags=CREATE) for number in range(18)],
        chain("f", "base", hook(2, 0), attribute(7, "filter"), flags=CREATE), rule("f", "base",
        immediate(JUMP, "n0"), flags=CREATE | APPEND), *[rule("f", f"n{number}", immediate(JUMP,
        f"n{number + 1}"), flags=CREATE | APPEND) for number in range(17)])
    r.send("two batches in one datagram", batch_begin(), table("x"), batch_end(), batch_begin(), table("y"),
        batch_end())
    r.send("a request after a batch", batch_begin(), table("z"), batch_end(), nft(GETTABLE, 0, attribute(1,
        "z")))
    r.send("what is left", nft(GETTABLE, DUMP, family=0))
    r.send("the generation", nft(GETGEN, 0, family=0))


def generation(r):
    """The number of the ruleset, as the last event told it."""
    last = [line for line in r.lines if line.startswith("* 7 ")][-1]
    octets = bytes.fromhex(last.split()[2])
    return struct.unpack("!I", octets[24:28])[0]


# ---- flowtables


def flowtable(
    name,
    *devices,
    flags=CREATE | ACK,
    hook_number=0,
    priority=0,
    more=(),
    kind=NEWFLOWTABLE,
    of="t",
    family=INET,
    bare=False,
):
    members = [nest(3, *[attribute(1, device) for device in devices])] if devices else []
    hook_nest = nest(3, *([] if bare else [u32(1, hook_number), attribute(2, struct.pack("!i", priority))]),
        *members)
    return nft(kind, flags, attribute(1, of), attribute(2, name), hook_nest, *more, family=family)


@scenario
def flowtables(r):
    def offload(name="f"):
        return expression("flow_offload", attribute(1, name))

    r.batch("a table", table("t", family=INET), chain("t", "c", hook(2, 0), attribute(7, "filter"),
        family=INET))
    r.batch("one", flowtable("f", "d0", "d1"))
    r.batch("it once more", flowtable("f", "d0", "d1"))
    r.batch("it once more, exclusively", flowtable("f", "d0", "d1", flags=CREATE | EXCL | ACK))
    r.batch("counting", flowtable("g", more=[u32(7, 2)]))
    r.batch("echoed", flowtable("h", "d0", flags=CREATE | ECHO | ACK, priority=5))
    r.batch("a device that another has", flowtable("i", "d0"))
    r.batch("a device that there is not", flowtable("j", "nosuch"))
    r.batch("a device twice", flowtable("k", "d0", "d0"))
    r.batch("a name of a device that is too long", flowtable("k", "n" * 20))
    r.batch("at another hook", flowtable("k", hook_number=1))
    r.batch("without a priority", nft(NEWFLOWTABLE, CREATE | ACK, attribute(1, "t"), attribute(2, "k"),
        nest(3, u32(1, 0)), family=INET))
    r.batch("without a hook", nft(NEWFLOWTABLE, CREATE | ACK, attribute(1, "t"), attribute(2, "k"),
        family=INET))
    r.batch("an empty hook", flowtable("k", bare=True))
    r.batch("without a name", nft(NEWFLOWTABLE, CREATE | ACK, attribute(1, "t"), nest(3, u32(1, 0), u32(2,
        0)), family=INET))
    r.batch("flags that there are not", flowtable("k", more=[u32(7, 8)]))
    r.batch("of hardware, of which there is none", flowtable("k", "d1", more=[u32(7, 1)]))
    r.batch("in a table that there is not", flowtable("k", of="nosuch"))
    r.batch("without creating", flowtable("k", flags=ACK))
    r.batch("a bridge's table", table("t", family=BRIDGE))
    r.batch("of a bridge", flowtable("f", family=BRIDGE))
    r.batch("of IPv4", table("four"), flowtable("f", of="four", family=IPV4), chain("four", "c", hook(2, 0),
        attribute(7, "filter")), rule("four", "c", offload()))
    r.batch("another device", flowtable("g", "d0", bare=True))
    r.batch("another flag", flowtable("g", bare=True, more=[u32(7, 0)]))
    r.batch("another priority", flowtable("g", priority=7))
    r.batch("the flag of hardware", flowtable("g", bare=True, more=[u32(7, 1)]))
    r.batch("a rule", rule("t", "c", offload(), family=INET))
    r.batch("a rule with a match", rule("t", "c", meta(16), compare(0, bytes([6])), offload(), counter(),
        family=INET))
    r.batch("a rule of a flowtable that there is not", rule("t", "c", offload("nosuch"), family=INET))
    r.batch("a rule of no flowtable", rule("t", "c", expression("flow_offload"), family=INET))
    r.batch("a rule at another hook", chain("t", "in", hook(1, 0), attribute(7, "filter"), family=INET),
        rule("t", "in", offload(), family=INET))
    r.batch("a rule in a chain that nobody reaches", chain("t", "alone", family=INET), rule("t", "alone",
        offload(), family=INET))
    r.send("one", nft(GETFLOWTABLE, 0, attribute(1, "t"), attribute(2, "f"), family=INET))
    r.send("one, acknowledged", nft(GETFLOWTABLE, ACK, attribute(1, "t"), attribute(2, "g"), family=INET))
    r.send("one that there is not", nft(GETFLOWTABLE, 0, attribute(1, "t"), attribute(2, "nosuch"),
        family=INET))
    r.send("one of a table that there is not", nft(GETFLOWTABLE, 0, attribute(1, "nosuch"), attribute(2, "f"),
        family=INET))
    r.send("one by nothing", nft(GETFLOWTABLE, 0, attribute(1, "t"), family=INET))
    r.send("one of no table", nft(GETFLOWTABLE, 0, attribute(2, "f"), family=INET))
    r.send("all", nft(GETFLOWTABLE, DUMP, family=0))
    r.send("those of a table", nft(GETFLOWTABLE, DUMP, attribute(1, "t"), family=INET))
    r.send("those of a table that there is not", nft(GETFLOWTABLE, DUMP, attribute(1, "nosuch"), family=INET))
    r.send("those of IPv4", nft(GETFLOWTABLE, DUMP))
    r.send("rules", nft(GETRULE, DUMP, family=0))

    def less(text, name, *devices, kind=DELFLOWTABLE, flags=ACK):
        if devices:
            r.batch(text, flowtable(name, *devices, kind=kind, flags=flags, bare=True))
        else:
            r.batch(text, nft(kind, flags, attribute(1, "t"), attribute(2, name), family=INET))

    less("a device less", "f", "d1")
    less("a device less that it has not", "f", "d1")
    r.send("what it has left", nft(GETFLOWTABLE, 0, attribute(1, "t"), attribute(2, "f"), family=INET))
    less("one that rules use", "f")
    less("one less", "h", flags=ACK | ECHO)
    less("it once more", "h")
    less("of no matter whether", "h", kind=DESTROYFLOWTABLE)
    r.batch("one by its handle", nft(DELFLOWTABLE, ACK, attribute(1, "t"), u64(5, 3), family=INET))
    r.batch("one by a handle that there is not", nft(DELFLOWTABLE, ACK, attribute(1, "t"), u64(5, 99),
        family=INET))
    r.batch("one by nothing", nft(DELFLOWTABLE, ACK, attribute(1, "t"), family=INET))
    r.batch("the rules less", nft(DELRULE, ACK, attribute(1, "t"), family=INET))
    less("one less, now", "f")
    r.batch("its table less", table("t", family=INET, kind=DELTABLE, flags=ACK))
    r.send("what is left", nft(GETFLOWTABLE, DUMP, family=0))
