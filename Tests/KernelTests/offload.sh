#!/bin/sh
# Runs inside the guest: a router between two hosts, TCP and UDP flows that its flowtable carries, random entries
# beside them, and what conntrack(8) and ftctl print about it all, in files for the test to read.
#
#   offload.sh FTCTL FILL FOLDER
set -eu
ftctl=$1 fill=$2 out=$3
. "$(dirname "$0")/checks.sh"
cp "$fill" fill
fill=$scratch/fill
tcp=8 udp=4

for name in client router server; do
    ip netns add $name
    ip -n $name link set lo up
done
ip link add inside netns client type veth peer name lan0 netns router
ip link add outside netns server type veth peer name wan0 netns router
ip -n client addr add 10.0.1.2/24 dev inside
ip -n router addr add 10.0.1.1/24 dev lan0
ip -n router addr add 10.0.2.1/24 dev wan0
ip -n server addr add 10.0.2.2/24 dev outside
for link in client:inside router:lan0 router:wan0 server:outside; do ip -n ${link%:*} link set ${link#*:} up; done
ip -n client route add default via 10.0.1.1
ip -n server route add default via 10.0.2.1

inside() { ip netns exec router "$@"; }
set_sysctl() { inside sh -c "echo $2 >/proc/sys/net/$1"; }
set_sysctl ipv4/ip_forward 1
cat >"$out/rules" <<RULES
table inet x {
    flowtable f { hook ingress priority 0; devices = { lan0, wan0 }; counter; }
    flowtable idle { hook ingress priority 5; devices = { lo }; }
    # The client's ports that were seen off the fast path.
    set classic { type inet_service; flags dynamic; size 64; }
    chain forward {
        type filter hook forward priority 0
        ct label set 1
        ip saddr 10.0.1.2 meta l4proto { tcp, udp } update @classic { th sport }
        ct state established flow add @f
    }
    chain outward {
        type nat hook postrouting priority 100
        oifname wan0 masquerade
    }
}
RULES
inside nft -f "$out/rules"
set_sysctl netfilter/nf_conntrack_acct 1
set_sysctl netfilter/nf_conntrack_timestamp 1
set_sysctl netfilter/nf_conntrack_events 1
# Flows rest while they are looked at, and are not to leave the flowtable for it.
set_sysctl netfilter/nf_flowtable_tcp_timeout 3000
set_sysctl netfilter/nf_flowtable_udp_timeout 3000

# wait_until WHAT COMMAND…: until the command succeeds
wait_until() {
    what=$1 tries=0
    shift
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || { inside conntrack -L >&2; echo "$what" >&2; exit 1; }
        sleep 0.5
    done
}
# Not by the function: the signal at the end is for the program itself.
ip netns exec router "$ftctl" monitor --events offload,classic -o id >"$out/monitor" 2>"$out/monitor.err" &
monitor=$!
# Its socket is in the groups, and what is there already has been read soon after.
is_listening() { inside awk '$2 == 12 && $4 != "00000000" { found = 1 } END { exit !found }' /proc/net/netlink; }
wait_until "the monitor does not listen" is_listening
sleep 2
ip netns exec server /usr/bin/python3 -B "$here/traffic.py" server $tcp $udp &
ip netns exec client /usr/bin/python3 -B "$here/traffic.py" client $tcp $udp >"$out/traffic" &
traffic=$!
all_offloaded() { [ "$(inside conntrack -L 2>/dev/null | grep -c '\[OFFLOAD\]')" = $((tcp + udp)) ]; }
is_ready() { grep -q ready "$out/traffic"; }
wait_until "the flows exchange nothing" is_ready
wait_until "the flows are not offloaded" all_offloaded
inside "$fill" 300 7 >&2
uname -r >"$out/kernel"

for form in line extended id timestamp labels ktimestamp extended,id,timestamp,labels extended,id,ktimestamp xml save; do
    option="-o $form"
    [ $form != line ] || option=
    # shellcheck disable=SC2086
    inside conntrack -L $option >"$out/$form.before" 2>"$out/$form.before.err"
    # shellcheck disable=SC2086
    inside "$ftctl" list $option >"$out/$form.ours" 2>"$out/$form.ours.err"
    # shellcheck disable=SC2086
    inside conntrack -L $option >"$out/$form.after" 2>/dev/null
done
inside "$ftctl" list -j >"$out/json"
inside "$ftctl" count --by offload -j >"$out/count"
inside "$ftctl" count --by flowtable,proto -j >"$out/flowtables"
selection() { # selection FILE OPTION…
    file=$1
    shift
    inside "$ftctl" list -o id "$@" >"$out/$file" 2>/dev/null
}
selection software --offload software
selection any --offload any
selection hardware --offload hardware
selection none --offload none
selection status -u OFFLOAD
selection where --where 'tcp and offload and flowtable = f'
selection named --offload software --flowtable f
selection full --flowtable inet x f
selection idle --flowtable idle
selection lan --device lan0
selection lo --device lo
inside "$ftctl" list --flowtable f -o table --columns proto,tag,flowtable,devices >"$out/table"

# Without its flowtable every flow is on the classic path again.
inside nft delete table inet x
tries=0
until [ "$(grep -c '\[CLASSIC\]' "$out/monitor")" = $((tcp + udp)) ] || [ $tries = 60 ]; do
    tries=$((tries + 1))
    sleep 0.5
done
kill -INT $monitor
wait $monitor

# The same flows, in their flowtable once more; then some are taken off the fast path.
inside nft -f "$out/rules"
rounds=0
exchange_again() {
    rounds=$((rounds + 1))
    kill -USR1 $traffic
    wait_until "no answer in round $rounds" exchanged
}
exchanged() { [ "$(grep -c again "$out/traffic")" = $rounds ]; }
offloaded() { inside "$ftctl" list --offload software -o id 2>/dev/null | sort >"$out/$1"; }
# clear NAME OPTION…: clears; then a message on every flow shows which of them are off the fast path
clear() {
    name=$1
    shift
    offloaded "clear.$name.before"
    inside nft flush set inet x classic
    status=0
    inside "$ftctl" offload clear "$@" >"$out/clear.$name" 2>"$out/clear.$name.err" || status=$?
    echo $status >"$out/clear.$name.status"
    offloaded "clear.$name.after"
    exchange_again
    inside nft -j list set inet x classic >"$out/clear.$name.classic"
    wait_until "the flows are not offloaded again" all_offloaded
}
exchange_again
wait_until "the flows are not offloaded once more" all_offloaded
port=$(inside conntrack -L -p tcp 2>/dev/null | sed -n 's/.*dst=10.0.2.2 sport=\([0-9]*\) dport=5001.*OFFLOAD.*/\1/p' | head -1)
clear dry --dry-run
clear udp --proto udp --report jsonl
clear one --proto tcp --sport "$port"
clear where --where "flowtable = f and proto = tcp and sport != $port"
clear none --src 192.0.2.1
