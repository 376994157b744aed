#!/bin/sh
# Runs inside the guest: a conntrack table that is full of entries which no new one may push out.
#
#   full.sh FTCTL FOLDER
set -eu
ftctl=$1 out=$2
ln -s "$ftctl" "$out/conntrack"
modprobe nf_conntrack
modprobe nf_conntrack_netlink
echo 40 >/proc/sys/net/netfilter/nf_conntrack_max
number=1
while [ $number -le 60 ]; do
    echo "-A -t 600 -u SEEN_REPLY,ASSURED -s 192.0.2.$number -d 198.51.100.1 -p udp --sport 1 --dport 2"
    number=$((number + 1))
done >"$out/flows"
# attempt NAME COMMAND…: keeps both outputs and the status
attempt() {
    name=$1 status=0
    shift
    "$@" >"$out/$name" 2>&1 || status=$?
    echo "status $status" >>"$out/$name"
}
one="-s 10.0.0.1 -d 10.0.0.2 -p udp --sport 1 --dport 2 -t 60"
attempt file "$ftctl" add --from "$out/flows"
# shellcheck disable=SC2086
attempt add "$ftctl" add $one
# shellcheck disable=SC2086
attempt original conntrack -I $one
# shellcheck disable=SC2086
attempt dropin "$out/conntrack" -I $one
attempt stats "$ftctl" stats
attempt count conntrack -C
attempt delete "$ftctl" delete --src 192.0.2.0/29 --report
attempt left conntrack -C
# shellcheck disable=SC2086
attempt again "$ftctl" add $one
