#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Rulesets whose packets fill sets and whose rules count connections, by nft(8): on a kernel, and on an engine by
# 'ftctl --userspace exec'. The recording beside it is what nft 1.0.6 printed on Linux 7.2 (.ci/vm, in a network namespace of
# its own). Times that are left are left out.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() {
    echo "\$ $*" | sed -e "s|$folder|DIR|g"
    "$@" 2>&1 | sed -e "s|$folder|DIR|g" -e 's/expires [0-9dhms]*/expires T/g' -e 's/"expires": [0-9]*/"expires": 0/g' \
        -e 's/[[:space:]]*$//'
}

cat >"$folder/router.nft" <<'END'
table inet x {
	set blocked {
		type ipv4_addr
		size 1000
		flags dynamic,timeout
		timeout 1h
		elements = { 192.0.2.1, 192.0.2.2 timeout 2h }
	}
	set seen {
		type ipv4_addr . inet_service
		flags dynamic
		counter
	}
	set flood {
		type ipv4_addr
		size 65535
		flags dynamic
	}
	set busy {
		type ipv4_addr
		size 500
		flags dynamic
	}
	set plain {
		type ipv4_addr
	}
	map marks {
		type ipv4_addr : mark
		flags dynamic,timeout
	}
	chain y {
		type filter hook forward priority 0; policy accept;
		ip saddr @blocked drop
		ct state new tcp dport 22 update @flood { ip saddr limit rate over 10/second } add @blocked { ip saddr timeout 30m } drop
		ct state new tcp dport 80 add @busy { ip saddr ct count over 20 } counter drop
		ct state new ct count over 1000 reject
		tcp flags syn add @seen { ip saddr . tcp dport }
		ct count 5 accept
		update @marks { ip saddr timeout 5m : mark }
		delete @blocked { ip daddr }
		add @plain { ip saddr }
		ip daddr != 192.0.2.0/24 update @flood { ip daddr counter quota over 10 mbytes } drop
		tcp dport 25 meter mail { ip saddr limit rate 3/minute burst 7 packets } accept
	}
}
END

run nft -f "$folder/router.nft"
run nft list ruleset
run nft -a list chain inet x y
run nft -j list ruleset
run nft list set inet x blocked
run nft list meters
run nft add element inet x busy '{ 192.0.2.7 ct count over 3 }'
run nft add element inet x flood '{ 192.0.2.8 limit rate 1/second }'
run nft list set inet x flood
run nft delete set inet x busy
run nft add set inet x plain '{ type ipv4_addr; size 7; }'
run nft list set inet x plain
run nft add rule inet x y add @nosuch '{ ip saddr }'
run nft add rule inet x y add @plain '{ ip saddr timeout 5s }'
run nft add rule inet x y update @plain '{ ip saddr counter }'
run nft add rule inet x y add @busy '{ ip6 saddr }'
run nft add set inet x ranges '{ type ipv4_addr; flags interval,dynamic; }'
run nft add set inet x limited '{ type ipv4_addr; flags dynamic,timeout; ct count over 5; }'
run nft add set inet x counting '{ type ipv4_addr; flags dynamic; ct count over 5; }'
run nft list set inet x counting
run nft add rule inet x y ip saddr @counting counter
run nft flush set inet x blocked
run nft flush chain inet x y
run nft delete set inet x busy
run nft list ruleset
