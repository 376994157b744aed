#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What a real kernel refuses, and what ftctl makes of it: run as root under one that has nf_flow_table.
#
#   refusals.sh FTCTL
#
# Each refusal is one line with the object's name, the errno and the kernel's text where there is one, then one line
# with a hint; nothing on stdout; the promised status; and the ruleset is what it was. Output as flowtables.sh.
set -u
ftctl=$1
. "$(dirname "$0")/checks.sh"

# refuses KERNELS|STATUS|MESSAGE|HINT ARG...: KERNELS is all, old (without named devices) or new; MESSAGE is the whole
# first line behind "ftctl: cannot ", HINT a part of the second; both are extended regular expressions.
refuses() {
  row=$1
  shift
  kernels=${row%%|*} row=${row#*|}
  status=${row%%|*} row=${row#*|}
  message=${row%%|*} hint=${row#*|}
  case $kernels$named_devices in oldyes | newno) return ;; esac
  ruleset >before
  "$ftctl" "$@" >out 2>err
  got=$?
  ruleset >after
  what="$(echo "$*" | cut -c1-100): $status, $message"
  if [ $got -ne "$status" ]; then echo "# status $got"
  elif [ -s out ]; then echo "# something on stdout"
  elif [ "$(wc -l <err)" -ne 2 ]; then echo "# not two lines"
  elif ! head -n 1 err | grep -Eqx -- "ftctl: cannot $message"; then echo "# not the message: cannot $message"
  elif ! tail -n 1 err | grep -Eq -- "^hint: .*($hint)"; then echo "# not the hint: $hint"
  elif ! cmp -s before after; then echo "# the ruleset has changed"
  else ok "$what"; return; fi
  not_ok "$what"
}

ip link set lo up
for device in d0 d1 d2; do ip link add "$device" type dummy; ip link set "$device" up; done
gone='No such file or directory \(ENOENT\)'
there='File exists \(EEXIST\)'
cannot='Operation not supported \(EOPNOTSUPP\)'
long=n$(printf %0300d 0)
too_long='Numerical result out of range \(ERANGE\)(: Attribute failed policy validation)?'

# No module: the kernel may load none.
modprobe nf_tables 2>/dev/null
modprobe -r nft_flow_offload nf_flow_table_inet nf_flow_table 2>/dev/null
echo /bin/false >/proc/sys/kernel/modprobe
no_module='modprobe -a nf_flow_table nf_flow_table_inet nft_flow_offload'
refuses "all|5|create flowtable 'f' in inet x: $gone|this kernel has no flowtables: .*$no_module" flowtable add inet x f --device d0
refuses "all|5|list flowtables: this kernel has no flowtables|$no_module" flowtable list
refuses "all|5|create flowtable 'f' in inet x: $gone|$no_module" flowtable enable d0 d1
modprobe nf_flow_table && modprobe nf_flow_table_inet
nft -f - <<RULES
table inet x {
	flowtable f { hook ingress priority 0; devices = { d0 }; }
	chain y { type filter hook forward priority 0; }
}
RULES
refuses "all|5|add a rule to chain 'y' in inet x: $gone|this kernel has no flow rules: .*nft_flow_offload" \
  rule add inet x y --flowtable f
echo /sbin/modprobe >/proc/sys/kernel/modprobe
nft add rule inet x y flow add @f
nft add chain inet x input '{ type filter hook input priority 0; }'
nft add chain inet x common
nft add rule inet x input jump common

# Tables, chains, flowtables and rules that are not there, or are there.
refuses "all|1|create flowtable 'f' in inet x: $there|--ensure brings it into line" flowtable add inet x f --device d0
refuses "all|1|delete flowtable 'g' in inet x: $gone|there are: inet x f" flowtable delete inet x g
refuses "all|1|delete flowtable 'f' in ip x: $gone|there are: inet x f" flowtable delete ip x f
refuses "all|1|delete flowtable 'f' in inet t: $gone|there are: inet x f" flowtable delete inet t f
refuses "all|1|delete flowtable 'f' in inet x: Device or resource busy \(EBUSY\)|rules use it.*--force" flowtable delete inet x f
refuses "all|1|show flowtable 'g' in inet x: $gone|there are: inet x f" flowtable show inet x g
refuses "all|1|list flowtables of table 't' of family inet: there is no such table|nft list tables" flowtable list inet t
refuses "all|1|add a rule to chain 'y' in inet t: $gone|no table 't'" rule add inet t y --flowtable f
refuses "all|1|add a rule to chain 'z' in inet x: $gone|no chain 'z'.*--create-chain" rule add inet x z --flowtable f
refuses "all|1|add a rule to chain 'y' in inet x: $gone|no flowtable 'g'" rule add inet x y --flowtable g
refuses "all|1|add a rule to chain 'y' in inet x: $gone|no rule with this handle" rule add inet x y --flowtable f --position 999
refuses "all|1|add a rule to chain 'input' in inet x: $cannot|forward chains only" rule add inet x input --flowtable f
refuses "all|1|add a rule to chain 'common' in inet x: $cannot|nor one that jumps to it" rule add inet x common --flowtable f

# Devices.
refuses "all|1|create flowtable 'g' in inet x: device 'd1': $there|named twice" flowtable add inet x g --device d1 d1
refuses "all|1|create flowtable 'g' in inet x: $there|another flowtable of this table" flowtable add inet x g --device d0
refuses "new|1|create flowtable 'g' in inet x: $there|another flowtable of this table" flowtable add inet x g --device 'd*'
refuses "old|1|create flowtable 'g' in inet x: device 'd7': $gone|no such device" flowtable add inet x g --device d1 d7
refuses "old|1|change flowtable 'f' in inet x: device 'd7': $gone|no such device" flowtable add inet x f --device d0 d7 --ensure
refuses "old|1|create flowtable 'f' in inet z: device 'd7': $gone|no such device" flowtable enable d1 d7 --table z
refuses "old|1|create flowtable 'g' in inet x: .*|patterns of device names" flowtable add inet x g --device 'e*'
refuses "new|1|create flowtable 'g' in inet x: device 'abcdefghijklmnop': Argument list too long \(E2BIG\)|15 octets at most" \
  flowtable add inet x g --device abcdefghijklmnop
refuses "new|1|create flowtable 'g' in inet x: File too large \(EFBIG\)|255 devices at most" \
  flowtable add inet x g --device "$(seq -s , -f e%.0f 256)"

# Names, flags, priorities.
refuses "all|1|create flowtable '$long' in inet x: $too_long|255 octets at most" flowtable add inet x "$long" --device d1
refuses "all|1|create table '$long' of family inet: $too_long|255 octets at most" flowtable add inet "$long" g --device d1
refuses "all|1|create chain '$long' in inet x: $too_long|255 octets at most" rule add inet x "$long" --create-chain --flowtable f
refuses "all|5|create flowtable 'g' in inet x: $cannot|driver" flowtable add inet x g --device d1 --hw-offload
refuses "all|1|change flowtable 'f' in inet x: its priority is filter, not filter \+ 5: $cannot|delete it first" \
  flowtable add inet x f --device d0 --priority 5 --ensure
refuses "all|1|change flowtable 'f' in inet x: its hardware offload is off: $cannot|delete it first" \
  flowtable add inet x f --device d0 --hw-offload --ensure

# A table that another process owns.
mkfifo owner
nft -i <owner >owner.out 2>&1 &
exec 5>owner
echo 'add table inet owned { flags owner; }' >&5
sleep 3
owned='Operation not permitted \(EPERM\)'
refuses "all|4|create flowtable 'g' in inet owned: $owned|owned by another process" flowtable add inet owned g --device d1
exec 5>&-
wait

# Files.
echo 'table inet x { flowtable f { hook egress priority 0; devices = { d0 }; } }' >bad.nft
runs 'a bad hook is wrong usage' 2 apply bad.nft
says 'and says where' "^ftctl: bad.nft: line 1: .*egress"
ruleset >before
cat >old.nft <<'RULES'
table inet x {
	flowtable f { hook ingress priority 0; devices = { d0, d7 }; }
	chain y { type filter hook forward priority 0; flow add @f; }
}
RULES
refuses "old|1|change flowtable 'f' in inet x: device 'd7': $gone|no such device" apply old.nft

# Without privileges.
for words in 'flowtable list' 'flowtable show inet x f' 'flowtable add inet x g --device d1' 'flowtable delete inet x f' \
  'flowtable enable d1' 'flowtable disable' 'rule list' 'rule add inet x y --flowtable f' 'rule delete inet x y --handle 3' \
  'apply old.nft' 'export' 'explain -p tcp'; do
  # shellcheck disable=SC2086
  setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$ftctl" $words >out 2>err
  got=$?
  if [ $got -eq 4 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 2 ] && grep -q 'EPERM' err && grep -q '^hint: run it as root' err
  then ok "unprivileged: $words"; else echo "# status $got"; not_ok "unprivileged: $words"; fi
done
finish
