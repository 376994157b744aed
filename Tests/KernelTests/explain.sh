#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Flows that are, and are not, on the fast path of a real kernel, and what explain says of them.
#
#   explain.sh FTCTL
#
# A router (this namespace) between a client and a server. Output as flowtables.sh.
set -u
ftctl=$1
. "$(dirname "$0")/checks.sh"
# From 6.16 on a flow needs all devices of its way in the flowtable.
needs_whole_path=$named_devices

ip netns add client
ip netns add server
ip link set lo up
ip link add lan type veth peer name eth0 netns client
ip link add wan type veth peer name eth0 netns server
ip addr add 10.0.1.1/24 dev lan
ip addr add 10.0.2.1/24 dev wan
ip -6 addr add fd01::1/64 dev lan nodad
ip -6 addr add fd02::1/64 dev wan nodad
ip link set lan up
ip link set wan up
for side in client:1:2 server:2:1; do
  name=${side%%:*} net=${side#*:}
  other=${net#*:} net=${net%:*}
  ip -n "$name" link set lo up
  ip -n "$name" addr add "10.0.$net.2/24" dev eth0
  ip -n "$name" -6 addr add "fd0$net::2/64" dev eth0 nodad
  ip -n "$name" link set eth0 up
  ip -n "$name" route add default via "10.0.$net.1"
  ip -n "$name" -6 route add default via "fd0$net::1"
done
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
modprobe nf_conntrack 2>/dev/null
modprobe nf_conntrack_netlink 2>/dev/null
sysctl -qw net.netfilter.nf_conntrack_acct=1 net.netfilter.nf_conntrack_timestamp=1
# An emulated guest is slow: flows must not leave the fast path between two steps.
modprobe nf_flow_table 2>/dev/null
sysctl -qw net.netfilter.nf_flowtable_tcp_timeout=3600 net.netfilter.nf_flowtable_udp_timeout=3600
# A rule that asks conntrack keeps it working while there is no other.
keep() { nft 'table inet keep { chain c { type filter hook prerouting priority 0; ct state new; }; }'; }
keep

# Echoes TCP and UDP on any of these ports, both families; drops what comes to UDP 9.
cat >echo.py <<'EOF'
import selectors, socket
selector = selectors.DefaultSelector()
for port in [80, 81, 21, 5000]:
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    selector.register(listener, selectors.EVENT_READ, "listen")
for port in [53, 9]:
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    udp.bind(("::", port))
    selector.register(udp, selectors.EVENT_READ, "udp" if port == 53 else "sink")
while True:
    for key, _ in selector.select():
        if key.data == "listen":
            selector.register(key.fileobj.accept()[0], selectors.EVENT_READ, "tcp")
        elif key.data == "tcp":
            data = key.fileobj.recv(65536)
            if data:
                key.fileobj.sendall(data)
            else:
                selector.unregister(key.fileobj)
                key.fileobj.close()
        else:
            data, sender = key.fileobj.recvfrom(65536)
            if key.data == "udp":
                key.fileobj.sendto(data, sender)
EOF
# Reads lines "tcp ADDRESS PORT", "udp ADDRESS PORT COUNT [OCTETS]", "again", "close"; answers each with a line.
cat >talk.py <<'EOF'
import socket, sys
open_ones = []
def exchange(peer):
    for _ in range(4):
        peer.sendall(b"x" * 100)
        peer.recv(65536)
for line in sys.stdin:
    words = line.split()
    try:
        if words[0] == "tcp":
            peer = socket.create_connection((words[1], int(words[2])), timeout=10)
            open_ones.append(peer)
            exchange(peer)
        elif words[0] == "syn":
            peer = socket.socket(socket.AF_INET)
            peer.setblocking(False)
            peer.connect_ex((words[1], int(words[2])))
            open_ones.append(peer)
        elif words[0] == "udp":
            peer = socket.socket(socket.AF_INET6 if ":" in words[1] else socket.AF_INET, socket.SOCK_DGRAM)
            peer.settimeout(10)
            peer.connect((words[1], int(words[2])))
            open_ones.append(peer)
            size = int(words[4]) if len(words) > 4 else 100
            for _ in range(int(words[3])):
                peer.send(b"x" * size)
                if words[2] == "53":
                    peer.recv(65536)
        elif words[0] == "icmp":
            peer = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            peer.settimeout(10)
            peer.sendto(bytes.fromhex("0800f7fe00000001"), (words[1], 0))
            peer.recv(65536)
            peer.close()
        elif words[0] == "again":
            exchange(open_ones[-1])
        elif words[0] == "close":
            for peer in open_ones:
                peer.close()
            open_ones = []
        print("done", flush=True)
    except OSError as error:
        print("failed", error, flush=True)
EOF
ip netns exec server python3 -B echo.py 2>echo.err &
server=$!
mkfifo ask answers
ip netns exec client python3 -B talk.py <ask >answers 2>talk.err &
client=$!
exec 3>ask 4<answers
trap 'kill $server $client 2>/dev/null' EXIT
# Both interpreters take their time to start.
until ip netns exec server ss -Hltn 2>/dev/null | grep -q ':5000 ' && ip netns exec server ss -Hlun | grep -q ':9 '; do
  kill -0 $server 2>/dev/null || { cat echo.err; exit 100; }
  sleep 0.2
done
talk() {
  echo "$*" >&3
  read -r answer <&4
  [ "$answer" = done ] || echo "# talk $*: $answer"
}
load() {
  nft flush ruleset
  keep
  conntrack -F >/dev/null 2>&1
  nft -f - || echo "# nft refused"
}
fresh() { talk close; nft flush ruleset; keep; conntrack -F >/dev/null 2>&1; }
# first WHAT CODE SELECTION...: explain names this reason first.
first() {
  what=$1 code=$2
  shift 2
  "$ftctl" explain "$@" >out 2>err
  if [ "$(sed -n 's/^  1\. \([a-z0-9-]*\):.*/\1/p' out | sort -u)" = "$code" ]; then ok "$what: $code"; else echo "# not '$code'"; not_ok "$what"; fi
}
shows() { if grep -Eq -- "$2" out; then ok "$1"; else echo "# no '$2'"; not_ok "$1"; fi; }
both='flowtable f { hook ingress priority 0; devices = { lan, wan }; }'
forward='type filter hook forward priority 0; policy accept;'

# On the fast path.
ruleset >before
"$ftctl" flowtable enable lan wan 2>err && ok 'enable' || not_ok 'enable'
talk tcp 10.0.2.2 80
conntrack -L -p tcp --dport 80 >out 2>err
shows 'conntrack lists it with the tag' 'dport=80 .*\[OFFLOAD\]'
"$ftctl" explain -p tcp --dport 80 >out 2>err
shows 'offloaded, by which flowtable' '^tcp 10\.0\.1\.2:[0-9]+ -> 10\.0\.2\.2:80.*: offloaded by flowtable f in inet x, devices lan, wan$'
before=$(nft list chain inet x y | sed -n 's/.*[^d] *counter packets \([0-9]*\).*/\1/p')
talk again
after=$(nft list chain inet x y | sed -n 's/.*[^d] *counter packets \([0-9]*\).*/\1/p')
[ -n "$before" ] && [ "$before" = "$after" ] && ok "the counter rule stands still at $before" || { echo "# $before, then $after"; not_ok 'the counter rule stands still'; }
"$ftctl" flowtable list -o table >out 2>err
shows 'list counts the flow' ' f .* 1 +1 '
"$ftctl" explain --offload any -j >out 2>err
shows 'JSON' '"offload":\{"state":"software","flowtable":\{"family":"inet","table":"x","name":"f"\},"devices":\["lan","wan"\]\}.*,"reasons":\[\],"stale":\[\]\}\]$'

# Stale flows.
runs 'no flow is stale' 3 offload clear --stale
ip neighbour del 10.0.2.2 dev wan
first 'neighbour lost' neighbour -p tcp --dport 80
ip link add other type dummy
ip link set other up
ip route add 10.0.2.2/32 dev other
first 'route moved' route -p tcp --dport 80
runs 'the stale flow would be cleared' 0 offload clear --stale --dry-run
prints 'it alone' 'dport=80 .*\[OFFLOAD\]'
ip route del 10.0.2.2/32 dev other
ip route add unreachable 10.0.2.2/32
first 'route gone' no-route -p tcp --dport 80
ip route del unreachable 10.0.2.2/32
ip link del other
"$ftctl" flowtable disable 2>err && ok 'disable' || not_ok 'disable'
ruleset >after
same 'disable takes away what enable made' before after
fresh

# Stale flows, by routing rules on the mark, the source and the device where packets come in.
load <<RULES
table inet x { $both
chain pre { type filter hook prerouting priority -150; ct mark set 7; meta mark set ct mark; }
chain y { $forward flow add @f; }
}
RULES
ip link add other type dummy
ip link set other up
ip route add default dev other table 100
talk tcp 10.0.2.2 80
talk tcp fd02::2 80
runs 'no flow is stale yet' 3 offload clear --stale
ip rule add fwmark 8 table 100
runs 'a rule of another mark' 3 offload clear --stale
ip rule add fwmark 7 table 100
first 'rule of the mark' route -f ipv4 -p tcp --dport 80
shows 'evidence: what asks the same' "evidence: 'ip route get 10\.0\.2\.2 from 10\.0\.1\.2 iif lan mark 0x7'"
ip rule del fwmark 7 table 100
ip rule add from 10.0.1.3 iif lan table 100
ip rule add from 10.0.1.2 iif wan table 100
runs 'rules of another source and device' 3 offload clear --stale
ip rule add from 10.0.1.2 iif lan table 100
first 'rule of the source' route -f ipv4 -p tcp --dport 80
ip rule del from 10.0.1.2 iif lan table 100
ip rule add from 10.0.2.2 iif wan prohibit pref 50
"$ftctl" explain -f ipv4 -p tcp --dport 80 >out 2>err
shows 'rule against the replies' '^  1\. no-route: replies of 10\.0\.2\.2 have no route to 10\.0\.1\.2$'
ip -6 rule add fwmark 7 prohibit
first 'IPv6 rule of the mark' no-route -f ipv6 -p tcp --dport 80
ip rule del from 10.0.2.2 iif wan prohibit
for rule in 'from 10.0.1.2 iif wan' 'from 10.0.1.3 iif lan' 'fwmark 8'; do
  # shellcheck disable=SC2086
  ip rule del $rule table 100
done
ip -6 rule del fwmark 7 prohibit
ip link del other
fresh

# Not on it: no flowtable and no rule.
talk tcp 10.0.2.2 80
first 'no flowtable' no-rule -p tcp --dport 80
fresh
load <<EOF
table inet x { $both
chain y { $forward }
}
EOF
talk tcp 10.0.2.2 80
first 'no rule' no-rule -p tcp --dport 80
fresh
load <<EOF
table inet x { $both
chain y { $forward ip protocol udp flow add @f; }
}
EOF
talk tcp 10.0.2.2 80
first 'rule of another protocol' no-rule-matches -p tcp --dport 80
shows 'evidence: the rule and the comparison' 'evidence: rule [0-9]+ of chain y in inet x: ip protocol udp flow add @f: .ip protocol udp. does not match'
fresh
load <<EOF
table inet x { $both
chain y { $forward ct state established,related accept; ip protocol tcp flow add @f; }
}
EOF
talk tcp 10.0.2.2 80
first 'rule behind an accept' rule-not-reached -p tcp --dport 80
shows 'evidence: the accept' 'evidence: rule [0-9]+ of chain y in inet x: ct state established,related accept takes it first'
fresh
load <<EOF
table inet x { $both
chain y { $forward ct state vmap { established : accept, related : accept, invalid : drop }; ip protocol tcp flow add @f; }
}
EOF
talk tcp 10.0.2.2 80
first 'rule behind a verdict map' rule-not-reached -p tcp --dport 80
fresh
load <<EOF
table inet x { $both
chain early { type filter hook forward priority -10; policy accept; meta l4proto tcp accept; }
chain lone { ip protocol tcp flow add @f; }
}
EOF
talk tcp 10.0.2.2 80
first 'rule in a chain that nothing calls' rule-not-reached -p tcp --dport 80
fresh
load <<EOF
table inet x { $both
chain lone { ip protocol tcp flow add @f; }
chain y { $forward }
}
EOF
talk tcp 10.0.2.2 80
first 'rule in a chain that nothing calls, no accept' no-rule-matches -p tcp --dport 80
fresh
load <<EOF
table inet x { $both
chain y { $forward jump input_lan; }
chain input_lan { iifname "eth7" ip protocol tcp flow add @f; }
}
EOF
talk tcp 10.0.2.2 80
first 'rule of another device' no-rule-matches -p tcp --dport 80
fresh
load <<EOF
table inet x { $both
chain y { $forward ct mark 5 flow add @f; }
}
EOF
talk tcp 10.0.2.2 80
first 'rule of another mark' no-rule-matches -p tcp --dport 80
fresh
load <<EOF
table inet x { $both
chain y { $forward ct bytes >= 1000000 flow add @f; }
}
EOF
talk tcp 10.0.2.2 80
first 'rule for larger flows' no-rule-matches -p tcp --dport 80
fresh
load <<EOF
table inet x { $both
chain y { $forward ct state new flow add @f; }
}
EOF
talk tcp 10.0.2.2 80
first 'rule of the first packet, which never adds a flow' no-rule-matches -p tcp --dport 80
fresh
load <<EOF
table inet x { $both
set hosts { type ipv4_addr; elements = { 10.0.9.9 }; }
chain y { $forward ip daddr @hosts flow add @f; }
}
EOF
talk tcp 10.0.2.2 80
first 'rule of a set without the address' rule-condition -p tcp --dport 80
shows 'evidence: the set' "evidence: rule [0-9]+ of chain y in inet x: .*: 'lookup @hosts'"
fresh
load <<EOF
table inet x { $both
chain y { $forward meta l4proto tcp limit rate 1/day burst 1 packets flow add @f; }
}
EOF
talk tcp 10.0.2.2 80
first 'rule whose rate was used up' rule-condition -p tcp --dport 80
shows 'evidence: the rate' "evidence: rule [0-9]+ of chain y in inet x: .*limit"
fresh
load <<EOF
table ip x { $both
chain y { $forward flow add @f; }
}
EOF
talk tcp fd02::2 80
first 'rule of the other family' no-rule -f ipv6 -p tcp --dport 80
fresh
load <<EOF
table inet x { $both
chain y { $forward tcp dport { 8080, 8081 } flow add @f; }
}
EOF
talk tcp 10.0.2.2 80
first 'rule of other ports' no-rule-matches -p tcp --dport 80
fresh

# Not on it: the kernel's own checks.
every="table inet x { $both
chain y { $forward flow add @f; }
}"
echo "$every" | load
talk icmp 10.0.2.2
first 'ICMP' protocol -p icmp
talk icmp 10.0.1.1
first 'to the router itself' local -p icmp -d 10.0.1.1
fresh
echo "$every" | load
ip netns exec server nft -f - <<EOF
table inet s { chain i { type filter hook input priority 0; tcp dport 81 drop; }
}
EOF
talk syn 10.0.2.2 81
first 'no answer to the SYN' not-established -p tcp --dport 81
shows 'evidence: the state' 'evidence: state SYN_SENT'
ip netns exec server nft flush ruleset
fresh
echo "$every" | load
talk udp 10.0.2.2 9 1
first 'one datagram' first-packet -p udp --dport 9
fresh
echo "$every" | load
talk udp 10.0.2.2 53 4 3000
first 'fragmented datagrams' fragments -p udp --dport 53
shows 'evidence: their size' 'evidence: 30[0-9][0-9] octets in the mean, the MTU of lan is 1500'
fresh
load <<EOF
table inet x { $both
ct helper ftp { type "ftp" protocol tcp; }
chain pre { type filter hook prerouting priority 0; tcp dport 21 ct helper set "ftp"; }
chain y { $forward flow add @f; }
}
EOF
talk tcp 10.0.2.2 21
first 'helper' helper -p tcp --dport 21
shows 'evidence: the helper' 'evidence: helper=ftp'
fresh
echo "$every" | load
talk tcp 10.0.2.2 80
talk close
sleep 3
if [ $needs_whole_path = no ]; then first 'ended connection' not-established -p tcp --dport 80; fi
fresh

# Not on it: the way.
load <<EOF
table inet x { flowtable f { hook ingress priority 0; devices = { lan }; }
chain y { $forward flow add @f; }
}
EOF
talk tcp 10.0.2.2 80
if [ $needs_whole_path = yes ]; then first 'device that is not in the flowtable' device -p tcp --dport 80
else first 'device that is not in the flowtable' route -p tcp --dport 80; fi
fresh

talk tcp 10.0.2.2 80
echo "table inet x { $both
chain y { $forward flow add @f; }
}" | nft -f -
sysctl -qw net.ipv4.ip_forward=0
first 'a router that does not forward' forwarding-off -p tcp --dport 80
sysctl -qw net.ipv4.ip_forward=1
ip route add unreachable 10.0.2.2/32
first 'a route that is gone' no-route -p tcp --dport 80
ip route del unreachable 10.0.2.2/32
ip -n server link set eth0 down
first 'a device without carrier' device-down -p tcp --dport 80
ip -n server link set eth0 up
ip -n server route add default via 10.0.2.1
ip -n server -6 addr add fd02::2/64 dev eth0 nodad 2>/dev/null
ip -n server -6 route add default via fd02::1 2>/dev/null
fresh

# IPsec: what comes from the client is encrypted, and the rule is for that direction alone.
if modprobe esp4 2>/dev/null && modprobe xfrm_user 2>/dev/null; then
  for where in '' '-n client'; do
    # shellcheck disable=SC2086
    ip $where xfrm state add src 10.0.1.2 dst 10.0.1.1 proto esp spi 0x100 mode tunnel enc 'ecb(cipher_null)' '' \
      auth 'hmac(sha1)' 0x0123456789012345678901234567890123456789 2>err || cat err
  done
  ip xfrm policy add src 10.0.1.0/24 dst 10.0.2.0/24 dir fwd tmpl src 10.0.1.2 dst 10.0.1.1 proto esp mode tunnel
  ip -n client xfrm policy add src 10.0.1.0/24 dst 10.0.2.0/24 dir out tmpl src 10.0.1.2 dst 10.0.1.1 proto esp mode tunnel
  load <<EOF
table inet x { $both
chain y { $forward iifname "lan" flow add @f; }
}
EOF
  talk tcp 10.0.2.2 80
  first 'IPsec' ipsec -p tcp --dport 80
  ip xfrm policy flush
  ip xfrm state flush
  ip -n client xfrm policy flush
  ip -n client xfrm state flush
  fresh
else
  echo '# no IPsec in this kernel'
fi

# Behind a bridge: the flow keeps port and hardware address.
ip link add br0 type bridge
ip addr flush dev lan
ip link set lan master br0
ip addr add 10.0.1.1/24 dev br0
ip link set br0 up
ip -n client neighbour flush all
echo "$every" | load
talk tcp 10.0.2.2 80
"$ftctl" explain -p tcp --dport 80 >out 2>err
shows 'offloaded behind a bridge' ': offloaded by flowtable f in inet x, devices br0, wan$'
bridge fdb del "$(ip -n client -br link show eth0 | awk '{ print $3 }')" dev lan master 2>/dev/null
first 'FDB entry gone' fdb -p tcp --dport 80
fresh

# None.
"$ftctl" explain -p tcp --dport 4242 >out 2>err
[ $? -eq 3 ] && ok 'no flow: status 3' || not_ok 'no flow: status 3'
"$ftctl" explain >out 2>err
[ $? -eq 2 ] && ok 'no selection: status 2' || not_ok 'no selection: status 2'
"$ftctl" doctor >out 2>err && ok 'doctor' || not_ok 'doctor'
shows 'doctor sees the families' '^ok   flowtables: families: inet, ip, ip6$'
shows 'doctor sees the rules' '^ok   flow-rules: rules can add flows$'

exec 3>&-
finish
