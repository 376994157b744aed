// SPDX-License-Identifier: GPL-3.0-or-later

extension CommandLines {
  /// Values of options, right, odd and wrong, as 1.4.7 reads them.
  static let values = CommandLines(
    #"""
    -L -s 1.1.1
    -L -s 1
    -L -s 0x1.1.1.1
    -L -s 01.1.1.1
    -L -s localhost
    -L -s ""
    -L -s 1.1.1.1.1
    -L -s 1.1.1.1/24
    -L -s 1.1.1.1/255.255.255.0
    -L -s 1.1.1.1/32
    -L -s ::1/128
    -L -s ::1/129
    -L -s ::/0
    -L -s 0.0.0.0/0
    -L -s 1.1.1.1/-1
    -L -s 1.1.1.1/1x
    -L -s 1.1.1.1/x
    -L -s ::ffff:1.2.3.4
    -L -s 1:2
    -L -s fe80::1%lo
    -L -d 1.1.1.1/0
    -L -r 1.1.1.1/32
    -L -r 1.1.1.1/0
    -L -q ::1/128
    -L -n 1.1.1.1/24
    -L -n 1.1.1.1/32
    -L -n :80
    -L -n \[\]:80
    -L -n \[::1\]:
    -L -n \[::1\]
    -L -n \[::1
    -L -n \[::1\]80
    -L -n ::1:80
    -L -n 1.1.1.1:
    -L -n 1.1.1.1:0
    -L -n 1.1.1.1:65536
    -L -n 1.1.1.1:65535
    -L -n 1.1.1.1:-1
    -L -n 1.1.1.1:1-2
    -L -n 1.1.1.1-1.1.1.2
    -L -n 1.1.1.1:0x10
    -L -n \[1.1.1.1\]:80
    -L -m 1/2/3
    -L -m /5
    -L -m 0xffffffffff
    -L -m -1
    -L -m 5/
    -L -p 256
    -L -p -1
    -L -p 0
    -L -p 255
    -L -p TCP
    -L -p esp
    -L -p ipv6-icmp
    -L -p icmp6
    -L -p 6 --sport 1
    -L -p 006 --sport 1
    -L -p 0x6
    -L -p 6x
    -L -f IPV4
    -L -f ip
    -L -w 65536
    -L -w -1
    -L -w 0x10
    -L -u ,
    -L -u ""
    -L -u ASSURED,
    -L -u !
    -L -u !UNREPLIED
    -L -u !UNSET
    -L -u !foo
    -L -u seen_reply,unre
    -L -u A,B
    -L -o ""
    -L -o x
    -L -o e,i
    -L -o extended -o id
    -L --mask-src 255.0.0.0 -s 10.0.0.0/8
    -L -s 10.0.0.0 --mask-src 255.0.0.0
    -L -s 10.0.0.0 --mask-src ffff::
    -L -s 10.0.0.0/8 -d 2001::
    -L --mask-dst 255.0.0.0/8 -d 1.1.1.1
    -L --tuple-src 1.1.1.1
    -L --orig-src 1.1.1.1 --orig-dst 2.2.2.2
    -L -l foo
    -L -l ""
    -L --label-add foo
    -L --label-del
    -L -l
    -L -i 0x10
    -L -c 3
    -L -c 0x3
    -L -z
    -L -b 5
    -L -e NEW
    -L -t 5
    -L -a 1.1.1.1
    -L -x
    -L --bogus
    -L foo
    -L conntrack foo
    -L -- foo
    -L -- -z
    -L expect foo
    -L ex -f ipv6
    -L dy
    -L un
    -L unconfirmed -p tcp
    -L dying -o xml
    -L -u unre
    -L -u unreplied
    -L -u UNREPLIE
    -L -u UNREPLIED
    -L -u UNR,ASSURED
    -L -u UNREPLIED,ASSURED
    -L -u ASSURED,UNREPLIED
    -L -u un
    -L -u unset
    -L -u uns
    -L -u unr
    -L -p 0x11
    -L -p 021
    -L -p 09
    -L -p 0x100
    -L -p 0x1x
    -L -p 300
    -L -p 1e
    -L -p ""
    -L -p " 6"
    -L -p +6
    -L -p 0xff --sport 1
    -L -p 0x6 --sport 1
    -L -n \[x
    -L -n \[x\]
    -L -n \[x\]:
    -L -n \[x\]:5
    -L -n \[x\]:5x
    -L -n x:5
    -L -n 1.1.1.1:5x
    -L -n 1.1.1.1:+5
    -L -n "1.1.1.1: 5"
    -L -n 1.1.1.1:00005
    -L -n 1.1.1.1:0070000
    -L -n ""
    -L -n :
    -L -n ::
    -L -n \[\]
    -L -n \[
    -L -n \]
    -L -n \[::1\]:99999
    -L -n \[::1\]:0
    -L -n \[::1/64\]:80
    -L -n \[::1/64
    -L -n 1.1.1.1/8:80
    -L -n 1.1.1.1:80/8
    -L -s /8
    -L -r 1.1.1.1/
    -L -r /
    -L --mask-src 255.0.0.0/
    -L --mask-src 255.0.0.0/32 -s 1.1.1.1
    -I expect --tuple-src 1.1.1.1/24
    -I expect --tuple-src 1.1.1.1/24 --mask-src 1.1.1.1
    -L -s 300.1.1.1/8
    -L -s x/8
    -L -s /
    -L -s 1.1.1.1/8/9
    -L -r 300.1.1.1/8
    -L -r x/
    -L -n x/8
    -L -n \[x/8\]:80
    -L -n \[x\]:80
    -L -n \[\]x
    -L -n \[\]:
    -L -n \[ \]:80
    -L -n \[\]\]:80
    -L -p -0
    -L -p -256
    -L -p -250
    -L -p 4294967302
    -L -p 18446744073709551622
    -L -n 1.1.1.1:-0
    -L -m +5
    -L -u unreplied,assured
    -L -u UNREPLIED,UNREPLIED
    -L -s "1.1.1.1 "
    -L -s " 1.1.1.1"
    -L -s ::1/128x
    -L -s ::1/0
    -L -s ::1/0x10
    -L -s 1.1.1.1/032
    -L -s 1.1.1.1/40
    -L -s "1.1.1.1/ 8"
    -L -s 1.1.1.1/+8
    -L --mask-src x -s 1.1.1.1
    -L -s 1.1.1.1 -r ::1/8
    -L -s 1.1.1.1 -r ::1/x
    -L -s 1.1.1.1 -s ::1/x
    -L -s 1.1.1.1 -s ::1/200
    -L -s 1.1.1.1 -n ::1/x
    -L -s 1.1.1.1 -n ::1/8
    -L -s 1.1.1.1 -n \[::1\]:x
    -L -s 1.1.1.1 --mask-src ::1/8
    -L -s 1.1.1.1 -f ipv6
    -L -s 1.1.1.1 -f ipvx
    -L -z --mask-src 255.0.0.0 -m 5
    -L --mask-src 255.0.0.0 -z
    -A -s ::1 -d ::2 -t 600 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 2
    -L -f ipv46
    -L -f ipv6x -s ::1
    -L -f ipv4 -s ::1 -f ipv6
    -L -u '!,ASSURED'
    -L -u '!FOO,ASSURED'
    -L -u 'ASSURED,!!SEEN,FIXED'
    -L -u 'ASSURED,!UNREPLIED,SEEN'
    -L -o userspace,save
    -L -o save -o userspace
    -L -l one -o save
    -L -o labels,save
    -L -o labels -l one
    -L --label-add one --label-del two
    -L --label-del two --label-add one
    -L -F foo
    -h -F dying
    -V -U expect
    -C -C foo
    -L -D expect
    -G -r ::1 -q ::2 -p icmp --icmp-type 8 --icmp-code 0
    -G -r 1.1.1.1 -q 2.2.2.2 -p icmp --icmp-type 0 --icmp-code 0
    -G -s ::1 -d ::2 -p icmp --icmp-type 8 --icmp-code 0
    -G -s 1.1.1.1 -d 2.2.2.2 -p icmpv6 --icmpv6-type 128 --icmpv6-code 0
    -G -p icmp --icmp-type 8 --icmp-code 0 -s 1.1.1.1 -d 2.2.2.2
    """#)

  /// What selects translated flows.
  static let translations = CommandLines(
    #"""
    -L -n
    -L -j
    -L -g -p tcp
    -L -n 3.3.3.3
    -L -n 3.3.3.3:10
    -L -n 3.3.3.3:99
    -L -n 3.3.3.3:98
    -L -n 1.1.1.7
    -L -n 1.1.1.7:55
    -L -n 5.5.5.5
    -L -n 5.5.5.5:77
    -L -g 4.4.4.4
    -L -g 4.4.4.4:99
    -L -g 4.4.4.4:20
    -L -g 4.4.4.4:88
    -L -j 4.4.4.4
    -L -j 4.4.4.4:99
    -L -j 3.3.3.3:99
    -L -j 3.3.3.3:10
    -L -j 6.6.6.6:11
    -L -j 6.6.6.6:22
    -L -j 7.7.7.7:22
    -L -j 7.7.7.7:11
    -L -n 6.6.6.6 -g 7.7.7.7
    -L -n 6.6.6.6 -g 7.7.7.8
    -L -n 6.6.6.7 -g 7.7.7.7
    -L -n 3.3.3.3:0
    -L -n 0.0.0.0
    -L -n 0.0.0.0:99
    -L -n \[2001:db8:3::6\]:44
    -L -n \[2001:db8:3::6\]:45
    -L -n \[2001:db8:3::5\]:10
    -L -g 2001:db8:3::6
    -L -g \[2001:db8:3::6\]:44
    -L -g \[2001:db8:3::6\]:45
    -L -g \[2001:db8:3::6\]:20
    -L -j \[2001:db8:3::6\]:44
    -L -j \[2001:db8:3::6\]:10
    -D -n 3.3.3.3:10
    -D -n 3.3.3.3:99
    -D -g 4.4.4.4
    -D -j 7.7.7.7:22
    -L -g ##0 1.4.7 shows ICMP flows with a translated source, too
    -L -n 2001:db8:3::7 ##0 1.4.7 does not compare IPv6 addresses
    -L -j 2001:db8:3::7 ##0 1.4.7 does not compare IPv6 addresses
    -D -n 2001:db8:3::7 ##1 1.4.7 does not compare IPv6 addresses
    """#)

  /// Files of commands.
  static let files = CommandLines(
    #"""
    echo "-I expect" | $CT -R -
    echo "-D expect" | $CT -R -
    echo "-F expect" | $CT -R -
    echo "-L expect" | $CT -R -
    echo "-C expect" | $CT -R -
    echo "-F conntrack" | $CT -R -
    echo "-F con" | $CT -R -
    echo "-F exp" | $CT -R -
    echo "-D expect -p tcp" | $CT -R -
    echo "-D expect -s 1.1.1.9 -d 2.2.2.2 -p tcp --sport 1 --dport 2 --reply-port-src 5 --reply-port-dst 6" | $CT -R -
    echo "--flush expect" | $CT -R -
    echo "-E" | $CT -R -
    echo "--event" | $CT -R -
    echo "-S" | $CT -R -
    echo "-V" | $CT -R -
    echo "-h" | $CT -R -
    echo "-G" | $CT -R -
    echo "-L dying" | $CT -R -
    echo "-R -" | $CT -R -
    echo "" | $CT -R -
    echo "   " | $CT -R -
    echo "#-L" | $CT -R -
    echo "  #-L" | $CT -R -
    echo "-s 1.1.1.1" | $CT -R -
    echo "foo" | $CT -R -
    echo "conntrack -F" | $CT -R -
    echo "-F foo" | $CT -R -
    echo "-F # foo" | $CT -R -
    printf '%s\n' '-I -s "1.1.1.1" -d 2.2.2.2 -p "udp" --sport 1 --dport 3 -t 600' | $CT -R -
    printf '%s\n' "-I -s '1.1.1.1' -d 2.2.2.2 -p udp --sport 1 --dport 4 -t 600" | $CT -R -
    printf '%s' "-I -s 1.1.1.1 -d 2.2.2.2 -p udp --sport 1 --dport 5 -t 600" | $CT -R -
    printf '\t%s\t\n' "-I -s 1.1.1.1 -d 2.2.2.2 -p udp --sport 1 --dport 6 -t 600" | $CT -R -
    printf '%s\r\n' "-I -s 1.1.1.1 -d 2.2.2.2 -p udp --sport 1 --dport 7 -t 600" | $CT -R -
    printf '%s\n' "-I -s 1.1.1.1 -d 2.2.2.2 -p udp --sport 1 --dport 8 -t 600 \"\"" | $CT -R -
    printf '%s\n' "-I -s 1.1.1.1 -d 2.2.2.2 -p udp --sport 1 --dport 8 -t 600 \"-m\" \"3" | $CT -R -
    printf '%s\n' '-L' '-D --bogus' | $CT -R -
    printf '%s\n' '-I -s 1.1.1.9 -d 2.2.2.2 -p udp --sport 1 --dport 9 -t 600' '-L' | $CT -R -
    printf '%s\n\t' '-I -s 1.1.1.9 -d 2.2.2.2 -p udp --sport 1 --dport 9 -t 600' | $CT -R -
    printf ' ' | $CT -R -
    printf '%s\r\n' '-D -s 1.1.1.1' | $CT -R -
    printf '%s\r\n' '-D -m' | $CT -R -
    printf '%s\n' '-D "' | $CT -R -
    printf '%s\n' '"' | $CT -R -
    printf '%s\n' '"#" -F' | $CT -R -
    printf '%s\n' '#"' '-F foo' | $CT -R -
    printf '%s\n' '-I expect -s 1.1.1.1 -d 2.2.2.2 -p 99 -t 5 --tuple-src ::1 --tuple-dst ::1 --mask-src ::1 --mask-dst ::1' | $CT -R -
    printf '%s\n' '-I expect -s ::1 -d ::1 -p 99 -t 5 --tuple-src ::1 --tuple-dst ::1 --mask-src ::1 --mask-dst ::1' | $CT -R -
    echo "-V expect" | $CT -R -
    echo "-h expect" | $CT -R -
    echo "-E expect" | $CT -R -
    $CT -R /dev/null
    $CT -R /
    $CT -R /etc/passwd
    $CT -R - -F < /dev/null
    $CT -F -R -
    $CT --load-file /dev/null -L
    echo '-U -s 10.1.0.7 -p tcp -m 6' | $CT -R -
    echo '-U -s 99.1.1.1 -m 7' | $CT -R -
    echo '-D -s 99.1.1.1' | $CT -R -
    printf '%s\n' '-D -s 10.1.0.7 -p tcp' '-D -s 10.1.0.7 -p tcp' '-I -s 1.1.1.1 -d 2.2.2.2 -p udp --sport 1 --dport 2 -t 600' | $CT -R -
    printf '%s\n' '-I -s 1.1.1.1 -d 2.2.2.2 -p udp --sport 1 --dport 2 -t 600' '-D -p udp' | $CT -R -
    printf '%s\n' '-I -s 1.1.1.3 -d 2.2.2.2 -p udp --sport 1 --dport 2 -t 600' '-D -p udp -o nonsense' | $CT -R -
    -I -s 1.1.1.4 -d 2.2.2.2 -p udp --sport 1 --dport 2 -t 600
    printf '%s\n' '-U -s 1.1.1.4 -m 5' '-D -w 9 -s 1.1.1.1' | $CT -R - ##0 1.4.7 updates nothing when a deletion follows
    """#)

  /// Flows with every kind of translation, for ``translations``.
  static let translatedFlows = [
    "-I -s 1.1.1.1 -d 2.2.2.2 -p tcp --sport 10 --dport 20 --state LISTEN -t 600 -n 3.3.3.3",
    "-I -s 1.1.1.2 -d 2.2.2.2 -p tcp --sport 10 --dport 20 --state LISTEN -t 600 -n 3.3.3.3:99",
    "-I -s 1.1.1.3 -d 2.2.2.2 -p tcp --sport 10 --dport 20 --state LISTEN -t 600 -g 4.4.4.4:99",
    "-I -s 1.1.1.4 -d 2.2.2.2 -p tcp --sport 10 --dport 20 --state LISTEN -t 600 -g 4.4.4.4",
    "-I -s 1.1.1.5 -d 2.2.2.2 -r 4.4.4.4 -q 5.5.5.5 -p tcp --sport 10 --dport 20 --reply-port-src 88 "
      + "--reply-port-dst 77 --state LISTEN -t 600",
    "-I -s 1.1.1.7 -d 2.2.2.2 -p tcp --sport 10 --dport 20 --state LISTEN -t 600 -n 1.1.1.7:55",
    "-I -s 1.1.1.8 -d 2.2.2.2 -p tcp --sport 10 --dport 20 --state LISTEN -t 600 -n 6.6.6.6:11 -g 7.7.7.7:22",
    "-I -s 1.1.1.9 -d 2.2.2.2 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 4 -t 600 -n 6.6.6.6",
    "-I -s 2001:db8:1::1 -d 2001:db8:2::1 -p tcp --sport 10 --dport 20 --state LISTEN -t 600 -n 2001:db8:3::5",
    "-I -s 2001:db8:1::2 -d 2001:db8:2::1 -p tcp --sport 10 --dport 20 --state LISTEN -t 600 -n [2001:db8:3::6]:44",
    "-I -s 2001:db8:1::3 -d 2001:db8:2::1 -p tcp --sport 10 --dport 20 --state LISTEN -t 600 -g [2001:db8:3::6]:44",
    "-I -s 2001:db8:1::5 -d 2001:db8:2::1 -p udp --sport 10 --dport 20 -t 600",
  ]
}
