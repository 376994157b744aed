#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Flowtables and flow rules on a real kernel: run as root under one that has nf_flow_table.
#
#   flowtables.sh FTCTL
#
# Prints a line for each check, in TAP; the status is the number of failures, 100 at most.
set -u
ftctl=$1
. "$(dirname "$0")/checks.sh"

# agrees WHAT: flowtables and flow rules are in JSON what nft -j lists of the ruleset.
agrees() {
  nft -j list ruleset >nft.json
  "$ftctl" flowtable list -j >flowtables.json && "$ftctl" rule list -j >rules.json
  is "nft -j agrees after $1" python3 "$here/agreement.py" nft.json flowtables.json rules.json
}

ip link set lo up
for device in d0 d1 d2 d3; do ip link add "$device" type dummy; ip link set "$device" up; done

# Adding, listing, showing.
runs 'an empty list is done' 0 flowtable list
runs 'add makes table and flowtable' 0 flowtable add inet x f --device d1 d0 --counter
says 'add says what it did' "flowtable 'f' in inet x created, with its table"
nft list flowtables >nft.out
cat >expected <<'EOF'
table inet x {
	flowtable f {
		hook ingress priority filter
		devices = { d0, d1 }
		counter
	}
}
EOF
same 'nft lists what was added' expected nft.out
runs 'list prints it' 0 flowtable list
grep -v '^[[:space:]]*#' out | sed 's/ #.*//' >listed
same 'list is what nft prints, but for comments' nft.out listed
"$ftctl" flowtable list >saved.nft
runs 'JSON' 0 flowtable list -j
prints 'JSON has what nft does not say' '"counter": true.*"flows": 0[^0-9]'
agrees 'add'
runs 'table' 0 flowtable list -o table
prints 'table has the flowtable' '^inet +x +f +filter +d0,d1 +counter'
runs 'prometheus' 0 flowtable list -o prometheus
prints 'prometheus has the flows' '^ftctl_flowtable_flows\{family="inet",table="x",flowtable="f",offload="software"\} 0$'
runs 'show' 0 flowtable show inet x f
prints 'show has the state of devices' '# device d0: up, mtu 1500, dummy'
# completes WHAT EXPECTED WORD...: these are the values of the word after these.
completes() {
  what=$1 expected=$2
  shift 2
  found=$(SAP_SHELL=bash "$ftctl" ---completion flowtable show -- positional@0 $(($# + 1)) 0 ftctl "$@" '' | xargs)
  is "$what: $found" [ "$found" = "$expected" ]
}
completes 'tables are completed' x flowtable show inet
completes 'flowtables are completed' f flowtable show inet x
found=$(SAP_SHELL=bash "$ftctl" ---completion rule add -- --flowtable 5 0 ftctl rule add x --flowtable '' | xargs)
is '--flowtable is completed' [ "$found" = f ]
nft add chain inet x forward
found=$(SAP_SHELL=bash "$ftctl" ---completion rule add -- positional@0 5 0 ftctl rule add inet x '' | xargs)
is 'chains are completed' [ "$found" = forward ]
nft delete chain inet x forward
runs 'show of another' 1 flowtable show inet x g
says 'show of another names those that there are' '^hint: there are: inet x f'
nft flush ruleset
if nft -f saved.nft; then ok 'nft -f loads what list prints'; else not_ok 'nft -f loads what list prints'; fi
nft list flowtables >again.out
same 'and it is the same' nft.out again.out

# Idempotence.
unchanged '--ensure of what is there changes nothing' flowtable add inet x f --device d0 d1 --counter --ensure
says '--ensure says so' 'unchanged'
runs '--ensure adds and removes devices' 0 flowtable add inet x f --device d1 d2 --ensure
says '--ensure says which' 'device d0 removed; device d2 added; counter switched off'
agrees 'add --ensure'
nft list flowtables | grep -q 'devices = { d1, d2 }' && ok 'devices are in line' || not_ok 'devices are in line'
nft list flowtables | grep -q counter && not_ok 'the counter is off' || ok 'the counter is off'
unchanged '--ensure again changes nothing' flowtable add inet x f --device d1 d2 --ensure
runs '--dry-run' 0 flowtable add inet x g --device d3 --dry-run
prints '--dry-run prints the command' '^create flowtable inet x g \{ hook ingress priority filter; devices = \{ d3 \}; \}$'
nft list flowtables | grep -q 'flowtable g' && not_ok '--dry-run changes nothing' || ok '--dry-run changes nothing'
runs '--ensure cannot change the priority' 1 flowtable add inet x f --device d1 --priority 5 --ensure
says 'and says so' "flowtable 'f' in inet x.*priority is filter, not filter \+ 5"

# Refusals: one line with the object, the errno, and a hint.
runs 'existing flowtable' 1 flowtable add inet x f --device d1
says 'existing flowtable: object' "^ftctl: cannot create flowtable 'f' in inet x: File exists \(EEXIST\)"
says 'existing flowtable: hint' '^hint: .*--ensure'
runs 'device in use' 1 flowtable add inet x g --device d1
says 'device in use: hint' '^hint: .*another flowtable of this table'
runs 'device twice' 1 flowtable add inet x g --device d3 d3
says 'device twice: object' "flowtable 'g' in inet x: device 'd3': File exists"
runs 'name too long' 1 flowtable add inet x "f$(printf %0300d 0)" --device d3
says 'name too long: errno' 'Numerical result out of range \(ERANGE\)'
[ $named_devices = no ] || says 'name too long: kernel text' ': Attribute failed policy validation'
says 'name too long: hint' '^hint: .*255'
runs 'bad family' 2 flowtable add bridge x g --device d3
runs 'flowtable is gone' 1 flowtable delete inet x nothere
says 'flowtable is gone: object' "cannot delete flowtable 'nothere' in inet x: No such file or directory"
runs 'no table' 1 flowtable delete inet nothere f
runs 'hardware offload without a driver' 5 flowtable add inet x hw --device d3 --hw-offload
says 'hardware offload: object' "cannot create flowtable 'hw' in inet x: Operation not supported \(EOPNOTSUPP\)"
says 'hardware offload: hint' '^hint: .*driver'
if [ $named_devices = no ]; then
  runs 'unknown device' 1 flowtable add inet x g --device nothere
  says 'unknown device: object' "flowtable 'g' in inet x: device 'nothere': No such file or directory \(ENOENT\)"
  says 'unknown device: hint' '^hint: there is no such device'
  runs 'pattern' 1 flowtable add inet x g --device 'd*'
else
  runs 'unknown device' 0 flowtable add inet y g --device nothere
  runs 'unknown device is shown absent' 0 flowtable show inet y g
  prints 'absent' '# device nothere: absent'
  runs 'device name too long' 1 flowtable add inet y h --device abcdefghijklmnopq
  says 'device name too long: object' "device 'abcdefghijklmnopq'"
  runs 'pattern' 0 flowtable add inet z g --device 'd*'
  runs 'pattern is shown' 0 flowtable show inet z g
  prints 'pattern' 'devices = \{ "d\*" \}'
  nft delete table inet y; "$ftctl" flowtable delete inet z g 2>/dev/null; nft delete table inet z
fi

# Rules.
runs 'rule without chain' 1 rule add inet x y --flowtable f
says 'rule without chain: object' "cannot add a rule to chain 'y' in inet x: No such file or directory"
says 'rule without chain: hint' '^hint: .*--create-chain'
runs 'rule with a new chain' 0 rule add inet x y --create-chain --flowtable f --proto tcp,udp --counter --comment 'all of it'
runs 'rule with everything' 0 rule add inet x y --flowtable f --iif d1 --oif 'd*' --proto tcp --dport 80,443,8000-8100 \
  --src 10.0.0.0/9 --dst 192.0.2.1 --ct-state established,related --min-bytes 1000
runs 'rule of IPv6' 0 rule add inet x y --flowtable f --proto udp --src 2001:db8::/32 --sport 53 --insert
nft list chain inet x y >nft.out
cat >expected <<'EOF'
table inet x {
	chain y {
		type filter hook forward priority filter; policy accept;
		udp sport 53 ip6 saddr 2001:db8::/32 flow add @f
		meta l4proto { tcp, udp } flow add @f counter packets 0 bytes 0 comment "all of it"
		iifname "d1" oifname "d*" tcp dport { 80, 443, 8000-8100 } ip saddr 10.0.0.0/9 ip daddr 192.0.2.1 ct state established,related ct bytes >= 1000 flow add @f
	}
}
EOF
same 'nft lists the rules' expected nft.out
runs 'rule list' 0 rule list
sed 's/ # handle.*//' out >listed
same 'rule list is what nft prints' nft.out listed
runs 'rule list as JSON' 0 rule list -j
agrees 'rule add'
unchanged 'rule add --ensure of what is there' rule add inet x y --flowtable f --proto udp,tcp --counter --comment 'all of it' --ensure
runs 'flowtable in use' 1 flowtable delete inet x f
says 'flowtable in use: object' "cannot delete flowtable 'f' in inet x: Device or resource busy \(EBUSY\)"
says 'flowtable in use: hint' '^hint: .*--force'
runs 'rule with unknown flowtable' 1 rule add inet x y --flowtable nothere
says 'unknown flowtable: hint' "no flowtable 'nothere'"
nft add chain inet x input '{ type filter hook input priority 0; }'
runs 'rule in an input chain' 1 rule add inet x input --flowtable f
says 'rule in an input chain: object' "chain 'input' in inet x: Operation not supported \(EOPNOTSUPP\)"
says 'rule in an input chain: hint' '^hint: flows are made in forward chains only'
nft delete chain inet x input
runs 'rule that can never match' 2 rule add inet x y --flowtable f --src 10.0.0.1 --dst 2001:db8::1
runs 'rule delete by words' 0 rule delete inet x y --flowtable f --proto tcp,udp --counter --comment 'all of it'
runs 'no such rule' 3 rule delete inet x y --handle 9999
handle=$(nft -a list chain inet x y | sed -n 's/.*udp sport.*# handle //p')
runs 'rule delete by handle' 0 rule delete inet x y --handle "$handle"
[ "$(nft list chain inet x y | grep -c 'flow add')" = 1 ] && ok 'one rule is left' || not_ok 'one rule is left'
agrees 'rule delete'
runs 'delete --force --dry-run' 0 flowtable delete inet x f --force --dry-run
prints 'dry run' '^delete flowtable inet x f$'
runs 'delete --force' 0 flowtable delete inet x f --force
says 'delete --force says so' 'deleted, with 1 rule that used it'
agrees 'delete --force'
unchanged 'delete --ensure of what is gone' flowtable delete inet x f --ensure

# enable and disable.
nft flush ruleset
nft add table inet other
ruleset >before
runs 'enable' 0 flowtable enable d0 d1
cat >expected <<'EOF'
table inet other {
}
table inet x {
	flowtable f {
		hook ingress priority filter
		devices = { d0, d1 }
	}

	chain y {
		type filter hook forward priority filter; policy accept;
		ip protocol tcp flow add @f
		counter packets 0 bytes 0
	}
}
EOF
ruleset >nft.out
same 'enable makes the example of the documentation' expected nft.out
agrees 'enable'
unchanged 'enable again changes nothing' flowtable enable d0 d1
runs 'enable with other devices' 0 flowtable enable d0 d2
nft list flowtables | grep -q 'devices = { d0, d1, d2 }' && ok 'a device was added' || not_ok 'a device was added'
runs 'disable' 0 flowtable disable
ruleset >after
same 'disable takes exactly that away' before after
agrees 'disable'
runs 'disable again' 3 flowtable disable
nft add table inet x
nft add chain inet x y '{ type filter hook forward priority 0; }'
nft add rule inet x y ct state invalid drop
ruleset >before
runs 'enable in a table that exists' 0 flowtable enable d0 d1 --proto tcp,udp
runs 'disable there' 0 flowtable disable
ruleset >after
same 'disable leaves the rest alone' before after
runs 'enable, then something else comes' 0 flowtable enable d0 d1 --table z
nft add rule inet z y counter accept
runs 'disable keeps it' 0 flowtable disable --table z
says 'disable says why' "^ftctl: kept: chain 'y' has other rules"
nft list chain inet z y | grep -q 'counter packets 0 bytes 0 accept' && ok 'the other rule is there' || not_ok 'the other rule is there'

# apply and export.
nft flush ruleset
cat >wanted.nft <<'EOF'
# the fast path of this router
table inet filter {
	flowtable fast {
		hook ingress priority filter + 1; devices = { d0, "d1" };
		counter
	}
	flowtable slow { hook ingress priority 0; devices = { d2 } }
	chain forward {
		type filter hook forward priority filter; policy accept;
		ip protocol tcp flow offload @fast comment "first"
		meta l4proto { udp, tcp } th dport { 443, 80 } flow add @fast counter
		iifname "d*" ct state established,related flow add @slow
	}
}
EOF
runs 'apply --check finds the difference' 1 apply --check wanted.nft
prints 'apply --check shows the flowtable' '^\+ flowtable inet filter fast \{ hook ingress priority filter \+ 1; devices = \{ d0, d1 \}; counter \}$'
[ -z "$(ruleset)" ] && ok 'apply --check changes nothing' || not_ok 'apply --check changes nothing'
runs 'apply' 0 apply wanted.nft
runs 'apply --check finds none' 0 apply --check wanted.nft
unchanged 'apply again changes nothing' apply wanted.nft
"$ftctl" export >exported.nft
nft list ruleset >nft.out
cat >expected <<'EOF'
table inet filter {
	flowtable fast {
		hook ingress priority filter + 1
		devices = { d0, d1 }
		counter
	}

	flowtable slow {
		hook ingress priority filter
		devices = { d2 }
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		ip protocol tcp flow add @fast comment "first"
		meta l4proto { tcp, udp } th dport { 80, 443 } flow add @fast counter packets 0 bytes 0
		iifname "d*" ct state established,related flow add @slow
	}
}
EOF
same 'nft lists what was applied' expected nft.out
agrees 'apply'
same 'export writes it' nft.out exported.nft
unchanged 'apply of an export changes nothing' apply exported.nft
"$ftctl" export -j >exported.json
unchanged 'apply of an export in JSON changes nothing' apply exported.json
nft insert rule inet filter forward counter
nft add rule inet filter forward counter accept
sed -e 's/d2 }/d3 }/' -e '/udp, tcp/d' -e 's/comment "first"/comment "new"/' wanted.nft >other.nft
runs 'apply of another file' 0 apply other.nft
prints 'a rule goes' '^- rule inet filter forward handle [0-9]+: ip protocol tcp flow add @fast comment "first"$'
prints 'a device comes' '^~ flowtable inet filter slow: device d3 added$'
nft list chain inet filter forward | grep -v 'type filter' >nft.out
cat >expected <<'EOF'
table inet filter {
	chain forward {
		counter packets 0 bytes 0
		ip protocol tcp flow add @fast comment "new"
		iifname "d*" ct state established,related flow add @slow
		counter packets 0 bytes 0 accept
	}
}
EOF
same 'new rules are in their place, others are left alone' expected nft.out
agrees 'apply of another file'
printf 'table inet filter {\n\tflowtable fast { hook ingress priority 5; devices = { d0 } }\n}\n' >other.nft
runs 'apply recreates a flowtable' 0 apply other.nft
[ "$(nft list flowtables | grep -c 'flowtable ')" = 1 ] && ok 'one flowtable is left' || not_ok 'one flowtable is left'
nft list chain inet filter forward | grep -q 'flow add' && not_ok 'no flow rule is left' || ok 'no flow rule is left'
printf 'table inet filter {\n\tchain c { tcp dport 1 accept }\n}\n' >bad.nft
runs 'apply of a file with another rule' 2 apply bad.nft
says 'it says the line' 'bad.nft: line 2: .*adds no flows'
runs 'apply of no file' 1 apply nothere.nft
nft flush ruleset
nft add table ip fw
nft add flowtable ip fw f '{ hook ingress priority 0; devices = { d0 }; }'
nft add chain ip fw c
nft add rule ip fw c ip dscp 1 flow add @f
runs 'export of a rule that it cannot describe' 1 export
says 'it says which' 'left out.*flow add @f of chain c in fw'
echo 'table ip other { }' >other.nft
runs 'a rule that it cannot describe keeps its flowtable' 1 apply --exclusive other.nft
says 'and it says so' "flowtable 'f' in ip fw: Device or resource busy"
nft flush chain ip fw c
runs 'apply --exclusive' 0 apply --exclusive other.nft
nft list flowtables | grep -q 'flowtable f' && not_ok 'apply --exclusive deletes it' || ok 'apply --exclusive deletes it'
nft flush ruleset

# The manual's script that sets up a router from nothing.
nft flush ruleset
for device in eth0 eth1; do ip link add "$device" type dummy; done
sed -n '/^Set up a router from nothing/,/^\.Ed/p' "$here/../../man/ftctl-flowtable.8" | sed -e '1,2d' -e '/^\.Ed/d' \
  -e 's/\\e$/\\/' -e "s|/etc/ftctl.nft|$scratch/router.nft|" >router.sh
is 'the manual has a script' grep -q 'ftctl flowtable add' router.sh
export PATH="$scratch:$PATH"
sh router.sh >out 2>err && ok 'it sets up a router' || not_ok 'it sets up a router'
cat >expected <<'EOF'
table ip nat {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "eth1" masquerade
	}
}
table inet router {
	flowtable fast {
		hook ingress priority filter
		devices = { eth0, eth1 }
		counter
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		meta l4proto { tcp, udp } ct state established flow add @fast
	}
}
EOF
ruleset >nft.out
same 'the router is as the script says' expected nft.out
is 'it forwards' grep -q 1 /proc/sys/net/ipv4/ip_forward
before=$(generation)
sh router.sh >out 2>err && ok 'it runs again' || not_ok 'it runs again'
is 'and changes nothing the second time' [ "$before" = "$(generation)" ]
ip link del eth0
ip link del eth1

# What is stacked on the devices.
nft flush ruleset
ip link add link d2 name d2.10 type vlan id 10
ip link add link d2.10 name d2.10.20 type vlan id 20
ip link add br0 type bridge
ip link set d3 master br0
modprobe -a ppp_generic pppoe 2>/dev/null
mkfifo hangup
python3 -B "$here/session.py" d1 17 02:00:00:00:02:02 <hangup >session.out 2>session.err &
exec 6>hangup
until [ -s session.out ] || [ -s session.err ]; do sleep 0.2; done
is 'a PPPoE session' [ "$(cat session.out)" = ppp0 ]
runs 'a flowtable of devices that others stand on' 0 flowtable add inet s f --device d0 d1 d2 d3
runs 'show' 0 flowtable show inet s f
prints 'a device of its own' '# device d0: up, mtu 1500, dummy, no hardware offload$'
prints 'below a PPPoE session' '# device d1: up, mtu 1500, dummy, below ppp0, no hardware offload$'
prints 'below VLANs' '# device d2: up, mtu 1500, dummy, below d2\.10, d2\.10\.20, no hardware offload$'
prints 'below a bridge' '# device d3: up, mtu 1500, dummy, below br0, no hardware offload$'
runs 'show in JSON' 0 flowtable show inet s f -j
prints 'the stack in JSON' '"name": "d2", "state": "up", "mtu": 1500, "kind": "dummy", "stacked": \["d2\.10", "d2\.10\.20"\]'
exec 6>&-
ip link del br0
ip link del d2.10
nft flush ruleset
if [ $named_devices = yes ]; then
  runs 'a flowtable of a pattern' 0 flowtable add inet s f --device 'd*'
  ip link set d1 down
  runs 'show' 0 flowtable show inet s f
  prints 'every device of the pattern' '# device d\*: d0 up, d1 down, d2 up, d3 up'
  ip link set d1 up
fi
if modprobe netdevsim 2>/dev/null && echo '7 1' >/sys/bus/netdevsim/new_device; then
  sleep 1
  simulated=$(ls /sys/bus/netdevsim/devices/netdevsim7/net)
  ip link set "$simulated" up
  runs 'a flowtable of a device with an offload' 0 flowtable add inet t g --device "$simulated"
  runs 'show' 0 flowtable show inet t g
  prints 'it is switched on' "# device $simulated: up, mtu 1500, hardware offload on$"
  ethtool -K "$simulated" hw-tc-offload off 2>/dev/null && {
    runs 'show' 0 flowtable show inet t g
    prints 'it is switched off' "# device $simulated: up, mtu 1500, hardware offload possible, switched off$"
  }
  nft delete table inet t
  echo 7 >/sys/bus/netdevsim/del_device
else
  echo '# no simulated hardware in this kernel'
fi

# Two at once: each of them takes effect, whichever was faster.
nft flush ruleset
runs 'a flowtable and a chain' 0 flowtable enable d0 d1
rules() { for turn in 1 2 3 4 5; do "$ftctl" rule add inet x y --flowtable f --comment "$1 $turn" || return; done; }
rules first >out 2>err &
other=$!
rules second >out2 2>err2 && ok 'one of two changes the rules' || not_ok 'one of two changes the rules'
wait $other && ok 'the other changes them, too' || not_ok 'the other changes them, too'
found=$(nft list chain inet x y | grep -Ec 'comment "(first|second) [0-9]+"')
is "every rule is there once: $found" [ "$found" = 10 ]

# Without privileges.
nft flush ruleset
for subcommand in 'flowtable list' 'flowtable add inet x f' 'rule list' 'flowtable enable d0'; do
  # shellcheck disable=SC2086
  setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$ftctl" $subcommand >out 2>err
  [ $? -eq 4 ] && ok "unprivileged: $subcommand" || not_ok "unprivileged: $subcommand"
done

# All or nothing, whenever it is killed.
whole=yes
nothing=0 all=0
round=0
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
started=$(milliseconds)
"$ftctl" flowtable enable d0 d1 >/dev/null 2>&1
whole_run=$(($(milliseconds) - started))
nft flush ruleset
while [ $round -lt 30 ]; do
  "$ftctl" flowtable enable d0 d1 >/dev/null 2>&1 &
  victim=$!
  # From at once to half as long again as the whole run took.
  sleep "$((whole_run * round / 20 / 1000)).$(printf %03d $((whole_run * round / 20 % 1000)))"
  kill -KILL "$victim" 2>/dev/null
  wait "$victim" 2>/dev/null
  lines=$(ruleset | wc -l)
  case $lines in
  0) nothing=$((nothing + 1)) ;;
  12) all=$((all + 1)) ;;
  *) whole="no: $lines lines" ;;
  esac
  nft flush ruleset
  round=$((round + 1))
done
[ "$whole" = yes ] && ok 'killed at any moment: all or nothing' || { echo "# $whole"; not_ok 'killed at any moment: all or nothing'; }
is "both came: nothing $nothing times, all $all times" [ $nothing -gt 0 -a $all -gt 0 ]

finish
