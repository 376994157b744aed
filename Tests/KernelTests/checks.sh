# SPDX-License-Identifier: GPL-3.0-or-later
# What the guest's scripts share: sourced, with the program's path in $ftctl. Makes a folder in memory the working
# one and brings the program there, for the guest sees the host's files slowly.
# Each check prints a line of TAP; finish ends the script with the number of failures, 100 at most.
# They change and flush the ruleset of the machine that they run on.
grep -q virtme /proc/cmdline || { echo "$0 runs in a guest only: .ci/vm sh $0 FTCTL" >&2; exit 100; }
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
mount -t tmpfs none "$scratch" || exit 100
cd "$scratch" || exit 100
# shellcheck disable=SC2046
cp -L "$ftctl" $(ldd "$ftctl" | awk '/=> \// { print $3 }') .
[ "$(basename "$ftctl")" = ftctl ] || mv "$(basename "$ftctl")" ftctl
ftctl=$scratch/ftctl
export LD_LIBRARY_PATH="$scratch"
number=0
failures=0
release=$(uname -r)
# Linux 6.16 brought devices that a flowtable names before they exist, and patterns of names.
case $release in
6.1.* | 6.12.*) named_devices=no ;;
*) named_devices=yes ;;
esac

ok() { number=$((number + 1)); echo "ok $number - $1"; }
not_ok() { number=$((number + 1)); failures=$((failures + 1)); echo "not ok $number - $1"; sed 's/^/# /' out err 2>/dev/null; }
# is WHAT COMMAND...: the command succeeds; isnt: it does not.
is() { what=$1; shift; if "$@" >is.out 2>&1; then ok "$what"; else sed 's/^/# /' is.out; not_ok "$what"; fi; }
isnt() { what=$1; shift; if "$@" >is.out 2>&1; then sed 's/^/# /' is.out; not_ok "$what"; else ok "$what"; fi; }

# runs WHAT STATUS ARG...: ftctl ends with this status.
runs() {
  what=$1 status=$2
  shift 2
  "$ftctl" "$@" >out 2>err
  got=$?
  if [ "$got" -eq "$status" ]; then ok "$what"; else echo "# status $got, not $status: ftctl $*"; not_ok "$what"; fi
}
# says WHAT PATTERN: the last run said so on stderr.
says() { if grep -Eq -- "$2" err; then ok "$1"; else echo "# no '$2' on stderr"; not_ok "$1"; fi; }
# prints WHAT PATTERN: the last run printed so on stdout.
prints() { if grep -Eq -- "$2" out; then ok "$1"; else echo "# no '$2' on stdout"; not_ok "$1"; fi; }
# same WHAT FILE FILE
same() { if diff -u "$2" "$3" >out 2>&1; then ok "$1"; else : >err; not_ok "$1"; fi; }
ruleset() { nft list ruleset; }
# The number of the ruleset's generation, which every change raises.
generation() {
  python3 -c '
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.send(struct.pack("=IHHIIBBH", 20, 10 << 8 | 16, 1, 1, 0, 0, 0, 0))
print(struct.unpack_from(">I", s.recv(4096), 24)[0])'
}
# unchanged WHAT ARG...: ftctl succeeds and the ruleset's generation is what it was.
unchanged() {
  what=$1
  shift
  before=$(generation)
  "$ftctl" "$@" >out 2>err
  got=$?
  after=$(generation)
  if [ "$got" -eq 0 ] && [ -n "$before" ] && [ "$before" = "$after" ]; then ok "$what"; else
    echo "# status $got, generation $before, then $after"
    not_ok "$what"
  fi
}

finish() {
  echo "1..$number"
  echo "# $failures failures on Linux $release"
  [ $failures -le 100 ] || failures=100
  exit $failures
}
