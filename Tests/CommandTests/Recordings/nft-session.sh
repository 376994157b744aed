#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Commands of nft(8) one after another, each with its output and status: on a kernel, and on an engine by 'ftctl --userspace
# exec'. The recording beside it is what nft 1.0.6 printed on Linux 7.2 (.ci/vm, in a network namespace of its own).
# What changes between runs by itself, process ids for one, is left out.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() {
    echo "\$ $*" | sed -e "s|$folder|DIR|g"
    "$@" 2>&1 | sed -e "s|$folder|DIR|g" -e 's/by process [0-9]* (.*)/by process N/' -e 's/[[:space:]]*$//'
}
status() {
    echo "\$ $* # status"
    "$@" >/dev/null 2>&1
    echo "status $?"
}

cat >"$folder/router.nft" <<'END'
table inet x {
	flowtable f {
		hook ingress priority 0
		devices = { d1, d0 }
		counter
	}
	counter seen { }
	set hosts {
		type ipv4_addr
		flags interval
		elements = { 192.0.2.0/25, 198.51.100.7 }
	}
	map ports {
		type inet_service : verdict
		elements = { 22 : accept, 23 : drop }
	}
	chain y {
		type filter hook forward priority 0; policy accept;
		ct state invalid drop
		tcp dport vmap @ports
		ip saddr @hosts counter name seen
		meta l4proto { tcp, udp } flow add @f
		ip protocol tcp counter
	}
	chain nat {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "d1" masquerade
		meta l4proto udp ip daddr 203.0.113.9 snat ip to 192.0.2.9:1000-2000
	}
	chain other {
		limit rate 5/second burst 7 packets accept
		log prefix "other: " level warn
		meta l4proto tcp reject with tcp reset
	}
}
END

run nft list ruleset
run nft -c -f "$folder/router.nft"
run nft list ruleset
run nft -f "$folder/router.nft"
run nft list ruleset
run nft -a list ruleset
run nft -j list ruleset
run nft -s list table inet x
run nft list tables
run nft list chains
run nft list flowtables
run nft -j list flowtables
run nft list flowtable inet x f
run nft list chain inet x y
run nft list counters
run nft list sets
run nft list maps
run nft list set inet x hosts
run nft get element inet x hosts '{ 192.0.2.5 }'
status nft get element inet x hosts '{ 10.0.0.1 }'
run nft get element inet x hosts '{ 10.0.0.1 }'
run nft reset counters

# Changes, and how they are echoed.
run nft -e -a add rule inet x other counter comment '"last"'
run nft -e add element inet x hosts '{ 203.0.113.0/24 }'
run nft -e -j add rule inet x other tcp dport 80 accept
run nft -a insert rule inet x other udp dport 53 accept
run nft -e insert rule inet x other index 1 ip6 nexthdr tcp accept
run nft -a list chain inet x other
run nft delete rule inet x other handle 99
run nft delete element inet x hosts '{ 203.0.113.0/24 }'
run nft add flowtable inet x f '{ hook ingress priority 0; devices = { d2 }; counter; }'
run nft list flowtables
run nft delete flowtable inet x f '{ hook ingress priority 0; devices = { d2 }; }'
run nft list flowtable inet x f
run nft rename chain inet x other another
run nft list chain inet x another
run nft flush chain inet x another
run nft replace rule inet x another handle 3 accept

# Refusals.
for words in 'delete flowtable inet x f' 'add rule inet nosuch y accept' 'add rule inet x nosuch accept' \
    'add rule inet x y ip protocol tcp flow add @nosuch' 'create table inet x' 'create chain inet x y' \
    'delete table inet nosuch' 'delete chain inet x nosuch' 'delete chain inet x y' 'delete set inet x hosts' \
    'list table inet nosuch' 'list chain inet x nosuch' 'list flowtable inet x nosuch' 'add rule inet x y jump nosuch' \
    'delete flowtable inet x nosuch' 'add element inet x hosts { 192.0.2.1 }' 'delete element inet x hosts { 10.1.1.1 }' \
    'add rule inet x nat flow add @f' 'add chain inet x y { type filter hook forward priority 5; }' \
    'add rule inet x y ip saddr @nosuch accept' 'add flowtable inet x f { hook ingress priority 7; devices = { d0 }; }'; do
    # shellcheck disable=SC2086
    run nft "$words"
    # shellcheck disable=SC2086
    status nft "$words"
done
printf 'add table ip a\nadd rule ip a nosuch accept\nadd chain ip b c\n' >"$folder/bad.nft"
run nft -f "$folder/bad.nft"
run nft list tables

# Events.
nft monitor >"$folder/events" 2>&1 &
monitor=$!
nft -j monitor >"$folder/events.json" 2>&1 &
json=$!
sleep 1
cat >"$folder/next.nft" <<'END'
table ip m {
	flowtable g { hook ingress priority 10; devices = { d0 }; }
	set s { type inet_service; elements = { 1, 2 }; }
	chain c { type filter hook forward priority 0; ip protocol udp flow add @g; tcp dport @s drop; }
}
END
nft -f "$folder/next.nft"
nft add element ip m s '{ 3 }'
nft delete element ip m s '{ 1 }'
nft add flowtable ip m g '{ hook ingress priority 10; devices = { d1 }; }'
nft delete rule ip m c handle 5
nft flush chain ip m c
nft delete flowtable ip m g
nft add counter ip m n
nft delete table ip m
sleep 1
kill "$monitor" "$json"
wait
echo '$ nft monitor'
sed -e 's/by process [0-9]* (.*)/by process N/' "$folder/events"
echo '$ nft -j monitor'
cat "$folder/events.json"

# Tables with an owner, objects by handle, everything away.
printf 'table ip o { flags owner; flowtable f { hook ingress priority 0; devices = { lo }; }; }\n' >"$folder/owner.nft"
run nft -f "$folder/owner.nft"
run nft list tables
run nft flush table inet x
run nft list ruleset
run nft delete flowtable inet x f
run nft delete table inet x
run nft flush ruleset
run nft list ruleset
status nft list ruleset
